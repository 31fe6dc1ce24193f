/** One case: where it stands, what was said, photos, an answer, taking it back. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useEffect, useId, useState } from "react";
import { Link, useParams } from "wouter";
import { api, got } from "@shared/client";
import { Problem } from "@shared/problem";
import { fullDay, moment, number } from "@shared/shown";
import { own } from "../own";
import { isOver, standing } from "../parts/case-words";
import { Dialog } from "../parts/dialog";
import { tell } from "../parts/note";
import { Page } from "../parts/page";
import { Photos } from "../parts/photos";
import { Failed, Loaded } from "../parts/states";
import type { Schemas } from "../queries";
import { say, sayCode } from "../words";

type Found = Schemas["CaseView"];

const LOOK_AGAIN_MS = 30_000;

export default function Case() {
  const { id = "" } = useParams<{ id: string }>();
  const found = useQuery({
    queryKey: ["cases", id],
    queryFn: () => got(api().GET("/cases/{case_id}", { params: { path: { case_id: id } } })),
    refetchInterval: ({ state }) => (state.data && !isOver(state.data.state) ? LOOK_AGAIN_MS : false),
  });
  return (
    <Page title={found.data ? sayCode("cases", found.data.kind) : say("case.title")} className="case" lead={<Lead found={found.data} />}>
      <Loaded query={found}>{(one) => <Told found={one} />}</Loaded>
    </Page>
  );
}

function Lead({ found }: { found: Found | undefined }) {
  return (
    <>
      {found && <p>{found.title ?? found.partner}</p>}
      <p><Link href="/cases">{say("case.all")}</Link></p>
    </>
  );
}

function Told({ found }: { found: Found }) {
  const over = isOver(found.state);
  const [first = "", ...more] = standing(found);
  const label = found.files.find(({ purpose, url }) => purpose === "label" && url);
  return (
    <>
      <section className="section" aria-label={say("case.state")}>
        <div className="callout" role="status">
          <p className="case-standing">{first}</p>
          {more.map((sentence) => <p key={sentence}>{sentence}</p>)}
          {found.reason && <p>{say("case.reason")} <span className="said">{found.reason}</span></p>}
          {label?.url && <p><a className="button quiet" href={label.url} download>{say("case.label")}</a></p>}
          {found.state === "return" && !label && <p>{say("case.label_comes")}</p>}
        </div>
        <Facts found={found} />
      </section>
      <section className="section" aria-labelledby="thread">
        <h2 id="thread">{say("case.thread")}</h2>
        <ol className="thread">
          {found.messages.map((message) => (
            <li key={`${message.at} ${message.author}`} className={message.author}>
              <p className="small muted"><b>{say(message.author === "member" ? "case.you" : "case.we")}</b> · <time dateTime={message.at}>{moment(message.at)}</time></p>
              <p className="said">{message.text}</p>
            </li>
          ))}
        </ol>
        {!over && <Answer found={found} />}
      </section>
      {!over && <Photos found={found} />}
      {!over && <Withdraw found={found} />}
    </>
  );
}

function Facts({ found }: { found: Found }) {
  const facts: [string, string][] = [[say("case.opened"), fullDay(found.opened_at)]];
  if (found.quantity !== null) facts.push([say("case.units"), number(found.quantity)]);
  if (found.partner_reference) facts.push([say("case.reference"), found.partner_reference]);
  if (found.bought_on) facts.push([say("case.bought_on"), fullDay(`${found.bought_on}T12:00`)]);
  if (found.decided_at) facts.push([say("case.ended"), fullDay(found.decided_at)]);
  return (
    <div className="section">
      <dl className="facts">{facts.map(([name, value]) => [<dt key={name}>{name}</dt>, <dd key={`${name} value`}>{value}</dd>])}</dl>
      {found.redemption_id && <p className="small"><Link href={`/redemptions/${found.redemption_id}`}>{say("case.order")}</Link></p>}
    </div>
  );
}

function Answer({ found }: { found: Found }) {
  const id = useId();
  const queries = useQueryClient();
  const draft = () => own(sessionStorage, `answer ${found.case_id}`);
  const [text, setText] = useState(() => String(draft().read() ?? ""));
  useEffect(() => draft().keep(text), [text]);
  const saying = useMutation({
    mutationFn: (said: string) => got(api().POST("/cases/{case_id}/messages", { params: { path: { case_id: found.case_id } }, body: { text: said } })),
    onSuccess: (now) => {
      setText("");
      queries.setQueryData(["cases", found.case_id], now);
    },
    onError: (problem) => problem instanceof Problem && problem.code === "case-closed" && void queries.invalidateQueries({ queryKey: ["cases"] }),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (text.trim() && !saying.isPending) saying.mutate(text.trim());
  };
  return (
    <form className="form" onSubmit={submit}>
      <div className="field">
        <label htmlFor={id}>{say("case.answer")}</label>
        <textarea id={id} maxLength={4000} value={text} onInput={(event) => setText(event.currentTarget.value)} />
      </div>
      {saying.error && <Failed error={saying.error} />}
      <div className="actions"><button type="submit" className="button" disabled={saying.isPending || !text.trim()}>{say(saying.isPending ? "states.waiting" : "case.send")}</button></div>
    </form>
  );
}

function Withdraw({ found }: { found: Found }) {
  const queries = useQueryClient();
  const [asking, setAsking] = useState(false);
  const withdrawing = useMutation({
    mutationFn: () => got(api().POST("/cases/{case_id}/withdrawal", { params: { path: { case_id: found.case_id } } })),
    onSuccess: (now) => {
      setAsking(false);
      queries.setQueryData(["cases", found.case_id], now);
      void queries.invalidateQueries({ queryKey: ["cases", "list"] });
      tell(say("case.withdrawn_note"));
    },
  });
  return (
    <p>
      <button type="button" className="link" onClick={() => setAsking(true)}>{say("case.withdraw")}</button>
      {asking && (
        <Dialog title={say("case.withdraw_sure")} onClose={() => setAsking(false)}>
          <p>{say(found.state === "return" ? "case.withdraw_return" : "case.withdraw_what")}</p>
          {withdrawing.error && <Failed error={withdrawing.error} />}
          <div className="actions">
            <button type="button" className="button" disabled={withdrawing.isPending} onClick={() => withdrawing.mutate()}>{say(withdrawing.isPending ? "states.waiting" : "case.withdraw_yes")}</button>
            <button type="button" className="link" onClick={() => setAsking(false)}>{say("case.withdraw_no")}</button>
          </div>
        </Dialog>
      )}
    </p>
  );
}
