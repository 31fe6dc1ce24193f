/** The values of an invoice in a form: what is doubtful stands at its field. */
import SpaceBetween from "@cloudscape-design/components/space-between";
import type { ReactNode } from "react";
import { config } from "../../config";
import { ChoiceField, DateField, MoneyField, TextField } from "../../parts/Form";
import type { Content } from "./editing";
import { Lines } from "./Lines";
import { Sums } from "./Sums";

type Props = { value: Content; change: (fields: Partial<Content>) => void; disabled: boolean; doubtful: (field: string) => boolean };

export function Fields({ value, change, disabled, doubtful }: Props) {
  const currency = /^[A-Z]{3}$/.test(value.currency) ? value.currency : config().currency;
  const text = (name: "vendor_name" | "vendor_tax_id" | "account" | "payment_terms" | "corrects", label: string, constraint = "") => (
    <At field={name}><TextField name={`content.${name}`} label={label} value={value[name] ?? ""} onChange={(next) => change({ [name]: next || null })} disabled={disabled} constraint={constraint} /></At>
  );
  const amount = (name: "subtotal_minor" | "shipping_minor" | "discount_minor" | "tax_minor" | "total_minor", label: string) => (
    <At field={name}><MoneyField name={`content.${name}`} label={label} currency={currency} value={value[name]} onChange={(next) => change({ [name]: next })} disabled={disabled} /></At>
  );
  return (
    <SpaceBetween size="l">
      <div className="fields">
        <At field="number"><TextField name="content.number" label="Number" value={value.number} onChange={(number) => change({ number: number.toUpperCase() })} disabled={disabled} /></At>
        <At field="issued_on"><DateField name="content.issued_on" label="Date" value={value.issued_on} onChange={(issued_on) => change({ issued_on })} disabled={disabled} /></At>
        <At field="kind"><ChoiceField name="content.kind" label="Kind" value={value.kind} onChange={(kind) => change({ kind: kind as Content["kind"] })} disabled={disabled} options={[{ value: "invoice", label: "Invoice" }, { value: "credit_memo", label: "Credit memo" }]} /></At>
        <At field="purchase_order_numbers" wide>
          <TextField name="content.purchase_order_numbers" label="Purchase order" value={value.purchase_order_numbers.join(", ")} onChange={(next) => change({ purchase_order_numbers: next.split(/,\s*/).filter(Boolean) })} disabled={disabled} />
        </At>
        <At field="currency"><TextField name="content.currency" label="Currency" value={value.currency} onChange={(next) => change({ currency: next.toUpperCase() })} disabled={disabled} /></At>
        {value.kind === "credit_memo" ? text("corrects", "Corrects invoice") : <At field="due_on"><DateField name="content.due_on" label="Due" value={value.due_on ?? ""} onChange={(due_on) => change({ due_on: due_on || null })} disabled={disabled} /></At>}
        {text("vendor_name", "Vendor")}
        {text("account", "Account")}
        {text("payment_terms", "Payment terms")}
      </div>
      <Lines value={value} change={change} disabled={disabled} currency={currency} doubtful={doubtful} />
      <fieldset className="part">
        <legend>Sums</legend>
        <SpaceBetween size="m">
          <div className="fields">
            {amount("subtotal_minor", "Items before tax")}
            {amount("shipping_minor", "Shipping")}
            {amount("discount_minor", "Discounts, below zero")}
            {amount("tax_minor", "Tax")}
            {amount("total_minor", "Total")}
          </div>
          <Sums value={value} currency={currency} />
        </SpaceBetween>
      </fieldset>
    </SpaceBetween>
  );
}

/** Marks which value is edited inside, for the paper beside it. */
export function At({ field, wide = false, children }: { field: string; wide?: boolean; children: ReactNode }) {
  return <div data-field={field} className={wide ? "wide" : ""}>{children}</div>;
}
