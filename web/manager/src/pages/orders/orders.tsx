/** Orders: which ones, how far, and what they wait for. */
import Box from "@cloudscape-design/components/box";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table from "@cloudscape-design/components/table";
import type { ReactNode } from "react";
import { number } from "@shared/shown";
import { api, got, type Schemas } from "../../api";
import { Go } from "../../parts/Go";
import { type Column, ListPage } from "../../parts/ListPage";
import { Moment, Money, State } from "../../parts/Shown";
import { Nothing } from "../../parts/States";
import { plain } from "../../words";
import { short, WAITS } from "../members/words";

type Order = Schemas["Order"];
type Query = NonNullable<NonNullable<import("@api/manager").paths["/redemptions"]["get"]["parameters"]["query"]>>;

const STATES = ["open", "held", "step_up", "review", "awaiting_payment", "ordering", "settled", "cancelled", "failed", "closed"];
const HOURS = [1, 24, 24 * 7, 24 * 30];

export const COLUMNS: readonly Column<Order>[] = [
  { id: "what", header: "What", cell: (row) => row.titles.join(", "), text: (row) => row.titles.join("; ") },
  { id: "number", header: "Order", cell: (row) => <code>{short(row.redemption_id)}</code>, text: (row) => row.redemption_id, width: 150 },
  { id: "member", header: "Member", cell: (row) => <Go to={`/members/${row.member_number}`}>{row.member_number}</Go>, text: (row) => row.member_number, width: 140 },
  { id: "state", header: "How far", cell: (row) => <Standing row={row} />, text: (row) => row.status },
  { id: "waits", header: "Waits for", cell: (row) => (row.waits_for ? WAITS[row.waits_for] ?? plain(row.waits_for) : "–"), text: (row) => row.waits_for },
  { id: "points", header: "Points", numeric: true, cell: (row) => number(row.points), text: (row) => row.points },
  { id: "money", header: "Money", numeric: true, cell: (row) => (row.money_minor ? <Money minor={row.money_minor} currency={row.currency} /> : "–"), text: (row) => row.money_minor },
  { id: "at", header: "Redeemed", cell: (row) => <Moment at={row.created_at} />, text: (row) => row.created_at },
];

export default function Orders() {
  return (
    <ListPage<Order>
      title="Orders"
      description="What members redeemed, and what each order waits for."
      queryKey={["orders"]}
      ask={async (filters, before) => {
        const query: Query = {
          limit: 50,
          ...(before && { before }),
          ...(filters["state"] && { state: filters["state"] as NonNullable<Query["state"]> }),
          ...(filters["waits_for"] && { waits_for: filters["waits_for"] as NonNullable<Query["waits_for"]> }),
          ...(filters["stuck"] && { stuck: true }),
          ...(filters["older_hours"] && { older_hours: Number(filters["older_hours"]) }),
          ...(filters["member"] && { member: filters["member"] }),
          ...(filters["asin"] && { asin: filters["asin"].toUpperCase() }),
          ...(filters["money"] && { money: filters["money"] === "yes" }),
        };
        const page = await got(api().GET("/redemptions", { params: { query } }));
        return { rows: page.redemptions, next: page.before };
      }}
      rowId={(row) => row.redemption_id}
      columns={COLUMNS}
      open={(row) => `/orders/${row.redemption_id}`}
      filters={[
        { key: "state", label: "State", kind: "choice", options: [{ value: "", label: "Any" }, ...STATES.map((value) => ({ value, label: plain(value) }))] },
        { key: "waits_for", label: "Waits for", kind: "choice", options: [{ value: "", label: "Anything" }, ...Object.entries(WAITS).map(([value, label]) => ({ value, label }))] },
        { key: "stuck", label: "Stuck", kind: "choice", options: [{ value: "", label: "Either way" }, { value: "yes", label: "Only stuck ones" }] },
        { key: "older_hours", label: "Older than", kind: "choice", options: [{ value: "", label: "Any age" }, ...HOURS.map((hours) => ({ value: String(hours), label: hours < 24 ? "An hour" : hours === 24 ? "A day" : `${hours / 24} days` }))] },
        { key: "money", label: "Money", kind: "choice", options: [{ value: "", label: "Either way" }, { value: "yes", label: "With money" }, { value: "no", label: "Points only" }] },
        { key: "member", label: "Member", kind: "text", placeholder: "Number" },
        { key: "asin", label: "Product", kind: "text", placeholder: "ASIN" },
      ]}
      csv="orders"
      refreshSeconds={60}
      empty={{ title: "No orders yet", text: "When a member redeems something, the order is here from the first second." }}
    />
  );
}

function Standing({ row }: { row: Order }) {
  return (
    <SpaceBetween size="xxxs">
      <State code={row.stuck ? "overdue" : row.status} words={row.stuck ? `Stuck: ${plain(row.review_reason ?? row.state)}` : plain(row.status)} />
      {row.stuck && <Box color="text-body-secondary" fontSize="body-s">since <Moment at={row.updated_at} /></Box>}
    </SpaceBetween>
  );
}

/** Some orders inside another page. */
export function OrderRows({ rows, more }: { rows: readonly Order[]; more?: ReactNode }) {
  return (
    <Table
      variant="embedded"
      wrapLines
      items={rows}
      trackBy="redemption_id"
      ariaLabels={{ tableLabel: "Orders" }}
      columnDefinitions={COLUMNS.filter(({ id }) => id !== "member").map(({ id, header, cell }) => ({
        id,
        header,
        isRowHeader: id === "what",
        cell: (row: Order) => (id === "what" ? <Go to={`/orders/${row.redemption_id}`}>{cell(row)}</Go> : cell(row)),
      }))}
      empty={<Nothing title="Nothing was redeemed yet" />}
      {...(more && { footer: more })}
    />
  );
}
