/** What will be asked for: all of it and each category as a picture, each product as a row that leads to its own. */
import Box from "@cloudscape-design/components/box";
import ColumnLayout from "@cloudscape-design/components/column-layout";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import { useMemo, useState } from "react";
import { number } from "@shared/shown";
import { api, got, type Schemas } from "../../api";
import { useFilters } from "../../parts/filters";
import { ListPage } from "../../parts/ListPage";
import { Thumb } from "../catalogue/shown";
import { Picture } from "./picture";
import { asOf, between, DEMAND, Doubts, type Expected, nameOf, NoNight, percent, share, trusted, units } from "./shown";
import { Spark, sparkWords } from "./spark";
import { bars, sums } from "./spec";

type Forecasts = Schemas["Forecasts"];
type Sort = "units" | "growth" | "range" | "title";

const SORTS = [
  { value: "", label: "Most units" },
  { value: "growth", label: "Grows most" },
  { value: "range", label: "Least certain" },
  { value: "title", label: "Name" },
];
// Beside a forecast of three months half a year of the past is enough.
const PAST_WEEKS = 26;

export default function Forecast() {
  const [told, setTold] = useState<Forecasts>();
  const [filters] = useFilters();
  const named = (told?.categories ?? []).filter(({ category }) => category);
  // A category of the address stays to be seen while nothing of it is left.
  const options = [{ value: "", label: "All" }, ...named.map(({ category, category_name: name }) => ({ value: category, label: name ?? category }))];
  if (filters.category && !options.some(({ value }) => value === filters.category)) options.push({ value: filters.category, label: filters.category });
  return (
    <ListPage<Expected>
      title="Forecast"
      description={`What members will ask for in the next four weeks. ${told ? asOf(told.night) : ""}`}
      queryKey={[...DEMAND, "forecast"]}
      ask={async ({ search, category, sort }, after) => {
        const query = { ...(search && { search }), ...(category && { category }), ...(sort && { sort: sort as Sort }), ...(after && { after }), limit: 50 };
        const found = await got(api().GET("/demand/forecast", { params: { query } }));
        setTold(found);
        return { rows: found.products, next: found.after };
      }}
      rowId={(row) => row.asin}
      columns={[
        { id: "product", header: "Product", cell: (row) => <span className="with-thumb"><Thumb product={row} /><span>{nameOf(row)}</span></span>, text: (row) => row.title, width: 260 },
        { id: "asin", header: "Number", cell: (row) => row.asin, text: (row) => row.asin, width: 128 },
        { id: "weeks", header: "Week by week", cell: (row) => <Spark past={row.history.slice(-PAST_WEEKS)} ahead={row.weeks} low={row.weeks_low} high={row.weeks_high} label={sparkWords(row.weeks)} />, width: 190 },
        { id: "units", header: "Next 4 weeks", cell: (row) => <strong>{units(row.units)}</strong>, text: (row) => row.units, numeric: true },
        { id: "range", header: "8 times in 10", cell: (row) => <span className="one-line">{between(row.low, row.high)}</span>, text: (row) => `${row.low} to ${row.high}`, numeric: true },
        { id: "before", header: "4 weeks before", cell: (row) => <Before row={row} />, text: (row) => row.before, numeric: true },
        { id: "category", header: "Category", cell: (row) => row.category_name ?? "–", text: (row) => row.category_name },
        { id: "note", header: "Note", cell: (row) => <Note row={row} />, text: (row) => row.basis, width: 170 },
      ]}
      open={(row) => `/demand/forecast/${row.asin}`}
      filters={[
        { key: "search", label: "Product", kind: "text", placeholder: "Name or number" },
        { key: "category", label: "Category", kind: "choice", options },
        { key: "sort", label: "Order", kind: "choice", options: SORTS },
      ]}
      csv="forecast"
      empty={{ title: told?.night ? "Nothing to forecast" : "Nothing here yet", text: "Forecasts are worked out every night; the first are here the morning after." }}
    >
      {told && <Totals told={told} />}
    </ListPage>
  );
}

function Before({ row: { before, units: next } }: { row: Expected }) {
  if (before === null) return <>–</>;
  return <>{units(before)}{before > 0 && <div className="one-line"><small>{percent((next / before - 1) * 100)}</small></div>}</>;
}

function Note({ row }: { row: Expected }) {
  if (row.is_out) return <StatusIndicator type="error">Cannot be had</StatusIndicator>;
  if (row.probability !== null && row.probability >= 0.5) return <StatusIndicator type="warning">{`${share(row.probability)} at risk`}</StatusIndicator>;
  return row.basis === "model" ? <>–</> : <Box color="text-body-secondary" fontSize="body-s">{row.basis === "category" ? "New: follows its category" : "Never asked for"}</Box>;
}

/** Everything that fits: its sum week by week, and what each category is of it. */
function Totals({ told }: { told: Forecasts }) {
  const [filters, change] = useFilters();
  const [all, split] = useMemo(() => [sums(told.weeks), bars(told.categories)], [told.weeks, told.categories]);
  if (!told.night) return <NoNight what="Here stands what members will ask for: for the programme, for each category, for each product, with the range in which it will lie." />;
  const chosen = told.categories.find(({ category }) => category === filters.category);
  const name = filters.category ? (chosen?.category_name ?? filters.category) : filters.search ? `What “${filters.search}” finds` : "The whole programme";
  const rows = filters.category ? told.categories.filter(({ category }) => category === filters.category) : told.categories;
  const sum = (pick: (row: (typeof rows)[number]) => number) => rows.reduce((total, row) => total + pick(row), 0);
  if (told.weeks.every(({ mean }) => mean === null)) return <Doubts night={told.night} />;
  return (
    <SpaceBetween size="m">
      <Doubts night={told.night} />
      <ColumnLayout columns={2}>
        <Container fitHeight header={<Header variant="h2" description={`About ${units(sum((row) => row.units))} units of ${number(told.found)} ${told.found === 1 ? "product" : "products"} in the next four weeks.`}>{name}</Header>}>
          <SpaceBetween size="xs">
            <Picture spec={all} label={`${name}: units a week, what was asked for and what will be, with two ranges. About ${units(sum((row) => row.units))} units in four weeks, all going low or high at once ${between(sum((row) => row.low_together), sum((row) => row.high_together))}.`} />
            <Box color="text-body-secondary" fontSize="body-s">{`How sure: the dark band is where the sum lies 8 times in 10 if products go their own ways, the light one if all go low, or high, at once. The truth is between the two. ${trusted(told.night)}`}</Box>
          </SpaceBetween>
        </Container>
        <Container fitHeight header={<Header variant="h2" description="The line over a bar is where it lies 8 times in 10 if products go their own ways. A click shows one category alone.">By category</Header>}>
          <Picture spec={split} label={`Units in the next four weeks by category: ${told.categories.slice(0, 12).map((row) => `${row.category_name || "without a category"} ${units(row.units)}`).join(", ")}.`} onDrill={({ category }) => category && change({ category: category === filters.category ? undefined : category })} />
        </Container>
      </ColumnLayout>
    </SpaceBetween>
  );
}
