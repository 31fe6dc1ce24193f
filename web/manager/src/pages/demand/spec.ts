/** The pictures of demand as Vega-Lite specs. Each point brings its own words; nothing is computed in the picture. */
import type { TopLevelSpec } from "vega-lite";
import { day } from "@shared/shown";
import type { Schemas } from "../../api";
import type { Drill } from "../reports/spec";
import { between, nameOf, percent, type Trend, units } from "./shown";

type Curve = Schemas["Curve"];
type Week = Schemas["WeekExpected"];
type Category = Schemas["CategoryExpected"];
type NightPast = Schemas["NightPast"];
type Encoding = Record<string, unknown>;

const FONT = "'Open Sans', 'Helvetica Neue', Roboto, Arial, sans-serif";
const BLUES = ["#dfe7fb", "#b9caf5", "#86a2ea"] as const;
const [INK, DEEP, ORANGE, GREY] = ["#424650", "#2b4bad", "#e07941", "#d5d7dd"] as const;
const DAY_MS = 86_400_000;
// Of the past as much as the eye needs to judge what comes.
const PAST_SHOWN = { day: 60, week: 39 } as const;
const MOST_BARS = 12;

const config = {
  font: FONT,
  view: { stroke: null },
  axis: { labelColor: INK, titleColor: INK, gridColor: "#ebebf0", domainColor: "#c6c6cd", tickColor: "#c6c6cd", labelFontSize: 12, titleFontSize: 12, titleFontWeight: 600 },
  legend: { orient: "top", direction: "horizontal", labelColor: INK, labelFontSize: 12, symbolType: "square", columns: 5, labelLimit: 240, title: null },
};

const whole = (part: object, height = 300) => ({ $schema: "https://vega.github.io/schema/vega-lite/v6.json", width: "container", height, background: "transparent", autosize: { type: "fit", contains: "padding" }, config, ...part }) as TopLevelSpec;

const at = (first: string, steps: number, days: number) => Date.parse(`${first}T00:00:00Z`) + steps * days * DAY_MS;
const dayOf = (instant: number) => day(new Date(instant).toISOString().slice(0, 10));

const time: Encoding = { field: "x", type: "temporal", title: null, scale: { type: "utc" }, axis: { format: "%b %-d", labelOverlap: true, grid: false, tickCount: 10 } };
const up = (title: string): Encoding => ({ type: "quantitative", title, axis: { tickCount: 5, titleAnchor: "end" } });

/** A layer of one colour that the legend calls by its name. */
function named(names: readonly (readonly [string, string])[], columns = names.length) {
  const scale = { domain: names.map(([name]) => name), range: names.map(([, colour]) => colour) };
  return (name: string) => ({ color: { datum: name, type: "nominal", scale, legend: { columns } } });
}

const band = (values: readonly object[], low: string, high: string, title: string, colour: object) => ({ data: { values }, mark: { type: "area" }, encoding: { x: time, y: { field: low, ...up(title) }, y2: { field: high }, ...colour } });
const line = (values: readonly object[], field: string, title: string, colour: object, more: object = {}) => ({ data: { values }, mark: { type: "line", strokeWidth: 2, ...more }, encoding: { x: time, y: { field, ...up(title) }, ...colour } });

/** Under the cursor: all that is known of the nearest place. */
const cursor = (values: readonly object[], fields: readonly (readonly [string, string])[]) => ({
  data: { values },
  params: [{ name: "near", select: { type: "point", nearest: true, on: "pointerover", clear: "pointerout", encodings: ["x"] } }],
  mark: { type: "rule", color: "#8c8c94", strokeWidth: 1 },
  encoding: { x: time, opacity: { condition: { param: "near", empty: false, value: 1 }, value: 0 }, tooltip: fields.map(([field, title]) => ({ field, type: "nominal", title })) },
});

