/** What went wrong, in the words of the API (RFC 9457) or of the network. */
import { correlationOf } from "./correlation";

export type Field = { field: string; detail: string };

/**
 * `code` is stable: the API's own, or `offline` (no answer came), `signed-out` (the session is over), `unreadable`.
 * `detail` is the API's sentence in English; members are told ours.
 */
export class Problem extends Error {
  constructor(
    readonly code: string,
    readonly status: number,
    readonly detail = "",
    readonly fields: readonly Field[] = [],
    readonly retryAfterSeconds?: number,
    /** Whether it was the API that answered, and not something on the way to it. */
    readonly told = false,
    /** What support finds the request by; empty where no answer came. */
    readonly reference = "",
  ) {
    super(`${status} ${code}`);
    this.name = "Problem";
  }

  /** Whether the very same request may succeed a little later: whatever stands on the way (a gateway, a firewall, a proxy) may let it through then. */
  get passing(): boolean {
    return this.status === 429 || this.status >= 500 || (!this.told && this.code !== "signed-out");
  }

  /** Whether it is our fault, so that support may be asked what became of it. */
  get ours(): boolean {
    return this.reference !== "" && (this.status >= 500 || this.code === "unreadable");
  }

  /** Whether the API refused it: nothing came of the request, nor will. */
  get certain(): boolean {
    return this.told && !this.passing;
  }
}

/** An answer's problem, whatever its body is. */
export function problemOf(answer: Response, body: unknown): Problem {
  const told = (typeof body === "object" && body !== null ? body : {}) as Record<string, unknown>;
  const after = Number(answer.headers.get("retry-after"));
  const named = typeof told["code"] === "string";
  const code = named ? (told["code"] as string) : STATUS_CODES[answer.status];
  return new Problem(
    code ?? (answer.status >= 500 ? "unavailable" : "unreadable"),
    answer.status,
    typeof told["detail"] === "string" ? told["detail"] : "",
    Array.isArray(told["errors"]) ? (told["errors"] as Field[]) : [],
    Number.isFinite(after) && after > 0 ? after : undefined,
    named && (answer.headers.get("content-type") ?? "").startsWith("application/problem+json"),
    correlationOf(answer),
  );
}

// What the gateway itself answers has no code. Its 403 is a firewall's more often than a right's.
const STATUS_CODES: Record<number, string> = { 401: "signed-out", 403: "unavailable", 404: "not-found", 429: "too-many-requests" };
