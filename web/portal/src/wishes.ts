/** What the member wishes for: asked for once, changed from several pages. */
import { type QueryClient, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, got } from "@shared/client";
import { tell } from "./parts/note";
import { wordsOf } from "./parts/states";
import type { Schemas } from "./queries";
import { say } from "./words";

const KEY = ["wishlist"];

export const useWishes = () => useQuery({ queryKey: KEY, queryFn: () => got(api().GET("/me/wishlist")) });

/** Put a product on the list or take it off; what is shown changes at once, and back if that fails. */
export function useWishing() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: ({ asin, wished }: { asin: string; wished: boolean }): Promise<unknown> => {
      const where = { params: { path: { asin } } };
      return wished ? got(api().PUT("/me/wishlist/{asin}", where)) : got(api().DELETE("/me/wishlist/{asin}", where));
    },
    onMutate: async ({ asin, wished }) => {
      await queries.cancelQueries({ queryKey: KEY });
      const before = queries.getQueryData<Schemas["Wishlist"]>(KEY);
      if (before && !wished) queries.setQueryData(KEY, { ...before, wishes: before.wishes.filter((wish) => wish.asin !== asin) });
      return before;
    },
    onError: (failure, _, before) => {
      if (before) queries.setQueryData(KEY, before);
      tell(wordsOf(failure));
    },
    onSuccess: (_, { asin, wished }) => {
      if (!wished) tell(say("wishlist.removed"), () => void wishAgain(queries, asin));
    },
    onSettled: () => void queries.invalidateQueries({ queryKey: KEY }),
  });
}

async function wishAgain(queries: QueryClient, asin: string): Promise<void> {
  try {
    await got(api().PUT("/me/wishlist/{asin}", { params: { path: { asin } } }));
  } catch (failure) {
    tell(wordsOf(failure));
  }
  await queries.invalidateQueries({ queryKey: KEY });
}
