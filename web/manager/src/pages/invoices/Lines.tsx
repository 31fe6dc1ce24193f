/** The lines of an invoice: a row each, opened to be edited. Those with something doubtful are open from the start. */
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import ExpandableSection from "@cloudscape-design/components/expandable-section";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import { useState } from "react";
import { money, number } from "@shared/shown";
import { ChoiceField, DecimalField, MoneyField, NumberField, TextField } from "../../parts/Form";
import { changedLine, type Content, type Line, type LineKind, lineAmount, NO_LINE } from "./editing";
import { At } from "./Fields";

type Props = { value: Content; change: (fields: Partial<Content>) => void; disabled: boolean; currency: string; doubtful: (field: string) => boolean };

const KINDS: readonly { value: LineKind; label: string }[] = [{ value: "item", label: "Goods" }, { value: "shipping", label: "Shipping" }, { value: "discount", label: "Discount" }, { value: "fee", label: "Fee" }];
// Millionths to percent.
const PERCENT = 10_000;

export function Lines({ value, change, disabled, currency, doubtful }: Props) {
  const [opened, setOpened] = useState<Readonly<Record<number, boolean>>>({});
  const put = (index: number, line: Line) => change({ lines: value.lines.map((one, at) => (at === index ? line : one)) });
  const remove = (index: number) => {
    // The lines below move up, and what was opened with them.
    setOpened(Object.fromEntries(Object.entries(opened).flatMap(([at, open]) => (Number(at) === index ? [] : [[Number(at) > index ? Number(at) - 1 : Number(at), open]]))));
    change({ lines: value.lines.filter((_, at) => at !== index) });
  };
  return (
    <fieldset className="part">
      <legend>Lines</legend>
      <SpaceBetween size="xs">
        {value.lines.length === 0 && <Box color="text-body-secondary">No line was read.</Box>}
        {value.lines.map((line, index) => {
          const bad = doubtful(`lines.${index}`);
          return (
            <div key={index} className={bad ? "line doubtful" : "line"}>
              <ExpandableSection
                variant="inline"
                expanded={opened[index] ?? bad}
                onChange={({ detail }) => setOpened({ ...opened, [index]: detail.expanded })}
                headerText={<Summary line={line} index={index} currency={currency} bad={bad} />}
              >
                <OneLine line={line} index={index} kind={value.kind} currency={currency} disabled={disabled} put={(next) => put(index, next)} remove={() => remove(index)} />
              </ExpandableSection>
            </div>
          );
        })}
        {!disabled && <Button iconName="add-plus" formAction="none" onClick={() => (setOpened({ ...opened, [value.lines.length]: true }), change({ lines: [...value.lines, { ...NO_LINE, quantity: 1 }] }))}>Add a line</Button>}
      </SpaceBetween>
    </fieldset>
  );
}

function Summary({ line, index, currency, bad }: { line: Line; index: number; currency: string; bad: boolean }) {
  const title = line.description.split("\n")[0] || line.asin || KINDS.find(({ value }) => value === line.kind)?.label;
  const sum = line.quantity !== null && line.unit_price_minor !== null ? `${number(line.quantity)} × ${money(line.unit_price_minor, currency)}` : "";
  return (
    <span className="line-head">
      <span className="line-title">{index + 1}. {title}</span>
      <span className="line-sums">
        {bad && <StatusIndicator type="error">Look at it</StatusIndicator>}
        <span className="num">{sum}</span>
        <span className="num line-amount">{line.amount_minor === null ? "–" : money(line.amount_minor, currency)}</span>
      </span>
    </span>
  );
}

function OneLine({ line, index, kind, currency, disabled, put, remove }: { line: Line; index: number; kind: Content["kind"]; currency: string; disabled: boolean; put: (line: Line) => void; remove: () => void }) {
  const place = (name: keyof Line) => `lines.${index}.${name}`;
  const said = (name: keyof Line) => `content.${place(name)}`;
  const set = (fields: Partial<Line>) => put(changedLine(line, fields, kind));
  const made = lineAmount(line, kind);
  const off = made !== null && line.amount_minor !== null && made !== line.amount_minor;
  return (
    <SpaceBetween size="s">
      <At field={place("description")}><TextField name={said("description")} label="Description" value={line.description} onChange={(description) => set({ description })} disabled={disabled} stretch /></At>
      <div className="fields">
        <At field={place("kind")}><ChoiceField name={said("kind")} label="Line is" value={line.kind} onChange={(next) => set({ kind: next as LineKind })} disabled={disabled} options={KINDS} /></At>
        <At field={place("amazon_order_id")} wide><TextField name={said("amazon_order_id")} label="Amazon's order" value={line.amazon_order_id ?? ""} onChange={(id) => set({ amazon_order_id: id || null })} disabled={disabled} /></At>
        {line.kind === "item" && <At field={place("asin")}><TextField name={said("asin")} label="ASIN" value={line.asin ?? ""} onChange={(asin) => set({ asin: asin.toUpperCase() || null })} disabled={disabled} /></At>}
        {line.kind === "item" && <At field={place("quantity")}><NumberField name={said("quantity")} label="Quantity" value={line.quantity} onChange={(quantity) => set({ quantity })} disabled={disabled} /></At>}
        {line.kind === "item" && <At field={place("unit_price_minor")}><MoneyField name={said("unit_price_minor")} label="Unit price" currency={currency} value={line.unit_price_minor} onChange={(unit_price_minor) => set({ unit_price_minor })} disabled={disabled} /></At>}
        <At field={place("amount_minor")}>
          <MoneyField name={said("amount_minor")} label="Amount before tax" currency={currency} value={line.amount_minor} onChange={(amount_minor) => set({ amount_minor })} disabled={disabled} constraint={off ? `Quantity times price makes ${money(made, currency)}.` : ""} />
        </At>
        <At field={place("tax_minor")}><MoneyField name={said("tax_minor")} label="Tax" currency={currency} value={line.tax_minor} onChange={(tax_minor) => set({ tax_minor })} disabled={disabled} /></At>
        <At field={place("tax_rate_micros")}>
          <DecimalField name={said("tax_rate_micros")} label="Tax rate" suffix="%" value={line.tax_rate_micros === null ? null : line.tax_rate_micros / PERCENT} onChange={(rate) => set({ tax_rate_micros: rate === null ? null : Math.round(rate * PERCENT) })} disabled={disabled} />
        </At>
      </div>
      {!disabled && <Button variant="inline-link" formAction="none" onClick={remove}>Remove line {index + 1}</Button>}
    </SpaceBetween>
  );
}
