/** What went wrong, in the words of the API (RFC 9457) or of the network. */

export type Field = { field: string; detail: string };

/**
 * `code` is stable: the API's own, or `offline` (no answer came), `signed-out` (the session is over), `unreadable`.
 * `detail` is the API's sentence in English, for what has no words of ours.
 */
export class Problem extends Error {
  constructor(
    readonly code: string,
    readonly status: number,
    readonly detail = "",
    readonly fields: readonly Field[] = [],
    readonly retryAfterSeconds?: number,
  ) {
    super(`${status} ${code}`);
    this.name = "Problem";
  }

  /** Whether the very same request may succeed a little later. */
  get passing(): boolean {
    return this.code === "offline" || this.status === 429 || this.status >= 500;
  }
}

/** An answer's problem, whatever its body is. */
export function problemOf(answer: Response, body: unknown): Problem {
  const told = (typeof body === "object" && body !== null ? body : {}) as Record<string, unknown>;
  const after = Number(answer.headers.get("retry-after"));
  const code = typeof told["code"] === "string" ? told["code"] : STATUS_CODES[answer.status];
  return new Problem(
    code ?? (answer.status >= 500 ? "unavailable" : "unreadable"),
    answer.status,
    typeof told["detail"] === "string" ? told["detail"] : "",
    Array.isArray(told["errors"]) ? (told["errors"] as Field[]) : [],
    Number.isFinite(after) && after > 0 ? after : undefined,
  );
}

// What the gateway itself answers has no code.
const STATUS_CODES: Record<number, string> = { 401: "signed-out", 403: "forbidden", 404: "not-found", 429: "too-many-requests" };
