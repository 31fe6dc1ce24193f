/** Numbers, amounts and dates as people read them, by Intl, in the language that is set. */
import { now } from "./now";

let language = "en";
// Of the programme's store: a day is shown where the member is, so no time zone is set anywhere.
let region = "US";

/** Which language and region every amount and date is shown in. */
export function speak(newLanguage: string, newRegion: string): void {
  language = newLanguage;
  region = newRegion;
  formats.clear();
}

type Format = Intl.NumberFormat | Intl.DateTimeFormat | Intl.RelativeTimeFormat | Intl.DisplayNames;

const formats = new Map<string, Format>();

function format<Kind extends Format>(name: string, make: (locale: string) => Kind): Kind {
  const known = formats.get(name) as Kind | undefined;
  const made = known ?? make(locale());
  if (!known) formats.set(name, made);
  return made;
}

/** "en-US": the language with its region, where that is one of the language's. */
export function locale(): string {
  return Intl.NumberFormat.supportedLocalesOf(`${language}-${region}`).length ? `${language}-${region}` : language;
}

/** 12400 → "12,400". */
export const number = (amount: number): string => format("number", (at) => new Intl.NumberFormat(at)).format(amount);

/** 500 → "+500", -500 → "−500". */
export const signed = (amount: number): string =>
  format("signed", (at) => new Intl.NumberFormat(at, { signDisplay: "exceptZero" })).format(amount).replace("-", "−");

/** (610, "USD") → "$6.10"; minor units by the currency's own number of them. */
export function money(minor: number, currency: string): string {
  const shown = format(`money ${currency}`, (at) => new Intl.NumberFormat(at, { style: "currency", currency }));
  return shown.format(minor / 10 ** minorDigits(currency));
}

/** How many digits a currency's minor unit has. */
export function minorDigits(currency: string): number {
  return format(`digits ${currency}`, () => new Intl.NumberFormat("en", { style: "currency", currency })).resolvedOptions().maximumFractionDigits ?? 2;
}

/** An instant's day, "Thu, Nov 26", with the year where it is another one. A plain date ("2027-06-30") stays that day. */
export function day(instant: string): string {
  const plain = /^\d{4}-\d\d-\d\d$/.test(instant);
  const date = new Date(plain ? `${instant}T00:00:00Z` : instant);
  // A plain date has its year in it; where the member is, its midnight may be in the year before.
  const thisYear = (plain ? Number(instant.slice(0, 4)) : date.getFullYear()) === new Date(now()).getFullYear();
  return format(`day ${plain} ${thisYear}`, (at) => {
    const year = thisYear ? ({ weekday: "short" } as const) : ({ year: "numeric" } as const);
    const zone = plain ? ({ timeZone: "UTC" } as const) : {};
    return new Intl.DateTimeFormat(at, { day: "numeric", month: "short", ...year, ...zone });
  }).format(date);
}

/** A day near now as one says it, "today", "tomorrow", "Thursday"; another one as `day` does. */
export function nearDay(instant: string): string {
  const date = new Date(instant);
  const midnight = (of: Date) => Date.UTC(of.getFullYear(), of.getMonth(), of.getDate());
  const days = Math.round((midnight(date) - midnight(new Date(now()))) / 86_400_000);
  if (days === 0 || days === 1) return format("near", (at) => new Intl.RelativeTimeFormat(at, { numeric: "auto" })).format(days, "day");
  if (days > 1 && days < 7) return format("weekday", (at) => new Intl.DateTimeFormat(at, { weekday: "long" })).format(date);
  return day(instant);
}

/** A plain date in a sentence, "June 30"; with its year where the next June 30 is not meant. */
export function date(plain: string): string {
  const at = Date.parse(`${plain}T00:00:00Z`);
  const next = at - now() < 330 * 86_400_000;
  return format(`date ${next}`, (locale) => {
    return new Intl.DateTimeFormat(locale, { day: "numeric", month: "long", timeZone: "UTC", ...(next ? {} : { year: "numeric" }) });
  }).format(at);
}

/** "Nov 26, 2026": for documents and statements. */
export const fullDay = (instant: string): string =>
  format("full day", (at) => new Intl.DateTimeFormat(at, { dateStyle: "medium" })).format(new Date(instant));

/** "November 30, 2027": a plain date, or an instant's day, as it stands in a sentence. */
export function longDay(instant: string): string {
  const plain = instant.length === 10;
  const zone = plain ? ({ timeZone: "UTC" } as const) : {};
  return format(`long day ${plain}`, (at) => new Intl.DateTimeFormat(at, { dateStyle: "long", ...zone })).format(new Date(instant));
}

/** "Mar 2027": a mark on a scale of months. */
export const month = (instant: Date): string =>
  format("month", (at) => new Intl.DateTimeFormat(at, { month: "short", year: "numeric" })).format(instant);

/** Whole days from today to a plain date, negative once it is past. */
export function daysUntil(date: string): number {
  const today = new Date(now());
  return Math.round((Date.parse(`${date}T00:00:00Z`) - Date.UTC(today.getFullYear(), today.getMonth(), today.getDate())) / 86_400_000);
}

/** 220 → "in 220 days", 0 → "today". */
export const inDays = (days: number): string =>
  format("in days", (at) => new Intl.RelativeTimeFormat(at, { numeric: "auto" })).format(days, "day");

/** "de" → "Deutsch": a language by its own name. */
export const languageName = (code: string): string => new Intl.DisplayNames(code, { type: "language" }).of(code) ?? code;

/** "US" → "United States". */
export const countryName = (code: string): string =>
  format("country", (at) => new Intl.DisplayNames(at, { type: "region" })).of(code) ?? code;

/** "9:14 AM". */
export const time = (instant: string): string =>
  format("time", (at) => new Intl.DateTimeFormat(at, { timeStyle: "short" })).format(new Date(instant));

/** "Thu, Nov 26, 9:14 AM". */
export const moment = (instant: string): string => `${day(instant)}, ${time(instant)}`;

/** Two instants as a span, "Nov 26 – 28"; one of them may be missing. */
export function span(from: string | null | undefined, to: string | null | undefined): string {
  if (!from || !to) return from || to ? day((from ?? to)!) : "";
  const shown = format("span", (at) => new Intl.DateTimeFormat(at, { weekday: "short", day: "numeric", month: "short" }));
  return shown.formatRange(new Date(from), new Date(to));
}

/** 125 → "2:05". */
export function minutes(seconds: number): string {
  const whole = Math.max(0, Math.ceil(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}
