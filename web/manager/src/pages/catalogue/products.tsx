/** Every product of the catalogue, on the shelf or not and why; what can be said of many at once. */
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import Badge from "@cloudscape-design/components/badge";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { number } from "@shared/shown";
import { api, ask, got, type Schemas } from "../../api";
import { save } from "../../parts/csv";
import { AskingAction } from "../../parts/Action";
import { useFilters } from "../../parts/filters";
import { ChoiceField } from "../../parts/Form";
import { type Bulk, ListPage } from "../../parts/ListPage";
import { Money, Moment } from "../../parts/Shown";
import { tell } from "../../tell";
import { wordsOf } from "../../words";
import { ImportTable } from "./import";
import { Age, CATALOGUE, mayCurate, percent, type Product, products, Standing, Thumb, titleOf, undoing } from "./shown";

const STATES: { value: "" | StateName; label: string }[] = [
  { value: "", label: "All" },
  { value: "shown", label: "Shown" },
  { value: "hidden", label: "Not shown" },
  { value: "picked", label: "Picked" },
  { value: "featured", label: "Featured" },
  { value: "edited", label: "With own words" },
  { value: "limited", label: "For some members" },
  { value: "added", label: "Added by hand" },
  { value: "by-hand", label: "Hidden by hand" },
  { value: "category", label: "In a hidden category" },
  { value: "rule", label: "Excluded by a rule" },
  { value: "not-included", label: "Included by no rule" },
  { value: "margin-floor", label: "Below the margin floor" },
  { value: "stale", label: "Price too old" },
  { value: "out-of-stock", label: "Sold out" },
  { value: "no-price", label: "Without a price" },
  { value: "no-offer", label: "Without an offer" },
  { value: "not-checked", label: "Not looked up yet" },
  { value: "refused", label: "Never redeemable" },
];

type StateName =
  | "shown" | "hidden" | "picked" | "featured" | "edited" | "added" | "limited" | "by-hand" | "category" | "rule"
  | "not-included" | "refused" | "out-of-stock" | "no-price" | "stale" | "margin-floor" | "not-checked" | "no-offer";

export default function Products() {
  const queries = useQueryClient();
  const [filters] = useFilters();
  const categories = useQuery({ queryKey: [...CATALOGUE, "categories"], queryFn: () => got(api().GET("/catalogue/categories")) });
  const [hours, setHours] = useState(24);
  const names = new Map(categories.data?.programme.map(({ code, name }) => [code, name]));
  return (
    <ListPage<Product>
      title="Products"
      description="Everything that Amazon Business was asked about. A product stands for all its sizes and colours."
      queryKey={[...CATALOGUE, "products"]}
      ask={async ({ search, category, state }, after) => {
        const told = { ...(search && { search }), ...(category && { category }), ...(state && { state: state as StateName }) };
        const answer = await got(api().GET("/catalogue/products", { params: { query: { ...told, limit: 50, ...(after && { after }) } } }));
        setHours(answer.offer_max_age_hours);
        return { rows: answer.products, next: answer.after };
      }}
      rowId={({ asin }) => asin}
      filters={[
        { key: "search", label: "Search", kind: "text", placeholder: "Title, brand or ASIN" },
        { key: "category", label: "Category", kind: "choice", options: [{ value: "", label: "All" }, ...(categories.data?.programme ?? []).map(({ code, name }) => ({ value: code, label: name }))] },
        { key: "state", label: "State", kind: "choice", options: STATES },
      ]}
      open={({ asin }) => `/catalogue/products/${asin}`}
      columns={[
        { id: "title", header: "Product", cell: (row) => <Named product={row} />, width: 380 },
        { id: "standing", header: "State", cell: (row) => <Standing why={row.why} words={row.words} limited={row.limited} />, width: 260 },
        { id: "category", header: "Category", cell: (row) => (row.category ? names.get(row.category) ?? row.category : "–") },
        { id: "price", header: "Price", numeric: true, cell: (row) => <Money minor={row.all_in_minor} currency={row.currency} /> },
        { id: "points", header: "Points", numeric: true, cell: (row) => (row.points === null ? "–" : number(row.points)) },
        { id: "margin", header: "Margin", numeric: true, cell: (row) => percent(row.margin_basis_points) },
        { id: "stock", header: "Stock", numeric: true, cell: (row) => (row.quantity_in_stock === null ? "–" : number(row.quantity_in_stock)) },
        { id: "age", header: "Price age", cell: (row) => <Age seconds={row.age_seconds} limitHours={hours} />, width: 110 },
      ]}
      bulk={mayCurate() ? bulkOf(queries) : []}
      actions={
        <SpaceBetween direction="horizontal" size="xs">
          {mayCurate() && <FileUnder categories={categories.data?.programme ?? []} />}
          {mayCurate() && <ImportTable />}
          <ExportTable filters={filters} />
        </SpaceBetween>
      }
      empty={{ title: "No products yet", text: "The sync asks Amazon Business every quarter of an hour. Add single products by the live search." }}
    >
      <Counts />
      <LastChange />
    </ListPage>
  );
}

