/** The links of the brand, and what each is called: by the programme's own texts, else by ours, else by its code. */
import { config } from "@shared/config";
import { sayCode, spokenLanguage } from "../words";

export function brandLinks(): { code: string; link: string; words: string }[] {
  const { links, texts } = config().brand;
  const own = texts[spokenLanguage()] ?? {};
  return Object.entries<string>(links).map(([code, link]) => ({ code, link, words: own[code] ?? sayCode("links", code, readable(code)) }));
}

/** "terms_of_sale" → "Terms of sale". */
const readable = (code: string): string => code.charAt(0).toUpperCase() + code.slice(1).replace(/[_-]+/g, " ").trimEnd();
