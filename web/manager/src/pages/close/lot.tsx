/** One lot of a member: everything that moved it, and what was in it then. */
import Table from "@cloudscape-design/components/table";
import { useQuery } from "@tanstack/react-query";
import { useParams } from "wouter";
import { longDay, number } from "@shared/shown";
import { api, got, type Schemas } from "../../api";
import { may } from "../../may";
import { DetailPage, type Section } from "../../parts/DetailPage";
import { Go } from "../../parts/Go";
import { Moment, Points } from "../../parts/Shown";
import { monthName } from "../invoices/invoices";
import { eventName, figureName, KEY, lotName } from "./words";

type Lot = Schemas["LotView"];

export default function LotPage() {
  const { number: member_number = "", lot = "" } = useParams();
  const query = useQuery({ queryKey: [KEY, "lots", member_number, lot], queryFn: () => got(api().GET("/finance/members/{member_number}/lots/{lot}", { params: { path: { member_number, lot } } })) });
  return (
    <DetailPage<Lot>
      query={query}
      from={{ label: "Month close", path: "/close" }}
      title={(found) => `${found.member_number}: ${found.lot === "never" ? "points that never lapse" : `points good until ${lotName(found.lot)}`}`}
      sections={(found) => [facts(found), entries(found)]}
    />
  );
}

function facts(found: Lot): Section {
  return {
    title: "The lot",
    pairs: [
      ["Member", may("GET /members/{member_number}") ? <Go key="member" to={`/members/${found.member_number}`}>{found.member_number}</Go> : found.member_number],
      ["Good until", lotName(found.lot)],
      ["Before the books kept entries", found.before ? number(found.before) : null],
      ["In it now", number(found.outstanding)],
    ],
  };
}

function entries(found: Lot): Section {
  return {
    title: "What moved it",
    description: "In the order of the points journal. Each counts in the close of its day's month; what went to another lot or member counts in none.",
    content: (
      <Table
        variant="embedded"
        wrapLines
        items={found.entries}
        trackBy={(row) => [row.sequence, row.event, row.lot_month, row.funder].join(" ")}
        ariaLabels={{ tableLabel: "What moved the lot" }}
        columnDefinitions={[
          { id: "day", header: "Day of the books", isRowHeader: true, cell: (row) => longDay(row.day) },
          { id: "event", header: "What happened", cell: (row) => eventName(row.event) },
          { id: "figure", header: "Counts as", cell: (row) => (row.figure ? <Go to={`/close?month=${row.day.slice(0, 7)}&figure=${row.figure}`} label={`${figureName(row.figure)} of ${monthName(row.day.slice(0, 7))}`}>{figureName(row.figure)}</Go> : "–") },
          { id: "month", header: "Earned in", cell: (row) => monthName(row.lot_month.slice(0, 7)) },
          { id: "funder", header: "Paid for by", cell: (row) => row.funder },
          { id: "points", header: "Points", cell: (row) => <Points change={row.points} /> },
          { id: "through", header: "In it then", cell: (row) => <span className="num">{number(row.through)}</span> },
          { id: "booked", header: "Booked", cell: (row) => <Moment at={row.booked_at} /> },
          { id: "operation", header: "Operation", cell: (row) => <span title={row.op_id}>{row.op_id.slice(0, 8)}</span> },
        ]}
      />
    ),
  };
}
