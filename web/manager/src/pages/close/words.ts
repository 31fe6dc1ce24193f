/** How a close's figures, events and lots read. */
import { longDay, minorDigits, money } from "@shared/shown";
import { config } from "../../config";
import type { Schemas } from "../../api";

export type Close = Schemas["MonthClose"];
export type Figure = Schemas["FigureView"]["figure"];
type Event = Schemas["LotEntryView"]["event"];

export const KEY = "month-close";

/** In the order of the sum, with the sign each has there. */
export const FIGURES: readonly { figure: Figure; sign: string; label: string; about: string }[] = [
  { figure: "opening", sign: "\u2002", label: "Opening", about: "Outstanding when the month began." },
  { figure: "issued", sign: "+", label: "Issued", about: "Earned, also what still waits for its day." },
  { figure: "redeemed", sign: "−", label: "Redeemed", about: "Exchanged for goods, less what came back." },
  { figure: "expired", sign: "−", label: "Expired", about: "Lapsed. In money: breakage, recognised as it is expected." },
  { figure: "adjusted", sign: "±", label: "Adjusted", about: "Given by hand, less taken by hand, purchases returned and points that paid a debt." },
  { figure: "closing", sign: "=", label: "Closing", about: "Outstanding when the month ended; held points too." },
];

export const figureName = (figure: Figure): string => FIGURES.find((one) => one.figure === figure)!.label;

const EVENTS: Record<Event, string> = {
  opened: "Earned",
  granted: "Given by hand",
  reversed: "Purchase returned",
  withdrawn: "Taken by hand",
  repaid_pending: "Paid a debt",
  repaid_transferred: "Received, paid a debt",
  redeemed: "Redeemed",
  restored: "Came back",
  lapsed: "Lapsed",
  given: "Given to another member",
  received: "Received from another member",
  moved_out: "Moved to a later day",
  moved_in: "Moved from an earlier day",
};

/** What was outstanding has no event. */
export const eventName = (event: Event | null): string => (event ? EVENTS[event] : "Outstanding");

/** A lot by its last good day: "September 30, 2028", with a word if it was extended; or that it never lapses. */
export function lotName(lot: string): string {
  if (lot === "never") return "never lapses";
  const day = lot.slice(0, 10);
  return lot.length > 10 ? `${longDay(day)}, extended` : longDay(day);
}

/** What the deferred revenue book has for it. */
export function minorOf(close: Close, figure: Figure): number | null {
  return figure === "expired" ? close.breakage_minor : close[`${figure}_minor`];
}

/** Millionths of the currency as an amount, to the cent that it is nearest to. */
export function worth(micros: string | null): string {
  const { currency } = config();
  return micros === null ? "–" : money(Math.round((Number(micros) * 10 ** minorDigits(currency)) / 1_000_000), currency);
}
