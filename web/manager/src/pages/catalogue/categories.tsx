/** The programme's own categories, and which of Amazon's is filed under which. */
import Box from "@cloudscape-design/components/box";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import Select from "@cloudscape-design/components/select";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table from "@cloudscape-design/components/table";
import Toggle from "@cloudscape-design/components/toggle";
import { useQuery } from "@tanstack/react-query";
import { number } from "@shared/shown";
import { api, got, type Schemas } from "../../api";
import type { SectionDraft } from "../../draft";
import { Bars } from "../../parts/Chart";
import { DraftPage } from "../../parts/DraftPage";
import { TextField, useFieldError } from "../../parts/Form";
import { Go } from "../../parts/Go";
import { Rows } from "../../parts/Rows";
import { Loaded } from "../../parts/States";
import type { Catalogue, Category } from "./document";
import { CATALOGUE } from "./shown";

export default function Categories() {
  const known = useQuery({ queryKey: [...CATALOGUE, "categories"], queryFn: () => got(api().GET("/catalogue/categories")) });
  return (
    <DraftPage<Catalogue>
      section="catalogue"
      title="Categories"
      description="Members browse by the programme's own categories; factors, campaigns and rules go by them as well. What is not mapped stays in Amazon's."
    >
      {(value, change, _, readOnly) => (
        <Loaded query={known}>
          {(found) => (
            <SpaceBetween size="l">
              <Container header={<Header variant="h2" description="In this order in the portal.">The programme's own</Header>}>
                <SpaceBetween size="m">
                  <Own value={value} change={change} readOnly={readOnly} />
                  <Said name="catalogue.categories" />
                </SpaceBetween>
              </Container>
              <Container header={<Header variant="h2" description="A product that was filed by hand stays where it is.">Amazon's categories</Header>}>
                <SpaceBetween size="m">
                  <Mapping value={value} change={change} readOnly={readOnly} amazon={found.amazon} />
                  <Said name="catalogue.mapping" />
                </SpaceBetween>
              </Container>
              <Container header={<Header variant="h2" description="As it is published now.">What each category shows</Header>}>
                <Bars
                  label="Products by category"
                  horizontal
                  stacked
                  yTitle="Products"
                  height={Math.max(200, found.programme.length * 26)}
                  series={[
                    { title: "Shown", data: found.programme.map(({ name, shown }) => [name, shown]) },
                    { title: "Not shown", data: found.programme.map(({ name, products, shown }) => [name, products - shown]) },
                  ]}
                />
              </Container>
            </SpaceBetween>
          )}
        </Loaded>
      )}
    </DraftPage>
  );
}

type Part = { value: Catalogue; change: SectionDraft<Catalogue>["change"]; readOnly: boolean };

/** What the API says of a part of the page that has no field of its own. */
function Said({ name }: { name: string }) {
  const words = useFieldError(name);
  return words ? <Box color="text-status-error">{words}</Box> : null;
}

function Own({ value, change, readOnly }: Part) {
  const set = (categories: Category[]) => {
    const codes = new Set(categories.map(({ code }) => code));
    // What was filed under a category that goes is Amazon's again.
    change((before) => ({ ...before, categories, mapping: Object.fromEntries(Object.entries(before.mapping).filter(([, own]) => codes.has(own))) }));
  };
  const rename = (at: number, code: string) =>
    change((before) => {
      const old = before.categories[at]!.code;
      return {
        ...before,
        categories: before.categories.map((one, place) => (place === at ? { ...one, code } : one)),
        mapping: Object.fromEntries(Object.entries(before.mapping).map(([amazon, own]) => [amazon, own === old ? code : own])),
      };
    });
  return (
    <Rows<Category>
      rows={value.categories}
      onChange={set}
      fresh={() => ({ code: free(value.categories), names: { en: "" } })}
      add="Add a category"
      noun="category"
      disabled={readOnly}
      empty="None yet: members browse by Amazon's categories."
      draw={(row, next, at) => (
        <>
          <TextField name={`catalogue.categories[${at}].code`} label="Code" value={row.code} onChange={(code) => rename(at, code)} disabled={readOnly} />
          <TextField name={`catalogue.categories[${at}].names.en`} label="English" value={row.names["en"] ?? ""} onChange={(en) => next({ ...row, names: { ...row.names, en } })} disabled={readOnly} />
          <TextField name={`catalogue.categories[${at}].names.de`} label="German" value={row.names["de"] ?? ""} onChange={(de) => next({ ...row, names: named(row.names, de) })} disabled={readOnly} />
        </>
      )}
    />
  );
}

/** An empty German name is none: the English one is shown. */
function named(names: Record<string, string>, de: string): Record<string, string> {
  const { de: _, ...rest } = names;
  return de ? { ...rest, de } : rest;
}

function free(categories: readonly Category[]): string {
  for (let count = categories.length + 1; ; count += 1) {
    const code = `category-${count}`;
    if (!categories.some((one) => one.code === code)) return code;
  }
}

function Mapping({ value, change, readOnly, amazon }: Part & { amazon: readonly Schemas["AmazonCategory"][] }) {
  const options = [{ value: "", label: "Stays as it is" }, ...value.categories.map(({ code, names }) => ({ value: code, label: names["en"] || code }))];
  const map = (from: string, to: string) =>
    change((before) => {
      const { [from]: _, ...rest } = before.mapping;
      return { ...before, mapping: to ? { ...rest, [from]: to } : rest };
    });
  const hide = (code: string, hidden: boolean) =>
    change((before) => ({ ...before, hidden_categories: hidden ? [...before.hidden_categories, code] : before.hidden_categories.filter((one) => one !== code) }));
  return (
    <Table<Schemas["AmazonCategory"]>
      variant="embedded"
      items={[...amazon]}
      trackBy="category"
      ariaLabels={{ tableLabel: "Amazon's categories" }}
      empty="Amazon was not asked for its categories yet."
      columnDefinitions={[
        { id: "name", header: "Amazon's category", isRowHeader: true, cell: (row) => row.name },
        { id: "products", header: "Products", cell: (row) => <Go to={`/catalogue/products?category=${encodeURIComponent(row.category)}`}>{number(row.products)}</Go> },
        {
          id: "to",
          header: "Filed under",
          cell: (row) => (
            <Select
              ariaLabel={`${row.name} is filed under`}
              selectedOption={options.find((option) => option.value === (value.mapping[row.category] ?? "")) ?? options[0]!}
              options={options}
              disabled={readOnly || options.length === 1}
              expandToViewport
              onChange={({ detail }) => map(row.category, detail.selectedOption.value ?? "")}
            />
          ),
        },
        {
          id: "hidden",
          header: "Hidden",
          cell: (row) => (
            <Toggle ariaLabel={`Hide ${row.name}`} checked={value.hidden_categories.includes(row.category)} disabled={readOnly} onChange={({ detail }) => hide(row.category, detail.checked)} />
          ),
        },
      ]}
    />
  );
}
