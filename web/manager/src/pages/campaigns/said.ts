/** Campaigns as the document says them, and how they read. */
import { number } from "@shared/shown";

export type Segment = { tiers: string[]; countries: string[]; audience: string | null };

export type Campaign = {
  code: string;
  name: string | null;
  state: string;
  /** Instants; while they are edited, what a clock in `time_zone` shows. */
  starts_at: string;
  ends_at: string;
  time_zone: string;
  segment: Segment;
  scope: { categories: string[]; asins: string[] };
  earn_multiplier_percent: number | null;
  conversion_points_per_major: number | null;
  budget_minor: number;
  funder: string;
  member_cap_points: number | null;
  holdout_percent: number;
};

export type Audience = {
  code: string;
  name: string;
  purchased_within_days: number | null;
  not_purchased_for_days: number | null;
  earned_at_least_points: number | null;
  earned_in_days: number | null;
  redeemed: "ever" | "never" | null;
  redeemed_within_days: number | null;
  joined_within_days: number | null;
};

export const KINDS: Record<string, string> = { bonus: "More points for purchases", discount: "Rewards for fewer points" };

export const STATES = ["draft", "scheduled", "running", "paused", "exhausted", "ended", "removed"] as const;

export const isBonus = (campaign: Campaign): boolean => campaign.earn_multiplier_percent !== null;

/** "×2 points", "150 points a dollar". */
export function effect(campaign: Campaign): string {
  if (campaign.earn_multiplier_percent !== null) return `×${number(campaign.earn_multiplier_percent / 100)} points for purchases`;
  return `${number(campaign.conversion_points_per_major ?? 0)} points for one unit of money`;
}

/** "gold, silver · United States · Have not bought for a while", or everybody. */
export function whom(segment: Segment, audiences: readonly Audience[], country: (code: string) => string): string {
  const audience = segment.audience && (audiences.find(({ code }) => code === segment.audience)?.name ?? segment.audience);
  const parts = [segment.tiers.join(", "), segment.countries.map(country).join(", "), audience].filter(Boolean);
  return parts.join(" · ") || "Everybody";
}

/** "bought nothing for 60 days, has redeemed before". */
export function means(audience: Audience): string {
  const parts = [
    audience.joined_within_days !== null && `joined within ${audience.joined_within_days} days`,
    audience.purchased_within_days !== null && `bought within ${audience.purchased_within_days} days`,
    audience.not_purchased_for_days !== null && `bought before, but nothing for ${audience.not_purchased_for_days} days`,
    audience.earned_at_least_points !== null && `earned at least ${number(audience.earned_at_least_points)} points by purchases in ${audience.earned_in_days ?? "…"} days`,
    audience.redeemed === "ever" && "has redeemed before",
    audience.redeemed === "never" && "never redeemed",
    audience.redeemed_within_days !== null && `redeemed within ${audience.redeemed_within_days} days`,
  ];
  const words = parts.filter(Boolean).join(", and ");
  return words ? `Who ${words}.` : "Nobody asks for anything yet: choose a condition.";
}

/** "2026-11-30T09:00": what a clock there shows. */
export function wallClock(instant: string, zone: string): string {
  if (!/(Z|[+-]\d\d:\d\d)$/.test(instant)) return instant.slice(0, 16);
  const parts = new Intl.DateTimeFormat("en-US", { timeZone: zone, hourCycle: "h23", year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit" }).formatToParts(new Date(instant));
  const of = (type: string) => parts.find((part) => part.type === type)?.value ?? "";
  return `${of("year")}-${of("month")}-${of("day")}T${of("hour")}:${of("minute")}`;
}

export const page = (code: string): string => `/campaigns/${encodeURIComponent(code)}`;
