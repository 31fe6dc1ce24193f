/**
 * The keys of effects that must not double: kept on this device until they are answered, so that the same request sent
 * again after a dropped connection, a reload or a crash is the same request. Each member's own; of the request itself, which
 * may be personal, only a digest is kept.
 */
import { now } from "@shared/now";
import { Problem } from "@shared/problem";
import { uuid7 } from "@shared/uuid7";
import { type Own, own } from "./own";

type Kept = { key: string; request: string; at: number };

// The API takes a key for 48 hours.
const GOOD_FOR_MS = 40 * 3_600_000;

/** Do it under the request's key, and forget the key once it is certain what became of it. */
export async function once<Answer>(name: string, request: unknown, call: (key: string) => Promise<Answer>): Promise<Answer> {
  const place = placeOf(name);
  const key = keyFor(place, await digest(JSON.stringify(request)));
  try {
    const answer = await call(key);
    place.drop();
    return answer;
  } catch (failure) {
    if (failure instanceof Problem && failure.certain) place.drop();
    throw failure;
  }
}

/** What was asked for is undone: to ask for the same again is another request. */
export const forgetOnce = (name: string): void => placeOf(name).drop();

const placeOf = (name: string): Own => own(localStorage, `once ${name}`);

function keyFor(place: Own, request: string): string {
  const known = place.read() as Kept | null;
  if (known?.request === request && now() - known.at < GOOD_FOR_MS) return known.key;
  const fresh: Kept = { key: uuid7(now()), request, at: now() };
  place.keep(fresh);
  return fresh.key;
}

async function digest(text: string): Promise<string> {
  const bytes = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
