/** What is bought and what it comes to, beside the steps; the one button that orders it. */
import { money, number } from "@shared/shown";
import type { CartLine } from "../cart";
import { say, sayCount } from "../words";
import { Thumbnail } from "./plate";
import { Price } from "./price";
import { providerOf } from "./review";
import type { Quote } from "./quoted";

type Props = {
  lines: readonly CartLine[];
  quote: Quote | undefined;
  parts: { points: number; money_minor: number } | undefined;
  available: number;
  ready: boolean;
  busy: boolean;
  onPlace: () => void;
};

export function Summary({ lines, quote, parts, available, ready, busy, onPlace }: Props) {
  const charged = quote?.included === "charged";
  return (
    <aside className="summary" aria-label={say("checkout.summary")}>
      <ul className="summary-lines">
        {lines.map((line, position) => (
          <li key={line.asin}>
            <Thumbnail url={line.image} />
            <span>{line.title}<span className="small muted num">{sayCount("checkout.times", line.quantity, { points: number(quote?.lines[position]?.unit_points ?? line.points) })}</span></span>
          </li>
        ))}
      </ul>
      {quote && (
        <dl className="facts num">
          <dt>{say("checkout.delivery")}</dt>
          <dd>{charged && !quote.delivery_free && quote.shipping_minor > 0 ? say("checkout.within", { amount: money(quote.shipping_minor, quote.currency) }) : say("checkout.free")}</dd>
          {charged && quote.tax_minor > 0 && (
            <><dt>{say("checkout.tax")}</dt><dd>{say("checkout.within", { amount: money(quote.tax_minor, quote.currency) })}</dd></>
          )}
          {parts && <><dt>{say("checkout.after")}</dt><dd>{number(Math.max(0, available - parts.points))} {say("shop.unit")}</dd></>}
        </dl>
      )}
      <div className="summary-total">
        <p className="small muted">{say("checkout.you_pay")}</p>
        <p className="mix-price">{quote && parts ? <Price points={parts.points} minor={parts.money_minor} currency={quote.currency} /> : "…"}</p>
        <button type="button" className="button wide" disabled={!ready} aria-busy={busy} onClick={onPlace}>
          {quote && parts && parts.money_minor > 0 ? say("checkout.continue_to", { provider: providerOf(quote) }) : say("checkout.place")}
        </button>
        <p className="small muted">{parts && parts.money_minor > 0 ? say("checkout.fine_money") : say("checkout.fine")}</p>
      </div>
    </aside>
  );
}
