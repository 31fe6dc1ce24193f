/** Amazon's invoices by what becomes of them; those that need a person stand first in mind, so their tab says how many. */
import Button from "@cloudscape-design/components/button";
import ButtonDropdown from "@cloudscape-design/components/button-dropdown";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useQuery } from "@tanstack/react-query";
import { useLocation } from "wouter";
import { fullDay, moment, number } from "@shared/shown";
import { api, ask, got, type Schemas } from "../../api";
import { save } from "../../parts/csv";
import { ListPage } from "../../parts/ListPage";
import { Money } from "../../parts/Shown";
import { tell } from "../../tell";
import { wordsOf } from "../../words";
import { InvoiceState, type InvoiceState as State, KEY, kindOf, stateName, TABS } from "./shown";

type Row = Schemas["InvoiceRow"];
type Query = { state?: State; month?: string; number?: string; order?: string };

const REFRESH_SECONDS = 30;

export default function Invoices() {
  const [, go] = useLocation();
  const counts = useQuery({ queryKey: [...KEY, "counts"], queryFn: async () => (await got(api().GET("/invoices", { params: { query: { limit: 1 } } }))).counts, refetchInterval: REFRESH_SECONDS * 1000 });
  const of = (state: State) => counts.data?.[state] ?? 0;
  return (
    <ListPage<Row>
      title="Invoices"
      description="What Amazon Business sends for its goods: read, compared with the order and the shipment, handed to the ERP. What the machine doubts waits here."
      queryKey={[...KEY, "list"]}
      ask={async (filters, after) => {
        const found = await got(api().GET("/invoices", { params: { query: { ...(filters as Query), ...(after && { after }), limit: 50 } } }));
        return { rows: found.invoices, next: found.after };
      }}
      rowId={(row) => row.invoice_id}
      open={(row) => `/invoices/${row.invoice_id}`}
      refreshSeconds={REFRESH_SECONDS}
      csv="invoices"
      filters={[
        { key: "state", label: "State", kind: "tabs", options: [{ value: "", label: "All" }, ...TABS.map(([value, label]) => ({ value, label: of(value) ? `${label} (${number(of(value))})` : label }))] },
        { key: "number", label: "Number", kind: "text", placeholder: "1ABC-2DEF-3GHJ" },
        { key: "order", label: "Amazon's order", kind: "text", placeholder: "114-1000001-1000001" },
        { key: "month", label: "Month", kind: "choice", options: [{ value: "", label: "Any" }, ...months()] },
      ]}
      actions={
        <SpaceBetween direction="horizontal" size="xs">
          <Button onClick={() => go("/invoices/mails")}>Mail</Button>
          <ButtonDropdown
            items={[{ id: "csv", text: "As a table (CSV)" }, { id: "jsonl", text: "A JSON object a line" }]}
            onItemClick={({ detail }) => void samples(detail.id)}
          >
            Corrections
          </ButtonDropdown>
        </SpaceBetween>
      }
      columns={[
        { id: "number", header: "Number", cell: (row) => <>{row.number ?? "Not read"}{row.kind === "credit_memo" && <div>{kindOf(row.kind)}</div>}</>, text: (row) => row.number, width: 170 },
        { id: "state", header: "State", cell: (row) => <InvoiceState code={row.state} />, text: (row) => stateName(row.state), width: 165 },
        { id: "findings", header: "Doubtful", cell: (row) => row.doubts.map((words) => <div key={words}>{words}</div>), text: (row) => row.doubts.join("; "), width: 270 },
        { id: "issued", header: "Date", cell: (row) => (row.issued_on ? fullDay(row.issued_on) : "–"), text: (row) => row.issued_on, width: 135 },
        { id: "total", header: "Total", cell: (row) => <Money minor={row.total_minor} currency={row.currency} />, text: (row) => row.total_minor, numeric: true },
        { id: "erp", header: "ERP", cell: (row) => row.erp_document_id ?? "–", text: (row) => row.erp_document_id, width: 120 },
        { id: "received", header: "Came", cell: (row) => <time dateTime={row.received_at} title={moment(row.received_at)}>{fullDay(row.received_at)}</time>, width: 135, text: (row) => row.received_at },
      ]}
      empty={{
        title: "No invoice has come yet",
        text: "Amazon Business mails an invoice for each parcel to this programme's own address. It is read here, compared with the order by itself, and shown within a minute or two; what never comes is fetched some days after the shipment.",
        action: <Button onClick={() => go("/invoices/mails")}>Look at the mail that came</Button>,
      }}
    />
  );
}

/** This month and the eleven before it. */
function months(): { value: string; label: string }[] {
  const today = new Date();
  return Array.from({ length: 12 }, (_, back) => {
    const first = new Date(Date.UTC(today.getUTCFullYear(), today.getUTCMonth() - back, 1));
    return { value: first.toISOString().slice(0, 7), label: monthName(first.toISOString().slice(0, 7)) };
  });
}

export const monthName = (month: string): string => new Intl.DateTimeFormat("en", { month: "long", year: "numeric", timeZone: "UTC" }).format(new Date(`${month}-01T00:00:00Z`));

/** What people corrected, for whoever improves the reading. */
async function samples(kind: string): Promise<void> {
  try {
    save(`samples.${kind}`, await (await ask("GET", `/invoices/samples.${kind}`)).blob());
  } catch (failure) {
    tell("error", wordsOf(failure));
  }
}
