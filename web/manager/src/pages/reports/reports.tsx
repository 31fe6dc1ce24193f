/** Reports: what the warehouse knows since the night before, a sheet at a time; the filters are in the address. */
import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Select from "@cloudscape-design/components/select";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Tabs from "@cloudscape-design/components/tabs";
import { useQuery } from "@tanstack/react-query";
import { useLocation } from "wouter";
import { Problem } from "@shared/problem";
import { day, moment } from "@shared/shown";
import { api, got, type Schemas } from "../../api";
import { PageFrame } from "../../parts/DetailPage";
import { type Filter, FilterBar } from "../../parts/FilterBar";
import { useFilters } from "../../parts/filters";
import { Loaded, Message } from "../../parts/States";
import { type Asked, Card } from "./card";
import type { Drill } from "./spec";

type Reports = Schemas["Reports"];

const SHEETS: Record<Reports["sheets"][number], string> = { customers: "Customers", points: "Points", products: "Products", seasonality: "Seasons", campaigns: "Campaigns", operations: "Operations" };
const ASKED = ["from", "to", "tier", "category", "campaign", "currency"] as const;
// Twelve whole months and the one under way, unless somebody chooses.
const MONTHS = 12;
const TIMES = [
  { value: "", label: "Last 12 months" },
  { value: "all", label: "All there is" },
  { value: "days", label: "Chosen days" },
];

/** "2026-11-21T02:15:00Z" → "2025-11-01". */
function firstMonth(loadedAt: string): string {
  const [year, month] = loadedAt.split("-").map(Number) as [number, number];
  return new Date(Date.UTC(year, month - 1 - MONTHS, 1)).toISOString().slice(0, 10);
}

export default function ReportsPage() {
  const query = useQuery({
    queryKey: ["reports"],
    queryFn: () => got(api().GET("/reports")),
    // What is on its way is looked for; what is there changes at night.
    refetchInterval: ({ state }) => (state.data && state.data.standing !== "loaded" ? 15_000 : false),
  });
  if (query.error instanceof Problem && query.error.code === "reports-off") {
    return <Message title="Reports are switched off here">This deployment has no lake, so there is no warehouse to ask. Who runs it can switch it on in its config, in the section “lake”; the first night then fills it.</Message>;
  }
  return (
    <Loaded query={query}>
      {(told) => (
        <PageFrame
          title="Reports"
          description={told.loaded_at ? `As of ${moment(told.loaded_at)}, when the warehouse was loaded last. The night loads what the day has brought.` : "What members do, what points cost, what sells: counted once a night."}
          actions={told.standing === "loaded" && <Button iconName="file" onClick={() => window.print()}>Print</Button>}
        >
          {told.standing === "never-loaded" ? <FirstNight /> : <Sheets told={told} />}
        </PageFrame>
      )}
    </Loaded>
  );
}

/** Nothing yet: how it comes to be something. */
function FirstNight() {
  return (
    <Container header={<Header variant="h2">Nothing yet: the first night has not been</Header>}>
      <SpaceBetween size="m">
        <Box variant="p">Reports are not counted from the programme itself, so that no question slows down a purchase. They are counted in a warehouse beside it, which is filled every night:</Box>
        <ol className="report-steps">
          <li><strong>Export.</strong> What is new since the last night is copied out, with no names, addresses or phone numbers: a member is a random key there.</li>
          <li><strong>Check.</strong> Rules look at every batch; one that breaks a rule is not loaded, and its operators are told.</li>
          <li><strong>Load.</strong> Good batches come into the warehouse, each once, however often a night is repeated.</li>
          <li><strong>Count.</strong> From then on this page answers, and says when it was loaded.</li>
        </ol>
        <Box color="text-body-secondary">The page looks every few seconds whether there is something.</Box>
      </SpaceBetween>
    </Container>
  );
}

