/** A metric's `chart` as a Vega-Lite spec. Nothing is computed in the picture but places: each point brings its own words. */
import type { TopLevelSpec } from "vega-lite";
import { minorDigits } from "@shared/shown";
import { type Cell, type Choices, type Column, drawnCurrency, figure, type Metric, type Row, shown } from "./values";

/** What a click on a point leads to: filters for the metric that says more. */
export type Drill = Partial<Record<"from" | "to" | "tier" | "category" | "campaign", string>>;

type Point = { x: string | number; label: string; series: string; value: number; words: string; drill: Drill; low?: number; high?: number };
type Encoding = Record<string, unknown>;

const HEIGHT = 260;
// From here on white reads better than black on a heatmap's blue.
const LIGHT_FROM = 0.75;
// Bars below one another that a card has room for; the table has all.
const MOST_BARS = 12;
const MOST_WRITTEN_CELLS = 170;
const MOST_TICKS = 40;
const COLOURS = ["#688ae8", "#c33d69", "#2ea597", "#8456ce", "#e07941", "#3759ce", "#962249", "#096f64", "#6237a7", "#a84401"];
const FONT = "'Open Sans', 'Helvetica Neue', Roboto, Arial, sans-serif";
// Sums of rows mean something; shares and averages of different rows do not.
const ADDED = new Set(["points", "money", "count"]);

const config = {
  font: FONT,
  view: { stroke: null },
  axis: { labelColor: "#424650", titleColor: "#424650", gridColor: "#ebebf0", domainColor: "#c6c6cd", tickColor: "#c6c6cd", labelFontSize: 12, titleFontSize: 12, titleFontWeight: 600 },
  legend: { orient: "top", direction: "horizontal", labelColor: "#424650", labelFontSize: 12, symbolType: "circle", columns: 4, labelLimit: 160 },
  range: { category: COLOURS },
};

/** The picture of an answer; null if it has nothing to draw (a table, or no rows). `own`: the programme's currency. */
export function spec(metric: Metric, rows: readonly Row[], choices: Choices, own: string): TopLevelSpec | null {
  const { chart } = metric;
  const column = (name: string | null | undefined) => metric.columns.find((one) => one.name === name);
  const x = column(chart.x);
  if (chart.kind === "table" || !x || rows.length === 0) return null;
  const only = drawnCurrency(rows, own);
  const drawn = only ? rows.filter((row) => row.currency === only) : rows;
  if (chart.kind === "heatmap") {
    const y = column(chart.y[0]);
    const value = column(chart.value);
    return y && value ? whole(heatmap(x, y, value, drawn, choices)) : null;
  }
  const measures = chart.y.map(column).filter((one) => one !== undefined);
  const first = measures[0];
  if (!first) return null;
  const points = pointsOf(x, measures, column(chart.colour), drawn, choices, chart.range);
  if (points.length === 0) return null;
  const scale = { format: first.format, currency: String(drawn[0]?.currency ?? "") };
  if (chart.kind === "line" || chart.kind === "area") return whole(lines(chart.kind, x, points, measures, scale));
  if (x.kind === "text") return whole(barsAcross(points, measures, scale));
  return whole(barsUp(x, points, measures, scale, chart.kind === "stacked"));
}

const whole = (part: object) => ({ $schema: "https://vega.github.io/schema/vega-lite/v6.json", width: "container", height: HEIGHT, background: "transparent", autosize: { type: "fit", contains: "padding" }, config, ...part }) as TopLevelSpec;

