/** How an API is asked: with a token that is good, patiently, and every failure is a Problem. */
import { answers, identified } from "./correlation";
import { Problem, problemOf } from "./problem";
import { forget, renew, token } from "./session";

const PATIENCE_MS = 30_000;

type Answer<Data> = { data?: Data; error?: unknown; response: Response };

/** The body of an answer. Throws Problem for everything else. */
export async function got<Data>(call: Promise<Answer<Data>>): Promise<Data> {
  const { data, error, response } = await call.catch((failure: unknown) => {
    // An answer that broke off, or that is none of the API's, is no answer.
    throw failure instanceof Problem ? failure : new Problem("offline", 0);
  });
  if (!response.ok) throw problemOf(response, error);
  return data as Data;
}

/** With the token of who is signed in. */
export async function send(request: Request): Promise<Response> {
  const again = identified(request).clone();
  const first = await answered(request, await token());
  if (first.status !== 401) return first;
  // The token may have been taken back: one renewal. Whether the session is over is for the identity provider to say.
  const second = await answered(again, await renew());
  if (second.status !== 401) return second;
  throw new Problem("signed-out", 401);
}

async function answered(request: Request, access: string | null): Promise<Response> {
  if (!access) {
    forget();
    throw new Problem("signed-out", 401);
  }
  request.headers.set("Authorization", `Bearer ${access}`);
  request.headers.set("X-Device-Id", device());
  return patiently(request);
}

/** Without one. */
export const openly = (request: Request): Promise<Response> => patiently(identified(request));

/** As it is, to wherever it goes. */
export async function patiently(request: Request): Promise<Response> {
  try {
    return answers(await fetch(request, { signal: AbortSignal.timeout(PATIENCE_MS) }), request);
  } catch {
    throw new Problem("offline", 0);
  }
}

const DEVICE = "device";

/** A number for this browser, made up by it: a redemption from one that is new may ask for a code. */
function device(): string {
  const known = localStorage.getItem(DEVICE);
  const named = known ?? crypto.randomUUID();
  if (!known) localStorage.setItem(DEVICE, named);
  return named;
}
