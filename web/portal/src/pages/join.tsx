/** Signed in, and no member yet: the number on the card, then the code that went to the contact on file. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { api, got } from "@shared/client";
import { now } from "@shared/now";
import { Problem } from "@shared/problem";
import { signOut } from "@shared/session";
import { own } from "../own";
import { useSecondsUntil } from "../parts/countdown";
import { Field } from "../parts/field";
import { Page } from "../parts/page";
import { Failed } from "../parts/states";
import { focusWrong } from "../parts/wrong";
import { say, sayCount } from "../words";

type Claim = { number: string; minutes: number; again_at: string };

const place = () => own(sessionStorage, "claim");
const AGAIN_SECONDS = 30;
const NUMBER = /^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$/;

export default function Join() {
  const [claim, setClaim] = useState(kept);
  const keep = (next: Claim | null) => {
    // The mail is read in another tab or app, and this page may be loaded anew meanwhile.
    if (next) place().keep(next);
    else place().drop();
    setClaim(next);
  };
  return (
    <Page title={say("join.title")} lead={<p>{say(claim ? "join.lead_code" : "join.lead")}</p>} className="join">
      {claim ? <Code claim={claim} keep={keep} /> : <MemberNumber keep={keep} />}
      <p className="small muted">
        {say("join.not_you")} <button type="button" className="link" onClick={() => void signOut()}>{say("nav.sign_out")}</button>
      </p>
    </Page>
  );
}

const send = async (number: string): Promise<Claim> => {
  const { code_minutes } = await got(api().POST("/claims", { body: { member_number: number } }));
  return { number, minutes: code_minutes, again_at: new Date(now() + AGAIN_SECONDS * 1000).toISOString() };
};

function MemberNumber({ keep }: { keep: (claim: Claim) => void }) {
  const queries = useQueryClient();
  const [number, setNumber] = useState("");
  const [odd, setOdd] = useState(false);
  const sending = useMutation({ mutationFn: send, onSuccess: keep, onError: (problem) => joinedAlready(problem) && void queries.invalidateQueries({ queryKey: ["me"] }) });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const typed = number.trim();
    setOdd(!NUMBER.test(typed));
    if (!NUMBER.test(typed)) focusWrong(event.currentTarget);
    else if (!sending.isPending) sending.mutate(typed);
  };
  return (
    <form className="form" onSubmit={submit} noValidate>
      <Field
        label={say("join.number")}
        hint={say("join.number_hint")}
        wrong={odd ? say("join.number_wrong") : undefined}
        name="member_number"
        autoComplete="off"
        autoCapitalize="characters"
        spellCheck={false}
        maxLength={40}
        value={number}
        onInput={(event) => setNumber(event.currentTarget.value)}
      />
      {sending.error && <Failed error={sending.error} />}
      <div className="actions">
        <button type="submit" className="button" disabled={sending.isPending}>{say(sending.isPending ? "states.waiting" : "join.send")}</button>
      </div>
    </form>
  );
}

function Code({ claim, keep }: { claim: Claim; keep: (claim: Claim | null) => void }) {
  const queries = useQueryClient();
  const [code, setCode] = useState("");
  const [short, setShort] = useState(false);
  const seconds = useSecondsUntil(claim.again_at);
  const again = useMutation({ mutationFn: send, onSuccess: (next) => (keep(next), confirming.reset(), setCode("")) });
  const confirming = useMutation({
    // What is sent is handed over: somebody who types fast is ahead of what was drawn last.
    mutationFn: (typed: string) => got(api().POST("/claims/confirmation", { body: { member_number: claim.number, code: typed } })),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: ["me"] });
      place().drop();
    },
    onError: (problem) => joinedAlready(problem) && void queries.invalidateQueries({ queryKey: ["me"] }),
  });
  const refused = confirming.error instanceof Problem && confirming.error.code === "claim-refused";
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    setShort(code.length !== 6);
    if (code.length !== 6) focusWrong(event.currentTarget);
    else if (!confirming.isPending) confirming.mutate(code);
  };
  return (
    <form className="form" onSubmit={submit} noValidate>
      <p>{sayCount("join.sent", claim.minutes, { number: claim.number })}</p>
      <Field
        focused
        label={say("join.code")}
        className="code num"
        name="code"
        inputMode="numeric"
        autoComplete="one-time-code"
        value={code}
        wrong={refused ? say("join.refused") : short ? say("join.code_short") : undefined}
        onInput={(event) => setCode(event.currentTarget.value.replace(/[^0-9]/g, "").slice(0, 6))}
      />
      {confirming.error && !refused && <Failed error={confirming.error} />}
      {again.error && <Failed error={again.error} />}
      <div className="actions">
        <button type="submit" className="button" disabled={confirming.isPending || confirming.isSuccess}>
          {say(confirming.isPending || confirming.isSuccess ? "states.waiting" : "join.confirm")}
        </button>
        <button type="button" className="link" disabled={seconds > 0 || again.isPending} onClick={() => again.mutate(claim.number)}>
          {seconds > 0 ? sayCount("join.again_in", seconds) : say("join.again")}
        </button>
      </div>
      <details>
        <summary>{say("join.no_code")}</summary>
        <ul className="plain">
          <li>{say("join.no_code_spam")}</li>
          <li>{say("join.no_code_number")}</li>
          <li>{say("join.no_code_other")}</li>
        </ul>
        <button type="button" className="link" onClick={() => keep(null)}>{say("join.other_number")}</button>
      </details>
    </form>
  );
}

const joinedAlready = (problem: unknown) => problem instanceof Problem && problem.code === "already-member";

function kept(): Claim | null {
  const claim = place().read() as Claim | null;
  return typeof claim?.number === "string" ? claim : null;
}
