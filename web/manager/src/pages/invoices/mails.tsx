/** The mail that came in: what was in it, and why some of it was refused. */
import Box from "@cloudscape-design/components/box";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import { number } from "@shared/shown";
import { api, got, type Schemas } from "../../api";
import { Go } from "../../parts/Go";
import { ListPage } from "../../parts/ListPage";
import { Moment } from "../../parts/Shown";
import { KEY } from "./shown";

type Row = Schemas["MailSeen"];
type Document = Row["documents"][number];

export default function Mails() {
  return (
    <ListPage<Row>
      title="Invoice mail"
      description="Everything that was mailed to the programme's address for invoices. Of whom it came only the domain is kept, and the mail itself for 30 days."
      queryKey={[...KEY, "mails"]}
      ask={async (filters, before) => {
        const found = await got(api().GET("/invoices/mails", { params: { query: { ...(filters as { outcome?: "taken" | "refused" }), ...(before && { before }), limit: 50 } } }));
        return { rows: found.mails, next: found.before };
      }}
      rowId={(row) => row.mail_id}
      refreshSeconds={30}
      csv="invoice-mail"
      filters={[{ key: "outcome", label: "Outcome", kind: "tabs", options: [{ value: "", label: "All" }, { value: "taken", label: "Taken" }, { value: "refused", label: "Refused" }] }]}
      columns={[
        { id: "received", header: "Came", cell: (row) => <Moment at={row.received_at} />, text: (row) => row.received_at, width: 200 },
        { id: "sender", header: "From", cell: (row) => row.sender_domain ?? "Nobody", text: (row) => row.sender_domain, width: 180 },
        { id: "outcome", header: "Outcome", cell: (row) => <Outcome row={row} />, text: (row) => row.words ?? row.outcome, width: 280 },
        { id: "documents", header: "What was in it", cell: (row) => (row.documents.length ? row.documents.map((one) => <File key={one.document_id} one={one} />) : "Nothing new"), text: (row) => row.documents.map(({ name }) => name).join("; ") },
        { id: "size", header: "Size", cell: (row) => `${number(Math.ceil(row.bytes / 1000))} kB`, text: (row) => row.bytes, numeric: true, width: 110 },
      ]}
      empty={{ title: "No mail has come yet", text: "Give Amazon Business the programme's address for invoices. Mail of other senders, and mail whose signature does not hold, is listed here as refused, with the reason." }}
    />
  );
}

const Outcome = ({ row }: { row: Row }) => (row.outcome === "taken" ? <StatusIndicator type="success">Taken</StatusIndicator> : <StatusIndicator type="error">{row.words ?? "Refused"}</StatusIndicator>);

const STATES: Record<Document["state"], string> = { received: "waits to be read", reading: "is being read", read: "read", refused: "refused", failed: "could not be read" };

function File({ one }: { one: Document }) {
  return (
    <div>
      {one.invoices.length
        ? one.invoices.map((invoice, index) => <span key={invoice.invoice_id}>{index > 0 && ", "}<Go to={`/invoices/${invoice.invoice_id}`}>{invoice.number ?? "An invoice without a number"}</Go></span>)
        : one.name}
      <Box display="inline" color="text-body-secondary"> {one.words ?? STATES[one.state]}</Box>
    </div>
  );
}
