/** All orders, newest first. */
import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "wouter";
import { api, got } from "@shared/client";
import { day } from "@shared/shown";
import { Page } from "../parts/page";
import { Thumbnail } from "../parts/plate";
import { Price } from "../parts/price";
import { Failed, Loaded, Nothing } from "../parts/states";
import type { Schemas } from "../queries";
import { say, sayCode, sayCount } from "../words";

// A document is written once the shop has taken the order.
const DOCUMENTED = new Set(["completed", "partially_completed", "partly_shipped", "shipped", "partly_delivered", "delivered", "not_delivered"]);

export default function Orders() {
  const query = useInfiniteQuery({
    queryKey: ["redemptions", "all"],
    queryFn: ({ pageParam: before }) => got(api().GET("/redemptions", { params: { query: before ? { before } : {} } })),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.before,
  });
  return (
    <Page title={say("orders.title")}>
      <Loaded query={query} empty={({ pages }) => pages[0]?.redemptions.length === 0} nothing={<None />}>
        {({ pages }) => (
          <ul className="rows">
            {pages.flatMap((page) => page.redemptions).map((order) => <Order key={order.redemption_id} order={order} />)}
          </ul>
        )}
      </Loaded>
      {query.isFetchNextPageError && <Failed error={query.error} />}
      {query.hasNextPage && (
        <p><button type="button" className="button quiet" disabled={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>{say("states.more")}</button></p>
      )}
    </Page>
  );
}

const None = () => (
  <Nothing title={say("orders.none")}>
    <p className="muted">{say("orders.none_more")}</p>
    <p><Link href="/browse" className="button">{say("cart.browse")}</Link></p>
  </Nothing>
);

function Order({ order }: { order: Schemas["Summary"] }) {
  const [first, ...others] = order.titles;
  const place = `/redemptions/${order.redemption_id}`;
  return (
    <li className="order-row">
      <Thumbnail url={order.image_url} />
      <div className="order-row-what">
        <h2><Link href={place}>{first}{others.length > 0 && ` ${sayCount("orders.others", others.length)}`}</Link></h2>
        <p><b>{sayCode("status", order.status, order.words)}</b></p>
        <p className="small muted">{day(order.created_at)}</p>
      </div>
      <div className="order-row-price">
        <Price points={order.points} minor={order.money_minor} currency={order.currency} />
        {DOCUMENTED.has(order.status) && (
          <Link href={`${place}#documents`} className="small">{say("orders.documents")}<span className="hidden"> {first}</span></Link>
        )}
      </div>
    </li>
  );
}
