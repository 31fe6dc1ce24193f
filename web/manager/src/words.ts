/** How codes of the API read. */
import { Problem } from "@shared/problem";

/** "goodwill_points" → "Goodwill points". */
export function plain(code: string): string {
  const words = code.replaceAll(/[_-]+/g, " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

export const GROUP_NAMES: Record<string, string> = {
  "catalogue-manager": "Catalogue manager",
  "business-operator": "Business operator",
  support: "Support",
  finance: "Finance",
};

/** A failure as a sentence: the API's own, which are written for staff; ours for what lies between. */
export function wordsOf(failure: unknown): string {
  if (!(failure instanceof Problem)) return "Something broke here. Load the page again.";
  if (failure.code === "signed-out") return "Your session is over. Sign in again.";
  if (failure.code === "offline") return "No answer came. Check your connection and try again.";
  if (failure.status === 429) return `Too many requests at once. Try again ${failure.retryAfterSeconds ? `in ${failure.retryAfterSeconds} seconds` : "in a moment"}.`;
  if (failure.fields.length && !failure.detail) return failure.fields.map(({ field, detail }) => `${field} ${detail}`).join("; ");
  const reference = failure.ours ? ` For support: ${failure.reference}` : "";
  if (failure.detail) return failure.detail + reference;
  return (failure.status >= 500 ? "The server cannot answer at the moment. Try again in a moment." : "That was refused.") + reference;
}
