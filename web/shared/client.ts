/** The member API, typed from its own document. Every call gives the answer's body or throws a Problem. */
import createClient, { type Client } from "openapi-fetch";
import type { paths } from "@api/member";
import { config } from "./config";
import { Problem, problemOf } from "./problem";
import { forget, renew, token } from "./session";

const PATIENCE_MS = 30_000;

type Answer<Data> = { data?: Data; error?: unknown; response: Response };

let client: Client<paths> | undefined;
let open: Client<paths> | undefined;

/** The typed client: `await got(api().GET("/me"))`. */
export function api(): Client<paths> {
  client ??= createClient<paths>({ baseUrl: config().api.replace(/\/$/, ""), fetch: send });
  return client;
}

/** The same without a token, for the few calls that ask for none. */
export function openApi(): Client<paths> {
  open ??= createClient<paths>({ baseUrl: config().api.replace(/\/$/, ""), fetch: patiently });
  return open;
}

/** The body of an answer. Throws Problem for everything else. */
export async function got<Data>(call: Promise<Answer<Data>>): Promise<Data> {
  const { data, error, response } = await call.catch((failure: unknown) => {
    // An answer that broke off, or that is none of the API's, is no answer.
    throw failure instanceof Problem ? failure : new Problem("offline", 0);
  });
  if (!response.ok) throw problemOf(response, error);
  return data as Data;
}

async function send(request: Request): Promise<Response> {
  const again = request.clone();
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

async function patiently(request: Request): Promise<Response> {
  try {
    return await fetch(request, { signal: AbortSignal.timeout(PATIENCE_MS) });
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
