/** The sections of the programme's document that these pages edit, and where each section is edited. */
import { useQuery } from "@tanstack/react-query";
import { api, got, type Schemas } from "../../api";
import { save } from "../../parts/csv";

export type Points = {
  base_points_per_major: number | null;
  earn_rates: { partner: string | null; category: string | null; points_per_major: number | null }[];
  pending_days: number | null;
  expiry: { kind: string; months: number | null };
  time_zone: string;
  return_extension_days: number | null;
  debt_policy: string;
  adjustment_limit: number | null;
  transfers_enabled: boolean;
  transfer_daily_limit: number | null;
  held_daily_limit: number | null;
  funder: string;
  unit_cost_micros: number | null;
  partners: Record<string, { funder: string; unit_cost_micros: number | null }>;
};

export type Conversion = {
  points_per_major: number | null;
  by_tier: Record<string, number | null>;
  by_category: Record<string, number | null>;
  min_points_share_percent: number | null;
  max_points_share_percent: number | null;
  points_step: number | null;
  margin_floor_basis_points: number | null;
  drift_tolerance_basis_points: number | null;
};

export type Pricing = { included: string; browse_tax_basis_points: number | null; quote_minutes: number | null };
export type Redemption = { release_delay_seconds: number | null; approval_minutes: number | null; partial_policy_default: string };

export type Rule = { code: string; when: string; over: number | null; hours: number | null; points: number | null; action: string | null };
export type Screening = {
  rules: Rule[];
  step_up_points: number | null;
  review_points: number | null;
  step_up_minutes: number | null;
  review_hours: number | null;
  code_minutes: number | null;
  code_attempts: number | null;
  codes: number | null;
  codes_per_day: number | null;
};

export type Terms = { version: string; url: string; text: Record<string, string> };
export type Casework = Record<"answer_hours" | "return_days" | "goodwill_monthly_points" | "refund_limit_points" | "refund_limit_minor" | "accrual_limit_points", number | null>;
export type Store = { region: string; currency: string; locale: string; delivery_countries: string[] };
export type Enrolment = { open_enrolment: boolean; default_tier: string } & Record<"code_minutes" | "code_failures" | "lock_hours" | "codes_per_day" | "addresses_per_member", number | null>;
export type Documents = {
  member_document: string;
  seller: { name: string | null; address: string[]; registrations: string[] };
  tax: { registration: string | null; base: string | null; rate_basis_points: number | null; names: Record<string, string> };
};
export type Tiers = { levels: { code: string; names: Record<string, string> }[] };

export type Programme = Schemas["ProgrammeView"];
export type Draft = Schemas["DraftView"];

export const PROGRAMME = ["programme"] as const;
export const useProgramme = () => useQuery({ queryKey: [...PROGRAMME, "current"], queryFn: () => got(api().GET("/programme")), refetchInterval: 30_000 });

/** The draft with all that the API tells; the same answer that the forms work on. */
export const useFullDraft = () => useQuery({ queryKey: [...PROGRAMME, "draft"], queryFn: () => got(api().GET("/programme/draft")) });

/** Where a section is edited. */
export const EDITED: Record<string, { path: string; label: string }> = {
  brand: { path: "/programme/brand", label: "Brand" },
  store: { path: "/programme/settings", label: "Store" },
  enrolment: { path: "/programme/settings", label: "Enrolment" },
  points: { path: "/programme/points", label: "Points policy" },
  conversion: { path: "/programme/prices", label: "Prices in points" },
  pricing: { path: "/programme/prices", label: "Delivery, tax and quotes" },
  redemption: { path: "/programme/prices", label: "Redemption" },
  tiers: { path: "/tiers", label: "Tiers" },
  audiences: { path: "/audiences", label: "Audiences" },
  campaigns: { path: "/campaigns", label: "Campaigns" },
  catalogue: { path: "/catalogue", label: "Catalogue rules" },
  integrations: { path: "/integrations/settings", label: "Integrations" },
  messages: { path: "/programme/messages", label: "Messages" },
  notifications: { path: "/programme/settings", label: "Notifications" },
  documents: { path: "/programme/settings", label: "Member documents" },
  screening: { path: "/programme/screening", label: "Screening" },
  casework: { path: "/programme/settings", label: "Casework" },
  terms: { path: "/programme/settings", label: "Terms" },
};

export const sectionOf = (field: string): string => field.split(".")[0] ?? field;
export const sectionName = (field: string): string => EDITED[sectionOf(field)]?.label ?? sectionOf(field);

/** A version's document as a file, which can be uploaded into a draft. */
export const download = (version: number, document: Record<string, unknown>): void =>
  save(`programme-version-${version}.json`, new Blob([JSON.stringify(document, null, 2)], { type: "application/json" }));
