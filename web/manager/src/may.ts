/** What the API would refuse is not shown. The table is the API's own, exported when the app is built. */
import allowed from "@api/allowed.json";
import { groups } from "@shared/session";

/** "GET /cases": a method and a path as the API's table has them. */
export type AllowedRoute = keyof typeof allowed;

const table: Partial<Record<AllowedRoute, readonly string[]>> = allowed;

/** Whether who is signed in may do it, by the groups of their token. */
export function may(route: AllowedRoute): boolean {
  const theirs = groups();
  return (table[route] ?? []).some((group) => theirs.includes(group));
}

/** Which groups may. */
export const whoMay = (route: AllowedRoute): readonly string[] => table[route] ?? [];
