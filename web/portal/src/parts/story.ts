/** An order as a story: its status in one word of ours, and what happened, happens and is still to come as points of a line. */
import type { Schemas } from "../queries";

export type Order = Schemas["RedemptionView"];
type Package = Schemas["Package"];
export type Point = {
  key: string;
  at: string | null;
  /** A code of section `event` or `package`, and the API's own words for it. */
  section: "event" | "package";
  code: string;
  words: string;
  state: "past" | "now" | "future";
  /** A parcel's point tells the carrier and folds its scans. */
  parcel?: Package;
  /** "Parcel 2": counted where there are several. */
  parcelNumber?: number;
  until?: string | null;
  /** What an event is about, in points and money. */
  detail?: Schemas["Event"]["detail"];
};

// An end that nothing follows.
const OVER = new Set(["cancelled", "payment_declined", "payment_abandoned", "rejected", "expired", "failed", "delivered", "not_delivered"]);
const BEFORE_THE_ORDER = new Set(["waiting", "step_up", "checking", "awaiting_payment", "ordering", "in_review"]);

/** The API's status, or a finer word where its answer holds one. `approved`: the member comes from approving the payment. */
export function statusOf(order: Order, approved = false): string {
  if (order.status === "awaiting_payment" && (approved || (order.payment && order.payment.state !== "awaiting_approval"))) return "payment_checked";
  const happened = new Set(order.timeline.map(({ kind }) => kind));
  if (order.status === "cancelled" && !order.closed_at && order.points_returned < order.points) return "cancelling";
  if (order.status === "rejected" && happened.has("expired")) return "expired";
  if (order.status === "rejected" && happened.has("failed")) return "failed";
  return order.status;
}

export const isOver = (order: Order): boolean => OVER.has(order.status);
export const isBeforeTheOrder = (order: Order): boolean => BEFORE_THE_ORDER.has(order.status);

export const packagesOf = (order: Order): Package[] => order.shipments.flatMap(({ packages }) => packages);

/** When it should arrive: what the carriers say, else what the shop said when it accepted; null when nobody does. */
export function arrival(order: Order): { from: string | null; to: string | null } | null {
  const open = packagesOf(order).filter(({ delivered_at }) => !delivered_at);
  const promised = open.map(({ promised_from, promised_to }) => [promised_from, promised_to] as const).filter(([from, to]) => from ?? to);
  const ordered = order.lines.flatMap(({ orders }) => orders.map((part) => [text(part["delivery_earliest"]), text(part["delivery_latest"])] as const));
  const spans = promised.length ? promised : ordered;
  const from = spans.map((span) => span[0]).filter((at) => at !== null).sort().at(0) ?? null;
  const to = spans.map((span) => span[1]).filter((at) => at !== null).sort().at(-1) ?? null;
  return from || to ? { from, to } : null;
}

const text = (value: unknown): string | null => (typeof value === "string" ? value : null);

/** Past points solid, the last of them a ring while it goes on, what is to come dotted. */
export function story(order: Order): Point[] {
  const accepted = order.timeline.find(({ kind }) => kind.endsWith("accepted"))?.at ?? "";
  // The shop may date a parcel before the moment that we heard of its order.
  const when = ({ at, section }: Point) => (section === "package" && (at ?? "") < accepted ? accepted : (at ?? ""));
  const happened = [...events(order), ...parcels(order)].sort((one, other) => when(one).localeCompare(when(other)));
  if (isOver(order)) return happened;
  const last = happened.at(-1);
  if (last) last.state = "now";
  return [...happened, ...ahead(order)];
}

function events({ timeline }: Order): Point[] {
  return timeline
    .filter(({ kind }) => kind !== "closed")
    .map(({ kind, at, words, detail }, position) => ({ key: `${position} ${kind}`, at, section: "event", code: kind, words, state: "past", detail }));
}

const ARRIVED = new Set(["delivered", "for_pickup", "undeliverable", "returned", "refunded"]);

function parcels(order: Order): Point[] {
  const packages = packagesOf(order);
  return packages.flatMap((parcel, position) => {
    const numbered = packages.length > 1 ? { parcelNumber: position + 1 } : {};
    const scanned = parcel.events.at(-1)?.at ?? null;
    const left = parcel.shipped_at ?? (parcel.status === "ordered" ? null : (parcel.events[0]?.at ?? null));
    if (!left) return [];
    const point = { section: "package", state: "past", ...numbered } as const;
    const arrived = ARRIVED.has(parcel.status);
    const way: Point = { ...point, key: `${parcel.package_id} way`, at: left, code: arrived ? "shipped" : parcel.status, words: parcel.words, parcel };
    const end: Point = { ...point, key: `${parcel.package_id} end`, at: parcel.delivered_at ?? scanned ?? left, code: parcel.status, words: parcel.words };
    return arrived ? [way, end] : [way];
  });
}

function ahead(order: Order): Point[] {
  const to = arrival(order);
  const point = (code: string, section: Point["section"] = "package"): Point => ({ key: `ahead ${code}`, at: null, section, code, words: code, state: "future" });
  const left = packagesOf(order).some(({ status }) => status !== "ordered");
  const pays = order.money_minor > 0 && order.payment?.state !== "authorised" && ["waiting", "step_up", "checking"].includes(order.status);
  return [
    ...(pays ? [point("payment_asked", "event")] : []),
    ...(isBeforeTheOrder(order) ? [point("accepted", "event")] : []),
    ...(left ? [] : [point("shipped")]),
    { ...point("delivered"), at: to?.from ?? to?.to ?? null, until: to?.to ?? null },
  ];
}
