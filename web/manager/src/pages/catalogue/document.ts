/** The document's part `catalogue`, as these pages edit it. */

export type Matching = {
  categories: string[];
  asins: string[];
  brands: string[];
  keywords: string[];
  price_from_minor: number | null;
  price_to_minor: number | null;
  min_stars_tenths: number | null;
  min_merchant_stars_tenths: number | null;
  by_amazon: boolean | null;
};

export type Effect = "include" | "exclude" | "limit";
export type Rule = { code: string; effect: Effect; matching: Matching; audience: { tiers: string[]; countries: string[] } };
export type OwnStock = { asin: string; lead_days: number | null; service_percent: number };
export type Category = { code: string; names: Record<string, string> };

export type Catalogue = {
  offer_max_age_hours: number | null;
  slow_delivery_days: number | null;
  own_stock?: OwnStock[];
  hidden_asins: string[];
  hidden_categories: string[];
  featured_asins: string[];
  rules: Rule[];
  categories: Category[];
  mapping: Record<string, string>;
};

export const freshRule = (code: string): Rule => ({
  code,
  effect: "exclude",
  matching: { categories: [], asins: [], brands: [], keywords: [], price_from_minor: null, price_to_minor: null, min_stars_tenths: null, min_merchant_stars_tenths: null, by_amazon: null },
  audience: { tiers: [], countries: [] },
});

const USUAL_SERVICE_PERCENT = 95;

/** A line each: product, days until an order comes and, unless it is the usual one, in how many of a hundred cases there is enough. */
export const linesOf = (kept: readonly OwnStock[]): string[] =>
  kept.map(({ asin, lead_days, service_percent }) =>
    [asin, lead_days ?? "", service_percent === USUAL_SERVICE_PERCENT ? "" : service_percent].join(" ").trim(),
  );

/** What is no number is left for the API to say. */
export const keptOf = (lines: readonly string[]): OwnStock[] =>
  lines.map((line) => {
    const [asin = "", days, percent] = line.split(/\s+/);
    const number = (text: string | undefined) => (text && /^\d+$/.test(text) ? Number(text) : null);
    return { asin, lead_days: number(days), service_percent: number(percent) ?? USUAL_SERVICE_PERCENT };
  });
