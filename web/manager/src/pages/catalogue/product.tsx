/** One product: why it is or is not shown, what members read about it, its offers, kinds and prices so far. */
import Badge from "@cloudscape-design/components/badge";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import ColumnLayout from "@cloudscape-design/components/column-layout";
import Link from "@cloudscape-design/components/link";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table from "@cloudscape-design/components/table";
import Tabs from "@cloudscape-design/components/tabs";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useParams } from "wouter";
import { money, number } from "@shared/shown";
import { Problem } from "@shared/problem";
import { api, got, type Schemas } from "../../api";
import { config } from "../../config";
import { Lines } from "../../parts/Chart";
import { DetailPage } from "../../parts/DetailPage";
import { AreaField, ChoiceField, Form, TextField } from "../../parts/Form";
import { Go } from "../../parts/Go";
import { actor, Moment, Money } from "../../parts/Shown";
import { useUnsaved } from "../../parts/Unsaved";
import { tell } from "../../tell";
import { plain } from "../../words";
import { Age, CATALOGUE, mayCurate, percent, products, Standing, titleOf, undoing } from "./shown";

type Product = Schemas["DeskProduct"];
type Words = Record<string, { title: string; description: string }>;

const LANGUAGES = { en: "English", de: "German" } as const;

export default function ProductPage() {
  const asin = useParams()["asin"]!;
  const query = useQuery({
    queryKey: [...CATALOGUE, "product", asin],
    queryFn: () => got(api().GET("/catalogue/products/{asin}", { params: { path: { asin } } })),
  });
  return (
    <DetailPage<Product>
      query={query}
      from={{ label: "Products", path: "/catalogue/products" }}
      title={titleOf}
      description={({ asin: number_, brand }) => [brand, number_].filter(Boolean).join(" · ")}
      actions={(product) => <Button href={`${config().portal_origin}/products/${product.asin}`} target="_blank" iconName="external" iconAlign="right">In the portal</Button>}
      sections={(product) => [
        {
          title: "On the shelf",
          half: true,
          pairs: [
            ["State", <Standing why={product.why} words={product.words} limited={product.limited} />],
            ["Price age", <Age seconds={product.age_seconds} limitHours={product.offer_max_age_hours} />],
            ["Said by hand", product.standing && <Badge color={product.standing === "picked" ? "green" : "grey"}>{product.standing}</Badge>],
            ["Featured", product.featured],
            ["Category", product.category],
            ["Amazon files it under", product.amazon_category_name || "no category: it was added by hand"],
            ["Stars", product.star_rating && `${product.star_rating} (${number(product.number_of_ratings ?? 0)})`],
            ["Known since", <Moment at={product.first_seen_at} />],
            ["Parent", product.parent_asin && <Go to={`/catalogue/products/${product.parent_asin}`}>{product.parent_asin}</Go>],
          ],
          content: <Precedence />,
        },
        { title: "What is special about it", half: true, content: <Saying key={product.seen} product={product} /> },
        product.offers.length > 0 && { title: "Offers", description: "As Amazon told them last, delivery to the programme's country.", content: <Offers offers={product.offers} /> },
        product.kinds.length > 0 && { title: "Sizes, colours, kinds", content: <Kinds kinds={product.kinds} /> },
        product.prices.length > 0 && {
          title: "Price so far",
          description: "Of the first offer, whenever it changed; half a year is kept.",
          content: <Prices product={product} />,
        },
        { title: "Changes", content: <Changes asin={product.asin} /> },
      ]}
    />
  );
}

function Precedence() {
  return (
    <Box color="text-body-secondary" fontSize="body-s">
      What decides, from the strongest: never redeemable; hidden by hand; kept for some members; picked by hand; a hidden category; a rule that excludes; rules that include. Whatever is left must have an offer in stock,
      a price that is fresh, and leave the margin.
    </Box>
  );
}