function Sheets({ told }: { told: Reports }) {
  const [filters, change] = useFilters();
  const [, go] = useLocation();
  const sheet = told.sheets.find((one) => one === filters.sheet) ?? told.sheets[0]!;
  const chosen = ASKED.filter((name) => filters[name]);
  const own = Object.fromEntries(chosen.map((name) => [name, filters[name]])) as Asked;
  const time = own.from || own.to ? "days" : (filters.time ?? "");
  const currencies = told.choices.currency ?? [];
  const asked: Asked = {
    ...(time === "" && told.loaded_at ? { from: firstMonth(told.loaded_at) } : {}),
    // Amounts of two currencies are never one sum: one at a time, first that with most.
    ...(currencies.length > 1 ? { currency: currencies[0]!.value } : {}),
    ...own,
  };
  const lead = (name: string, drill: Drill) => {
    const to = told.metrics.find((one) => one.name === name)!;
    const kept = time === "all" && !drill.from ? { time } : {};
    return `/reports?${new URLSearchParams({ ...own, ...kept, ...drill, sheet: to.sheet, metric: name })}`;
  };
  const cards = told.metrics.filter((one) => one.sheet === sheet).map((metric) => {
    const { drill } = metric;
    const further = told.metrics.find((one) => one.name === drill);
    return (
      <Card
        key={metric.name}
        metric={metric}
        asked={asked}
        chosen={chosen}
        choices={told.choices}
        sought={filters.metric === metric.name}
        more={further ? { metric: further, to: (chosen) => lead(further.name, chosen), go: (chosen) => go(lead(further.name, chosen)) } : null}
      />
    );
  });
  const printed = [SHEETS[sheet], time === "days" ? null : TIMES.find(({ value }) => value === time)?.label, currencies.length > 1 && asked.currency, ...(["tier", "category", "campaign"] as const).flatMap((name) => told.choices[name]?.find(({ value }) => value === asked[name])?.words ?? []), own.from && `from ${day(own.from)}`, own.to && `to ${day(own.to)}`];
  return (
    <SpaceBetween size="l">
      <strong className="report-printed">{printed.filter(Boolean).join(" · ")}</strong>
      {told.standing === "away" && <Alert type="warning" header="The warehouse does not answer">The programme itself is not touched by that. The page asks again by itself.</Alert>}
      {told.standing === "not-ready" && <Alert type="info" header="The warehouse is waking up">It sleeps while nobody asks; that takes a moment.</Alert>}
      <div className="report-filters">
        <FormField label="Time">
          <Select
            options={TIMES}
            selectedOption={TIMES.find(({ value }) => value === time) ?? TIMES[0]!}
            onChange={({ detail }) => change({ time: detail.selectedOption.value, from: undefined, to: undefined })}
          />
        </FormField>
        <FilterBar filters={[...(time === "days" ? DAYS : []), ...filtersOf(told.choices)]} />
      </div>
      <Tabs
        activeTabId={sheet}
        ariaLabel="Sheets"
        onChange={({ detail }) => change({ sheet: detail.activeTabId, metric: undefined })}
        tabs={told.sheets.map((one) => ({ id: one, label: SHEETS[one], content: one === sheet && <div className="reports">{cards}</div> }))}
      />
    </SpaceBetween>
  );
}

const DAYS: readonly Filter[] = [{ key: "from", label: "From", kind: "date" }, { key: "to", label: "To", kind: "date" }];

function filtersOf(choices: Reports["choices"]): readonly Filter[] {
  const currencies = choices.currency ?? [];
  const of = (key: "tier" | "category" | "campaign", label: string, all: string): Filter[] =>
    choices[key]?.length ? [{ key, label, kind: "choice", options: [{ value: "", label: all }, ...choices[key].map(({ value, words }) => ({ value, label: words }))] }] : [];
  return [
    ...of("tier", "Level", "All levels"),
    ...of("category", "Category", "All categories"),
    ...of("campaign", "Campaign", "All campaigns"),
    ...(currencies.length > 1 ? [{ key: "currency", label: "Currency", kind: "choice", options: currencies.map(({ value, words }) => ({ value, label: words })) } as const] : []),
  ];
}
