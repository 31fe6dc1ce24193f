/** The first page: what lapses next and what it could become, the order on its way, what may please, what can be had now. */
import { useQuery, useQueryClient } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Link } from "wouter";
import { api, got } from "@shared/client";
import { now } from "@shared/now";
import { date, number } from "@shared/shown";
import { Cards, CardsToCome } from "../parts/card";
import { useTitle } from "../parts/page";
import { Thumbnail } from "../parts/plate";
import { Failed, Loaded, Waiting } from "../parts/states";
import { onShelf, type Schemas, useBalance } from "../queries";
import { isNear } from "../soon";
import { say, sayCode, sayCount } from "../words";

const SHOWN = 8;
const SEEN_AT_ONCE = 2;
// Orders whose parcel has come, or of which nothing will.
const OVER = new Set(["delivered", "not_delivered", "cancelled", "cancelling", "payment_declined", "payment_abandoned", "rejected", "expired", "failed"]);
const RECENT_DAYS = 60;

export default function Home() {
  useTitle("");
  const queries = useQueryClient();
  const balance = useBalance();
  const orders = useQuery({ queryKey: ["redemptions", "latest"], queryFn: () => got(api().GET("/redemptions")) });
  const picked = useQuery({
    queryKey: ["recommendations"],
    queryFn: () => got(api().GET("/recommendations", { params: { query: { limit: SHOWN } } })),
  });
  const available = balance.data?.available ?? 0;
  const affordable = useQuery({
    queryKey: ["shelf", "affordable", available],
    queryFn: () =>
      onShelf(queries, (version) => {
        return got(api().GET("/catalogue/{version}/products", { params: { path: { version }, query: { max_points: available } } }));
      }),
    enabled: available > 0,
  });
  // Shown together, so that nothing moves under the eye.
  if (balance.isPending || orders.isPending) return <Waiting />;
  const open = orders.data?.redemptions.find(isOpen);
  const known = new Set(picked.data?.products.map(({ asin }) => asin));
  const none = affordable.data?.products.length === 0;
  return (
    <article className="page home">
      {balance.data ? <Greeting balance={balance.data} way={none ? `/browse?points=${available}` : "/browse?within=mine"} /> : <Failed error={balance.error} retry={() => void balance.refetch()} busy={balance.isFetching} />}
      {open && <OnItsWay order={open} />}
      {picked.data?.products.length === 0 ? (
        <p><Link href="/wishlist">{say("home.wishlist")}</Link></p>
      ) : (
        <Part title={say(picked.data?.personal === false ? "home.liked" : "home.picked")} more={<Link href="/wishlist">{say("home.wishlist")}</Link>} query={picked}>
          {(found) => <Cards products={found.products} balance={available} first={SEEN_AT_ONCE} />}
        </Part>
      )}
      {available > 0 && (
        <Part
          title={say("home.affordable")}
          more={!none && <Link href="/browse?within=mine">{say("home.all_affordable")}</Link>}
          // What was picked is shown again only where there is little else.
          query={picked.isPending ? { ...affordable, data: undefined, error: null } : affordable}
        >
          {({ products }) =>
            none ? (
              <p className="muted">{say("home.nothing_yet")} <Link href="/browse?sort=points">{say("home.cheapest")}</Link></p>
            ) : (
              <Cards products={[...products.filter(({ asin }) => !known.has(asin)), ...products.filter(({ asin }) => known.has(asin))].slice(0, SHOWN)} balance={available} first={0} />
            )
          }
        </Part>
      )}
      <p><Link href="/browse" className="button quiet">{say("shop.all")}</Link></p>
    </article>
  );
}

/** `way`: to what the points are good for. */
function Greeting({ balance, way }: { balance: Schemas["Balance"]; way: string }) {
  const { available, expires_next_on: on, expires_next_amount } = balance;
  const lapsing = Math.min(expires_next_amount, available);
  const hello = say(`home.${partOfDay()}`);
  if (lapsing > 0 && isNear(on)) {
    return (
      <header className="greeting">
        <p className="muted">{hello}</p>
        <h1 className="num">{sayCount("home.lapse", lapsing, { day: date(on) })}</h1>
        <p><Link href={`/browse?points=${lapsing}`} className="button">{say("home.use_them")}</Link></p>
      </header>
    );
  }
  return (
    <header className="greeting">
      <p className="muted">{hello}</p>
      <h1 className="num">{available > 0 ? sayCount("home.have", available) : say("home.none")}</h1>
      {available > 0 ? (
        <>
          {on && <p className="lead">{say(lapsing < available ? "home.good_until" : "home.all_good_until", { points: number(lapsing), day: date(on) })}</p>}
          <p><Link href={way} className="button">{say("home.spend")}</Link></p>
        </>
      ) : (
        <p className="lead">{balance.pending > 0 ? say("home.pending", { points: number(balance.pending) }) : say("home.none_how")}</p>
      )}
    </header>
  );
}

function OnItsWay({ order }: { order: Schemas["Summary"] }) {
  return (
    <section className="on-its-way" aria-label={say("home.on_its_way")}>
      <Link href={`/redemptions/${order.redemption_id}`}>
        <Thumbnail url={order.image_url} />
        <span>
          <b>{order.titles[0]}</b>
          {order.titles.length > 1 && <span className="muted"> {sayCount("home.and_more", order.titles.length - 1)}</span>}
          <span className="small muted">{sayCode("status", order.status, order.words)}</span>
        </span>
      </Link>
    </section>
  );
}

type Asked<Data> = Parameters<typeof Loaded<Data>>[0]["query"];

function Part<Data extends { products: readonly unknown[] }>({ title, more, query, children }: { title: string; more: ReactNode; query: Asked<Data>; children: (data: Data) => ReactNode }) {
  return (
    <section className="section">
      <div className="section-head"><h2>{title}</h2><span className="small">{more}</span></div>
      <Loaded query={query} waiting={<CardsToCome count={SHOWN} />}>{children}</Loaded>
    </section>
  );
}

function isOpen(order: Schemas["Summary"]): boolean {
  const days = (now() - Date.parse(order.created_at)) / 86_400_000;
  return !OVER.has(order.status) && days < RECENT_DAYS;
}

function partOfDay(): "morning" | "day" | "evening" {
  const hour = new Date(now()).getHours();
  return hour < 11 ? "morning" : hour < 18 ? "day" : "evening";
}
