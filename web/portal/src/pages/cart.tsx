/** What is in the cart, at today's prices; what changed since it was put in is said. */
import { useQueries, useQueryClient } from "@tanstack/react-query";
import { useSyncExternalStore } from "react";
import { Link, useLocation } from "wouter";
import { Problem } from "@shared/problem";
import { money, number } from "@shared/shown";
import { split } from "@shared/split";
import { cart, cartCount, type CartLine, onCart, restoreCart, seenPrices, setQuantity } from "../cart";
import { Again } from "../parts/again";
import { tell } from "../parts/note";
import { outlookOf } from "../parts/outlook";
import { Page } from "../parts/page";
import { Thumbnail } from "../parts/plate";
import { Nothing, wordsOf } from "../parts/states";
import { titleOf } from "../own-words";
import { productOf, type Schemas, useBalance } from "../queries";
import { say, sayCount } from "../words";

type Product = Schemas["Product"];
const MOST_UNITS = 99;

export default function Cart() {
  const lines = useSyncExternalStore(onCart, cart);
  if (lines.length === 0) {
    return (
      <Page title={say("cart.title")}>
        <Nothing title={say("cart.empty")}>
          <p className="muted">{say("cart.empty_more")}</p>
          <p><Link href="/browse" className="button">{say("cart.browse")}</Link></p>
        </Nothing>
      </Page>
    );
  }
  return (
    <Page title={say("cart.title")} lead={sayCount("cart.units", cartCount())}>
      <Lines lines={lines} />
    </Page>
  );
}

function Lines({ lines }: { lines: readonly CartLine[] }) {
  const queries = useQueryClient();
  const [, go] = useLocation();
  const balance = useBalance();
  const asked = useQueries({
    queries: lines.map(({ asin }) => ({
      queryKey: ["shelf", "in the cart", asin],
      queryFn: () => productOf(queries, asin),
      // Prices of today: asked whenever the cart is opened.
      staleTime: 0,
    })),
  });
  const products = new Map(asked.flatMap(({ data }) => (data ? [[data.asin, data] as const] : [])));
  const waiting = asked.some(({ isPending }) => isPending);
  const gone = lines.some(({ asin }, position) => isGone(asked[position]?.error) || products.get(asin)?.available === false);
  // Of these it is not known whether they are there: nobody is told to take them out.
  const unknown = asked.filter(({ error, data }) => error !== null && data === undefined && !isGone(error));
  const total = lines.reduce((sum, line) => sum + line.quantity * (products.get(line.asin)?.points ?? line.points), 0);
  const onward = () => {
    seenPrices(new Map([...products].flatMap(([asin, { points }]) => (points === null ? [] : [[asin, points] as const]))));
    // What was meant for each, where that is known of all of them.
    const meant = lines.every(({ use }) => use !== undefined);
    go(meant ? `/checkout?points=${lines.reduce((sum, { use = 0 }) => sum + use, 0)}` : "/checkout");
  };
  return (
    <div className="cart">
      <ul className="rows">
        {lines.map((line, position) => (
          <Line key={line.asin} line={line} product={products.get(line.asin)} gone={asked[position]?.error} />
        ))}
      </ul>
      <section className="cart-total" aria-labelledby="cart-total">
        <h2 id="cart-total" className="small muted">{say("cart.total")}</h2>
        <p className="mix-price num">{number(total)} {say("shop.unit")}</p>
        {balance.data && <Covered lines={lines} products={products} total={total} available={balance.data.available} />}
        <button type="button" className="button wide" disabled={gone || waiting || unknown.length > 0} onClick={onward}>{say("cart.checkout")}</button>
        {gone && <p className="wrong small">{say("cart.blocked")}</p>}
        {unknown[0] && <Again error={unknown[0].error} retry={() => unknown.forEach(({ refetch }) => void refetch())} busy={waiting} />}
        <p className="small muted">{say("cart.exact_later")}</p>
      </section>
    </div>
  );
}

/** Whether the API says that the programme has it no more. */
const isGone = (failure: unknown): failure is Problem => failure instanceof Problem && failure.status === 404 && failure.code !== "no-such-version";

/** How far the balance reaches, and about how much money the rest is. */
function Covered({ lines, products, total, available }: { lines: readonly CartLine[]; products: ReadonlyMap<string, Product>; total: number; available: number }) {
  if (available >= total) return <p>{say("cart.covered", { left: number(available - total) })}</p>;
  const priced = lines.flatMap(({ asin, quantity }) => {
    const product = products.get(asin);
    return product?.points && product.price_minor !== null ? [{ quantity, unit_points: product.points, unit_price_minor: product.price_minor }] : [];
  });
  const currency = products.get(lines[0]!.asin)?.currency;
  if (priced.length < lines.length || !currency) return <p>{say("cart.covered_part", { points: number(available) })}</p>;
  const rest = split(priced, Math.max(0, Math.min(available, total))).money_minor;
  return <p>{say("cart.covered_rest", { points: number(available), rest: money(rest, currency) })}</p>;
}

function Line({ line, product, gone }: { line: CartLine; product: Product | undefined; gone: unknown }) {
  const change = (quantity: number) => {
    const before = cart();
    setQuantity(line.asin, quantity);
    if (quantity === 0) tell(say("cart.removed", { title: line.title }), () => restoreCart(before));
  };
  const points = product?.points ?? line.points;
  const least = product?.min_quantity ?? 1;
  const most = Math.min(product?.max_quantity ?? MOST_UNITS, MOST_UNITS);
  const title = product ? titleOf(product) : line.title;
  return (
    <li className="cart-line">
      <Thumbnail url={line.image} />
      <div className="cart-what">
        <h2 className="cart-title"><Link href={`/products/${line.asin}`}>{title}</Link></h2>
        <p className="small num">{sayCount("cart.each", line.quantity, { points: number(points), total: number(points * line.quantity) })}</p>
        <Changes line={line} product={product} gone={gone} least={least} most={most} />
      </div>
      <div className="cart-how">
        <div className="stepper" role="group" aria-label={say("cart.quantity", { title })}>
          <button type="button" aria-label={say("cart.less")} disabled={line.quantity <= least} onClick={() => change(line.quantity - 1)}>−</button>
          <output className="num" aria-live="polite">{line.quantity}</output>
          <button type="button" aria-label={say("cart.more")} disabled={line.quantity >= most} onClick={() => change(line.quantity + 1)}>+</button>
        </div>
        <button type="button" className="link small" onClick={() => change(0)}>{say("cart.remove")}<span className="hidden"> {title}</span></button>
      </div>
    </li>
  );
}

function Changes({ line, product, gone, least, most }: { line: CartLine; product: Product | undefined; gone: unknown; least: number; most: number }) {
  const said = [
    isGone(gone) && wordsOf(gone),
    product && !product.available && say("cart.sold_out"),
    outlookOf(product?.outlook),
    product?.available && product.points !== null && product.points > line.points && say("cart.dearer", { from: number(line.points), to: number(product.points) }),
    product?.available && product.points !== null && product.points < line.points && say("cart.cheaper", { from: number(line.points), to: number(product.points) }),
    line.quantity < least && say("cart.at_least", { count: least }),
    line.quantity > most && say("cart.at_most", { count: most }),
  ].filter((words): words is string => !!words);
  return <>{said.map((words) => <p key={words} className="small wrong" role="status">{words}</p>)}</>;
}
