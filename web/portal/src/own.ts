/**
 * What a member leaves on this device, in this tab (`sessionStorage`) or for longer (`localStorage`): each member's own. The
 * next one who signs in here neither sees nor sends it, and a session that ended loses nothing. Signing out clears the tab's.
 */
import { who } from "@shared/session";

export type Own = { key: string; read: () => unknown; keep: (value: unknown) => void; drop: () => void };

/** The place of that name of whoever is signed in now; it stays theirs, whoever comes after. Nobody has none to keep things in. */
export function own(store: Storage, name: string): Own {
  const member = who();
  const key = `${name} ${member}`;
  return {
    key,
    read: () => {
      try {
        return JSON.parse(store.getItem(key) ?? "null");
      } catch {
        return null;
      }
    },
    keep: (value) => {
      if (member && member === who()) store.setItem(key, JSON.stringify(value));
    },
    drop: () => store.removeItem(key),
  };
}
