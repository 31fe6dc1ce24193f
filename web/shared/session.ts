/**
 * Who is signed in. The library for it is half of a first page, so it is loaded when somebody signs in, renews or signs
 * out; the token itself is read from where the library keeps it (this tab's session storage).
 */
import type { UserManager } from "oidc-client-ts";
import { config as loaded, type SignIn } from "./config";
import { Problem } from "./problem";

const RENEW_BEFORE_SECONDS = 60;
const PATIENCE_SECONDS = 10;

type Kept = { access_token?: string; expires_at?: number; refresh_token?: string; profile?: { sub?: string; email?: string } };

/** The place to come back to after signing in, and the page to sign in for. */
export const SIGNED_IN = "/signed-in";

const config = loaded<SignIn>;
const listeners = new Set<() => void>();

/** Be told when somebody signs in or out. Gives back how to stop. */
export function onSession(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export const isSignedIn = (): boolean => kept() !== null;

/** Who is signed in, as the identity provider names them; "" if nobody is. */
export const who = (): string => kept()?.profile?.sub ?? "";

/** Their e-mail, as the identity provider knows it. */
export const email = (): string => kept()?.profile?.email ?? "";

/** The groups that the access token names. What they may do is for the API to say: this is for what is shown. */
export function groups(): readonly string[] {
  const payload = kept()?.access_token?.split(".")[1] ?? "";
  try {
    const bytes = Uint8Array.from(atob(payload.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));
    return (JSON.parse(new TextDecoder().decode(bytes)) as { "cognito:groups"?: string[] })["cognito:groups"] ?? [];
  } catch {
    return [];
  }
}

/** A token that is good for a while, renewed if need be; null if nobody is signed in or the session is over. Throws Problem. */
export async function token(): Promise<string | null> {
  const user = kept();
  if (!user) return null;
  if ((user.expires_at ?? 0) - Date.now() / 1000 > RENEW_BEFORE_SECONDS) return user.access_token ?? null;
  return renew();
}

let renewing: Promise<string | null> | undefined;

/**
 * Ask for a new token; whoever asks meanwhile gets the same one. Null: the identity provider says that the session is over.
 * Whatever else comes between (no connection, too much at once, a provider that is ill) is a Problem that passes, and the
 * session stays as it is.
 */
export function renew(): Promise<string | null> {
  if (!kept()?.refresh_token) return Promise.resolve(null);
  renewing ??= manager()
    .then((users) => users.signinSilent())
    // Who signed out meanwhile stays out.
    .then((user) => (isSignedIn() ? (user?.access_token ?? null) : null))
    .catch((failure: unknown) => {
      if ((failure as { error?: unknown } | null)?.error === "invalid_grant") return null;
      throw new Problem("offline", 0);
    })
    .finally(() => (renewing = undefined));
  return renewing;
}

/** Off to the sign-in page, and back to `place` (a path of this app). */
export async function signIn(place = location.pathname + location.search + location.hash): Promise<void> {
  // The provider remembers whoever it could not be told to forget; the next one here may be somebody else.
  const lately = Date.now() - Number(lastSignOut() ?? 0) < PROVIDER_REMEMBERS_MS;
  await (await manager()).signinRedirect({ state: place, ...(lately && { prompt: "login" }) });
}

/** On the way back: the path that was asked for. Throws if this is no genuine way back. */
export async function finishSignIn(): Promise<string> {
  const user = await (await manager()).signinCallback();
  sessionStorage.setItem(BEGAN_AFTER, lastSignOut() ?? "");
  listeners.forEach((listener) => listener());
  return safePath(user?.state);
}

// When somebody signed out on this device last. A session that began before that is over, in whichever tab it is.
const SIGNED_OUT = "signed out";
const BEGAN_AFTER = "began after sign-out";
const PROVIDER_REMEMBERS_MS = 3_600_000;

const lastSignOut = (): string | null => localStorage.getItem(SIGNED_OUT);

/** Sign out here, in the other tabs, and at the identity provider. Here it is done at once, whatever becomes of the rest. */
export async function signOut(): Promise<void> {
  const { client_id } = config();
  localStorage.setItem(SIGNED_OUT, String(Date.now()));
  listeners.forEach((listener) => listener());
  const users = await manager().catch(() => null);
  // `fetch` throws a TypeError when nothing answers: then there is no page of the provider's to go to either.
  const answers = await users?.revokeTokens(["refresh_token"]).then(() => true, (failure: unknown) => !(failure instanceof TypeError));
  // With the tokens goes what was being typed.
  sessionStorage.clear();
  // Cognito asks for its own two parameters instead of the standard's.
  if (answers) await users?.signoutRedirect({ extraQueryParams: { client_id, logout_uri: `${location.origin}/` } }).catch(() => undefined);
}

addEventListener("storage", ({ key }) => {
  if (key !== SIGNED_OUT) return;
  sessionStorage.clear();
  listeners.forEach((listener) => listener());
});

// A page that was asleep in the browser's memory may wake up in somebody else's session.
let asleepFor = "";
addEventListener("pagehide", () => (asleepFor = who()));
addEventListener("pageshow", ({ persisted }) => persisted && asleepFor !== who() && location.reload());

/** Forget the session of this tab only: it is over. */
export function forget(): void {
  sessionStorage.removeItem(key());
  listeners.forEach((listener) => listener());
}

/** Only a path of this app: a link from elsewhere must not lead away. */
export function safePath(place: unknown): string {
  return typeof place === "string" && /^\/(?![/\\])/.test(place) && !place.startsWith(SIGNED_IN) ? place : "/";
}

const key = () => `oidc.user:${config().authority}:${config().client_id}`;

function kept(): Kept | null {
  try {
    if ((sessionStorage.getItem(BEGAN_AFTER) ?? "") !== (lastSignOut() ?? "")) return null;
    return JSON.parse(sessionStorage.getItem(key()) ?? "null") as Kept | null;
  } catch {
    return null;
  }
}

let users: Promise<UserManager> | undefined;

function manager(): Promise<UserManager> {
  users ??= import("oidc-client-ts").then(({ UserManager, WebStorageStateStore }) => {
    const { authority, client_id, scope } = config();
    return new UserManager({
      requestTimeoutInSeconds: PATIENCE_SECONDS,
      authority,
      client_id,
      scope,
      redirect_uri: location.origin + SIGNED_IN,
      response_type: "code",
      userStore: new WebStorageStateStore({ store: sessionStorage }),
      loadUserInfo: false,
      monitorSession: false,
      automaticSilentRenew: false,
    });
  });
  // What did not load is loaded anew the next time.
  users.catch(() => (users = undefined));
  return users;
}
