/** Everything that was asked about members' data: exports and erasures. */
import { api, got } from "../../api";
import { ListPage } from "../../parts/ListPage";
import { actor, Moment } from "../../parts/Shown";
import { type Request, RequestState, stateWords } from "./shown";

type Query = { kind?: "export" | "erasure"; state?: Request["state"] };

export default function Requests() {
  return (
    <ListPage<Request>
      title="Privacy requests"
      description="Exports of what is held on members, and erasures. An erasure needs a second person, and has a receipt from every store."
      queryKey={["privacy"]}
      refreshSeconds={15}
      ask={async (filters, after) => {
        const query = { ...(filters as Query), ...(after && { before: after }), limit: 50 };
        const answer = await got(api().GET("/privacy/requests", { params: { query } }));
        return { rows: answer.requests, next: answer.before };
      }}
      rowId={(row) => row.request_id}
      columns={[
        { id: "what", header: "What", cell: (row) => (row.kind === "export" ? "Export" : "Erasure"), text: (row) => row.kind },
        { id: "member", header: "Member", cell: (row) => row.member_number, text: (row) => row.member_number },
        { id: "state", header: "State", cell: (row) => <RequestState request={row} />, text: stateWords },
        { id: "by", header: "Asked for by", cell: (row) => actor(row.requested_by), text: (row) => row.requested_by },
        { id: "at", header: "Asked for", cell: (row) => <Moment at={row.requested_at} />, text: (row) => row.requested_at },
        { id: "end", header: "Ended", cell: (row) => <Moment at={row.ready_at ?? row.done_at} />, text: (row) => row.ready_at ?? row.done_at },
      ]}
      open={(row) => `/privacy/requests/${row.request_id}`}
      filters={[
        { key: "kind", label: "What", kind: "choice", options: [{ value: "", label: "Both" }, { value: "export", label: "Exports" }, { value: "erasure", label: "Erasures" }] },
        {
          key: "state", label: "State", kind: "choice", options: [
            { value: "", label: "All" }, { value: "waiting", label: "Waiting" }, { value: "ready", label: "Ready" }, { value: "running", label: "Running" },
            { value: "stuck", label: "Stuck" }, { value: "failed", label: "Failed" }, { value: "done", label: "Erased" }, { value: "declined", label: "Declined" }, { value: "expired", label: "Deleted" },
          ],
        },
      ]}
      csv="privacy-requests"
      empty={{ title: "Nobody has asked yet", text: "On a member's page, “Privacy” puts an export together or asks for erasure." }}
    />
  );
}
