/** The member API, typed from its own document. Every call gives the answer's body or throws a Problem. */
import createClient, { type Client } from "openapi-fetch";
import type { paths } from "@api/member";
import { openly, send } from "./asking";
import { config } from "./config";

export { got } from "./asking";

let client: Client<paths> | undefined;
let open: Client<paths> | undefined;

/** The typed client: `await got(api().GET("/me"))`. */
export function api(): Client<paths> {
  client ??= createClient<paths>({ baseUrl: config().api.replace(/\/$/, ""), fetch: send });
  return client;
}

/** The same without a token, for the few calls that ask for none. */
export function openApi(): Client<paths> {
  open ??= createClient<paths>({ baseUrl: config().api.replace(/\/$/, ""), fetch: openly });
  return open;
}
