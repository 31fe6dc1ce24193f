/** One order: how it stands in plain words, what the member may or must do now, and its story. */
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useEffect, useRef, useState } from "react";
import { Link, useParams } from "wouter";
import { api, got } from "@shared/client";
import { heardTime } from "@shared/now";
import { Problem } from "@shared/problem";
import { day, money, nearDay, number } from "@shared/shown";
import { type Asking, Changing } from "../parts/changing";
import { Confirming } from "../parts/confirming";
import { DocumentLink } from "../parts/document-link";
import { Page, useTitle } from "../parts/page";
import { Paying } from "../parts/paying";
import { Thumbnail } from "../parts/plate";
import { Price } from "../parts/price";
import { Loaded } from "../parts/states";
import { arrival, isBeforeTheOrder, isOver, type Order, packagesOf, statusOf } from "../parts/story";
import { Timeline } from "../parts/timeline";
import { type Schemas, useAddresses } from "../queries";
import { addressLines } from "../parts/address";
import { say, sayCode, sayCount } from "../words";

// How often an order is asked for, by how long ago something moved or somebody came to look. Not at all while nobody does:
// many members may share one address, and the firewall counts by address.
const PACES: readonly (readonly [until_ms: number, every_ms: number])[] = [[3 * 60_000, 2_500], [10 * 60_000, 10_000]];
const NOW_AND_THEN_MS = 30_000;

export default function OrderPage() {
  const { id } = useParams<{ id: string }>();
  return <Followed key={id} id={id} />;
}

function Followed({ id }: { id: string }) {
  const queries = useQueryClient();
  const lively = useRef(Date.now());
  const seen = useRef("");
  const query = useQuery({
    queryKey: ["redemptions", id],
    queryFn: async () => {
      const order = await got(api().GET("/redemptions/{redemption_id}", { params: { path: { redemption_id: id } } }));
      heardTime(order.as_of);
      return order;
    },
    staleTime: 0,
    refetchInterval: ({ state }) => (state.data && pace(state.data, lively.current)) ?? NOW_AND_THEN_MS,
  });
  useEffect(() => {
    if (!query.data) return;
    const { status, timeline, points_returned, points_spent } = query.data;
    const now = [status, timeline.length, points_returned, points_spent].join();
    if (seen.current && seen.current !== now) {
      lively.current = Date.now();
      void queries.invalidateQueries({ queryKey: ["points"] });
    }
    seen.current = now;
  }, [query.data]);
  useEffect(() => {
    const looked = () => (lively.current = Date.now());
    addEventListener("focus", looked);
    return () => removeEventListener("focus", looked);
  }, []);
  if (query.data) return <Whole order={query.data} />;
  // A place that was mistyped, or somebody else's: whether it exists is not told.
  if (query.error instanceof Problem && [400, 404].includes(query.error.status)) {
    return (
      <Page title={say("order.not_found")}>
        <p><Link href="/redemptions" className="button quiet">{say("order.to_orders")}</Link></p>
      </Page>
    );
  }
  return <Page title={say("order.title")}><Loaded query={query}>{() => null}</Loaded></Page>;
}

function pace(order: Order, lively: number): number {
  const still = Date.now() - lively;
  return (!isOver(order) && PACES.find(([until]) => still < until)?.[1]) || NOW_AND_THEN_MS;
}

function Whole({ order }: { order: Order }) {
  // Between the way back from the provider and its word to us.
  const [approved, setApproved] = useState(false);
  const [asking, ask] = useState<Asking>(null);
  const status = statusOf(order, approved);
  const headline = headlineOf(order, status);
  useTitle(headline);
  const more = sayCode("order", `more_${status}${status === "waiting" && order.money_minor > 0 ? "_money" : ""}`, "");
  return (
    <article className="page order">
      <header className="page-head">
        <p className="small muted order-facts">
          <span>{say("order.number", { number: shortOf(order.redemption_id) })}</span>
          <Price points={order.points} minor={order.money_minor} currency={order.currency} />
          <Documents documents={order.documents} />
        </p>
        <h1 aria-live="polite">{headline}</h1>
        {more && <p className="lead">{more}</p>}
        {order.queue && <p className="lead num">{queueWords(order.queue)}</p>}
      </header>
      {order.status === "step_up" && <Confirming order={order} />}
      <Paying order={order} approved={approved} onApproved={setApproved} onCancel={() => ask("cancel")} />
      <Changing order={order} asking={asking} ask={ask} />
      <Timeline order={order} />
      <GivenBack order={order} />
      <Lines order={order} />
    </article>
  );
}

