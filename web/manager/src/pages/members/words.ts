/** How codes about members and orders read. */
import { plain } from "../../words";

export const FOUND_BY: Record<string, string> = {
  number: "Number", name: "Name", phone: "Telephone", email: "E-mail",
  order: "Order", amazon: "Amazon's order", document: "Document", parcel: "Parcel",
};

export const WAITS: Record<string, string> = {
  release_delay: "The time to change one's mind", member: "The member", person: "One of us", payment: "The payment provider",
  queue: "Its turn at Amazon", amazon: "Amazon's answer", machine: "The machine", delivery: "Its delivery",
};

export const ACTS: Record<string, string> = {
  cancelled: "Cancelled by staff", address_changed: "Address changed by staff", tried_again: "Tried again by staff", sent_again: "Confirmation sent again",
};

/** Steps of the machine. */
const EVENTS: Record<string, string> = {
  payment_asked: "Payment approval asked for", ordering: "Sent to be ordered", accepted: "Ordered in full", partially_accepted: "Ordered in part", rejected: "Amazon did not accept it",
  points_returned: "Points returned", units_cancelled: "Amazon will not deliver it", units_returned: "Given back", in_review: "A person is asked", step_up: "The member's confirmation asked for",
  confirmed: "Confirmed by the member", not_confirmed: "Not confirmed in time", checking: "Screening: a person is asked", frozen: "Stopped: spending is frozen", approved: "Let through",
  not_approved: "Not let through", looked_at: "Looked at", payment_abandoned: "Payment not approved in time", expired: "Not ordered in time", failed: "Could not be carried out",
};
export const event = (code: string): string => EVENTS[code] ?? plain(code);

/** Enough of an order's number to tell it from every other, and to search for it. */
export const short = (redemptionId: string): string => redemptionId.slice(0, 13);

/** Rows of the ledger. */
export const KINDS: Record<string, string> = {
  accrue: "Earned", repay: "Paid back a debt", mature: "Became available", hold: "Held for an order", settle: "Spent", release: "Given back before the order",
  restore: "Given back after the order", expire: "Lapsed", adjust: "By hand", reverse: "Taken back with the purchase", write_off: "Debt written off", transfer: "Moved between members",
};

export const CASE_KINDS = [
  { value: "damaged", label: "It came broken" },
  { value: "not_received", label: "It did not come" },
  { value: "wrong_item", label: "It is the wrong thing" },
  { value: "changed_mind", label: "It is to go back" },
  { value: "other", label: "Something else about it" },
] as const;

export const SIGN_IN: Record<string, string> = {
  moved: "The duplicate's sign-in becomes the other one's.",
  both: "Both sign-ins stay and lead to the membership that stays.",
  none: "The duplicate has no sign-in.",
};
