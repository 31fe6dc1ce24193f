/** The manager API, typed from its own document. Every call gives the answer's body or throws a Problem. */
import createClient, { type Client } from "openapi-fetch";
import type { components, paths } from "@api/manager";
import { patiently, send } from "@shared/asking";
import { Problem, problemOf } from "@shared/problem";
import { now } from "@shared/now";
import { uuid7 } from "@shared/uuid7";
import { config } from "./config";

export { got } from "@shared/asking";

export type Schemas = components["schemas"];

let client: Client<paths> | undefined;

/** The typed client: `await got(api().GET("/cases"))`. */
export function api(): Client<paths> {
  client ??= createClient<paths>({ baseUrl: base(), fetch: send });
  return client;
}

/** The same for answers that are no JSON (a CSV file), and for what the document does not type. */
export async function ask(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Response> {
  const request = new Request(base() + path, {
    method,
    headers: { ...(body === undefined ? {} : { "Content-Type": "application/json" }), ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const answer = await send(request).catch((failure: unknown) => {
    throw failure instanceof Problem ? failure : new Problem("offline", 0);
  });
  if (!answer.ok) throw problemOf(answer, await answer.json().catch(() => null));
  return answer;
}

/** The body of `ask`, as JSON. */
export const asked = async <Data>(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Data> =>
  (await ask(method, path, body, headers)).json() as Promise<Data>;

/** Put a file where an answer like that of POST …/label says. */
export async function upload(to: { url: string; headers: Record<string, string> }, file: Blob): Promise<void> {
  const answer = await patiently(new Request(to.url, { method: "PUT", headers: to.headers, body: file }));
  if (!answer.ok) throw new Problem("not-uploaded", answer.status, "The file was not taken: it is not of the type or size that was announced.");
}

/** The Idempotency-Key of one intention: make it when the person begins, send it with every attempt. */
export const newKey = (): string => uuid7(now());

const base = () => config().api.replace(/\/$/, "");