/** "On its way, arriving Thursday". */
function headlineOf(order: Order, status: string): string {
  const parcels = packagesOf(order).filter(({ delivered_at }) => !delivered_at);
  const only = parcels.length === 1 && status === "shipped" ? parcels[0]! : undefined;
  const said = only && only.status !== "shipped" && only.status !== "ordered" ? sayCode("package", only.status, order.words) : sayCode("status", status, order.words);
  if (status === "delivered") {
    const last = packagesOf(order).map(({ delivered_at }) => delivered_at).filter((at) => at !== null).sort().at(-1);
    return last ? say("order.arrived", { said, day: nearDay(last) }) : said;
  }
  const when = arrival(order);
  const comes = ["completed", "partially_completed", "shipped", "partly_shipped", "partly_delivered"].includes(status);
  const latest = when?.to ?? when?.from;
  return comes && latest && !["for_pickup", "undeliverable", "returned"].includes(only?.status ?? "") ? say("order.arriving", { said, day: nearDay(latest) }) : said;
}

/** The end of the id, for the telephone: "1F2A-09BC". */
const shortOf = (id: string): string => id.replace(/-/g, "").slice(-8).toUpperCase().replace(/(.{4})/, "$1-");

function queueWords({ orders_ahead, expected_wait_seconds }: Schemas["Queue"]): string {
  if (expected_wait_seconds === null) return say("order.queue_paused");
  const ahead = sayCount("order.queue_ahead", orders_ahead);
  const wait = expected_wait_seconds < 60 ? say("order.queue_soon") : sayCount("order.queue_minutes", Math.ceil(expected_wait_seconds / 60));
  return `${ahead} ${wait}`;
}

function Documents({ documents }: { documents: readonly Schemas["Document"][] }) {
  return <span id="documents" className="documents">{documents.map((one) => <DocumentLink key={one.document_id} document={one} />)}</span>;
}

function GivenBack({ order }: { order: Order }) {
  if (order.given_back.length === 0) return null;
  return (
    <section className="section" aria-labelledby="given-back">
      <h2 id="given-back">{say("order.given_back")}</h2>
      <ul className="rows">
        {order.given_back.map((back) => {
          const title = order.lines.find(({ line_number }) => line_number === back.line_number)?.title ?? "";
          return (
            <li key={`${back.line_number} ${back.given_back_at}`}>
              <p>{sayCount(back.kind === "returned" ? "order.back_returned" : "order.back_cancelled", back.quantity, { title })}</p>
              <p className="small muted num">
                {[
                  back.points > 0 && say("order.back_points", { points: number(back.points) }),
                  back.money_minor > 0 && sayCode("order", `refund_${back.refund_state ?? "waiting"}`, "").replace("{amount}", money(back.money_minor, order.currency)),
                  day(back.refunded_at ?? back.given_back_at),
                ].filter(Boolean).join(" · ")}
              </p>
            </li>
          );
        })}
      </ul>
    </section>
  );
}

function Lines({ order }: { order: Order }) {
  const addresses = useAddresses();
  const to = addresses.data?.addresses.find(({ address_id }) => address_id === order.address_id);
  const sent = !isBeforeTheOrder(order) && order.lines.some(({ accepted_quantity }) => (accepted_quantity ?? 0) > 0);
  return (
    <section className="section" aria-labelledby="lines">
      <h2 id="lines">{say("order.lines")}</h2>
      {to && <p className="muted">{say("order.goes_to", { address: addressLines(to).join(", ") })}</p>}
      <ul className="rows">
        {order.lines.map((line) => (
          <li key={line.line_number} className="order-line">
            <Thumbnail url={line.image_url} />
            <div>
              <h3><Link href={`/products/${line.asin}`}>{line.title}</Link></h3>
              <p className="small muted">
                {line.quantity > 1 && `${line.quantity} × `}<Price points={line.unit_points} minor={line.unit_money_minor} currency={order.currency} />
              </p>
              <Coming line={line} />
            </div>
            {sent && (line.accepted_quantity ?? 0) > line.given_back && <Wrong>{`/cases/new?redemption=${order.redemption_id}&line=${line.line_number}`}</Wrong>}
          </li>
        ))}
      </ul>
    </section>
  );
}

const Wrong = ({ children }: { children: string }): ReactNode => <Link href={children} className="small order-wrong">{say("order.wrong")}</Link>;

/** How many of them come, where that is not all, and why. */
function Coming({ line }: { line: Schemas["Line"] }) {
  const { accepted_quantity: accepted, quantity, reasons } = line;
  if (accepted === null || accepted >= quantity) return null;
  return (
    <p className="small wrong">
      {sayCount("order.accepted", accepted, { quantity })} {[...new Set(reasons)].map((reason) => sayCode("order", reason, reason)).join(" ")}
    </p>
  );
}