/** Standing, category and own words, with a preview as members see it. */
function Saying({ product }: { product: Product }) {
  const queries = useQueryClient();
  const categories = useQuery({ queryKey: [...CATALOGUE, "categories"], queryFn: () => got(api().GET("/catalogue/categories")) });
  const before: Words = Object.fromEntries(
    Object.keys(LANGUAGES).map((language) => [language, { title: product.texts[language]?.title ?? "", description: product.texts[language]?.description ?? "" }]),
  );
  const [standing, setStanding] = useState(product.standing ?? "");
  const [category, setCategory] = useState(product.own_category ?? "");
  const [words, setWords] = useState(before);
  const [language, setLanguage] = useState("en");
  const dirty = standing !== (product.standing ?? "") || category !== (product.own_category ?? "") || JSON.stringify(words) !== JSON.stringify(before);
  useUnsaved(dirty);
  const saving = useMutation({
    mutationFn: () => {
      const texts = Object.fromEntries(
        Object.entries(words).map(([of, { title, description }]) => [of, title || description ? { ...(title && { title }), ...(description && { description }) } : null]),
      );
      const body = { standing: (standing || null) as Product["standing"], category: category || null, texts, seen: product.seen };
      return got(api().PUT("/catalogue/products/{asin}", { params: { path: { asin: product.asin } }, body }));
    },
    onSuccess: async (answer) => {
      tell("success", "Saved. Members see it from now on.", undoing(queries, answer.change_id));
      await queries.invalidateQueries({ queryKey: CATALOGUE });
    },
  });
  const stale = saving.error instanceof Problem && saving.error.code === "stale-product";
  const readOnly = !mayCurate();
  const own = (categories.data?.programme ?? []).filter((one) => one.own);
  const shown = words[language]!;
  return (
    <Form failure={saving.error} onSubmit={() => dirty && saving.mutate()}>
      <ColumnLayout columns={2}>
        <ChoiceField
          name="standing"
          label="Shown or not"
          value={standing}
          onChange={(next) => setStanding(next as typeof standing)}
          disabled={readOnly}
          options={[
            { value: "", label: "The rules decide" },
            { value: "picked", label: "Picked: whatever the rules say" },
            { value: "hidden", label: "Hidden: whatever the rules say" },
          ]}
        />
        <ChoiceField
          name="category"
          label="Category"
          value={category}
          onChange={setCategory}
          disabled={readOnly}
          options={[{ value: "", label: "As Amazon's category is mapped" }, ...own.map(({ code, name }) => ({ value: code, label: name }))]}
        />
      </ColumnLayout>
      <Tabs
        activeTabId={language}
        onChange={({ detail }) => setLanguage(detail.activeTabId)}
        ariaLabel="Language of the words"
        tabs={Object.entries(LANGUAGES).map(([id, label]) => ({
          id,
          label,
          content: (
            <SpaceBetween size="m">
              <TextField name={`texts.${id}.title`} label="Title" value={words[id]!.title} onChange={(title) => setWords({ ...words, [id]: { ...words[id]!, title } })} placeholder={product.title} disabled={readOnly} constraint="Empty: the shop's own." />
              <AreaField name={`texts.${id}.description`} label="Description" value={words[id]!.description} onChange={(description) => setWords({ ...words, [id]: { ...words[id]!, description } })} placeholder={product.description} rows={4} disabled={readOnly} />
            </SpaceBetween>
          ),
        }))}
      />
      <Preview product={product} title={shown.title || product.title} description={shown.description || product.description} category={category || product.category} />
      {!readOnly && (
        <SpaceBetween direction="horizontal" size="xs">
          <Button variant="primary" disabled={!dirty || stale} loading={saving.isPending} formAction="submit">Save</Button>
          {stale && <Button onClick={() => void queries.invalidateQueries({ queryKey: [...CATALOGUE, "product", product.asin] })}>See theirs</Button>}
        </SpaceBetween>
      )}
    </Form>
  );
}

/** As members see its card and the beginning of its page. */
function Preview({ product, title, description, category }: { product: Product; title: string; description: string; category: string | null }) {
  const image = product.images[0]?.medium ?? product.images[0]?.large ?? product.images[0]?.small;
  const price = product.offers.find(({ why }) => why === null) ?? product.offers[0];
  const name = product.brand && title.startsWith(`${product.brand} `) ? title.slice(product.brand.length + 1) : title;
  return (
    <div className="product-preview" role="group" aria-label="Preview">
      {image && <img src={image.url} alt="" width={112} height={112} />}
      <div>
        <Box color="text-body-secondary" fontSize="body-s">{[product.brand, category].filter(Boolean).join(" · ")}</Box>
        <Box variant="strong">{name}</Box>
        {price?.points != null && <Box>{number(price.points)} points</Box>}
        <Box fontSize="body-s">{description.length > 180 ? `${description.slice(0, 180)} …` : description}</Box>
      </div>
    </div>
  );
}

