/**
 * What the portal says: a language is a folder in words/, en/ names the keys. first.json is there before anything is drawn;
 * another group comes with the first page that needs it, before that page is drawn (app.tsx). A section is in one group.
 */
import { useSyncExternalStore } from "react";
import { speak } from "@shared/shown";
import type account from "./words/en/account.json";
import type first from "./words/en/first.json";
import type orders from "./words/en/orders.json";
import type product from "./words/en/product.json";

type File = typeof first & typeof product & typeof orders & typeof account;
export type Group = "first" | "product" | "orders" | "account";
export type Key = { [Section in keyof File & string]: `${Section}.${keyof File[Section] & string}` }[keyof File & string];
type Plural<K extends string> = K extends `${infer Stem}_other` ? Stem : never;
type Values = Record<string, string | number>;
type Spoken = Record<string, Record<string, string>>;

const files = import.meta.glob<Spoken>("./words/*/*.json", { import: "default" });
export const LANGUAGES = [...new Set(Object.keys(files).map((path) => path.split("/")[2]!))];

const needed = new Set<Group>(["first"]);
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
  spoken = await wordsIn(chosen);
  language = chosen;
  localStorage.setItem(KEPT, chosen);
  document.documentElement.lang = chosen;
  speak(chosen, region);
  listeners.forEach((listener) => listener());
}

/** Have these words too, in whichever language is spoken by then. */
export async function needWords(...groups: readonly Group[]): Promise<void> {
  groups.forEach((group) => needed.add(group));
  const asked = language;
  const found = await wordsIn(asked);
  if (asked !== language) return needWords();
  spoken = found;
}

/** All that is needed, also what was asked for meanwhile. */
async function wordsIn(chosen: string): Promise<Spoken> {
  const groups = [...needed];
  const found = await Promise.all(groups.map((group) => files[`./words/${chosen}/${group}.json`]!()));
  return groups.length === needed.size ? Object.assign({}, ...found) : wordsIn(chosen);
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