/** A point for each place and series; rows that differ in what is not drawn are added where that means something. */
function pointsOf(x: Column, measures: readonly Column[], colour: Column | undefined, rows: readonly Row[], choices: Choices, range: readonly string[]): Point[] {
  const found = new Map<string, Point & { row: Row; measure: Column }>();
  const named = new Map<string, Cell>();
  for (const row of rows) {
    const place = row[x.name] ?? null;
    if (place === null) continue;
    let label = shown(x, place, row, choices);
    // Two products of one title are two bars.
    if (row.asin !== undefined && (named.get(label) ?? row.asin) !== row.asin) label = `${label} (${row.asin})`;
    named.set(label, row.asin ?? null);
    for (const measure of measures) {
      const value = row[measure.name];
      if (typeof value !== "number") continue;
      const series = colour ? shown(colour, row[colour.name] ?? null, row, choices) : measure.title;
      const key = JSON.stringify([label, series]);
      const before = found.get(key);
      if (before && ADDED.has(measure.format ?? "")) before.value += value;
      else if (!before) found.set(key, { x: placeOf(x, place, label), label, series, value, words: "", drill: drillOf([x, colour], row), row, measure });
    }
  }
  return [...found.values()].map(({ row, measure, ...point }) => {
    const currency = String(row.currency ?? "");
    const [low, high] = range.map((name) => row[name]);
    const between = typeof low === "number" && typeof high === "number" ? { low, high } : {};
    const words = figure(measure.format, point.value, currency) + ("low" in between ? ` (${figure(measure.format, between.low!, currency)} to ${figure(measure.format, between.high!, currency)})` : "");
    return { ...point, ...between, words, value: measure.format === "money" && currency ? point.value / 10 ** minorDigits(currency) : point.value };
  });
}

function placeOf(x: Column, value: Cell, label: string): string | number {
  if (x.kind === "month" || x.kind === "date") return Date.parse(`${String(value).slice(0, 10)}T00:00:00Z`);
  return x.kind === "number" && x.name !== "weekday" ? Number(value) : label;
}

/** What a place of the picture says as filters: its level, its category, its campaign, its month. */
export function drillOf(columns: readonly (Column | undefined)[], row: Row): Drill {
  const drill: Drill = {};
  for (const column of columns) {
    const value = column && row[column.name];
    if (!column || typeof value !== "string") continue;
    if (column.name === "tier" || column.name === "category" || column.name === "campaign") drill[column.name] = value;
    if (column.name === "month") {
      const [year, month] = value.split("-").map(Number) as [number, number];
      Object.assign(drill, { from: value.slice(0, 10), to: new Date(Date.UTC(year, month, 0)).toISOString().slice(0, 10) });
    }
  }
  return drill;
}

type Scale = { format: Column["format"]; currency: string };

const axis = ({ format, currency }: Scale, title: string): Encoding => ({
  title: format !== "money" || !currency ? title : title ? `${title} (${currency})` : currency,
  axis: {
    // Thousands are written short (12k); what is below one has no such name that anybody knows.
    labelExpr: format === "percent" ? "format(datum.value, '~%')" : format === "ratio" || format === "days" ? "format(datum.value, '~g')" : "abs(datum.value) < 1000 ? format(datum.value, '~r') : replace(format(datum.value, '~s'), 'G', 'B')",
    tickCount: 5,
    // Half a member is none.
    ...(format === "count" || format === "points" ? { tickMinStep: 1 } : {}),
    titleAnchor: "end",
  },
});

/** One measure names the axis; several are named by the legend. */
const titleOf = (measures: readonly Column[]) => (measures.length === 1 ? measures[0]!.title : measures[0]!.format === "percent" ? "Share" : "");

const seriesOf = (points: readonly Point[]) => [...new Set(points.map(({ series }) => series))];

function colourBy(points: readonly Point[]): Encoding {
  const there = seriesOf(points);
  return there.length > 1 ? { color: { field: "series", type: "nominal", sort: there, title: null, scale: { domain: there } } } : { color: { value: COLOURS[0] } };
}

/** What is under the cursor: one measure by its name, several by what the legend calls them. */
const told = (points: readonly Point[], measures: readonly Column[]) => {
  const there = seriesOf(points);
  const place = { field: "label", type: "nominal", title: " " };
  if (there.length === 1) return [place, { field: "words", type: "nominal", title: there[0]! }];
  return [place, { field: "series", type: "nominal", title: "What" }, { field: "words", type: "nominal", title: measures.length === 1 ? measures[0]!.title : "Value" }];
};

