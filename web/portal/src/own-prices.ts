/** The member's own prices over those of the pages that all share: asked for only where some member pays less than they say. */
import { useQueries } from "@tanstack/react-query";
import { api, got } from "@shared/client";
import { type Schemas, useCatalogue } from "./queries";

type Own = Schemas["OwnPrice"];
export type OwnPrices = ReadonlyMap<string, Own>;

/** As many as one page of the shelf has. */
const AT_ONCE = 24;

export function useOwnPrices(asins: readonly string[]): OwnPrices {
  const some = useCatalogue().data?.own_prices ?? false;
  const parts = Array.from({ length: Math.ceil(asins.length / AT_ONCE) }, (_, part) => asins.slice(part * AT_ONCE, (part + 1) * AT_ONCE).join(","));
  return useQueries({
    queries: parts.map((part) => ({
      queryKey: ["shelf", "own prices", part],
      queryFn: () => got(api().GET("/me/prices", { params: { query: { asins: part } } })),
      enabled: some,
      staleTime: 60_000,
    })),
    combine: (answers) => new Map(answers.flatMap(({ data }) => data?.prices ?? []).map((price) => [price.asin, price])),
  });
}

/** The same thing at the member's own price; `points_without`: what it would be without a campaign. */
export function priced<Thing extends { asin: string; points: number | null; price_minor: number | null }>(thing: Thing, own: OwnPrices): Thing & { points_without?: number | null } {
  const mine = own.get(thing.asin);
  return mine && thing.points !== null ? { ...thing, points: mine.points, price_minor: mine.price_minor, points_without: mine.points_without } : thing;
}
