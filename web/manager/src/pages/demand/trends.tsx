/** What rises and what falls, season and campaigns aside, with how sure that is. */
import Box from "@cloudscape-design/components/box";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator, { type StatusIndicatorProps } from "@cloudscape-design/components/status-indicator";
import { useMemo, useState } from "react";
import { number } from "@shared/shown";
import { api, got, type Schemas } from "../../api";
import { useFilters } from "../../parts/filters";
import { ListPage } from "../../parts/ListPage";
import { Thumb } from "../catalogue/shown";
import { Picture } from "./picture";
import { asOf, DEMAND, Doubts, nameOf, NoNight, percent, type Trend } from "./shown";
import { Spark } from "./spark";
import { slopes } from "./spec";

type Trends = Schemas["Trends"];
type Direction = Trend["direction"];

const WAYS: Record<Direction, [StatusIndicatorProps.Type, string]> = {
  rising: ["success", "Rises"],
  falling: ["warning", "Falls"],
  steady: ["info", "Holds"],
  unknown: ["pending", "Too little known"],
};

export default function TrendsPage() {
  const [told, setTold] = useState<Trends>();
  const count = (direction: Direction) => (told?.counts[direction] ? ` (${number(told.counts[direction])})` : "");
  return (
    <ListPage<Trend>
      title="Trends"
      description={`Which products members want more, or less, from week to week. ${told ? asOf(told.night) : ""}`}
      queryKey={[...DEMAND, "trends"]}
      ask={async ({ direction, search }, after) => {
        const query = { ...(direction && { direction: direction as Direction }), ...(search && { search }), ...(after && { after }), limit: 20 };
        const found = await got(api().GET("/demand/trends", { params: { query } }));
        setTold(found);
        return { rows: found.trends, next: found.after };
      }}
      rowId={(row) => row.asin}
      columns={[
        { id: "product", header: "Product", cell: (row) => <span className="with-thumb"><Thumb product={row} /><span>{nameOf(row)}</span></span>, text: (row) => row.title, width: 260 },
        { id: "asin", header: "Number", cell: (row) => row.asin, text: (row) => row.asin, width: 130 },
        { id: "direction", header: "Heading", cell: (row) => <StatusIndicator type={WAYS[row.direction][0]}>{WAYS[row.direction][1]}</StatusIndicator>, text: (row) => row.direction, width: 160 },
        { id: "units", header: "Units a week", cell: (row) => <Spark past={row.units} label={`Units a week over ${number(row.units.length)} weeks`} />, width: 190 },
        { id: "percent", header: "A week", cell: (row) => (row.percent_a_week === null ? "–" : <strong className="one-line">{percent(row.percent_a_week)}</strong>), text: (row) => row.percent_a_week, numeric: true },
        { id: "range", header: "Range", cell: (row) => (row.low === null || row.high === null ? "–" : <span className="one-line">{`${percent(row.low)} to ${percent(row.high)}`}</span>), text: (row) => (row.low === null ? null : `${row.low} to ${row.high}`), numeric: true },
        { id: "campaign", header: "Campaigns brought", cell: (row) => (row.campaign_percent === null ? "–" : percent(row.campaign_percent)), text: (row) => row.campaign_percent, numeric: true },
        { id: "category", header: "Category", cell: (row) => row.category_name ?? "–", text: (row) => row.category_name },
      ]}
      open={(row) => `/demand/forecast/${row.asin}`}
      filters={[
        { key: "direction", label: "Heading", kind: "tabs", options: [{ value: "", label: "All" }, ...(["rising", "falling", "steady", "unknown"] as const).map((value) => ({ value, label: `${WAYS[value][1]}${count(value)}` }))] },
        { key: "search", label: "Product", kind: "text", placeholder: "Name or number" },
      ]}
      csv="trends"
      empty={{ title: told?.night ? "No trends" : "Nothing here yet", text: "Trends are worked out every night; a product needs some months of its own past." }}
    >
      {told && <Strongest told={told} />}
    </ListPage>
  );
}

function Strongest({ told }: { told: Trends }) {
  const [filters] = useFilters();
  const spec = useMemo(() => slopes(told.trends), [told.trends]);
  if (!told.night) return <NoNight what="Here stands which products members want more from week to week and which less, taken apart from the season and from campaigns." />;
  const some = told.trends.some(({ percent_a_week: change }) => change !== null);
  return (
    <SpaceBetween size="m">
      <Doubts night={told.night} />
      {some && (
        <Container header={<Header variant="h2" description="Percent a week; the line over a bar is what chance leaves open.">{filters.direction ? `The strongest: ${WAYS[filters.direction as Direction]?.[1].toLowerCase() ?? ""}` : "The strongest"}</Header>}>
          <SpaceBetween size="xs">
            <Picture spec={spec} label={`Percent a week: ${told.trends.filter(({ percent_a_week: change }) => change !== null).slice(0, 12).map((row) => `${nameOf(row)} ${percent(row.percent_a_week!)}`).join(", ")}.`} />
            <Box color="text-body-secondary" fontSize="body-s">How sure: whoever looks at many products finds some that rise by chance. The line is drawn where of all that are said to rise or fall on average at most 1 in 20 is a false alarm. Season and campaigns are taken out first.</Box>
          </SpaceBetween>
        </Container>
      )}
    </SpaceBetween>
  );
}
