/** A product in a list: picture, name, price, and what share of the balance it is (dotted beyond it). */
import { Link } from "wouter";
import type { Schemas } from "../queries";
import { say } from "../words";
import { Plate } from "./plate";
import { Price } from "./price";

const SIZES = "(max-width: 52rem) 46vw, 22vw";

export function Cards({ products, balance, first = 4 }: { products: readonly Schemas["Listed"][]; balance: number; first?: number }) {
  return (
    <ul className="cards">
      {products.map((product, position) => (
        <li key={product.asin}><Card product={product} balance={balance} first={position < first} /></li>
      ))}
    </ul>
  );
}

function Card({ product, balance, first }: { product: Schemas["Listed"]; balance: number; first: boolean }) {
  const within = product.points <= balance;
  return (
    <Link href={`/products/${product.asin}`} className="card">
      <Plate image={product.image} sizes={SIZES} first={first} />
      <span className="card-brand small muted">{product.brand}</span>
      <h3>{product.title}</h3>
      <p className="small">
        {product.from_points && <span className="muted">{say("shop.from")} </span>}
        <Price points={product.points} minor={0} currency={product.currency} />
      </p>
      <Share points={product.points} balance={balance} />
      {!within && <span className="hidden">{say("shop.beyond")}</span>}
    </Link>
  );
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
