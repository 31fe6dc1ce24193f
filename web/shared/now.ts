/**
 * The time it is for the server. A device's clock may be wrong by minutes, so what is counted down and what a key is dated
 * by goes by what an answer said last (`as_of`).
 */
// Less is how long an answer takes on its way.
const AGREES_MS = 3_000;

let ahead = 0;

/** An answer says what time it is. */
export function heardTime(asOf: string): void {
  const difference = Date.parse(asOf) - Date.now();
  ahead = Math.abs(difference) > AGREES_MS ? difference : 0;
}

/** Now, in milliseconds. */
export const now = (): number => Date.now() + ahead;
