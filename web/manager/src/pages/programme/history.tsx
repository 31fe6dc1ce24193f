/** Every version that ever applied. */
import { api, got, type Schemas } from "../../api";
import { ListPage } from "../../parts/ListPage";
import { actor, Moment } from "../../parts/Shown";
import { PROGRAMME } from "./document";

type Row = Schemas["VersionView"];

export const ORIGINS: Record<string, string> = {
  publication: "Draft",
  schedule: "Draft, at its time",
  change: "Small change",
  restoration: "Rolled back",
};

export default function History() {
  return (
    <ListPage<Row>
      title="History"
      description="Every version that ever applied, with who published it and why. Open one to see what it changed, or to roll back to it."
      queryKey={[...PROGRAMME, "versions"]}
      ask={async (_, after) => {
        const { versions, before } = await got(api().GET("/programme/versions", { params: { query: { limit: 50, ...(after && { before: Number(after) }) } } }));
        return { rows: versions, next: before === null ? null : String(before) };
      }}
      rowId={(row) => String(row.version)}
      open={(row) => `/programme/history/${row.version}`}
      csv="programme-history"
      columns={[
        { id: "version", header: "Version", cell: (row) => `Version ${row.version}`, text: (row) => row.version, width: 130 },
        { id: "published", header: "Published", cell: (row) => <Moment at={row.published_at} />, text: (row) => row.published_at },
        { id: "by", header: "By", cell: (row) => actor(row.published_by), text: (row) => row.published_by },
        { id: "how", header: "How", cell: (row) => (row.restored_version ? `${ORIGINS[row.origin]} to ${row.restored_version}` : ORIGINS[row.origin]), text: (row) => row.origin },
        { id: "why", header: "Why", cell: (row) => row.why, text: (row) => row.why },
      ]}
      empty={{ title: "Nothing was published yet", text: "The first version comes with the software." }}
    />
  );
}
