/**
 * Who is signed in. The library for it is half of a first page, so it is loaded when somebody signs in, renews or signs
 * out; the token itself is read from where the library keeps it (this tab's session storage).
 */
import type { UserManager } from "oidc-client-ts";
import { config } from "./config";

const RENEW_BEFORE_SECONDS = 60;

type Kept = { access_token?: string; expires_at?: number; refresh_token?: string };

/** The place to come back to after signing in, and the page to sign in for. */
export const SIGNED_IN = "/signed-in";

const listeners = new Set<() => void>();

/** Be told when somebody signs in or out. Gives back how to stop. */
export function onSession(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export const isSignedIn = (): boolean => kept() !== null;

/** A token that is good for a while, renewed if need be; null if nobody is signed in or the session is over. */
export async function token(): Promise<string | null> {
  const user = kept();
  if (!user) return null;
  if ((user.expires_at ?? 0) - Date.now() / 1000 > RENEW_BEFORE_SECONDS) return user.access_token ?? null;
  return renew();
}

let renewing: Promise<string | null> | undefined;

/** Ask for a new token; whoever asks meanwhile gets the same one. */
export function renew(): Promise<string | null> {
  renewing ??= manager()
    .then((users) => users.signinSilent())
    .then((user) => user?.access_token ?? null)
    .catch(() => null)
    .finally(() => (renewing = undefined));
  return renewing;
}

/** Off to the sign-in page, and back to `place` (a path of this app). */
export async function signIn(place = location.pathname + location.search + location.hash): Promise<void> {
  await (await manager()).signinRedirect({ state: place });
}

/** On the way back: the path that was asked for. Throws if this is no genuine way back. */
export async function finishSignIn(): Promise<string> {
  const user = await (await manager()).signinCallback();
  listeners.forEach((listener) => listener());
  return safePath(user?.state);
}

/** Sign out here and at the identity provider. */
export async function signOut(): Promise<void> {
  const { client_id } = config();
  const users = await manager();
  // Who leaves has left, also where the tokens cannot be taken back just now.
  await users.revokeTokens(["refresh_token"]).catch(() => undefined);
  // Cognito asks for its own two parameters instead of the standard's.
  await users.signoutRedirect({ extraQueryParams: { client_id, logout_uri: `${location.origin}/` } });
}

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
  return users;
}
