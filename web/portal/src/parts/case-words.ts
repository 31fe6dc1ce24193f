/** What cases are about and where they stand, in words. */
import { longDay, money, number } from "@shared/shown";
import type { Schemas } from "../queries";
import { sayCode, say, sayCount } from "../words";

type Case = Schemas["CaseView"];

export const KINDS = ["not_received", "damaged", "wrong_item", "changed_mind", "missing_points", "other"] as const;
export type Kind = (typeof KINDS)[number];

export const isOver = (state: string): boolean => state === "decided" || state === "withdrawn";

/** "Arrived damaged: Wooden board" or the like. */
export const about = ({ kind, title, partner }: { kind: string; title: string | null; partner: string | null }): string =>
  [sayCode("cases", kind), title ?? partner].filter(Boolean).join(": ");

/** Where it stands, in a word or two. */
export const stateWords = ({ state, outcome }: { state: string; outcome: string | null }): string =>
  sayCode("case", state === "decided" && outcome ? `short_${outcome}` : `short_${state}`, state);

/** Where it stands and what comes next, as sentences. */
export function standing(found: Case): string[] {
  const { state, outcome, points, money_minor, currency, answer_until } = found;
  if (state === "open") return [say("case.open"), answer_until ? say("case.open_until", { day: longDay(answer_until) }) : ""].filter(Boolean);
  if (state === "approval") return [say("case.approval")];
  if (state === "return") return [say("case.return"), answer_until ? say("case.return_until", { day: longDay(answer_until) }) : ""].filter(Boolean);
  if (state === "withdrawn") return [say("case.withdrawn")];
  const told = [sayCode("case", `outcome_${outcome ?? ""}`, say("case.decided"))];
  const given = [points ? sayCount("case.points", points, { count: number(points) }) : "", money_minor ? money(money_minor, currency ?? "USD") : ""].filter(Boolean);
  if (given.length) told.push(say("case.given", { what: given.join(" + ") }));
  return told;
}
