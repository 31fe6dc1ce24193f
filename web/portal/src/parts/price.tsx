import { money, number } from "@shared/shown";
import { say } from "../words";

/** "6,200 points + $18.00", as a sentence for who cannot see it too. */
export const priceWords = (points: number, minor: number, currency: string): string =>
  [points > 0 || minor === 0 ? `${number(points)} ${say("shop.unit")}` : "", minor > 0 ? money(minor, currency) : ""].filter(Boolean).join(" + ");

/** The two parts of a price; the money stands back. */
export function Price({ points, minor, currency }: { points: number; minor: number; currency: string }) {
  return (
    <span className="price num">
      {(points > 0 || minor === 0) && <b>{number(points)} {say("shop.unit")}</b>}
      {minor > 0 && <span className="muted">{points > 0 && "+ "}{money(minor, currency)}</span>}
    </span>
  );
}