function Offers({ offers }: { offers: Product["offers"] }) {
  return (
    <Table<Product["offers"][number]>
      variant="embedded"
      wrapLines
      items={offers}
      trackBy="offer_id"
      ariaLabels={{ tableLabel: "Offers" }}
      columnDefinitions={[
        { id: "seller", header: "Sold by", isRowHeader: true, cell: (row) => <>{row.merchant_name || "–"}{row.merchant_stars !== null && ` (${row.merchant_stars} of 5)`}{row.by_amazon && <> <Badge color="blue">sent by Amazon</Badge></>}</> },
        { id: "state", header: "State", cell: (row) => <Standing why={row.why} words={row.words} /> },
        { id: "price", header: "Price", cell: (row) => <Money minor={row.price_minor} currency={row.currency} /> },
        { id: "shipping", header: "Delivery", cell: (row) => <Money minor={row.shipping_minor} currency={row.currency} /> },
        { id: "cost", header: "Cost with rough tax", cell: (row) => <Money minor={row.cost_minor} currency={row.currency} /> },
        { id: "points", header: "Points", cell: (row) => (row.points === null ? "–" : number(row.points)) },
        { id: "margin", header: "Margin", cell: (row) => percent(row.margin_basis_points) },
        { id: "stock", header: "Stock", cell: (row) => (row.quantity_in_stock === null ? "not told" : number(row.quantity_in_stock)) },
      ]}
    />
  );
}

function Kinds({ kinds }: { kinds: Product["kinds"] }) {
  return (
    <Table<Product["kinds"][number]>
      variant="embedded"
      wrapLines
      items={kinds}
      trackBy="asin"
      ariaLabels={{ tableLabel: "Kinds" }}
      columnDefinitions={[
        { id: "kind", header: "Kind", isRowHeader: true, cell: (row) => <Go to={`/catalogue/products/${row.asin}`}>{Object.values(row.dimensions).join(", ") || row.asin}</Go> },
        { id: "asin", header: "ASIN", cell: (row) => row.asin },
        { id: "state", header: "State", cell: (row) => <Standing why={row.why} words={row.words} /> },
        { id: "price", header: "Price", cell: (row) => <Money minor={row.price_minor} /> },
        { id: "points", header: "Points", cell: (row) => (row.points === null ? "–" : number(row.points)) },
      ]}
    />
  );
}

function Prices({ product }: { product: Product }) {
  const { prices } = product;
  const currency = prices[0]!.currency;
  const minor = 10 ** (new Intl.NumberFormat("en", { style: "currency", currency }).resolvedOptions().maximumFractionDigits ?? 2);
  const last = prices.at(-1)!;
  if (prices.length === 1) return <Box><Money minor={last.price_minor} currency={currency} /> since <Moment at={last.seen_at} />; it has not changed.</Box>;
  const points = [...prices.map(({ seen_at, price_minor }) => [seen_at, price_minor / minor] as const), ...(product.checked_at ? [[product.checked_at, last.price_minor / minor] as const] : [])];
  return <Lines label="Price so far" series={[{ title: "Price", data: points }]} yTitle={currency} shown={(value) => money(Math.round(value * minor), currency)} height={200} />;
}

function Changes({ asin }: { asin: string }) {
  const queries = useQueryClient();
  const changes = useQuery({ queryKey: [...CATALOGUE, "changes", asin], queryFn: () => got(api().GET("/catalogue/changes", { params: { query: { asin, limit: 20 } } })) });
  if (!changes.data?.changes.length) return <Box color="text-body-secondary">Nobody has said anything special about it.</Box>;
  return (
    <Table<Schemas["CurationView"]>
      variant="embedded"
      wrapLines
      items={changes.data.changes}
      trackBy="change_id"
      ariaLabels={{ tableLabel: "Changes" }}
      columnDefinitions={[
        { id: "what", header: "What", isRowHeader: true, cell: (row) => `${plain(row.kind)} (${products(row.products)})` },
        { id: "at", header: "When", cell: (row) => <Moment at={row.made_at} /> },
        { id: "by", header: "By", cell: (row) => actor(row.actor) },
        { id: "why", header: "Why", cell: (row) => row.why ?? "–" },
        {
          id: "undo",
          header: "Undo",
          cell: (row) =>
            row.undone_by !== null ? "taken back" : mayCurate() && row.kind !== "undo" ? <Link onFollow={() => undoing(queries, row.change_id)?.()} ariaLabel={`Take back ${plain(row.kind)}`}>Take back</Link> : "",
        },
      ]}
    />
  );
}
