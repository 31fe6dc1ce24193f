/** How codes about members and orders read. */

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
