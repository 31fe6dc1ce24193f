/** What more than one page asks the API for. A page's own questions stand with the page. */
import { type QueryClient, useQuery } from "@tanstack/react-query";
import type { components } from "@api/member";
import { api, got } from "@shared/client";

export type Schemas = components["schemas"];

export const useMe = () => useQuery({ queryKey: ["me"], queryFn: () => got(api().GET("/me")), staleTime: 5 * 60_000 });

export const useBalance = (enabled = true) =>
  useQuery({ queryKey: ["points", "balance"], queryFn: () => got(api().GET("/me/balance")), enabled });

export const useLots = (enabled = true) =>
  useQuery({ queryKey: ["points", "lots"], queryFn: () => got(api().GET("/me/lots")), enabled });

export const useCatalogue = () =>
  useQuery({ queryKey: ["catalogue"], queryFn: () => got(api().GET("/catalogue")), staleTime: 5 * 60_000 });

export const useAddresses = () =>
  useQuery({ queryKey: ["addresses"], queryFn: () => got(api().GET("/me/addresses")) });

/** After anything that moved points or orders: what shows them is asked for again. */
export function refreshPoints(queries: QueryClient): void {
  void queries.invalidateQueries({ queryKey: ["points"] });
  void queries.invalidateQueries({ queryKey: ["redemptions"] });
}
