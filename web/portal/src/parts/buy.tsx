/** How one product is had: points and money as the member likes, what that leaves, and the ways on. */
import { useState, useSyncExternalStore } from "react";
import { Link, useLocation } from "wouter";
import { config } from "@shared/config";
import { date, number, span } from "@shared/shown";
import { type Basket, mostPayable, payable, pointsFull, sliderOf, split, within } from "@shared/split";
import { addToCart, cart, type CartLine, onCart, putInCart, restoreCart } from "../cart";
import { titleOf } from "../own-words";
import type { Schemas } from "../queries";
import { isNear } from "../soon";
import { say, sayCode, sayCount } from "../words";
import { Mix, type Stop } from "./mix";
import { tell } from "./note";
import { Price } from "./price";
import { WishButton } from "./wish";

export type Priced = Schemas["Product"] & { points: number; price_minor: number; currency: string };

type Props = {
  product: Priced;
  available: number;
  lots: readonly Schemas["Lot"][];
  /** So many points were asked for on the way here. */
  wished: number | null;
  /** Another kind is on its way: what is shown is about to change. */
  changing: boolean;
};

export function Buy({ product, available, lots, wished, changing }: Props) {
  const quantity = product.min_quantity ?? 1;
  const basket = basketOf(product, quantity);
  const choice = within(basket, available);
  const [chosen, setChosen] = useState(wished);
  // Nothing chosen yet means all in points, as far as they go.
  const points = choice && payable(choice, chosen ?? choice.slider.maximum);
  const parts = split(basket.lines, points ?? pointsFull(basket.lines));
  return (
    <>
      {choice && points !== null ? (
        <Mix
          slider={choice.slider}
          points={points}
          parts={parts}
          currency={product.currency}
          stops={stopsOf(basket, choice)}
          label={say("product.how")}
          snap={(wanted, from) => payable(choice, wanted, from)}
          onChange={setChosen}
        />
      ) : (
        <TooDear basket={basket} available={available} currency={product.currency} />
      )}
      <dl className="facts num">
        {choice && (
          <>
            <dt>{say("product.keep")}</dt>
            <dd>{sayCount("product.points", available - parts.points)}</dd>
            <UsedFirst lots={lots} points={parts.points} available={available} />
          </>
        )}
        {product.delivery_latest && (
          <>
            <dt>{say("product.arrives")}</dt>
            <dd>{span(product.delivery_earliest, product.delivery_latest)}</dd>
          </>
        )}
      </dl>
      <Ways product={product} quantity={quantity} points={points} changing={changing} />
      <p className="small muted">
        {quantity > 1 && <>{say("product.at_least", { count: number(quantity) })} </>}
        {sayCode("shop", `includes_${product.included}`, product.price_includes)}
      </p>
    </>
  );
}

/** The points that lapse soonest go first; how many of them this takes. Not said where all are good for as long. */
function UsedFirst({ lots, points, available }: { lots: readonly Schemas["Lot"][]; points: number; available: number }) {
  const first = lots[0];
  if (!first?.expires_on || (first.amount >= available && !isNear(first.expires_on))) return null;
  return (
    <>
      <dt>{say("product.lapsing", { day: date(first.expires_on) })}</dt>
      <dd>{points > 0 ? sayCount("product.used_first", Math.min(first.amount, points)) : say("product.none_used")}</dd>
    </>
  );
}

function TooDear({ basket, available, currency }: { basket: Basket; available: number; currency: string }) {
  const least = payable(basket, basket.slider.minimum);
  const parts = split(basket.lines, least);
  return (
    <section className="mix">
      <p className="mix-price"><Price points={parts.points} minor={parts.money_minor} currency={currency} /></p>
      <p>{sayCount("product.too_dear", least - available, { have: number(available) })}</p>
    </section>
  );
}

function Ways({ product, quantity, points, changing }: { product: Priced; quantity: number; points: number | null; changing: boolean }) {
  const [, go] = useLocation();
  const inCart = useSyncExternalStore(onCart, cart).find((line) => line.asin === product.asin);
  const line = (): CartLine => ({
    asin: product.asin,
    quantity,
    title: titleOf(product),
    image: pictureOf(product),
    points: product.points,
    ...(points !== null && { use: points }),
  });
  const full = () => tell(say("product.cart_full"));
  const add = () => {
    const before = cart();
    if (!addToCart(line())) return full();
    tell(say("product.added"), () => restoreCart(before));
  };
  const buy = () => (putInCart(line()) ? go(`/checkout?points=${points}&only=${product.asin}&quantity=${quantity}`) : full());
  return (
    <div className="ways">
      {points !== null && (
        <div className="bar">
          <button type="button" className="button" disabled={changing} onClick={buy}>{say("product.buy")}</button>
          <button type="button" className="button quiet" disabled={changing} onClick={add}>{say("product.add")}</button>
        </div>
      )}
      <p className="also-ways">
        <WishButton asin={product.asin} available />
        {inCart && <Link href="/cart">{sayCount("product.in_cart", inCart.quantity)}</Link>}
      </p>
    </div>
  );
}

function basketOf(product: Priced, quantity: number): Basket {
  const { min_percent, max_percent, points_step, money_min_minor } = config().mix;
  const lines = [{ quantity, unit_price_minor: product.price_minor, unit_points: product.points }];
  return { lines, slider: sliderOf(pointsFull(lines), min_percent, max_percent, points_step), money_min_minor };
}

/** Places to stop at: the fewest, the half, and all of it or all there is. */
function stopsOf(whole: Basket, choice: Basket): Stop[] {
  const { minimum, maximum } = choice.slider;
  const full = pointsFull(whole.lines);
  const half = mostPayable(choice, Math.max(Math.floor(full / 2), minimum));
  const last = maximum === full ? "all" : maximum < whole.slider.maximum ? "affordable" : "most";
  const stops: Stop[] = [{ name: "fewest", points: minimum }];
  if (half !== null && half > minimum && half < maximum) stops.push({ name: "half", points: half });
  stops.push({ name: last, points: maximum });
  return stops;
}

const pictureOf = ({ images }: Schemas["Product"]): string | null => {
  const picture = images[0];
  return (picture?.small ?? picture?.thumbnail ?? picture?.medium ?? picture?.large)?.url ?? null;
};
