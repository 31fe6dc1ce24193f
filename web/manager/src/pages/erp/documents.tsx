/** What leaves for the ERP: invoices, credit memos, days of the journal, each once. */
import { api, got } from "../../api";
import { ListPage } from "../../parts/ListPage";
import { Moment } from "../../parts/Shown";
import { type ErpDocument, ErpState, KEY, kindName, problem, STATE_NAMES, stateName } from "./shown";

type Query = { kind?: ErpDocument["kind"]; state?: ErpDocument["state"]; number?: string };

export default function Documents() {
  return (
    <ListPage<ErpDocument>
      title="ERP deliveries"
      description="Approved invoices and locked days of the journal, on their way to finance's system. Each is sent until it is answered, and booked once: its number goes with every attempt."
      queryKey={[...KEY, "documents"]}
      ask={async (filters, before) => {
        const found = await got(api().GET("/erp/documents", { params: { query: { ...(filters as Query), ...(before && { before }), limit: 50 } } }));
        return { rows: found.documents, next: found.before };
      }}
      rowId={(row) => row.document_id}
      open={(row) => `/erp/documents/${row.document_id}`}
      refreshSeconds={20}
      csv="erp-deliveries"
      filters={[
        { key: "state", label: "State", kind: "tabs", options: [{ value: "", label: "All" }, ...STATE_NAMES.map(([value, label]) => ({ value, label }))] },
        { key: "kind", label: "Kind", kind: "choice", options: [{ value: "", label: "All" }, { value: "invoice", label: "Invoices" }, { value: "credit_memo", label: "Credit memos" }, { value: "journal", label: "Days of the journal" }] },
        { key: "number", label: "Number", kind: "text", placeholder: "1ABC-2DEF-3GHJ" },
      ]}
      bulk={[
        {
          label: "Send again",
          fits: (row) => row.state !== "posted" && !(row.state === "refused" && row.subject !== null),
          act: (row) => got(api().POST("/erp/documents/{document_id}/sending", { params: { path: { document_id: row.document_id } } })),
        },
      ]}
      columns={[
        { id: "number", header: "Number", cell: (row) => row.number, text: (row) => row.number },
        { id: "kind", header: "Kind", cell: (row) => kindName(row.kind), text: (row) => row.kind },
        { id: "state", header: "State", cell: (row) => <ErpState row={row} />, text: (row) => stateName(row.state), width: 210 },
        { id: "problem", header: "Last problem", cell: (row) => problem(row.problem) ?? "–", text: (row) => row.problem },
        { id: "erp", header: "In the ERP", cell: (row) => row.erp_document_id ?? "–", text: (row) => row.erp_document_id },
        { id: "attempts", header: "Attempts", cell: (row) => row.attempts, text: (row) => row.attempts, numeric: true },
        { id: "given", header: "Handed over", cell: (row) => <Moment at={row.handed_over_at} />, text: (row) => row.handed_over_at },
        { id: "next", header: "Next try", cell: (row) => <Moment at={row.due_at} />, text: (row) => row.due_at },
      ]}
      empty={{ title: "Nothing was handed over yet", text: "An invoice that is approved, and each locked day of the journal, appears here. Without an ERP in the settings of integrations they wait." }}
    />
  );
}
