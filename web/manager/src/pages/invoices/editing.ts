/** An invoice in the form: what was read, as far as it was, in fields that may still be empty; and whether its sums hold. */

export type LineKind = "item" | "shipping" | "discount" | "fee";

/** As loyalty/invoices/invoice.py has them, each value missing while nothing is known. */
export type Line = {
  kind: LineKind;
  description: string;
  amazon_order_id: string | null;
  asin: string | null;
  quantity: number | null;
  unit_price_minor: number | null;
  amount_minor: number | null;
  tax_rate_micros: number | null;
  tax_minor: number | null;
};
export type TaxLine = { rate_micros: number; base_minor: number; tax_minor: number };
export type Content = {
  kind: "invoice" | "credit_memo";
  number: string;
  issued_on: string;
  due_on: string | null;
  currency: string;
  vendor_name: string | null;
  vendor_tax_id: string | null;
  account: string | null;
  payment_terms: string | null;
  corrects: string | null;
  purchase_order_numbers: readonly string[];
  subtotal_minor: number | null;
  shipping_minor: number | null;
  discount_minor: number | null;
  tax_minor: number | null;
  total_minor: number | null;
  tax_lines: readonly TaxLine[];
  lines: readonly Line[];
};

export const NO_LINE: Line = { kind: "item", description: "", amazon_order_id: null, asin: null, quantity: null, unit_price_minor: null, amount_minor: null, tax_rate_micros: null, tax_minor: null };
const NOTHING: Content = {
  kind: "invoice", number: "", issued_on: "", due_on: null, currency: "", vendor_name: null, vendor_tax_id: null, account: null, payment_terms: null, corrects: null,
  purchase_order_numbers: [], subtotal_minor: null, shipping_minor: 0, discount_minor: 0, tax_minor: null, total_minor: null, tax_lines: [], lines: [],
};

/** What the form begins with: the content, else what could be read of it. */
export function begun(content: object | null | undefined, draft: object): Content {
  const known = (content ?? draft) as Partial<Content>;
  const lines = (known.lines ?? []).map((line) => ({ ...NO_LINE, ...line }));
  return { ...NOTHING, ...known, lines };
}

/** What is sent: nothing that is empty, so that the API says which field is missing. */
export function sent(value: Content): Record<string, unknown> {
  return { ...filled(value), lines: value.lines.map(filled) };
}

const filled = (fields: object): Record<string, unknown> =>
  Object.fromEntries(Object.entries(fields).filter(([name, one]) => one !== null && (one !== "" || name === "description")));

export type Sum = { label: string; field: string; expected: number; printed: number };

/** Each sum of the paper that can be made, with what stands there: equal, or off. */
export function sums(value: Content): Sum[] {
  const of = (...kinds: LineKind[]) => value.lines.filter(({ kind }) => kinds.includes(kind)).reduce((sum, line) => sum + (line.amount_minor ?? 0), 0);
  const has = (kind: LineKind) => value.lines.some((line) => line.kind === kind);
  const found: Sum[] = [];
  if (value.subtotal_minor !== null && value.lines.length) found.push({ label: "Items", field: "subtotal_minor", expected: of("item", "fee"), printed: value.subtotal_minor });
  if (has("shipping")) found.push({ label: "Shipping", field: "shipping_minor", expected: of("shipping"), printed: value.shipping_minor ?? 0 });
  if (has("discount")) found.push({ label: "Discounts", field: "discount_minor", expected: of("discount"), printed: value.discount_minor ?? 0 });
  if (value.total_minor !== null) {
    const expected = (value.subtotal_minor ?? 0) + (value.shipping_minor ?? 0) + (value.discount_minor ?? 0) + (value.tax_minor ?? 0);
    found.push({ label: "Total", field: "total_minor", expected, printed: value.total_minor });
  }
  return found;
}

/** What a line costs by its quantity and price, with the sign of the paper's kind; null where one of them is missing. */
export function lineAmount(line: Line, kind: Content["kind"]): number | null {
  if (line.quantity === null || line.unit_price_minor === null) return null;
  return line.quantity * line.unit_price_minor * (kind === "credit_memo" ? -1 : 1);
}

/** A line with another quantity or price: its amount follows, if it was what they made before. */
export function changedLine(line: Line, fields: Partial<Line>, kind: Content["kind"]): Line {
  const next = { ...line, ...fields };
  const follows = !("amount_minor" in fields) && (line.amount_minor === null || line.amount_minor === lineAmount(line, kind));
  return follows && next.kind === "item" ? { ...next, amount_minor: lineAmount(next, kind) ?? next.amount_minor } : next;
}
