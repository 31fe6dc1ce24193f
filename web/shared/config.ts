/** What differs from one deployment to another: /config.json, answered by the member API (`GET /config`). */
import type { components } from "@api/member";

export type Config = components["schemas"]["ConfigView"];

let known: Config | undefined;

/** Fetch it once. Throws if there is none: nothing can be shown without it. */
export async function loadConfig(): Promise<Config> {
  const answer = await fetch("/config.json", { credentials: "same-origin" });
  if (!answer.ok) throw new Error(`config.json: ${answer.status}`);
  known = (await answer.json()) as Config;
  return known;
}

/** The loaded config; a page is never drawn before. */
export function config(): Config {
  if (!known) throw new Error("the config is read before it is loaded");
  return known;
}
