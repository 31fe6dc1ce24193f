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
export type Category = { code: string; names: Record<string, string> };

export type Catalogue = {
  offer_max_age_hours: number | null;
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
