/** Points by hand that wait for a second person. */
import { number } from "@shared/shown";
import { api, got, type Schemas } from "../../api";
import { Action } from "../../parts/Action";
import { Go } from "../../parts/Go";
import { ListPage } from "../../parts/ListPage";
import { actor, Moment, Points } from "../../parts/Shown";
import { plain } from "../../words";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { who } from "@shared/session";

type Waiting = Schemas["WaitingAdjustment"];

const KEY = ["adjustments"] as const;
const ROUTE = "POST /adjustments/{adjustment_id}/approval";
const decide = (row: Waiting, decision: "approve" | "decline") =>
  got(api().POST("/adjustments/{adjustment_id}/approval", { params: { path: { adjustment_id: row.adjustment_id } }, body: { decision } }));

export default function Adjustments() {
  return (
    <ListPage<Waiting>
      title="Points by hand"
      description="Above the programme's limit nobody gives or takes points alone. Whoever asked cannot decide."
      queryKey={KEY}
      ask={async () => ({ rows: (await got(api().GET("/adjustments", { params: { query: { limit: 200 } } }))).adjustments })}
      rowId={(row) => row.adjustment_id}
      columns={[
        { id: "member", header: "Member", cell: (row) => <Go to={`/members/${row.member_number}`}>{row.member_number}</Go>, text: (row) => row.member_number },
        { id: "points", header: "Points", numeric: true, cell: (row) => <Points change={row.points} />, text: (row) => row.points },
        { id: "why", header: "Why", cell: (row) => plain(row.reason_code), text: (row) => row.reason_code },
        { id: "note", header: "Note", cell: (row) => row.note ?? "–" },
        { id: "by", header: "Asked by", cell: (row) => actor(row.requested_by), text: (row) => row.requested_by },
        { id: "at", header: "Asked", cell: (row) => <Moment at={row.requested_at} />, text: (row) => row.requested_at },
        {
          id: "decide",
          header: "Decide",
          cell: (row) => row.requested_by === `staff:${who()}` ? "A second person decides" : (
            <SpaceBetween direction="horizontal" size="xs">
              <Action label="Approve" needs={ROUTE} act={() => decide(row, "approve")} done={({ state }) => (state === "failed" ? "The points are not there any more." : `${number(row.points)} points: done.`)} refresh={[KEY]} />
              <Action label="Decline" needs={ROUTE} act={() => decide(row, "decline")} done="Declined: nothing moved." refresh={[KEY]} />
            </SpaceBetween>
          ),
        },
      ]}
      csv="adjustments"
      empty={{ title: "Nothing waits for a second person", text: "An adjustment above the limit comes here; the limit is in the points policy." }}
    />
  );
}
