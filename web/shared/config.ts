/** What differs from one deployment to another: /config.json, answered by the app's own API (`GET /config`). */
import type { components } from "@api/member";

/** The portal's. */
export type Config = components["schemas"]["ConfigView"];

/** What every app has, and all that is asked for in this folder. */
export type SignIn = Pick<Config, "authority" | "client_id" | "scope" | "api">;

let known: SignIn | undefined;

/** Fetch it once. Throws if there is none: nothing can be shown without it. */
export async function loadConfig<Told extends SignIn = Config>(): Promise<Told> {
  const answer = await fetch("/config.json", { credentials: "same-origin" });
  if (!answer.ok) throw new Error(`config.json: ${answer.status}`);
  const told = (await answer.json()) as Told;
  known = told;
  return told;
}

/** Another one in its place: for a preview. */
export function replaceConfig<Told extends SignIn>(other: Told): void {
  known = other;
}

/** The loaded config; a page is never drawn before. */
export function config<Told extends SignIn = Config>(): Told {
  if (!known) throw new Error("the config is read before it is loaded");
  return known as Told;
}
