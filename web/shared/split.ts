/**
 * A quote's arithmetic while the slider moves: the same integers as loyalty/redemptions/pricing.py, to the point and the
 * cent (tests/web/test_split.py compares them). What is ordered is what the server says all the same.
 */
export type PricedLine = { quantity: number; unit_price_minor: number; unit_points: number };
export type Slider = { minimum: number; maximum: number; step: number };
export type Parts = { points: number; money_minor: number };

// Products of points and cents leave the whole numbers a double can hold.
const floor = (value: number, times: number, by: number): number => Number((BigInt(value) * BigInt(times)) / BigInt(by));

/** The points that pay all of it. */
export const pointsFull = (lines: readonly PricedLine[]): number =>
  lines.reduce((sum, line) => sum + line.quantity * line.unit_points, 0);

/** The programme's share rules as numbers of points. */
export function sliderOf(full: number, minPercent: number, maxPercent: number, step: number): Slider {
  const most = maxPercent === 100 ? full : floor(full, maxPercent, 100);
  const maximum = most === full ? full : most - (most % step);
  const least = Math.ceil(Math.ceil((full * minPercent) / 100) / step) * step;
  return { minimum: Math.min(least, maximum), maximum, step };
}

/** What so many points (0 … all of it) make of the lines: points charged, never more than asked for, and money. */
export function split(lines: readonly PricedLine[], points: number): Parts {
  const full = pointsFull(lines);
  const parts = { points: 0, money_minor: 0 };
  for (const { quantity, unit_price_minor, unit_points } of lines) {
    const inPoints = full ? floor(unit_points, points, full) : 0;
    parts.points += quantity * inPoints;
    parts.money_minor += quantity * (unit_price_minor - (unit_points ? floor(unit_price_minor, inPoints, unit_points) : 0));
  }
  return parts;
}

/** The allowed number nearest to `points`, between the ends and on a step (both ends are allowed as they are). */
export function nearest({ minimum, maximum, step }: Slider, points: number): number {
  if (!(points > minimum)) return minimum;
  if (points >= maximum) return maximum;
  const rounded = Math.round(points / step) * step;
  return Math.min(Math.max(rounded, minimum), maximum);
}

/** The allowed number at or below `points`: as much of these points as fits. Null if even the fewest are too many. */
export function atMost({ minimum, maximum, step }: Slider, points: number): number | null {
  if (points >= maximum) return maximum;
  if (points < minimum) return null;
  return Math.max(minimum, points - (points % step));
}

/**
 * The largest allowed number not above `points` that leaves no money, or not too little to be paid. Null if there is none.
 */
export function mostPayable(lines: readonly PricedLine[], slider: Slider, points: number, moneyMin: number): number | null {
  const chosen = atMost(slider, points);
  if (chosen === null || !tooLittle(lines, chosen, moneyMin)) return chosen;
  const total = lines.reduce((sum, line) => sum + line.quantity * line.unit_price_minor, 0);
  // A split rounds money up, so what is left of the exact share is enough.
  return total >= moneyMin ? atMost(slider, floor(pointsFull(lines), total - moneyMin, total)) : null;
}

/** The allowed number nearest to `points` that can be paid: what would leave too little money goes to the nearer side. */
export function nearestPayable(lines: readonly PricedLine[], slider: Slider, points: number, moneyMin: number): number {
  const chosen = nearest(slider, points);
  if (!tooLittle(lines, chosen, moneyMin)) return chosen;
  const below = mostPayable(lines, slider, chosen, moneyMin) ?? slider.minimum;
  const above = tooLittle(lines, slider.maximum, moneyMin) ? below : slider.maximum;
  return points - below <= above - points ? below : above;
}

function tooLittle(lines: readonly PricedLine[], points: number, moneyMin: number): boolean {
  const { money_minor } = split(lines, points);
  return money_minor > 0 && money_minor < moneyMin;
}