function lines(kind: "line" | "area", x: Column, points: readonly Point[], measures: readonly Column[], scale: Scale): object {
  const there = seriesOf(points);
  const days = x.kind === "month" || x.kind === "date";
  const across = days
    ? { field: "x", type: "temporal", title: null, scale: { type: "utc" }, axis: { format: "%b %Y", labelOverlap: true, grid: false, tickCount: 8 } }
    : { field: "x", type: "quantitative", title: x.title, scale: { zero: false, nice: false }, axis: { grid: false, format: "d" } };
  const up = { field: "value", type: "quantitative", ...axis(scale, titleOf(measures)) };
  // Under the cursor is a place with all that is known of it.
  const places = [...new Set(points.map((point) => point.x))].map((place) => {
    const here = points.filter((point) => point.x === place);
    return { x: place, label: here[0]!.label, drill: here.length === 1 ? here[0]!.drill : { ...pick(here[0]!.drill, "from"), ...pick(here[0]!.drill, "to") }, ...Object.fromEntries(there.map((series, at) => [`s${at}`, here.find((point) => point.series === series)?.words ?? "–"])) };
  });
  const values = [{ field: "label", type: "nominal", title: x.title }, ...there.map((series, at) => ({ field: `s${at}`, type: "nominal", title: series }))];
  const near = { name: "near", select: { type: "point", nearest: true, on: "pointerover", clear: "pointerout", encodings: ["x"] } };
  return {
    layer: [
      { data: { values: points }, mark: kind === "area" ? { type: "area", line: { strokeWidth: 2 }, fillOpacity: 0.15 } : { type: "line", strokeWidth: 2, point: { size: 26, filled: true } }, encoding: { x: across, y: { ...up, ...(kind === "area" && there.length === 1 ? { stack: null } : {}) }, ...colourBy(points) } },
      {
        data: { values: places },
        params: [near],
        mark: { type: "rule", color: "#8c8c94", strokeWidth: 1 },
        encoding: { x: across, opacity: { condition: { param: "near", empty: false, value: 1 }, value: 0 }, tooltip: values },
      },
    ],
  };
}

const pick = (drill: Drill, key: keyof Drill): Drill => (drill[key] === undefined ? {} : { [key]: drill[key] });

/** Bars with names of any length: below one another, as the answer orders them. */
function barsAcross(points: readonly Point[], measures: readonly Column[], scale: Scale): object {
  const labels = [...new Set(points.map(({ label }) => label))].slice(0, MOST_BARS);
  const there = seriesOf(points);
  const beside = there.length > 1 && points.length > labels.length;
  const values = points.filter(({ label }) => labels.includes(label));
  const y = { field: "label", type: "nominal", sort: labels, title: null, axis: { labelLimit: 200, ticks: false, domain: false }, scale: { paddingInner: 0.25 } };
  const side = beside ? { yOffset: { field: "series", sort: there } } : {};
  const bars = { mark: { type: "bar", cornerRadiusEnd: 2, cursor: "pointer" } };
  // What chance alone explains is seen at once: a line over the bar that crosses zero.
  const ranges = { mark: { type: "rule", strokeWidth: 2, color: "#16191f" }, encoding: { y, ...side, x: { field: "low", type: "quantitative" }, x2: { field: "high" } } };
  const ranged = values.some(({ low }) => low !== undefined);
  const drawn = {
    ...bars,
    encoding: { y, x: { field: "value", type: "quantitative", ...axis(scale, titleOf(measures)) }, ...side, ...colourBy(points), tooltip: told(points, measures) },
  };
  return {
    height: Math.max(HEIGHT, labels.length * (beside ? 14 * there.length + 8 : 24)),
    data: { values },
    ...(ranged ? { layer: [drawn, ranges] } : drawn),
  };
}

