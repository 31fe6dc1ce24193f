/** What is likely of a reward: that it is back soon, may soon be gone, may come late. Nothing where nobody can say. */
import { date, daysUntil } from "@shared/shown";
import type { Schemas } from "../queries";
import { say } from "../words";

type Told = Schemas["Outlook"] | null | undefined;

/** In words; "" for nothing. */
export function outlookOf(told: Told): string {
  if (!told) return "";
  const { state, back_from: from, back_until: until } = told;
  if (state !== "back") return say(`outlook.${state}`);
  if (!from || !until) return "";
  if (from === until) return say("outlook.back_on", { day: date(until) });
  // A time that has begun has only its end before it.
  return daysUntil(from) <= 0 ? say("outlook.back_by", { day: date(until) }) : say("outlook.back_between", { from: date(from), until: date(until) });
}

/** Over a picture. */
export function Tag({ outlook }: { outlook: Told }) {
  const words = outlookOf(outlook);
  return words ? <span className="tag small">{words}</span> : null;
}

/** In a text of its own. */
export function Outlook({ outlook }: { outlook: Told }) {
  const words = outlookOf(outlook);
  return words ? <p className="outlook">{words}.</p> : null;
}
