/** One product: its fan of what will be asked for, whether it will be there, where it is heading. */
import Box from "@cloudscape-design/components/box";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import SegmentedControl from "@cloudscape-design/components/segmented-control";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { useParams } from "wouter";
import { day } from "@shared/shown";
import { api, got, type Schemas } from "../../api";
import { may } from "../../may";
import { DetailPage } from "../../parts/DetailPage";
import { Go } from "../../parts/Go";
import { Picture } from "./picture";
import { RiskCard } from "./risk";
import { asOf, BASES, between, DEMAND, Doubts, nameOf, percent, type Trend, trusted, units } from "./shown";
import { fan, parts } from "./spec";

type Forecast = Schemas["Forecast"];
type Curve = Schemas["Curve"];

export default function ProductForecast() {
  const { asin = "" } = useParams();
  const query = useQuery({ queryKey: [...DEMAND, "forecast", asin], queryFn: () => got(api().GET("/demand/forecast/{asin}", { params: { path: { asin } } })) });
  return (
    <DetailPage<Forecast>
      query={query}
      from={{ label: "Forecast", path: "/demand/forecast" }}
      title={nameOf}
      description={(told) => asOf(told.night)}
      actions={() => may("GET /catalogue/products/{asin}") && <Go to={`/catalogue/products/${asin}`}>In the catalogue</Go>}
      sections={(told) => [
        told.night && (told.night.drifted || told.night.days_old > 2) ? { title: "Doubts", bare: true, content: <Doubts night={told.night} /> } : null,
        { title: "What will be asked for", bare: true, content: <Fan told={told} /> },
        told.risk && { title: "Whether it will be there", bare: true, content: <RiskCard risk={told.risk} titled={false} /> },
        told.trend && { title: "Where it is heading", bare: true, content: <Heading trend={told.trend} /> },
      ]}
    />
  );
}

const four = (curve: Curve, of: (curve: Curve) => readonly number[]) => of(curve).slice(0, 4).reduce((sum, one) => sum + one, 0);

function Fan({ told }: { told: Forecast }) {
  const weeks = told.curves.find(({ period }) => period === "week");
  const [period, setPeriod] = useState<Curve["period"]>(weeks ? "week" : "day");
  const curve = told.curves.find((one) => one.period === period) ?? told.curves[0]!;
  const spec = useMemo(() => fan(curve), [curve]);
  const missing = curve.history.some((one) => one === null);
  return (
    <Container
      header={
        <Header
          variant="h2"
          description={weeks && `About ${units(four(weeks, (one) => one.mean))} units in the next four weeks; 8 times in 10 or oftener from ${between(four(weeks, (one) => one.q10), four(weeks, (one) => one.q90))}.`}
          actions={told.curves.length > 1 && <SegmentedControl label="By week or by day" selectedId={period} options={[{ id: "week", text: "By week" }, { id: "day", text: "By day" }]} onChange={({ detail }) => setPeriod(detail.selectedId as Curve["period"])} />}
        >
          What will be asked for
        </Header>
      }
    >
      <SpaceBetween size="s">
        <Picture spec={spec} label={`Units a ${curve.period}: what was asked for, then the middle and three ranges. A picture; the figures are in the table below it.`} />
        <Box color="text-body-secondary" fontSize="body-s">{`How it is made: ${BASES[told.basis]}. The bands are where it lies every other time, 8 and 9 times in 10; the further away, the less is known.${missing ? " Grey: it could not be had, so nobody knows what would have been asked for." : ""} ${told.night ? trusted(told.night) : ""}`}</Box>
        <Figures curve={curve} />
      </SpaceBetween>
    </Container>
  );
}

/** The same for who reads rather than looks. */
function Figures({ curve }: { curve: Curve }) {
  const step = curve.period === "week" ? 7 : 1;
  const from = (place: number) => new Date(Date.parse(`${curve.first_on}T00:00:00Z`) + place * step * 86_400_000).toISOString().slice(0, 10);
  return (
    <details className="report-figures">
      <summary>{`The figures (${curve.q50.length} ${curve.period}s)`}</summary>
      <div className="report-rows" tabIndex={0} role="region" aria-label={`Figures by ${curve.period}`}>
        <table>
          <thead><tr><th scope="col">{curve.period === "week" ? "Week from" : "Day"}</th>{["In the middle", "On average", "Every other time", "8 times in 10", "9 times in 10"].map((name) => <th key={name} scope="col" className="figure">{name}</th>)}</tr></thead>
          <tbody>
            {curve.q50.map((middle, place) => (
              <tr key={place}>
                <td>{day(from(place))}</td>
                <td className="figure">{units(middle)}</td>
                <td className="figure">{units(curve.mean[place]!)}</td>
                <td className="figure">{between(curve.q25[place]!, curve.q75[place]!)}</td>
                <td className="figure">{between(curve.q10[place]!, curve.q90[place]!)}</td>
                <td className="figure">{between(curve.q05[place]!, curve.q95[place]!)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}

function Heading({ trend }: { trend: Trend }) {
  const spec = useMemo(() => (trend.units.length > 1 ? parts(trend) : null), [trend]);
  return (
    <Container header={<Header variant="h2" description={heading(trend)}>Where it is heading</Header>}>
      {spec && <Picture spec={spec} label="Units a week taken apart: what was asked for, its level, its season upon it, and what campaigns added." />}
    </Container>
  );
}

/** A trend as a sentence, with how sure it is. */
export function heading(trend: Trend): string {
  const { direction, percent_a_week: change, low, high, campaign_percent: campaign, campaign_low: least, campaign_high: most } = trend;
  const range = low !== null && high !== null ? ` (${percent(low)} to ${percent(high)})` : "";
  const way = direction === "unknown" || change === null ? "Too little has happened to say where it is heading." : direction === "steady" ? `Neither rises nor falls for certain: ${percent(change)} a week${range} may be chance.` : `${direction === "rising" ? "Rises" : "Falls"} by ${percent(Math.abs(change)).replace("+", "")} a week${range}, season and campaigns aside.`;
  return campaign === null ? way : `${way} Its campaigns brought ${percent(campaign)}${least !== null && most !== null ? ` (${percent(least)} to ${percent(most)})` : ""}.`;
}
