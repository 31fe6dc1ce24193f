/** How forecasts, risks and the night they are from are written on every page of demand. */
import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { date, day, locale, moment, number } from "@shared/shown";
import type { Schemas } from "../../api";
import { Go } from "../../parts/Go";

export type Night = Schemas["NightSeen"];
export type Expected = Schemas["ExpectedSeen"];
export type Risk = Schemas["RiskSeen"];
export type Trend = Schemas["TrendSeen"];

export const DEMAND = ["demand"];
// A night may fail once; after that what is shown is no longer of now.
const OLD_DAYS = 3;

/** Units are wholes, forecasts of them are not: below ten one decimal tells more. */
export const units = (amount: number): string => (amount >= 10 ? number(Math.round(amount)) : new Intl.NumberFormat(locale(), { maximumFractionDigits: 1 }).format(amount));

export const between = (low: number, high: number): string => `${units(low)} to ${units(high)}`;

export const share = (part: number): string => new Intl.NumberFormat(locale(), { style: "percent", maximumFractionDigits: 0 }).format(part);

/** "+2.5 %": a change in parts of a hundred. */
export const percent = (amount: number): string => `${new Intl.NumberFormat(locale(), { signDisplay: "exceptZero", maximumFractionDigits: 1 }).format(amount).replace("-", "−")} %`;

export const nameOf = ({ title, asin }: { title: string; asin: string }): string => title || asin;

export const BASES: Record<Expected["basis"], string> = {
  model: "from its own past, and what products like it did",
  category: "too young for a forecast of its own: it follows its category",
  nothing: "nobody has asked for it yet",
};

export const CAUSES: Record<Risk["cause"], string> = {
  out_of_stock: "Sold out",
  slow: "Too slow",
  below_floor: "Too dear to give",
  gone: "Gone for good",
};

/** What is the matter, as a sentence. */
export function risked({ cause, is_out: out, probability }: Pick<Risk, "cause" | "is_out" | "probability">): string {
  if (out) return { out_of_stock: "Sold out now", slow: "Arrives too late now", below_floor: "Too dear to give now", gone: "Gone: Amazon has it no more" }[cause];
  const what = { out_of_stock: "to sell out", slow: "to arrive too late", below_floor: "to become too dear to give", gone: "to go for good" }[cause];
  return `${share(probability)} likely ${what} within 14 days`;
}

/** When it is likely to be there again. */
export function back({ back_from: from, back_until: until, is_out: out, cause }: Pick<Risk, "back_from" | "back_until" | "is_out" | "cause">): string | null {
  if (from && until) return from === until ? `Likely back on ${date(from)}.` : `Likely back between ${date(from)} and ${date(until)}.`;
  if (from) return `Likely not back before ${date(from)}.`;
  return out && cause !== "gone" ? "When it will be back nobody can say." : null;
}

/** Of which night it is; a page's description. */
export const asOf = (night: Night | null): string => (night ? `Worked out ${night.loaded_at ? moment(night.loaded_at) : "at night"} from everything up to ${day(night.as_of)}.` : "Worked out once a night.");

/** What somebody should know before they believe a figure. */
export function Doubts({ night }: { night: Night }) {
  return (
    <>
      {night.days_old >= OLD_DAYS && <Alert type="warning" header="These figures are old">{`The last night that came to its end knew everything up to ${day(night.as_of)}, ${number(night.days_old)} days ago. What has happened since is not in them. `}<Go to="/demand/health">See the nights</Go></Alert>}
      {night.drifted && <Alert type="warning" header="Forecasts are worse than usual">{"Lately they missed by more than they should. Take the wide ranges seriously, or let an earlier model forecast. "}<Go to="/demand/health">Model health</Go></Alert>}
    </>
  );
}

/** How far these figures can be trusted, as last measured. */
export function trusted({ wql_lately: error, wql_naive_lately: naive, coverage80_lately: coverage }: Night): string {
  const better = error !== null && naive ? 1 - error / naive : null;
  const said = [
    better !== null && `Lately forecasts missed by ${share(Math.abs(better))} ${better >= 0 ? "less" : "more"} than repeating the past would have.`,
    coverage !== null && `What came was within the 80 % range ${share(coverage)} of the time.`,
  ].filter(Boolean);
  return said.length ? said.join(" ") : "How far they missed lately was not measured yet.";
}

/** Before the first night: what comes, and from what. */
export function NoNight({ what }: { what: string }) {
  return (
    <Container header={<Header variant="h2">No night yet</Header>}>
      <SpaceBetween size="m">
        <Box variant="p">{what}</Box>
        <ol className="report-steps">
          <li><strong>The lake.</strong> Every night what members asked for, what could be had and what campaigns did is copied beside the programme, without anybody's name.</li>
          <li><strong>The model.</strong> One model learns from all products together; it is taken into use only if it does better than repeating the past.</li>
          <li><strong>The morning after.</strong> Forecasts, risks and trends stand here, all from the same night.</li>
        </ol>
        <Box color="text-body-secondary">Nothing has to be done for it. If it stays empty for days, who runs the platform finds the reason in the machine “insight”.</Box>
      </SpaceBetween>
    </Container>
  );
}
