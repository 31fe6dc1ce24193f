/** Everything that waits for a human, of all kinds, by deadline: what is overdue stands first. The filters are in the address. */
import { who } from "@shared/session";
import { api, got, type Schemas } from "../../api";
import { may } from "../../may";
import { ListPage } from "../../parts/ListPage";
import { actor, Moment, State } from "../../parts/Shown";
import { plain } from "../../words";
import { KINDS, kindName } from "./kinds";

type Row = Schemas["QueuedCase"];
type State = "waiting" | "open" | "approval" | "return" | "decided" | "withdrawn";

export default function Queue() {
  return (
    <ListPage<Row>
      title="Queue"
      description="Everything that waits for a human: cases, screening, approvals, tickets. What is overdue stands first."
      queryKey={["cases"]}
      ask={async ({ state, kind, owner }, after) => {
        const query = {
          ...(state && { state: state as State }),
          ...(kind && { kind }),
          ...(owner && { owner: owner as "me" | "nobody" }),
          ...(after && { after }),
          limit: 50,
        };
        const { cases, after: next } = await got(api().GET("/cases", { params: { query } }));
        return { rows: cases, next };
      }}
      rowId={(row) => row.case_id}
      open={(row) => `/cases/${row.case_id}`}
      refreshSeconds={60}
      csv="queue"
      bulk={may("POST /cases/{case_id}/assignment") ? [{ label: "Take", fits: (row) => row.state === "open" && row.owner !== `staff:${who()}`, act: (row) => got(api().POST("/cases/{case_id}/assignment", { params: { path: { case_id: row.case_id } }, body: { owner: "me" } })) }] : []}
      filters={[
        {
          key: "state",
          label: "State",
          kind: "choice",
          options: [
            { value: "", label: "Waiting" },
            ...["open", "approval", "return", "decided", "withdrawn"].map((value) => ({ value, label: plain(value) })),
          ],
        },
        { key: "kind", label: "Kind", kind: "choice", options: [{ value: "", label: "All kinds" }, ...Object.entries(KINDS).map(([value, label]) => ({ value, label }))] },
        {
          key: "owner",
          label: "Owner",
          kind: "choice",
          options: [
            { value: "", label: "Anybody" },
            { value: "me", label: "Me" },
            { value: "nobody", label: "Nobody" },
          ],
        },
      ]}
      columns={[
        { id: "kind", header: "Kind", cell: (row) => kindName(row.kind), text: (row) => row.kind },
        { id: "state", header: "State", cell: (row) => (row.overdue ? <State code="overdue" /> : <State code={row.state} words={row.outcome ? plain(row.outcome) : plain(row.state)} />), text: (row) => row.state, width: 190 },
        { id: "reason", header: "Reason", cell: (row) => plain(row.reason), text: (row) => row.reason },
        { id: "opened", header: "Opened", cell: (row) => <Moment at={row.opened_at} />, text: (row) => row.opened_at },
        { id: "deadline", header: "Deadline", cell: (row) => <Moment at={row.deadline} />, text: (row) => row.deadline },
        { id: "owner", header: "Owner", cell: (row) => actor(row.owner), text: (row) => row.owner },
      ]}
      empty={{
        title: "Nothing waits for anybody",
        text: "An entry appears here when a member reports a problem, when screening or a second person has to decide, or when a payment, a parcel or the books need somebody. Filter by state to see decided ones.",
      }}
    />
  );
}

