/** The server's quote for what is in the cart: asked for, asked for again when its time is over, and what changed by that. */
import { useQuery } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { api, got } from "@shared/client";
import { heardTime, now } from "@shared/now";
import { type Basket, split } from "@shared/split";
import type { Schemas } from "../queries";
import { priceWords } from "./price";

export type Quote = Schemas["Quote"];
export type Policy = "send_what_you_can" | "all_or_nothing";
type Line = { asin: string; quantity: number };

const AT_LEAST_MS = 5_000;

/** What a basket costs at an address. While another one is asked for, the last one is still shown (`fresh` is false). */
export function useQuoted(lines: readonly Line[], address: string | null, policy: string | null) {
  const basket = JSON.stringify([lines, address]);
  const query = useQuery({
    queryKey: ["quote", basket, policy],
    queryFn: async () => {
      const asked = { lines: lines.map(({ asin, quantity }) => ({ asin, quantity })), address_id: address, partial_policy: policy };
      const quote = await got(api().POST("/quotes", { body: asked }));
      heardTime(quote.as_of);
      return { ...quote, basket };
    },
    enabled: lines.length > 0 && address !== null,
    staleTime: Infinity,
    retry: false,
    refetchOnWindowFocus: false,
    refetchOnReconnect: false,
    placeholderData: (last) => last,
  });
  useRenewal(query.data?.expires_at, query.isError, () => void query.refetch());
  return { ...query, fresh: query.isSuccess && !query.isFetching && !query.isPlaceholderData };
}

/** Ask again when its time is over; not while nobody looks. */
function useRenewal(expiresAt: string | undefined, failed: boolean, renew: () => void): void {
  useEffect(() => {
    if (!expiresAt || failed) return undefined;
    const ask = () => !document.hidden && renew();
    const due = () => now() >= Date.parse(expiresAt) && ask();
    const timer = setTimeout(ask, Math.max(Date.parse(expiresAt) - now(), AT_LEAST_MS));
    document.addEventListener("visibilitychange", due);
    return () => {
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", due);
    };
  }, [expiresAt, failed]);
}

/** The quote as the slider knows it. */
export const basketOf = ({ lines, points_min, points_max, points_step, money_min_minor }: Quote): Basket => ({
  lines,
  slider: { minimum: points_min, maximum: points_max, step: points_step },
  money_min_minor,
});

/** The server's own numbers of a split; undefined while they are not there. */
export function useSplit(quote: Quote | undefined, points: number | null, enabled: boolean) {
  const known = quote?.stops.find((stop) => stop.points === points);
  const query = useQuery({
    queryKey: ["split", quote?.quote_id, points],
    queryFn: () => got(api().POST("/quotes/{quote_id}/split", { params: { path: { quote_id: quote!.quote_id } }, body: { points: points! } })),
    enabled: enabled && quote !== undefined && points !== null && !known,
    staleTime: Infinity,
  });
  const parts = known ?? query.data;
  return { parts: parts && { points: parts.points_charged, money_minor: parts.money_minor }, query };
}

/** What the same points paid by the quote before: said when a new price came without the member's doing, until agreed. */
export function usePriceChange(quote: (Quote & { basket: string }) | undefined, points: number | null) {
  const last = useRef<{ quote: Quote & { basket: string }; points: number | null } | null>(null);
  const [before, setBefore] = useState<string | null>(null);
  useEffect(() => {
    if (!quote) return;
    const old = last.current;
    const same = old?.quote.basket === quote.basket;
    if (old && !same) setBefore(null);
    if (old && same && (old.quote.total_minor !== quote.total_minor || old.quote.points_full !== quote.points_full)) {
      const parts = split(old.quote.lines, Math.min(old.points ?? 0, old.quote.points_full));
      setBefore(priceWords(parts.points, parts.money_minor, old.quote.currency));
    }
    last.current = { quote, points: same ? (old?.points ?? points) : points };
  }, [quote?.quote_id, quote?.basket]);
  useEffect(() => {
    if (last.current && points !== null) last.current.points = points;
  }, [points]);
  return { before, tell: setBefore, agree: () => setBefore(null) };
}
