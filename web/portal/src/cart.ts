/** What the member means to redeem, kept on this device until it is ordered: each member's own. */
import { type Own, own } from "./own";

/** `points` is what one costs in points alone; `use`: how many the member meant to put into it. */
export type CartLine = { asin: string; quantity: number; title: string; image: string | null; points: number; use?: number };

export const MOST_LINES = 10;
const listeners = new Set<() => void>();
let place: Own | undefined;
let lines: CartLine[] = [];

addEventListener("storage", (event) => {
  // Another tab of the same shop.
  if (place && event.key === place.key) show(read(place));
});

/** Be told when the cart changes. Gives back how to stop. */
export function onCart(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** The cart of whoever is signed in. */
export function cart(): readonly CartLine[] {
  const now = own(localStorage, "cart");
  if (now.key !== place?.key) {
    place = now;
    lines = read(now);
  }
  return lines;
}

export const cartCount = (): number => cart().reduce((sum, line) => sum + line.quantity, 0);

/** Put it in, or more of it. False if the cart is full. */
export function addToCart(line: CartLine): boolean {
  const lines = cart();
  const known = lines.find((other) => other.asin === line.asin);
  if (!known && lines.length >= MOST_LINES) return false;
  const added = { ...line, quantity: line.quantity + (known?.quantity ?? 0) };
  change(known ? lines.map((other) => (other === known ? added : other)) : [...lines, added]);
  return true;
}

/** See to it that so many of it are there, to be ordered at once; more stay for later. False if the cart is full. */
export function putInCart(line: CartLine): boolean {
  const known = cart().find((other) => other.asin === line.asin);
  if (!known) return addToCart(line);
  if (known.quantity < line.quantity) setQuantity(line.asin, line.quantity);
  return true;
}

/** So many of it from now on; none takes it out. */
export function setQuantity(asin: string, quantity: number): void {
  const changed = cart().map((line) => (line.asin === asin ? { ...line, quantity } : line));
  change(changed.filter((line) => line.quantity > 0));
}

/** What each costs now has been seen: from here on changes are told from that. */
export function seenPrices(points: ReadonlyMap<string, number>): void {
  change(cart().map((line) => ({ ...line, points: points.get(line.asin) ?? line.points })));
}

/** What was ordered leaves the cart; what was put in meanwhile stays. */
export function ordered(taken: readonly { asin: string; quantity: number }[]): void {
  const left = (line: CartLine) => line.quantity - (taken.find(({ asin }) => asin === line.asin)?.quantity ?? 0);
  change(cart().map((line) => ({ ...line, quantity: left(line) })).filter((line) => line.quantity > 0));
}

/** Put back a whole cart: what an undo does. */
export const restoreCart = (before: readonly CartLine[]): void => change([...before]);

export const emptyCart = (): void => change([]);

function change(next: CartLine[]): void {
  cart();
  place?.keep(next);
  show(next);
}

function show(next: CartLine[]): void {
  lines = next;
  listeners.forEach((listener) => listener());
}

function read(kept: Own): CartLine[] {
  const told = kept.read();
  return Array.isArray(told) ? told.filter(isLine).slice(0, MOST_LINES) : [];
}

function isLine(value: unknown): value is CartLine {
  const line = value as CartLine | null;
  return typeof line?.asin === "string" && Number.isInteger(line.quantity) && line.quantity > 0 && typeof line.title === "string";
}
