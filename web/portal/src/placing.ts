/**
 * An order on its way to the API. It is kept on this device, whole and under its key, before it is sent and until it is
 * answered: a lost connection, a reload or a crash only means that the very same request is sent again, and the API carries
 * a key out once.
 */
import { api, got } from "@shared/client";
import { now } from "@shared/now";
import { uuid7 } from "@shared/uuid7";
import type { Schemas } from "./queries";

export type Placing = {
  key: string;
  body: Schemas["Redemption"];
  /** What leaves the cart when it is ordered. */
  taken: { asin: string; quantity: number }[];
};

const kept = (member: string) => `placing ${member}`;
const listeners = new Set<() => void>();

addEventListener("storage", () => listeners.forEach((listener) => listener()));

/** Be told when something is kept or answered, here or in another tab. Gives back how to stop. */
export function onPlacing(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** The member's order that has no answer yet, as it is kept. */
export const placingText = (member: string): string | null => localStorage.getItem(kept(member));

export function readPlacing(text: string | null): Placing | null {
  try {
    const told = JSON.parse(text ?? "null") as Placing | null;
    return typeof told?.key === "string" && typeof told.body?.quote_id === "string" ? told : null;
  } catch {
    return null;
  }
}

/** Keep it; from now on it is on its way. */
export function keepPlacing(member: string, body: Schemas["Redemption"], taken: Placing["taken"]): void {
  localStorage.setItem(kept(member), JSON.stringify({ key: uuid7(now()), body, taken }));
  listeners.forEach((listener) => listener());
}

/** It is answered. Another one that was kept meanwhile stays. */
export function forgetPlacing(member: string, { key }: Placing): void {
  if (readPlacing(placingText(member))?.key === key) localStorage.removeItem(kept(member));
  listeners.forEach((listener) => listener());
}

/** Send it, for the first time or again. Throws Problem. */
export const sendPlacing = ({ key, body }: Placing): Promise<Schemas["Accepted"]> =>
  got(api().POST("/redemptions", { params: { header: { "Idempotency-Key": key } }, body }));
