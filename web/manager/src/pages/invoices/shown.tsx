/** How states, fields and places of invoices are written. */
import StatusIndicator, { type StatusIndicatorProps } from "@cloudscape-design/components/status-indicator";
import type { Schemas } from "../../api";
import { config } from "../../config";
import { plain } from "../../words";

export type Whole = Schemas["InvoiceWhole"];
export type Seen = Schemas["SeenValue"];
export type Finding = Schemas["FindingView"];
export type InvoiceState = Whole["state"];

export const KEY = ["invoices"] as const;

const STATES: Record<InvoiceState, [StatusIndicatorProps.Type, string]> = {
  waiting: ["pending", "Waits for the goods"],
  review: ["warning", "Needs a person"],
  approved: ["in-progress", "On its way to the ERP"],
  posted: ["success", "In the books"],
  refused: ["stopped", "Refused"],
  duplicate: ["stopped", "Came before"],
};

/** The tabs of the list: what somebody has to do stands first. */
export const TABS: readonly (readonly [InvoiceState, string])[] = [["review", "To review"], ["waiting", "Waiting"], ["approved", "Approved"], ["posted", "In the books"], ["refused", "Refused"], ["duplicate", "Duplicates"]];

export const stateName = (code: InvoiceState): string => STATES[code][1];

export function InvoiceState({ code }: { code: InvoiceState }) {
  const [type, words] = STATES[code];
  return <StatusIndicator type={type}>{words}</StatusIndicator>;
}

export const kindOf = (kind: string | null | undefined): string => (kind === "credit_memo" ? "Credit memo" : "Invoice");

const FIELDS: Record<string, string> = {
  kind: "Kind", number: "Number", issued_on: "Date", due_on: "Due", currency: "Currency", vendor_name: "Vendor", vendor_tax_id: "Vendor's tax number", account: "Account",
  payment_terms: "Payment terms", corrects: "Corrects invoice", purchase_order_numbers: "Purchase order", subtotal_minor: "Items", shipping_minor: "Shipping",
  discount_minor: "Discounts", tax_minor: "Tax", total_minor: "Total", description: "Description", amazon_order_id: "Amazon's order", asin: "ASIN", quantity: "Quantity",
  unit_price_minor: "Unit price", amount_minor: "Amount", tax_rate_micros: "Tax rate", lines: "Lines", tax_lines: "Tax by rate",
};

/** "lines.0.quantity" → "Line 1, quantity". */
export function fieldName(field: string): string {
  const line = /^(lines|tax_lines|purchase_order_numbers)\.(\d+)(?:\.(\w+))?$/.exec(field);
  if (!line) return FIELDS[field] ?? plain(field.replaceAll(".", " "));
  const [, list, index, name] = line;
  if (list === "purchase_order_numbers") return "Purchase order";
  const place = `${list === "lines" ? "Line" : "Tax line"} ${Number(index) + 1}`;
  return name ? `${place}, ${(FIELDS[name] ?? plain(name)).replace(/^[A-Z](?![A-Z])/, (first) => first.toLowerCase())}` : place;
}

export function currencyOf(found: Whole): string {
  const code = (found.content ?? found.draft)["currency"];
  return typeof code === "string" && /^[A-Z]{3}$/.test(code) ? code : config().currency;
}

/** What is read with less is pointed at. The programme has its own number; this one is for colours only. */
export const DOUBTFUL = 90;

export const percent = (confidence: number): string => `${Math.floor(confidence)} %`;
