/** A member's statement: the same rows as the member's own, with the filters in the address; and the whole, which proves itself. */
import { useParams } from "wouter";
import { date, number } from "@shared/shown";
import { api, asked, got, type Schemas } from "../../api";
import { Action } from "../../parts/Action";
import { save } from "../../parts/csv";
import { Go } from "../../parts/Go";
import { ListPage } from "../../parts/ListPage";
import { Moment, Points } from "../../parts/Shown";
import { plain } from "../../words";
import { KINDS, short } from "./words";

type Row = Schemas["StatementLine"];
type Part = { rows: { sequence: number }[]; head: { sequence: number } };

export default function Statement() {
  const { number: memberNumber = "" } = useParams();
  const path = { member_number: memberNumber };
  return (
    <ListPage<Row>
      title={`Statement of ${memberNumber}`}
      description={<Go to={`/members/${memberNumber}`}>Back to the member</Go>}
      queryKey={["statement", memberNumber]}
      ask={async (filters, before) => {
        const page = await got(api().GET("/members/{member_number}/statement", {
          params: {
            path,
            query: {
              limit: 50,
              ...(before && { before: Number(before) }),
              ...(filters["kind"] && { kind: [filters["kind"] as "accrue"] }),
              ...(filters["from"] && { from: `${filters["from"]}T00:00:00Z` }),
              ...(filters["to"] && { to: `${filters["to"]}T00:00:00Z` }),
            },
          },
        }));
        return { rows: page.lines, next: page.before ? String(page.before) : null };
      }}
      rowId={(row) => String(row.sequence)}
      columns={[
        { id: "at", header: "When", cell: (row) => <Moment at={row.occurred_at} />, text: (row) => row.occurred_at },
        { id: "kind", header: "What", cell: (row) => KINDS[row.kind] ?? plain(row.kind), text: (row) => row.kind },
        { id: "about", header: "About", cell: (row) => (row.redemption_id ? <Go to={`/orders/${row.redemption_id}`}>{short(row.redemption_id)}</Go> : row.partner ? `${row.partner}, ${row.partner_reference}` : row.reference ? plain(row.reference) : "–"), text: (row) => row.redemption_id ?? row.partner_reference ?? row.reference },
        { id: "points", header: "Points", numeric: true, cell: (row) => (row.available_change ? <Points change={row.available_change} /> : number(Math.abs(row.amount))), text: (row) => row.amount },
        { id: "available", header: "Available after", numeric: true, cell: (row) => number(row.available_after), text: (row) => row.available_after },
        { id: "held", header: "Held after", numeric: true, cell: (row) => number(row.held_after), text: (row) => row.held_after },
        { id: "lots", header: "Which", cell: (row) => row.lots.map((lot) => `${number(Number(lot["amount"]))} good until ${lot["expires_on"] ? date(String(lot["expires_on"])) : "ever"}`).join(", ") || "–" },
      ]}
      filters={[
        { key: "kind", label: "What", kind: "choice", options: [{ value: "", label: "Everything" }, ...Object.entries(KINDS).map(([value, label]) => ({ value, label }))] },
        { key: "from", label: "From", kind: "date" },
        { key: "to", label: "Before", kind: "date" },
      ]}
      csv={`statement-${memberNumber}`}
      actions={
        <Action
          label="Whole statement"
          icon="download"
          needs="GET /members/{member_number}/statement/download"
          act={() => whole(memberNumber)}
          done="Saved. `python -m loyalty.points.verify` checks it alone."
        />
      }
      empty={{ title: "Nothing has happened to these points", text: "Purchases from partners arrive here, and everything that is redeemed." }}
    />
  );
}

/** All parts of the document, in one file. */
async function whole(memberNumber: string): Promise<void> {
  let told: Part | undefined;
  for (let after = 0; ; ) {
    const part: Part = await asked<Part>("GET", `/members/${encodeURIComponent(memberNumber)}/statement/download?after=${after}`);
    told = told ? { ...part, rows: [...told.rows, ...part.rows] } : part;
    const last = part.rows.at(-1)?.sequence ?? after;
    if (last >= part.head.sequence || part.rows.length === 0) break;
    after = last;
  }
  save(`statement-${memberNumber}.json`, JSON.stringify(told));
}