/** One product: the past, the median, and three ranges that widen; grey where it could not be had. */
export function fan(curve: Curve): TopLevelSpec {
  const days = curve.period === "week" ? 7 : 1;
  const title = curve.period === "week" ? "Units a week" : "Units a day";
  const [past90, past80, past50, median, past] = ["9 times in 10", "8 times in 10", "Every other time", "In the middle", "What was asked for"] as const;
  const colour = named([[past, INK], [median, DEEP], [past50, BLUES[2]], [past80, BLUES[1]], [past90, BLUES[0]]]);
  const from = Math.max(0, curve.history.length - PAST_SHOWN[curve.period]);
  const history = curve.history_from === null ? [] : curve.history.map((value, place) => ({ x: at(curve.history_from!, place, days), value })).slice(from);
  const ahead = curve.q50.map((value, place) => ({ x: at(curve.first_on, place, days), value, q05: curve.q05[place], q10: curve.q10[place], q25: curve.q25[place], q75: curve.q75[place], q90: curve.q90[place], q95: curve.q95[place] }));
  const missing = history.filter(({ value }) => value === null).map(({ x }) => ({ x: x - (days * DAY_MS) / 2, x2: x + (days * DAY_MS) / 2 }));
  const places = [
    ...history.map(({ x, value }) => ({ x, label: dayOf(x), words: value === null ? "could not be had" : units(value), fifty: "–", eighty: "–", ninety: "–" })),
    ...ahead.map((one) => ({ x: one.x, label: dayOf(one.x), words: units(one.value), fifty: between(one.q25!, one.q75!), eighty: between(one.q10!, one.q90!), ninety: between(one.q05!, one.q95!) })),
  ];
  return whole({
    layer: [
      ...(missing.length ? [{ data: { values: missing }, mark: { type: "rect", color: GREY, opacity: 0.6 }, encoding: { x: time, x2: { field: "x2" } } }] : []),
      band(ahead, "q05", "q95", title, colour(past90)),
      band(ahead, "q10", "q90", title, colour(past80)),
      band(ahead, "q25", "q75", title, colour(past50)),
      ...(history.length ? [line(history, "value", title, colour(past), { strokeWidth: 1.5, invalid: "break-paths-show-domains" })] : []),
      line(ahead, "value", title, colour(median), { strokeWidth: 2.5 }),
      cursor(places, [["label", curve.period === "week" ? "Week from" : "Day"], ["words", "Units"], ["fifty", past50], ["eighty", past80], ["ninety", past90]]),
    ],
  }, 340);
}

/** All that fits, added up: what will be, within two ranges of which neither is the truth. */
export function sums(weeks: readonly Week[]): TopLevelSpec {
  const title = "Units a week";
  const [past, mean, apart, together] = ["What was asked for", "On average", "If products go their own ways", "If all go low, or high, at once"] as const;
  const colour = named([[past, INK], [mean, DEEP], [apart, BLUES[2]], [together, BLUES[0]]], 2);
  const points = weeks.map((week) => ({ ...week, x: at(week.week_on, 0, 0) }));
  const history = points.filter((one) => one.units !== null).slice(-PAST_SHOWN.week);
  const ahead = points.filter((one) => one.mean !== null);
  const places = [
    ...history.map((one) => ({ x: one.x, label: day(one.week_on), words: units(one.units!), apart: "–", together: "–" })),
    ...ahead.map((one) => ({ x: one.x, label: day(one.week_on), words: units(one.mean!), apart: between(one.low_apart!, one.high_apart!), together: between(one.low_together!, one.high_together!) })),
  ];
  return whole({
    layer: [
      band(ahead, "low_together", "high_together", title, colour(together)),
      band(ahead, "low_apart", "high_apart", title, colour(apart)),
      ...(history.length ? [line(history, "units", title, colour(past), { strokeWidth: 1.5 })] : []),
      line(ahead, "mean", title, colour(mean), { strokeWidth: 2.5 }),
      cursor(places, [["label", "Week from"], ["words", "Units"], ["apart", apart], ["together", together]]),
    ],
  });
}

/** Four weeks of each category, with the range of its products going their own ways. */
export function bars(categories: readonly Category[]): TopLevelSpec {
  const values = categories.slice(0, MOST_BARS).map((one) => ({ label: one.category_name || "Without a category", value: one.units, low: one.low_apart, high: one.high_apart, words: `${units(one.units)} (${between(one.low_apart, one.high_apart)})`, drill: { category: one.category } satisfies Drill }));
  const y = { field: "label", type: "nominal", sort: values.map(({ label }) => label), title: null, axis: { labelLimit: 160, ticks: false, domain: false }, scale: { paddingInner: 0.3 } };
  return whole({
    data: { values },
    layer: [
      { mark: { type: "bar", color: BLUES[2], cornerRadiusEnd: 2, cursor: "pointer" }, encoding: { y, x: { field: "value", ...up("Units in four weeks") }, tooltip: [{ field: "label", type: "nominal", title: " " }, { field: "words", type: "nominal", title: "Units" }] } },
      { mark: { type: "rule", color: INK, strokeWidth: 2 }, encoding: { y, x: { field: "low", type: "quantitative" }, x2: { field: "high" } } },
    ],
  }, Math.max(120, values.length * 30));
}

