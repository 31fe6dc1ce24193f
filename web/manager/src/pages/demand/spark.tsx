/** Small pictures inside a row: what was and what will be, and how likely each of the next days is to go without. */
import { date } from "@shared/shown";
import { share, units } from "./shown";

const WIDTH = 160;
const HEIGHT = 36;

type Props = { past: readonly (number | null)[]; ahead?: readonly number[]; low?: readonly number[]; high?: readonly number[]; label: string };

/** A line of the past, then the forecast in its range. Where it could not be had the line has a gap. */
export function Spark({ past, ahead = [], low = [], high = [], label }: Props) {
  const count = past.length + ahead.length;
  const most = Math.max(1e-9, ...past.map((one) => one ?? 0), ...ahead, ...high);
  if (count < 2) return null;
  const x = (place: number) => (place / (count - 1)) * (WIDTH - 2) + 1;
  const y = (value: number) => HEIGHT - 2 - (value / most) * (HEIGHT - 4);
  const at = (place: number, value: number) => `${x(place).toFixed(1)},${y(value).toFixed(1)}`;
  const pieces: string[][] = [[]];
  past.forEach((value, place) => (value === null ? pieces.push([]) : pieces.at(-1)!.push(at(place, value))));
  const band = [...high.map((value, place) => at(past.length + place, value)), ...low.map((value, place) => at(past.length + place, value)).reverse()];
  return (
    <svg className="spark" width={WIDTH} height={HEIGHT} viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={label}>
      {band.length > 2 && <polygon className="spark-band" points={band.join(" ")} />}
      {pieces.filter((piece) => piece.length > 1).map((piece) => <polyline key={piece[0]} className="spark-past" points={piece.join(" ")} />)}
      {ahead.length > 1 && <polyline className="spark-ahead" points={ahead.map((value, place) => at(past.length + place, value)).join(" ")} />}
    </svg>
  );
}

/** In words what the picture of a product's weeks shows. */
export const sparkWords = (ahead: readonly number[]): string => `Week by week: what was asked for, and about ${units(ahead[0] ?? 0)} in the first week to come`;

const later = (first: string, days: number) => new Date(Date.parse(`${first}T00:00:00Z`) + days * 86_400_000).toISOString().slice(0, 10);

/** A bar a day: the probability that it cannot be had. */
export function Strip({ first, days }: { first: string; days: readonly number[] }) {
  const worst = days.reduce((best, one, place) => (one > days[best]! ? place : best), 0);
  const label = days.length ? `Day by day from ${date(first)}: highest on ${date(later(first, worst))} with ${share(days[worst]!)}` : "No days";
  return (
    <figure className="strip">
      <div role="img" aria-label={label}>
        {days.map((one, place) => <i key={place} title={`${date(later(first, place))}: ${share(one)}`} className={one >= 0.5 ? "strip-likely" : undefined} style={{ height: `${Math.max(2, Math.round(one * 48))}px` }} />)}
      </div>
      <figcaption><span>{date(first)}</span><span>{date(later(first, Math.max(0, days.length - 1)))}</span></figcaption>
    </figure>
  );
}
