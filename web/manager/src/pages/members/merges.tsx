/** Merges that wait for a second person; each looks at what would happen first. */
import { api, got, type Schemas } from "../../api";
import { ListPage } from "../../parts/ListPage";
import { actor, Moment } from "../../parts/Shown";

type Waiting = Schemas["Merge"];

export default function Merges() {
  return (
    <ListPage<Waiting>
      title="Merges"
      description="Two memberships of one person. Whoever asked cannot decide."
      queryKey={["merges"]}
      ask={async () => ({ rows: (await got(api().GET("/merges", { params: { query: { limit: 200 } } }))).merges })}
      rowId={(row) => row.merge_id}
      columns={[
        { id: "what", header: "What", cell: (row) => `${row.duplicate} into ${row.survivor}`, text: (row) => `${row.duplicate} into ${row.survivor}` },
        { id: "why", header: "Why", cell: (row) => row.reason },
        { id: "by", header: "Asked by", cell: (row) => actor(row.requested_by), text: (row) => row.requested_by },
        { id: "at", header: "Asked", cell: (row) => <Moment at={row.requested_at} />, text: (row) => row.requested_at },
      ]}
      open={(row) => `/members/${row.survivor}/merge?duplicate=${row.duplicate}&merge=${row.merge_id}`}
      empty={{ title: "Nothing waits for a second person", text: "On a member's page, “Merge a duplicate” begins one." }}
    />
  );
}
