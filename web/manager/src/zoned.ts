/** Wall clocks elsewhere: an instant as the programme's time zone writes it, and the instant of a time written there. */

/** "Mon, Nov 30, 2026, 9:00 AM EST". */
export const inZone = (instant: string, zone: string): string =>
  new Intl.DateTimeFormat("en-US", { timeZone: zone, weekday: "short", year: "numeric", month: "short", day: "numeric", hour: "numeric", minute: "2-digit", timeZoneName: "short" }).format(new Date(instant));

/** The instant of "2026-11-30", "09:00" there; null for no time, or one that the clocks leave out when they change. */
export function instantOf(day: string, time: string, zone: string): string | null {
  const match = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d)$/.exec(`${day}T${time}`);
  if (!match) return null;
  const [year, month, date, hour, minute] = match.slice(1).map(Number) as [number, number, number, number, number];
  const wall = Date.UTC(year, month - 1, date, hour, minute);
  // The offset before and after a change of clocks: one of them is the one that applies.
  for (const guess of [wall, wall - 86_400_000, wall + 86_400_000]) {
    const instant = wall - (wallOf(guess, zone) - guess);
    if (wallOf(instant, zone) === wall) return new Date(instant).toISOString();
  }
  return null;
}

function wallOf(instant: number, zone: string): number {
  const parts = new Intl.DateTimeFormat("en-US", { timeZone: zone, hourCycle: "h23", year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric" }).formatToParts(new Date(instant));
  const of = (type: string) => Number(parts.find((part) => part.type === type)?.value);
  return Date.UTC(of("year"), of("month") - 1, of("day"), of("hour"), of("minute")) + (((instant % 60_000) + 60_000) % 60_000);
}
