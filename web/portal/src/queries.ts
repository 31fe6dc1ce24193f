/** What more than one page asks the API for. A page's own questions stand with the page. */
import { type QueryClient, useQuery } from "@tanstack/react-query";
import type { components } from "@api/member";
import { api, got } from "@shared/client";
import { Problem } from "@shared/problem";

export type Schemas = components["schemas"];

export const useMe = () => useQuery({ queryKey: ["me"], queryFn: () => got(api().GET("/me")), staleTime: 5 * 60_000 });

export const useBalance = (enabled = true) =>
  useQuery({ queryKey: ["points", "balance"], queryFn: () => got(api().GET("/me/balance")), enabled });

export const useLots = (enabled = true) =>
  useQuery({ queryKey: ["points", "lots"], queryFn: () => got(api().GET("/me/lots")), enabled });

const CATALOGUE = { queryKey: ["catalogue"], queryFn: () => got(api().GET("/catalogue")), staleTime: 5 * 60_000 };

export const useCatalogue = () => useQuery(CATALOGUE);

/** Ask something of the catalogue as it is now; if it was published anew too long ago for the version known here, ask again. */
export async function onShelf<Data>(queries: QueryClient, ask: (version: number) => Promise<Data>): Promise<Data> {
  try {
    return await ask((await queries.fetchQuery(CATALOGUE)).programme_version);
  } catch (failure) {
    if (!(failure instanceof Problem && failure.code === "no-such-version")) throw failure;
    return ask((await queries.fetchQuery({ ...CATALOGUE, staleTime: 0 })).programme_version);
  }
}

/** One product as members like this one see it: what is not for all has no place among what all are shown. */
export async function productOf(queries: QueryClient, asin: string): Promise<Schemas["Product"]> {
  try {
    return await onShelf(queries, (version) => got(api().GET("/catalogue/{version}/products/{asin}", { params: { path: { version, asin } } })));
  } catch (failure) {
    if (!(failure instanceof Problem && failure.code === "no-such-product")) throw failure;
    if (!(await queries.fetchQuery(CATALOGUE)).only_for_some) throw failure;
    return got(api().GET("/me/catalogue/products/{asin}", { params: { path: { asin } } }));
  }
}

export const useAddresses = () =>
  useQuery({ queryKey: ["addresses"], queryFn: () => got(api().GET("/me/addresses")) });

/** After anything that moved points or orders: what shows them is asked for again. */
export function refreshPoints(queries: QueryClient): void {
  void queries.invalidateQueries({ queryKey: ["points"] });
  void queries.invalidateQueries({ queryKey: ["redemptions"] });
}
