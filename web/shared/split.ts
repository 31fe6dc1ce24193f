/**
 * A quote's arithmetic while the slider moves: the same integers as loyalty/redemptions/pricing.py, to the point and the
 * cent (tests/web/test_split.py compares them). What is ordered is what the server says all the same.
 */
export type PricedLine = { quantity: number; unit_price_minor: number; unit_points: number };
export type Slider = { minimum: number; maximum: number; step: number };
export type Parts = { points: number; money_minor: number };
/** What is split, between which ends, and the least money that can be paid (none can always be). */
export type Basket = { lines: readonly PricedLine[]; slider: Slider; money_min_minor: number };

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

/** The largest allowed number not above `points` that leaves no money, or not too little. Null if there is none. */
export function mostPayable({ lines, slider, money_min_minor }: Basket, points: number): number | null {
  const chosen = atMost(slider, points);
  if (chosen === null || !tooLittle(split(lines, chosen), money_min_minor)) return chosen;
  const total = lines.reduce((sum, line) => sum + line.quantity * line.unit_price_minor, 0);
  // A split rounds money up, so what is left of the exact share is enough.
  return total >= money_min_minor ? atMost(slider, floor(pointsFull(lines), total - money_min_minor, total)) : null;
}

/**
 * The number nearest to `wanted` that is allowed and can be paid. Who goes step by step says where `from`: then it is the
 * next one that way, so that no step ends where it began.
 */
export function payable(basket: Basket, wanted: number, from = wanted): number {
  const { lines, slider, money_min_minor } = basket;
  const near = nearest(slider, wanted);
  if (!tooLittle(split(lines, near), money_min_minor)) return near;
  const below = mostPayable(basket, near);
  // Money only gets less, so above it there is but one: all of it in points.
  const above = split(lines, slider.maximum).money_minor === 0 ? slider.maximum : null;
  if (below === null || above === null) return below ?? above ?? near;
  if (wanted !== from) return wanted > from ? above : below;
  return wanted - below < above - wanted ? below : above;
}

/** What is left of the choice for somebody who has so many points. Null if that is not enough for any of it. */
export function within(basket: Basket, available: number): Basket | null {
  const minimum = payable(basket, basket.slider.minimum);
  const maximum = mostPayable(basket, available);
  if (maximum === null || maximum < minimum) return null;
  return { ...basket, slider: { ...basket.slider, minimum, maximum } };
}

const tooLittle = (parts: Parts, least: number): boolean => parts.money_minor > 0 && parts.money_minor < least;
