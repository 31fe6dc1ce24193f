/** Values of an answer as people read them: by a column's kind and format, money by its row's own currency. */
import type { Schemas } from "../../api";
import { locale, minorDigits, money, number } from "@shared/shown";
import { plain } from "../../words";

export type Metric = Schemas["MetricView"];
export type Answer = Schemas["MetricAnswer"];
export type Column = Schemas["ReportColumn"];
export type Choices = Schemas["Reports"]["choices"];
export type Cell = string | number | boolean | null;
export type Row = Readonly<Record<string, Cell>>;

const WEEKDAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
// Texts that are a person's or a shop's own words, and no codes of ours.
const SAID = new Set(["asin", "title", "category", "campaign", "currency", "funder", "lot", "member_key"]);
const FRACTIONS = { style: "decimal", maximumFractionDigits: 2 } as const;

/** The answer's rows by column. */
export const rowsOf = (answer: Answer): Row[] =>
  answer.rows.map((row) => Object.fromEntries(answer.columns.map((name, place) => [name, (row as Cell[])[place] ?? null])));

/** A cell in words. What is missing is a dash: there was nothing to divide by. */
export function shown(column: Column, value: Cell, row: Row, choices: Choices): string {
  if (value === null) return "–";
  if (column.kind === "measure") return figure(column.format, Number(value), String(row.currency ?? ""));
  if (column.kind === "month") return monthOf(String(value));
  if (column.kind === "date") return dayOf(String(value));
  if (column.name === "weekday") return WEEKDAYS[Number(value) - 1] ?? String(value);
  if (column.kind === "number") return String(value);
  const text = String(value);
  if (column.name.endsWith("tier")) return choices.tier?.find((one) => one.value === text)?.words ?? plain(text);
  return SAID.has(column.name) ? text : plain(text);
}

/** A measure's value; a price that is a fraction of the minor unit keeps its fraction. */
export function figure(format: Column["format"], value: number, currency: string): string {
  if (format === "percent") return new Intl.NumberFormat(locale(), { style: "percent", maximumFractionDigits: 1 }).format(value);
  if (format === "money") return currency ? amount(value, currency) : number(value);
  if (format === "days") return `${fraction(value)} ${value === 1 ? "day" : "days"}`;
  return format === "ratio" ? fraction(value) : number(Math.round(value));
}

function amount(minor: number, currency: string): string {
  if (Number.isInteger(minor)) return money(minor, currency);
  const major = minor / 10 ** minorDigits(currency);
  return new Intl.NumberFormat(locale(), { style: "currency", currency, maximumSignificantDigits: 3 }).format(major);
}

const fraction = (value: number) => new Intl.NumberFormat(locale(), FRACTIONS).format(value);

/** "2026-10-01" → "Oct 2026". */
export const monthOf = (first: string): string =>
  new Intl.DateTimeFormat(locale(), { month: "short", year: "numeric", timeZone: "UTC" }).format(new Date(`${first.slice(0, 7)}-01T00:00:00Z`));

/** "2026-10-31" → "Oct 31, 2026". */
const dayOf = (text: string): string =>
  new Intl.DateTimeFormat(locale(), { day: "numeric", month: "short", year: "numeric", timeZone: "UTC" }).format(new Date(`${text.slice(0, 10)}T00:00:00Z`));

/** Of an answer in several currencies the one that is drawn: sums of two are never one. */
export function drawnCurrency(rows: readonly Row[], own: string): string | null {
  const there = [...new Set(rows.map((row) => row.currency).filter((one) => typeof one === "string"))];
  return there.length > 1 ? (there.includes(own) ? own : there[0]!) : null;
}