/** How fast each rises or falls; the line over a bar is what chance leaves open. */
export function slopes(trends: readonly Trend[]): TopLevelSpec {
  const values = trends.filter(({ percent_a_week: change }) => change !== null).slice(0, MOST_BARS).map((one) => ({ label: nameOf(one), value: one.percent_a_week, low: one.low, high: one.high, tone: one.direction === "rising" ? "#2ea597" : one.direction === "falling" ? "#c33d69" : "#8c8c94", words: `${percent(one.percent_a_week!)}${one.low !== null && one.high !== null ? ` (${percent(one.low)} to ${percent(one.high)})` : ""}` }));
  const y = { field: "label", type: "nominal", sort: values.map(({ label }) => label), title: null, axis: { labelLimit: 260, ticks: false, domain: false }, scale: { paddingInner: 0.3 } };
  return whole({
    data: { values },
    layer: [
      { mark: { type: "bar", cornerRadiusEnd: 2 }, encoding: { y, x: { field: "value", ...up("Percent a week") }, color: { field: "tone", type: "nominal", scale: null, legend: null }, tooltip: [{ field: "label", type: "nominal", title: " " }, { field: "words", type: "nominal", title: "A week" }] } },
      { mark: { type: "rule", color: "#16191f", strokeWidth: 2 }, encoding: { y, x: { field: "low", type: "quantitative" }, x2: { field: "high" } } },
    ],
  }, Math.max(120, values.length * 28));
}

/** What was asked for, taken apart: level, season upon it, what campaigns added upon both. */
export function parts(trend: Trend): TopLevelSpec {
  const [asked, level, season, campaign] = ["What was asked for", "Level", "Level and season", "Added by campaigns"] as const;
  const colour = named([[asked, "#8c8c94"], [level, DEEP], [season, "#2ea597"], [campaign, ORANGE]]);
  const values = trend.units.map((value, place) => {
    const [flat, swing, extra] = [trend.level[place] ?? 0, trend.season[place] ?? 0, trend.campaign[place] ?? 0];
    return { x: at(trend.first_on, place, 7), value, level: flat, season: flat + swing, top: flat + swing + extra, label: day(new Date(at(trend.first_on, place, 7)).toISOString().slice(0, 10)), w: units(value), wl: units(flat), ws: `${swing >= 0 ? "+" : "−"}${units(Math.abs(swing))}`, wc: units(extra) };
  });
  return whole({
    layer: [
      band(values, "season", "top", "Units a week", colour(campaign)),
      line(values, "value", "Units a week", colour(asked), { strokeWidth: 1.5 }),
      line(values, "season", "Units a week", colour(season), { strokeWidth: 1.5, strokeDash: [4, 3] }),
      line(values, "level", "Units a week", colour(level), { strokeWidth: 2.5 }),
      cursor(values, [["label", "Week from"], ["w", asked], ["wl", level], ["ws", "Season"], ["wc", campaign]]),
    ],
  });
}

/** How far forecasts were from what came, night by night, beside repeating the past. */
export function errors(nights: readonly NightPast[]): TopLevelSpec | null {
  const measured = [...nights].reverse().filter(({ wql_lately: error }) => error !== null);
  if (measured.length < 2) return null;
  const [ours, naive] = ["Forecast", "Repeating the past"] as const;
  const colour = named([[ours, DEEP], [naive, "#8c8c94"]]);
  const values = measured.map((one) => ({ x: at(one.as_of, 0, 0), ours: one.wql_lately, naive: one.wql_naive_lately, label: day(one.as_of), wo: one.wql_lately!.toFixed(2), wn: one.wql_naive_lately?.toFixed(2) ?? "–" }));
  return whole({
    layer: [
      line(values, "naive", "Error (share of units)", colour(naive), { strokeDash: [4, 3] }),
      line(values, "ours", "Error (share of units)", colour(ours), { strokeWidth: 2.5, point: { size: 26, filled: true } }),
      cursor(values, [["label", "Known up to"], ["wo", ours], ["wn", naive]]),
    ],
  }, 240);
}
