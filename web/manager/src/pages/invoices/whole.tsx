/** The parts of an invoice's page. The queue shows the first two of them in a case. */
import Box from "@cloudscape-design/components/box";
import Table from "@cloudscape-design/components/table";
import { number } from "@shared/shown";
import { config } from "../../config";
import type { Section } from "../../parts/DetailPage";
import { spelled } from "../../parts/DraftPage";
import { Go } from "../../parts/Go";
import { actor, Moment } from "../../parts/Shown";
import { Nothing } from "../../parts/States";
import { plain } from "../../words";
import { Match } from "./Match";
import { Panel } from "./Panel";
import { fieldName, percent, type Whole } from "./shown";

export const whole = (found: Whole): readonly (Section | null)[] => [review(found), match(found), erp(found), came(found), corrections(found), history(found)];

export const review = (found: Whole): Section => ({ bare: true, title: "Review", content: <Panel key={found.invoice_id} whole={found} /> });

export function match(found: Whole): Section {
  const currency = (found.content as { currency?: string } | null)?.currency ?? config().currency;
  return {
    title: "Ordered, shipped, invoiced",
    description: "Each line of goods by Amazon's order and ASIN. Invoiced is what other approved invoices have, and this one.",
    content: <Match rows={found.matches} currency={currency} />,
  };
}

function erp({ erp: known }: Whole): Section | null {
  if (!known) return null;
  return {
    title: "The ERP",
    half: true,
    pairs: [
      ["State", known.state && plain(known.state)],
      ["Its document", known.erp_document_id],
      ["In the books since", known.posted_at && <Moment key="at" at={known.posted_at} />],
      ["What it said", known.reason],
      ["As it was sent", known.document_id && <Go key="sent" to={`/erp/documents/${known.document_id}`}>Look at it</Go>],
    ],
  };
}

function came({ paper, mail }: Whole): Section {
  return {
    title: "How it came",
    half: true,
    pairs: [
      ["Came", <Moment key="at" at={mail?.received_at ?? paper.received_at} />],
      ["By", mail ? <Go key="mail" to="/invoices/mails">Mail of {mail.sender_domain ?? "an unknown sender"}</Go> : "Fetched from Amazon"],
      ["Signature", mail && `DKIM ${(mail.dkim ?? "none").toLowerCase()}, SPF ${(mail.spf ?? "none").toLowerCase()}, DMARC ${(mail.dmarc ?? "none").toLowerCase()}`],
      ["File", `${paper.name}, ${paper.pages ? `${number(paper.pages)} ${paper.pages === 1 ? "page" : "pages"}, ` : ""}${number(Math.ceil(paper.bytes / 1000))} kB`],
      ["In the same file", paper.others.length > 0 && <>{paper.others.map((id) => <div key={id}><Go to={`/invoices/${id}`}>Another invoice</Go></div>)}</>],
    ].filter((pair): pair is [string, React.ReactNode] => Boolean(pair[1])),
  };
}

function corrections(found: Whole): Section | null {
  if (found.corrections.length === 0) return null;
  return {
    title: "Corrections",
    description: "Each is kept as a sample, so that reading can be measured and improved.",
    content: (
      <Table
        variant="embedded"
        wrapLines
        items={found.corrections}
        ariaLabels={{ tableLabel: "Corrections" }}
        columnDefinitions={[
          { id: "field", header: "Value", isRowHeader: true, cell: (row) => fieldName(row.field) },
          { id: "printed", header: "Printed", cell: (row) => (row.printed ? <>“{row.printed}” <Box display="inline" color="text-body-secondary">{row.confidence !== null && percent(row.confidence)}</Box></> : "Not found") },
          { id: "read", header: "Read as", cell: (row) => spelled(row.read) },
          { id: "corrected", header: "Corrected to", cell: (row) => spelled(row.corrected) },
          { id: "who", header: "By", cell: (row) => actor(row.actor) },
          { id: "at", header: "When", cell: (row) => <Moment at={row.at} /> },
        ]}
      />
    ),
  };
}

const EVENTS: Record<string, string> = {
  received: "Came", judged: "Read and compared", corrected: "Corrected", approved: "Approved", approved_difference: "Approved with a difference", refused: "Refused",
  taken_back: "Taken back", handed_over: "Handed to the ERP", posted: "In the books",
};

function history(found: Whole): Section {
  return {
    title: "History",
    content: (
      <Table
        variant="embedded"
        wrapLines
        items={found.history}
        ariaLabels={{ tableLabel: "History" }}
        empty={<Nothing title="Nothing happened yet" />}
        columnDefinitions={[
          { id: "at", header: "When", cell: (row) => <Moment at={row.at} />, width: 220 },
          { id: "what", header: "What", isRowHeader: true, cell: (row) => EVENTS[row.kind] ?? plain(row.kind), width: 240 },
          { id: "who", header: "Who", cell: (row) => actor(row.actor), width: 180 },
          { id: "detail", header: "Detail", cell: (row) => row.words ?? "–" },
        ]}
      />
    ),
  };
}
