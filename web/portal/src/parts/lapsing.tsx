/** A member's points by their last good day: drawn to one scale of time, a mark a lot, and the same as a list. */
import { now } from "@shared/now";
import { daysUntil, inDays, longDay, month, number } from "@shared/shown";
import type { Schemas } from "../queries";
import { isPressing, PRESSING_DAYS } from "../soon";
import { say } from "../words";

type Lot = Schemas["Lot"];

const DAY_MS = 86_400_000;
// What is good for ever stands behind the end of the scale.
const END_WITH_FOREVER = 84;
const MOST_MARKS = 4;
const STEPS = [1, 2, 3, 6, 12, 24, 60, 120];

export function Lapsing({ lots }: { lots: readonly Lot[] }) {
  return (
    <>
      <Scale lots={lots} />
      <ol className="rows lots">
        {lots.map((lot) => {
          const days = lot.expires_on && daysUntil(lot.expires_on);
          return (
            <li key={lot.expires_on ?? "never"} className={isPressing(lot.expires_on) ? "soon" : undefined}>
              <span>{lot.expires_on ? longDay(lot.expires_on) : say("points.never")}</span>
              <span className="small muted">{typeof days === "number" && inDays(days)}</span>
              <b className="num">{number(lot.amount)}</b>
            </li>
          );
        })}
      </ol>
    </>
  );
}

/** The list says the same in words, so this is for the eye alone. */
function Scale({ lots }: { lots: readonly Lot[] }) {
  const last = Math.max(PRESSING_DAYS, ...lots.map(({ expires_on }) => (expires_on ? daysUntil(expires_on) : 0)));
  const end = lots.some(({ expires_on }) => expires_on === null) ? END_WITH_FOREVER : 100;
  const most = Math.max(...lots.map(({ amount }) => amount));
  const place = (days: number) => (Math.max(0, days) / last) * end;
  return (
    <div className="scale" aria-hidden="true">
      <div className="scale-line">
        <i className="known" style={{ width: `${end}%` }} />
        {end < 100 && <i className="ever" style={{ left: `${end}%` }} />}
        {lots.map((lot) => (
          <i
            key={lot.expires_on ?? "never"}
            className={isPressing(lot.expires_on) ? "lot soon" : "lot"}
            style={{ left: `${lot.expires_on ? place(daysUntil(lot.expires_on)) : 100}%`, "--height": lot.amount / most } as Record<string, string | number>}
          />
        ))}
      </div>
      <div className="scale-marks small muted num">
        <span style={{ left: "0%" }}>{say("points.today")}</span>
        {marks(last).map(([days, name]) => <span key={days} style={{ left: `${place(days)}%` }}>{name}</span>)}
      </div>
    </div>
  );
}

/** A few firsts of a month, evenly apart, with room for "today" and inside the scale. */
function marks(last: number): [days: number, name: string][] {
  const today = new Date(now());
  const step = STEPS.find((months) => last / 30.4 / months <= MOST_MARKS) ?? STEPS.at(-1)!;
  const found: [number, string][] = [];
  for (let months = step; found.length <= MOST_MARKS; months += step) {
    const first = new Date(today.getFullYear(), today.getMonth() + months, 1);
    const days = Math.round((first.getTime() - today.getTime()) / DAY_MS);
    if (days > last * 0.93) break;
    if (days > last * 0.28) found.push([days, month(first)]);
  }
  return found;
}
