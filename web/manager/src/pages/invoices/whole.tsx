/** The parts of an invoice's page. The queue shows the first two of them in a case. */
import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Table from "@cloudscape-design/components/table";
import type { ReactNode } from "react";
import { number } from "@shared/shown";
import type { Section } from "../../parts/DetailPage";
import { spelled } from "../../parts/DraftPage";
import { Go } from "../../parts/Go";
import { actor, Moment } from "../../parts/Shown";
import { Nothing } from "../../parts/States";
import { plain } from "../../words";
import { Match } from "./Match";
import { Panel } from "./Panel";
import { currencyOf, fieldName, percent, type Whole } from "./shown";

export const whole = (found: Whole): readonly (Section | null)[] => [decided(found), review(found), match(found), erp(found), came(found), corrections(found), history(found)];

/** Why it is where it is, once nobody has to look at it. */
function decided(found: Whole): Section | null {
  const words = said(found);
  return words === null ? null : { bare: true, title: "What became of it", content: <Alert type="info">{words}</Alert> };
}

function said({ state, differs, reason, decided_by, duplicate_of, waits_until }: Whole): ReactNode {
  if (state === "refused") return <>Refused by {actor(decided_by)}: {reason ?? "no reason was given"}</>;
  if (state === "duplicate" && duplicate_of) return <>The same came before, as <Go to={`/invoices/${duplicate_of}`}>another invoice</Go>. It is kept, and never posted.</>;
  if (state === "waiting" && waits_until) return <>Its goods are not known to have left. It is compared again until <Moment at={waits_until} />, then a person is asked.</>;
  if (differs) return <>Approved by {actor(decided_by)} although something differed: {reason ?? "no reason was given"}</>;
  return null;
}

export const review = (found: Whole): Section => ({ bare: true, title: "Review", content: <Panel key={found.invoice_id} whole={found} /> });

export function match(found: Whole): Section {
  return {
    title: "Ordered, shipped, invoiced",
    description: "Each line of goods by Amazon's order and ASIN. Invoiced is what other approved invoices have, and this one.",
    content: <Match rows={found.matches} currency={currencyOf(found)} />,
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
      ["In the same file", paper.others.length === 0 ? null : <>{paper.others.map((id) => <div key={id}><Go to={`/invoices/${id}`}>Another invoice</Go></div>)}</>],
    ],
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
  taken_back: "Taken back", handed_over: "Handed to the ERP", posted: "In the books", posting_refused: "Not taken by the ERP", review_opened: "A person is asked",
  duplicate: "The same came before", waiting: "Waits for the goods",
};

const ACTORS: Record<string, string> = { invoices: "Nobody: by itself", erp: "The ERP" };

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
          { id: "who", header: "Who", cell: (row) => ACTORS[row.actor] ?? actor(row.actor), width: 180 },
          { id: "detail", header: "Detail", cell: (row) => row.words ?? "–" },
        ]}
      />
    ),
  };
}