function Named({ product }: { product: Product }) {
  return (
    <span className="with-thumb">
      <Thumb product={product} />
      <span>
        {titleOf(product)}
        {product.standing === "picked" && <> <Badge color="green">picked</Badge></>}
        {product.featured !== null && <> <Badge color="blue">featured {product.featured}</Badge></>}
        {product.kinds > 1 && <> <Badge>{product.kinds_shown} of {product.kinds} kinds</Badge></>}
      </span>
    </span>
  );
}

const bulkOf = (queries: ReturnType<typeof useQueryClient>): Bulk<Product>[] =>
  (
    [
      ["Hide", "hide", "hidden", (row) => row.standing !== "hidden"],
      ["Pick", "pick", "picked", (row) => row.standing !== "picked"],
      ["By the rules", "release", "left to the rules", (row) => row.standing !== null],
      ["Feature", "feature", "featured", (row) => row.featured === null],
    ] satisfies [string, Schemas["CurationBody"]["action"], string, (row: Product) => boolean][]
  ).map(([label, action, done, fits]) => ({
    label,
    fits,
    actAll: async (rows) => {
      const answer = await got(api().POST("/catalogue/actions", { body: { action, asins: rows.map(({ asin }) => asin) } }));
      void queries.invalidateQueries({ queryKey: CATALOGUE });
      return { said: `${products(answer.products)} ${done}.`, undo: undoing(queries, answer.change_id) };
    },
  }));

/** So much is shown, and the greatest reasons why the rest is not. */
function Counts() {
  const counts = useQuery({ queryKey: [...CATALOGUE, "counts"], queryFn: () => got(api().GET("/catalogue/counts")) });
  const [, change] = useFilters();
  if (!counts.data) return null;
  const { shown, hidden } = counts.data;
  return (
    <KeyValuePairs
      columns={4}
      items={[
        { label: "Shown to members", value: `${number(shown)} of ${products(counts.data.products)}` },
        ...hidden.slice(0, 3).map(({ why, words, products: count }) => ({
          label: words,
          value: <Button variant="inline-link" onClick={() => change({ state: why === "hidden" ? "by-hand" : why.split(":")[0] })}>{products(count)}</Button>,
        })),
      ]}
    />
  );
}

/** The newest change, to be taken back from here as long as it is the newest. */
function LastChange() {
  const queries = useQueryClient();
  const changes = useQuery({ queryKey: [...CATALOGUE, "changes", "last"], queryFn: () => got(api().GET("/catalogue/changes", { params: { query: { limit: 1 } } })) });
  const last = changes.data?.changes[0];
  if (!last || last.undone_by !== null || last.kind === "undo" || !mayCurate()) return null;
  return (
    <Box color="text-body-secondary">
      Last change: {last.kind}, {products(last.products)}, <Moment at={last.made_at} />{" "}
      <Button variant="inline-link" onClick={undoing(queries, last.change_id) ?? (() => undefined)}>Take it back</Button>
    </Box>
  );
}

/** All that the filters let through, as the table that can be brought back. */
function ExportTable({ filters }: { filters: Readonly<Record<string, string>> }) {
  const [busy, setBusy] = useState(false);
  const run = async () => {
    setBusy(true);
    try {
      const told = new URLSearchParams(Object.entries(filters).filter(([key, value]) => ["search", "category", "state"].includes(key) && value));
      const answer = await ask("GET", `/catalogue/products.csv${told.size ? `?${told}` : ""}`);
      save("catalogue.csv", await answer.text());
    } catch (failure) {
      tell("error", wordsOf(failure));
    } finally {
      setBusy(false);
    }
  };
  return <Button iconName="download" loading={busy} onClick={() => void run()}>Export table</Button>;
}

/** File what the search finds under a category of the programme's own. */
function FileUnder({ categories }: { categories: readonly Schemas["OwnCategory"][] }) {
  const queries = useQueryClient();
  const [filters] = useFilters();
  const [category, setCategory] = useState("");
  const own = categories.filter((one) => one.own);
  const asins = async (): Promise<string[]> => {
    const { search, category: of, state } = filters;
    const told = { ...(search && { search }), ...(of && { category: of }), ...(state && { state: state as StateName }) };
    const answer = await got(api().GET("/catalogue/products", { params: { query: { ...told, limit: 200 } } }));
    return answer.products.map(({ asin }) => asin);
  };
  const narrowed = Boolean(filters["search"] || filters["category"] || filters["state"]);
  return (
    <AskingAction
      label="File under…"
      needs="POST /catalogue/actions"
      title="File what the filters show under a category"
      disabled={!narrowed || own.length === 0}
      ready={category !== ""}
      confirm="File"
      act={async () => got(api().POST("/catalogue/actions", { body: { action: "map", asins: await asins(), category: category === "-" ? null : category } }))}
      done={(answer: Schemas["CuratedView"]) => `${products(answer.products)} filed.`}
      undo={(answer) => undoing(queries, answer.change_id) ?? (() => undefined)}
      refresh={[CATALOGUE]}
    >
      <Box>At most the first 200 products that the filters show. Whole categories of Amazon's are mapped on the page Categories.</Box>
      <ChoiceField
        name="category"
        label="Category"
        value={category}
        onChange={setCategory}
        options={[...own.map(({ code, name }) => ({ value: code, label: name })), { value: "-", label: "As Amazon files it" }]}
      />
    </AskingAction>
  );
}
