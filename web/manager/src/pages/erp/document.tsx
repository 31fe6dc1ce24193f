/** One document for the ERP: the very text that is sent, and every attempt. */
import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import Table from "@cloudscape-design/components/table";
import { useQuery } from "@tanstack/react-query";
import { useParams } from "wouter";
import { number } from "@shared/shown";
import { api, got, type Schemas } from "../../api";
import { Action } from "../../parts/Action";
import { DetailPage, type Section } from "../../parts/DetailPage";
import { Go } from "../../parts/Go";
import { Moment } from "../../parts/Shown";
import { Nothing } from "../../parts/States";
import { plain } from "../../words";
import { ErpState, KEY, kindName, problem } from "./shown";

type Whole = Schemas["ErpDocumentWhole"];
type Try = Whole["tries"][number];

const REFRESH_MS = 10_000;
const OPEN: readonly Whole["state"][] = ["waiting", "sent", "accepted"];

export default function DocumentPage() {
  const { id = "" } = useParams();
  const path = { document_id: id };
  const query = useQuery({
    queryKey: [...KEY, "documents", id],
    queryFn: () => got(api().GET("/erp/documents/{document_id}", { params: { path } })),
    refetchInterval: ({ state }) => (state.data && OPEN.includes(state.data.state) ? REFRESH_MS : false),
  });
  return (
    <DetailPage<Whole>
      query={query}
      from={{ label: "ERP deliveries", path: "/erp/documents" }}
      title={(found) => `${kindName(found.kind)} ${found.number}`}
      description={(found) => <ErpState row={found} />}
      actions={(found) =>
        found.state !== "posted" && !refusedInvoice(found) && (
          <Action
            label="Send again"
            needs="POST /erp/documents/{document_id}/sending"
            act={() => got(api().POST("/erp/documents/{document_id}/sending", { params: { path } }))}
            done="It is sent within a minute, under the same number."
            refresh={[KEY]}
          />
        )
      }
      sections={(found) => [trouble(found), facts(found), tries(found), text(found)]}
    />
  );
}

const refusedInvoice = ({ state, subject }: Whole) => state === "refused" && subject !== null;

function trouble(found: Whole): Section | null {
  if (!found.problem) return null;
  return {
    bare: true,
    title: "What is wrong",
    content: (
      <Alert type={found.state === "refused" || found.state === "given_up" ? "error" : "warning"} header={problem(found.problem)}>
        {found.detail}
        {refusedInvoice(found) && <div>Correct the <Go to={`/invoices/${found.subject}`}>invoice</Go> and approve it: it is sent again by that.</div>}
      </Alert>
    ),
  };
}

function facts(found: Whole): Section {
  return {
    title: "What it is",
    pairs: [
      ["Kind", kindName(found.kind)],
      ["Vendor", found.kind === "journal" ? null : found.vendor],
      ["Number", found.number],
      ["Invoice", found.subject && <Go key="invoice" to={`/invoices/${found.subject}`}>Its own page</Go>],
      ["Handed over", <Moment key="at" at={found.handed_over_at} />],
      ["Next try", found.due_at && <Moment key="due" at={found.due_at} />],
      ["Ended", found.ended_at && <Moment key="ended" at={found.ended_at} />],
      ["In the ERP", found.erp_document_id],
      ["The ERP calls it", found.erp_status],
      ["Key of every attempt", <code key="key" className="said">{found.idempotency_key}</code>],
    ],
  };
}

function tries({ tries: rows }: Whole): Section {
  return {
    title: "Attempts",
    content: (
      <Table<Try>
        variant="embedded"
        wrapLines
        items={rows}
        ariaLabels={{ tableLabel: "Attempts" }}
        empty={<Nothing title="Not tried yet" />}
        columnDefinitions={[
          { id: "at", header: "When", isRowHeader: true, cell: (row) => <Moment at={row.at} /> },
          { id: "action", header: "What", cell: (row) => (row.action === "post" ? "Sent" : "Asked what became of it") },
          { id: "answer", header: "Answer", cell: (row) => <StatusIndicator type={row.status && row.status < 300 ? "success" : "error"}>{row.status ? `answered ${row.status}` : problem(row.problem) ?? "no answer"}</StatusIndicator> },
          { id: "detail", header: "It said", cell: (row) => [row.status ? problem(row.problem) : null, row.detail].filter(Boolean).join(": ") || "–" },
          { id: "took", header: "Took", cell: (row) => `${number(row.milliseconds)} ms` },
        ]}
      />
    ),
  };
}

function text({ body, format }: Whole): Section {
  return {
    title: "As it is sent",
    description: format ? (format === "ubl" ? "UBL 2.1, checked against its schema before it leaves." : plain("JSON")) : "It is written before the first attempt, and every attempt sends the same.",
    content: body ? <Box variant="code"><pre className="said sent" tabIndex={0} role="region" aria-label="The text that is sent">{format === "json" ? pretty(body) : body}</pre></Box> : <Nothing title="Not written yet" />,
  };
}

function pretty(body: string): string {
  try {
    return JSON.stringify(JSON.parse(body), null, 2);
  } catch {
    return body;
  }
}
