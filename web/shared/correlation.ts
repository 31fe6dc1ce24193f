/** The one id of a request, in every log between here and the shop: see docs/operations/tracing.md. */

const sent = new WeakMap<object, string>();

/** Seconds since 1970 and what is random, 32 hexadecimal digits: an id of X-Ray and of W3C Trace Context as it stands. */
function correlationId(): string {
  const random = crypto.getRandomValues(new Uint32Array(3));
  return [Math.floor(Date.now() / 1000), ...random].map((number) => number.toString(16).padStart(8, "0")).join("");
}

/** Give the request its id, and the trace that begins with it; every attempt of one request has the same. */
export function identified(request: Request): Request {
  const id = correlationId();
  request.headers.set("X-Correlation-Id", id);
  // Whether the trace is kept is decided by the gateway.
  request.headers.set("X-Amzn-Trace-Id", `Root=1-${id.slice(0, 8)}-${id.slice(8)}`);
  return request;
}

/** Remember which request was answered so, because a gateway's own answers do not say it. */
export function answers<Answer extends object>(answer: Answer, request: Request): Answer {
  sent.set(answer, request.headers.get("X-Correlation-Id") ?? "");
  return answer;
}

/** What to tell support of an answer. */
export const correlationOf = (answer: object): string => sent.get(answer) ?? "";
