/** The kinds of what waits for a human, in words. Rooms may open others: those are shown by their code. */
import { plain } from "../../words";

export const KINDS: Record<string, string> = {
  not_received: "Not received",
  damaged: "Damaged",
  wrong_item: "Wrong item",
  changed_mind: "Changed their mind",
  missing_points: "Missing points",
  other: "Other question",
  screening: "Screening",
  adjustment: "Adjustment",
  merge: "Merge of two memberships",
  shipment: "Shipment",
  payment: "Payment",
  redemption: "Redemption",
  reconciliation: "Reconciliation",
  campaign: "Campaign budget",
  publication: "Scheduled publication",
  erasure: "Erasure of a member",
  erasure_stuck: "Erasure is stuck",
  export_stuck: "Export failed",
  webhook_stopped: "Webhook stopped",
  webhook_given_up: "Event not taken",
  invoice: "Invoice",
  invoice_missing: "Invoice never came",
  erp_given_up: "Not in the ERP",
};

export const kindName = (code: string): string => KINDS[code] ?? plain(code);

/** What an outcome does, for whoever chooses it. */
export const OUTCOMES: Record<string, string> = {
  return_with_label: "The member sends it back with the label you upload; points and money follow once it is here.",
  refund_without_return: "Points and money go back now; the member keeps the thing.",
  goodwill_points: "Points as an apology; nothing goes back.",
  credit_missing_accrual: "The points of the purchase are given by hand.",
  refuse: "Nothing follows; the member reads your reason.",
  points_back: "The units you name are given back, points and money.",
  collected: "The member has paid in another way: it is not charged any more.",
  written_off: "Nobody runs after it.",
  paid_back: "The money was sent back in another way.",
  accepted: "The difference is known and stays.",
  corrected: "It was put right elsewhere.",
  resolved: "It was put right elsewhere; the ticket closes.",
  seen: "Known; nothing follows. Raise the budget on the campaign's page if it is to go on.",
  noted: "Somebody has read why: what was scheduled is a draft again, to be put right and published.",
  done: "It was seen to; the ticket closes.",
  approve: "It goes on.",
  decline: "It does not happen.",
};
