/** Something is wrong, or is to go back: what it is about, which units or which purchase, and in the member's words. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useEffect, useId, useState } from "react";
import { Link, useLocation, useSearchParams } from "wouter";
import { api, got } from "@shared/client";
import { Problem } from "@shared/problem";
import { once } from "../once";
import { own } from "../own";
import { PickUnits, type Units } from "../parts/pick-units";
import { type Kind, KINDS } from "../parts/case-words";
import { Field } from "../parts/field";
import { Page } from "../parts/page";
import { Failed, Loaded } from "../parts/states";
import type { Schemas } from "../queries";
import { focusWrong } from "../parts/wrong";
import { say, sayCode } from "../words";

type Draft = { kind: Kind | null; subject: "units" | "purchase"; units: Units | null; partner: string; reference: string; bought_on: string; text: string };
type Wrong = Partial<Record<"kind" | "units" | "partner" | "reference" | "text", string>>;

const kept = () => own(sessionStorage, "case draft");
const PARTNER = /^[A-Za-z0-9][A-Za-z0-9 &/_.-]{0,62}$/;
const EMPTY: Draft = { kind: null, subject: "units", units: null, partner: "", reference: "", bought_on: "", text: "" };

export default function NewCase() {
  const [search] = useSearchParams();
  const [, go] = useLocation();
  const queries = useQueryClient();
  const [draft, setDraft] = useState<Draft>(() => begun(search));
  const [wrong, setWrong] = useState<Wrong>({});
  useEffect(() => kept().keep(draft), [draft]);
  const change = (part: Partial<Draft>) => {
    setDraft({ ...draft, ...part });
    setWrong({});
  };
  const opening = useMutation({
    mutationFn: (body: Schemas["NewCase"]) => once("case", body, (key) => got(api().POST("/cases", { body, params: { header: { "Idempotency-Key": key } } }))),
    onSuccess: (found) => {
      kept().drop();
      queries.setQueryData(["cases", found.case_id], found);
      void queries.invalidateQueries({ queryKey: ["cases", "list"] });
      go(`/cases/${found.case_id}`, { replace: true });
    },
  });
  const aboutPurchase = draft.kind === "missing_points" || (draft.kind === "other" && draft.subject === "purchase");
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const found = wrongOf(draft, aboutPurchase);
    setWrong(found);
    if (Object.keys(found).length > 0) focusWrong(event.currentTarget);
    else if (!opening.isPending) opening.mutate(bodyOf(draft, aboutPurchase));
  };
  const known = opening.error instanceof Problem && opening.error.code === "already-open";
  return (
    <Page title={say("cases.new")} lead={<p><Link href="/cases">{say("case.all")}</Link></p>}>
      <form className="form case-form" onSubmit={submit} noValidate>
        <fieldset className="choices" data-wrong={!!wrong.kind} aria-describedby={wrong.kind && "wrong-kind"}>
          <legend>{say("cases.what")}</legend>
          {KINDS.map((kind) => (
            <label key={kind} className="choice">
              <input type="radio" name="kind" checked={draft.kind === kind} onChange={() => change({ kind })} />
              <span>{sayCode("cases", kind)}<span className="small muted block">{sayCode("cases", `${kind}_what`)}</span></span>
            </label>
          ))}
          {wrong.kind && <p id="wrong-kind" className="wrong small" role="alert">{wrong.kind}</p>}
        </fieldset>
        {draft.kind === "other" && (
          <fieldset className="choices">
            <legend>{say("cases.about")}</legend>
            {(["units", "purchase"] as const).map((subject) => (
              <label key={subject} className="choice">
                <input type="radio" name="subject" checked={draft.subject === subject} onChange={() => change({ subject })} />
                <span>{say(`cases.about_${subject}`)}</span>
              </label>
            ))}
          </fieldset>
        )}
        {draft.kind && !aboutPurchase && <Units units={draft.units} change={(units) => change({ units })} wrong={wrong.units} />}
        {draft.kind && aboutPurchase && <Purchase draft={draft} change={change} wrong={wrong} />}
        {draft.kind && <Text text={draft.text} change={(text) => change({ text })} wrong={wrong.text} />}
        {opening.error && <Failed error={opening.error} />}
        {known && <p><Link href="/cases">{say("cases.to_open")}</Link></p>}
        <div className="actions">
          <button type="submit" className="button" disabled={opening.isPending}>{say(opening.isPending ? "states.waiting" : "cases.send")}</button>
          <span className="small muted">{say("cases.photos_next")}</span>
        </div>
      </form>
    </Page>
  );
}

function Units({ units, change, wrong }: { units: Units | null; change: (units: Units | null) => void; wrong: string | undefined }) {
  const orders = useQuery({ queryKey: ["redemptions", "for cases"], queryFn: () => got(api().GET("/redemptions", { params: { query: { limit: 100 } } })) });
  return (
    <fieldset className="choices" data-wrong={!!wrong} aria-describedby={wrong && "wrong-units"}>
      <legend>{say("cases.which")}</legend>
      <Loaded query={orders} empty={(found) => !found.redemptions.some(isOrdered)} nothing={<p>{say("cases.no_orders")}</p>}>
        {(found) => <PickUnits orders={found.redemptions.filter(isOrdered)} units={units} change={change} />}
      </Loaded>
      {wrong && <p id="wrong-units" className="wrong small" role="alert">{wrong}</p>}
    </fieldset>
  );
}

// The shop has accepted something of it; before that an order is cancelled, not complained about.
const ORDERED = new Set(["completed", "partially_completed", "partly_shipped", "shipped", "partly_delivered", "delivered", "not_delivered"]);
const isOrdered = ({ status }: Schemas["Summary"]): boolean => ORDERED.has(status);

function Purchase({ draft, change, wrong }: { draft: Draft; change: (part: Partial<Draft>) => void; wrong: Wrong }) {
  return (
    <>
      <Field label={say("cases.partner")} hint={say("cases.partner_hint")} wrong={wrong.partner} maxLength={63} value={draft.partner} onInput={(event) => change({ partner: event.currentTarget.value })} />
      <Field label={say("cases.reference")} hint={say("cases.reference_hint")} wrong={wrong.reference} maxLength={100} value={draft.reference} onInput={(event) => change({ reference: event.currentTarget.value })} />
      <Field label={say("cases.bought_on")} type="date" value={draft.bought_on} onChange={(event) => change({ bought_on: event.currentTarget.value })} />
    </>
  );
}

function Text({ text, change, wrong }: { text: string; change: (text: string) => void; wrong: string | undefined }) {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>{say("cases.text")}</label>
      <textarea id={id} maxLength={4000} aria-invalid={!!wrong} aria-describedby={wrong && `${id}-wrong`} value={text} onInput={(event) => change(event.currentTarget.value)} />
      {wrong && <span id={`${id}-wrong`} className="wrong small" role="alert">{wrong}</span>}
    </div>
  );
}

function wrongOf({ kind, units, partner, reference, text }: Draft, aboutPurchase: boolean): Wrong {
  return {
    ...(kind ? {} : { kind: say("cases.wrong_kind") }),
    ...(kind && !aboutPurchase && !units ? { units: say("cases.wrong_units") } : {}),
    ...(kind && aboutPurchase && !PARTNER.test(partner.trim()) ? { partner: say("cases.wrong_partner") } : {}),
    ...(kind && aboutPurchase && !reference.trim() ? { reference: say("cases.wrong_reference") } : {}),
    ...(kind && !text.trim() ? { text: say("cases.wrong_text") } : {}),
  };
}

function bodyOf({ kind, units, partner, reference, bought_on, text }: Draft, aboutPurchase: boolean): Schemas["NewCase"] {
  const said = { kind: kind!, text: text.trim() };
  if (!aboutPurchase) return { ...said, units: units! };
  return { ...said, purchase: { partner: partner.trim(), reference: reference.trim(), bought_on: bought_on || null } };
}

/** What was typed here before, or what the link says this is about. */
function begun(search: URLSearchParams): Draft {
  let draft = { ...EMPTY, ...(kept().read() as Partial<Draft> | null) };
  const redemption = search.get("redemption");
  const kind = KINDS.find((one) => one === search.get("kind"));
  if (redemption && draft.units?.redemption_id !== redemption) {
    draft = { ...draft, units: { redemption_id: redemption, line_number: Number(search.get("line")) || 1, quantity: 1 } };
  }
  return kind ? { ...draft, kind } : draft;
}
