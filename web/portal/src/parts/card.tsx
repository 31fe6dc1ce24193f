/** A product in a list: picture, name, price, and what share of the balance it is (dotted beyond it). */
import { Link } from "wouter";
import { config } from "@shared/config";
import { number } from "@shared/shown";
import { type Parts, payable, sliderOf, split } from "@shared/split";
import { priced, useOwnPrices } from "../own-prices";
import { nameOf } from "../own-words";
import type { Schemas } from "../queries";
import { say } from "../words";
import { Tag } from "./outlook";
import { Plate } from "./plate";
import { Price } from "./price";
import { whyOf } from "./why";

const SIZES = "(max-width: 52rem) 46vw, (max-width: 84rem) 22vw, 19rem";

type Product = Pick<Schemas["Listed"], "asin" | "title" | "brand" | "image" | "points" | "price_minor" | "currency" | "from_points"> & { texts?: Schemas["Listed"]["texts"]; reason?: string; because?: Schemas["Because"] | null; outlook?: Schemas["Outlook"] | null; points_without?: number | null };

type Props = {
  products: readonly Product[];
  balance: number;
  /** How many of them are seen at once, so that their pictures are not fetched late. */
  first?: number;
  /** So many points are to be used: the price is what they leave to pay. */
  use?: number | undefined;
};

export function Cards({ products, balance, first = 4, use }: Props) {
  const own = useOwnPrices(products.map(({ asin }) => asin));
  return (
    <ul className="cards">
      {products.map((product, position) => (
        <li key={product.asin}><Card product={priced(product, own)} balance={balance} first={position < first} use={use} /></li>
      ))}
    </ul>
  );
}

function Card({ product, balance, first, use }: { product: Product; balance: number; first: boolean; use: number | undefined }) {
  const parts = use === undefined ? { points: product.points, money_minor: 0 } : partsAt(product, use);
  const query = use === undefined ? "" : `?points=${use}`;
  return (
    <Link href={`/products/${product.asin}${query}`} className="card">
      <Plate image={product.image} sizes={SIZES} first={first} />
      <Tag outlook={product.outlook} />
      <span className="card-brand small muted">{whyOf(product) || product.brand}</span>
      <h3>{nameOf(product)}</h3>
      <p className="small">
        {product.from_points && <span className="muted">{say("shop.from")} </span>}
        <Price points={parts.points} minor={parts.money_minor} currency={product.currency} />
        {use === undefined && <Instead of={product.points_without} />}
      </p>
      <Share points={product.points} balance={use ?? balance} />
      {parts.points > balance && <span className="hidden">{say("shop.beyond")}</span>}
    </Link>
  );
}

/** What an offer for this member takes off. */
export function Instead({ of }: { of: number | null | undefined }) {
  return of ? <span className="muted num"> {say("shop.instead", { points: number(of) })}</span> : null;
}

/** Cards that are still coming, as large as they will be. */
export function CardsToCome({ count }: { count: number }) {
  return (
    <ul className="cards" aria-hidden="true">
      {Array.from({ length: count }, (_, position) => (
        <li key={position} className="card to-come"><div className="plate" /><span>&nbsp;</span><h3>&nbsp;</h3><p className="small">&nbsp;</p></li>
      ))}
    </ul>
  );
}

/** What so many points make of a price, by the programme's rules. */
function partsAt(product: Product, points: number): Parts {
  const { min_percent, max_percent, points_step, money_min_minor } = config().mix;
  const lines = [{ quantity: 1, unit_price_minor: product.price_minor, unit_points: product.points }];
  const slider = sliderOf(product.points, min_percent, max_percent, points_step);
  return split(lines, payable({ lines, slider, money_min_minor }, points));
}

/** What share of the balance a price is. */
export function Share({ points, balance }: { points: number; balance: number }) {
  const whole = Math.max(points, balance, 1);
  return (
    <span className="share" aria-hidden="true">
      <i style={{ width: `${(Math.min(points, balance) / whole) * 100}%` }} />
      {points > balance && <i className="beyond" style={{ width: `${((points - balance) / whole) * 100}%` }} />}
    </span>
  );
}
