/** An invoice under a person's eyes: the paper at the left, its values at the right, what is doubtful above them, and what may be done. */
import Alert from "@cloudscape-design/components/alert";
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import Grid from "@cloudscape-design/components/grid";
import Header from "@cloudscape-design/components/header";
import Link from "@cloudscape-design/components/link";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { type FocusEvent, useEffect, useRef, useState } from "react";
import { may } from "../../may";
import { Conflict } from "../../parts/DraftPage";
import { Form } from "../../parts/Form";
import { useUnsaved } from "../../parts/Unsaved";
import { Decisions } from "./Decisions";
import { Fields } from "./Fields";
import { Paper } from "./Paper";
import { type Review, useReview } from "./review";
import { fieldName, type Finding, type Whole } from "./shown";

// What has a field of its own in the form; the rest is said above only.
const HAS_FIELD = /^(number|issued_on|due_on|kind|purchase_order_numbers(\.\d+)?|currency|corrects|vendor_name|account|payment_terms|(subtotal|shipping|discount|tax|total)_minor|lines\.\d+\.\w+)$/;

export function Panel({ whole }: { whole: Whole }) {
  const review = useReview(whole);
  const [current, setCurrent] = useState("");
  const form = useRef<HTMLDivElement>(null);
  const readOnly = !whole.actions.includes("correct") || !may("PUT /invoices/{invoice_id}/content");
  // What was read with doubt may be right all the same: a person says so.
  const unconfirmed = whole.findings.some(({ code }) => code === "low_confidence" || code === "unproven");
  useUnsaved(review.dirty);
  useSaving(review);
  const focus = (event: FocusEvent) => {
    const field = (event.target as HTMLElement).closest("[data-field]")?.getAttribute("data-field");
    if (field) setCurrent(field);
  };
  const go = (field: string) => {
    setCurrent(field);
    const place = form.current?.querySelector(`[data-field="${CSS.escape(field)}"]`) ?? form.current?.querySelector(`[data-field^="${CSS.escape(field)}"]`);
    place?.querySelector<HTMLElement>("input, button, textarea")?.focus();
    place?.scrollIntoView({ block: "center", behavior: "smooth" });
  };
  return (
    <Grid gridDefinition={[{ colspan: { default: 12, s: 5 } }, { colspan: { default: 12, s: 7 } }]}>
      <div className="beside"><Paper whole={whole} current={current} onChoose={go} /></div>
      <SpaceBetween size="l">
        <Doubts findings={review.doubts} go={go} whole={whole} />
        <Container
          header={
            <Header
              variant="h2"
              actions={
                <div className="actions">
                  {review.dirty && <Button formAction="none" disabled={review.saving} onClick={review.reset}>Discard changes</Button>}
                  {!readOnly && <Button variant={review.dirty ? "primary" : "normal"} loading={review.saving} disabled={!review.dirty && !unconfirmed} onClick={review.save}>{review.dirty || !unconfirmed ? "Save correction" : "Confirm as printed"}</Button>}
                  <Decisions whole={whole} dirty={review.dirty} />
                </div>
              }
            >
              What is printed
            </Header>
          }
        >
          <div ref={form} onFocusCapture={focus}>
            <Form failure={review.failure} fields={atFields(review.doubts)} onSubmit={() => review.dirty && !readOnly && review.save()}>
              <Fields
                value={review.value}
                change={review.change}
                disabled={readOnly}
                doubtful={(field) => review.doubts.some((one) => one.field === field || one.field.startsWith(`${field}.`))}
              />
            </Form>
          </div>
        </Container>
      </SpaceBetween>
      <Conflict draft={review} what="this invoice" called={fieldName} />
    </Grid>
  );
}

const atFields = (findings: readonly Finding[]) => findings.filter(({ field }) => HAS_FIELD.test(field)).map(({ field, words }) => ({ field: `content.${field}`, detail: words }));

/** All of it in one place, each a way to its field. */
function Doubts({ findings, go, whole }: { findings: readonly Finding[]; go: (field: string) => void; whole: Whole }) {
  if (findings.length === 0) {
    return whole.state === "review" && whole.content ? <Alert type="success" header="Nothing is doubtful">Its values add up, and they are those of the order. Approve it, and it goes to the ERP.</Alert> : null;
  }
  return (
    <Alert type="warning" header={findings.length === 1 ? "One thing is doubtful" : `${findings.length} things are doubtful`}>
      <ul className="doubts">
        {findings.map((one, index) => (
          <li key={`${one.code} ${one.field} ${index}`}>
            {one.field && <><Link variant="primary" href="#" onFollow={(event) => (event.preventDefault(), go(one.field))}>{fieldName(one.field)}</Link>: </>}
            {one.words}
          </li>
        ))}
      </ul>
      {whole.second_person && <p>You have corrected it last. What differs still is approved by a second person, or refused.</p>}
    </Alert>
  );
}

/** Ctrl+S, or Cmd+S, saves. */
function useSaving(review: Review): void {
  const latest = useRef(review);
  latest.current = review;
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (!(event.ctrlKey || event.metaKey) || event.key !== "s") return;
      event.preventDefault();
      if (latest.current.dirty && !latest.current.saving) latest.current.save();
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, []);
}