/** Bars over months, days or weekdays, in time's order; `stacked` on top of one another. */
function barsUp(x: Column, points: readonly Point[], measures: readonly Column[], scale: Scale, stacked: boolean): object {
  const ordered = x.name === "weekday" ? points : [...points].sort((one, other) => Number(one.x) - Number(other.x));
  const labels = [...new Set(ordered.map(({ label }) => label))];
  const there = seriesOf(points);
  return {
    data: { values: points },
    mark: { type: "bar", cursor: "pointer", ...(stacked ? {} : { cornerRadiusEnd: 2 }) },
    encoding: {
      x: { field: "label", type: "ordinal", sort: labels, title: null, axis: { labelAngle: labels.length > 8 ? -45 : 0, labelOverlap: true, labelAlign: labels.length > 8 ? "right" : "center", ticks: labels.length <= MOST_TICKS } },
      y: { field: "value", type: "quantitative", stack: stacked ? "zero" : null, ...axis(scale, titleOf(measures)) },
      ...(!stacked && there.length > 1 ? { xOffset: { field: "series", sort: there } } : {}),
      ...colourBy(points),
      tooltip: told(points, measures),
    },
  };
}

/** A value for each pair, written into the cells while there is room. */
function heatmap(x: Column, y: Column, value: Column, rows: readonly Row[], choices: Choices): object {
  const sums = new Map<string, { across: Cell; down: Cell; value: number; row: Row }>();
  for (const row of rows) {
    const amount = row[value.name];
    if (typeof amount !== "number") continue;
    const [across, down] = [row[x.name] ?? null, row[y.name] ?? null];
    const key = JSON.stringify([across, down]);
    const before = sums.get(key);
    if (before && ADDED.has(value.format ?? "")) before.value += amount;
    else if (!before) sums.set(key, { across, down, value: amount, row });
  }
  const most = Math.max(...[...sums.values()].map((cell) => cell.value), 0);
  const cells = [...sums.values()].map((cell) => ({
    across: shown(x, cell.across, cell.row, choices),
    down: shown(y, cell.down, cell.row, choices),
    value: cell.value,
    words: figure(value.format, cell.value, String(cell.row.currency ?? "")),
    short: value.format === "percent" ? `${Math.round(cell.value * 100)}` : figure(value.format, cell.value, ""),
    light: cell.value > most * LIGHT_FROM,
    drill: drillOf([x, y], cell.row),
  }));
  const order = (column: Column, pick: "across" | "down") => {
    const labels = [...sums.values()].map((cell) => ({ at: cell[pick], label: shown(column, cell[pick], cell.row, choices) }));
    if (column.name.endsWith("tier") && choices.tier) return choices.tier.map(({ words }) => words).filter((words) => labels.some(({ label }) => label === words));
    const by = column.kind === "number" ? (one: Cell, other: Cell) => Number(one) - Number(other) : (one: Cell, other: Cell) => String(one).localeCompare(String(other));
    return [...new Set(labels.sort((one, other) => by(one.at, other.at)).map(({ label }) => label))];
  };
  const placed = {
    x: { field: "across", type: "ordinal", sort: order(x, "across"), title: x.title, axis: { labelAngle: 0, labelOverlap: true, ticks: false, domain: false } },
    y: { field: "down", type: "ordinal", sort: order(y, "down"), title: y.title, axis: { ticks: false, domain: false } },
  };
  const tooltip = [{ field: "across", type: "nominal", title: x.title }, { field: "down", type: "nominal", title: y.title }, { field: "words", type: "nominal", title: value.title }];
  const colour = { field: "value", type: "quantitative", title: null, legend: null, scale: { range: ["#eef2fd", "#2b4bad"], domain: [0, most || 1] } };
  const written = { mark: { type: "text", fontSize: 11 }, encoding: { text: { field: "short" }, color: { condition: { test: "datum.light", value: "#ffffff" }, value: "#0f141a" } } };
  const boxes = { mark: { type: "rect", stroke: "#ffffff", strokeWidth: 1 }, encoding: { color: colour, tooltip } };
  return { data: { values: cells }, encoding: placed, layer: [boxes, ...(cells.length <= MOST_WRITTEN_CELLS ? [{ ...written, encoding: { ...written.encoding, tooltip } }] : [])] };
}
