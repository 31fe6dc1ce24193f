/** What was said of products, by whom, and how it is taken back. */
import { useQueryClient } from "@tanstack/react-query";
import { api, got, type Schemas } from "../../api";
import { ListPage } from "../../parts/ListPage";
import { actor, Moment, State } from "../../parts/Shown";
import { Go } from "../../parts/Go";
import { plain } from "../../words";
import { CATALOGUE, mayCurate, products, undoing } from "./shown";
import Button from "@cloudscape-design/components/button";

type Row = Schemas["CurationView"];

export default function CatalogueChanges() {
  const queries = useQueryClient();
  return (
    <ListPage<Row>
      title="Changes to products"
      description="What was picked, hidden, featured, filed and named by hand. Rules and categories are in the programme's own history."
      queryKey={[...CATALOGUE, "changes"]}
      ask={async (_, after) => {
        const { changes, before } = await got(api().GET("/catalogue/changes", { params: { query: { limit: 50, ...(after && { before: Number(after) }) } } }));
        return { rows: changes, next: before === null ? null : String(before) };
      }}
      rowId={({ change_id }) => String(change_id)}
      csv="catalogue-changes"
      columns={[
        { id: "change", header: "Change", cell: (row) => `${plain(row.kind)}, ${products(row.products)}`, text: (row) => `${row.kind} ${row.products}` },
        { id: "first", header: "Products", cell: (row) => <>{row.asins.map((asin, at) => <span key={asin}>{at > 0 && ", "}<Go to={`/catalogue/products/${asin}`}>{asin}</Go></span>)}{row.products > row.asins.length && " …"}</>, text: (row) => row.asins.join(" ") },
        { id: "at", header: "When", cell: (row) => <Moment at={row.made_at} />, text: (row) => row.made_at },
        { id: "by", header: "By", cell: (row) => actor(row.actor), text: (row) => row.actor },
        { id: "why", header: "Why", cell: (row) => row.why ?? "–", text: (row) => row.why },
        {
          id: "undo",
          header: "State",
          cell: (row) =>
            row.undone_by !== null ? (
              <State code="withdrawn" words="Taken back" />
            ) : row.kind === "undo" || !mayCurate() ? (
              <State code="done" />
            ) : (
              <Button variant="inline-link" ariaLabel={`Take back change ${row.change_id}`} onClick={() => undoing(queries, row.change_id)?.()}>Take back</Button>
            ),
        },
      ]}
      empty={{ title: "Nothing was changed by hand yet", text: "Choose products in the list to hide, pick or feature them." }}
    />
  );
}
