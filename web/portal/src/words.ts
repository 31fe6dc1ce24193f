/** What the portal says: one file a language in words/, loaded when that language is spoken. en.json names the keys. */
import { useSyncExternalStore } from "react";
import { speak } from "@shared/shown";
import type english from "./words/en.json";

type File = typeof english;
export type Key = { [Section in keyof File & string]: `${Section}.${keyof File[Section] & string}` }[keyof File & string];
type Plural<K extends string> = K extends `${infer Stem}_other` ? Stem : never;
type Values = Record<string, string | number>;
type Spoken = Record<string, Record<string, string>>;

const files = import.meta.glob<{ default: Spoken }>("./words/*.json");
export const LANGUAGES = Object.keys(files).map((path) => path.slice("./words/".length, -".json".length));

let spoken: Spoken = {};
let language = "en";
const listeners = new Set<() => void>();

const KEPT = "language";

/** What was chosen on this device, else the first of the browser's languages that there is. */
export function preferredLanguage(fallback = "en"): string {
  const wishes = [localStorage.getItem(KEPT), ...navigator.languages.map((wish) => wish.slice(0, 2)), fallback];
  return wishes.find((wish): wish is string => wish !== null && LANGUAGES.includes(wish)) ?? "en";
}

/** Speak a language from now on; every page is drawn anew. */
export async function setLanguage(wanted: string, region: string): Promise<void> {
  const chosen = LANGUAGES.includes(wanted) ? wanted : "en";
  spoken = (await files[`./words/${chosen}.json`]!()).default;
  language = chosen;
  localStorage.setItem(KEPT, chosen);
  document.documentElement.lang = chosen;
  speak(chosen, region);
  listeners.forEach((listener) => listener());
}

/** The language that is spoken; a component that uses it is drawn anew when it changes. */
export function useLanguage(): string {
  return useSyncExternalStore(
    (listener) => (listeners.add(listener), () => listeners.delete(listener)),
    () => language,
  );
}

/** The same, outside of components: "de". */
export const spokenLanguage = (): string => language;

/** The words of a key; `{name}` in them is replaced. A key that is missing shows itself (a test finds it first). */
export function say(key: Key, values: Values = {}): string {
  return filled(word(key) ?? key, values);
}

/** The words for so many: `key_one`, `key_other` … by the language's own rules; `{count}` is shown as a number. */
export function sayCount(stem: Plural<Key>, count: number, values: Values = {}): string {
  const form = new Intl.PluralRules(language).select(count);
  const words = word(`${stem}_${form}`) ?? word(`${stem}_other`) ?? stem;
  return filled(words, { count: new Intl.NumberFormat(language).format(count), ...values });
}

/** The words of a code of the API ("status" "shipped"), or what the API itself says. */
export function sayCode(section: keyof File & string, code: string, otherwise = code): string {
  return spoken[section]?.[code] ?? otherwise;
}

function word(key: string): string | undefined {
  const [section, name] = key.split(".") as [string, string];
  return spoken[section]?.[name];
}

function filled(words: string, values: Values): string {
  return words.replace(/\{(\w+)\}/g, (whole, name: string) => (name in values ? String(values[name]) : whole));
}
