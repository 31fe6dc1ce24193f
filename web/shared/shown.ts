/** Numbers, amounts and dates as people read them, by Intl, in the language that is set. */

let language = "en";
// Of the programme's store: a day is shown where the member is, so no time zone is set anywhere.
let region = "US";

/** Which language and region every amount and date is shown in. */
export function speak(newLanguage: string, newRegion: string): void {
  language = newLanguage;
  region = newRegion;
  formats.clear();
}

const formats = new Map<string, Intl.NumberFormat | Intl.DateTimeFormat | Intl.RelativeTimeFormat>();

function format<Kind extends Intl.NumberFormat | Intl.DateTimeFormat | Intl.RelativeTimeFormat>(name: string, make: (locale: string) => Kind): Kind {
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
  const thisYear = date.getFullYear() === new Date().getFullYear();
  return format(`day ${plain} ${thisYear}`, (at) => {
    const year = thisYear ? ({ weekday: "short" } as const) : ({ year: "numeric" } as const);
    const zone = plain ? ({ timeZone: "UTC" } as const) : {};
    return new Intl.DateTimeFormat(at, { day: "numeric", month: "short", ...year, ...zone });
  }).format(date);
}

const SOON_DAYS = 330;

/** Whether a plain date is ahead by less than most of a year, so that it needs no year to be understood. */
export const isSoon = (plain: string): boolean => Date.parse(`${plain}T00:00:00Z`) - Date.now() < SOON_DAYS * 86_400_000;

/** A plain date in a sentence, "June 30"; with its year where the next June 30 is not meant. */
export function date(plain: string): string {
  const soon = isSoon(plain);
  return format(`date ${soon}`, (at) => {
    return new Intl.DateTimeFormat(at, { day: "numeric", month: "long", timeZone: "UTC", ...(soon ? {} : { year: "numeric" }) });
  }).format(new Date(`${plain}T00:00:00Z`));
}

/** "Nov 26, 2026": for documents and statements. */
export const fullDay = (instant: string): string =>
  format("full day", (at) => new Intl.DateTimeFormat(at, { dateStyle: "medium" })).format(new Date(instant));

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
