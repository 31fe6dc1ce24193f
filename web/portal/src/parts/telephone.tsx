/** Another telephone number: typed, and the member's once the code that was sent there has come back. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { api, got } from "@shared/client";
import { now } from "@shared/now";
import { Problem } from "@shared/problem";
import { own } from "../own";
import type { Schemas } from "../queries";
import { say, sayCount } from "../words";
import { useSecondsUntil } from "./countdown";
import { Field } from "./field";
import { tell } from "./note";
import { Failed, wordsOf } from "./states";
import { focusWrong } from "./wrong";

type Sent = { phone: string; minutes: number; again_at: string };

const place = () => own(sessionStorage, "phone");
const AGAIN_SECONDS = 30;
// What the API takes.
const SHORTEST = 5;
const LONGEST = 40;
const OF_THE_NUMBER = new Set(["same-phone", "sms-stopped", "invalid"]);

/** Whether a code was sent from this tab and has not come back: the message is read in another app meanwhile. */
export const isConfirmingPhone = (): boolean => kept() !== null;

export function Telephone({ onClose }: { onClose: () => void }) {
  const [sent, setSent] = useState(kept);
  const keep = (next: Sent | null) => {
    if (next) place().keep(next);
    else place().drop();
    setSent(next);
  };
  const close = () => {
    keep(null);
    onClose();
  };
  return sent ? <Code sent={sent} keep={keep} close={close} /> : <NewNumber keep={keep} close={close} />;
}

const send = async (phone: string): Promise<Sent> => {
  const { code_minutes } = await got(api().PUT("/me/phone", { body: { phone } }));
  return { phone, minutes: code_minutes, again_at: new Date(now() + AGAIN_SECONDS * 1000).toISOString() };
};

function NewNumber({ keep, close }: { keep: (sent: Sent) => void; close: () => void }) {
  const [phone, setPhone] = useState("");
  const [odd, setOdd] = useState(false);
  const sending = useMutation({ mutationFn: send, onSuccess: keep });
  const wrong = odd ? say("profile.phone_wrong") : wordsOfTheNumber(sending.error);
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const typed = phone.trim();
    setOdd(typed.length < SHORTEST);
    if (typed.length < SHORTEST) focusWrong(event.currentTarget);
    else if (!sending.isPending) sending.mutate(typed);
  };
  return (
    <form className="form" onSubmit={submit} noValidate>
      <Field
        focused
        label={say("profile.phone_new")}
        hint={say("profile.phone_hint")}
        wrong={wrong}
        className="num"
        name="phone"
        type="tel"
        autoComplete="tel"
        maxLength={LONGEST}
        value={phone}
        onInput={(event) => setPhone(event.currentTarget.value)}
      />
      {sending.error && !wrong && <p className="wrong small" role="alert">{wordsOfCodes(sending.error)}</p>}
      <div className="actions">
        <button type="submit" className="button" disabled={sending.isPending}>{say(sending.isPending ? "states.waiting" : "profile.phone_send")}</button>
        <button type="button" className="link" onClick={close}>{say("states.cancel")}</button>
      </div>
    </form>
  );
}

function Code({ sent, keep, close }: { sent: Sent; keep: (sent: Sent | null) => void; close: () => void }) {
  const queries = useQueryClient();
  const [code, setCode] = useState("");
  const [short, setShort] = useState(false);
  const seconds = useSecondsUntil(sent.again_at);
  const again = useMutation({ mutationFn: send, onSuccess: (next) => (keep(next), confirming.reset(), setCode("")) });
  const confirming = useMutation({
    mutationFn: (typed: string) => got(api().POST("/me/phone/confirmation", { body: { code: typed } })),
    onSuccess: ({ phone }) => {
      queries.setQueryData<Schemas["Me"]>(["me"], (known) => known && { ...known, phone });
      // What can be sent there is told with it.
      void queries.invalidateQueries({ queryKey: ["preferences"] });
      tell(say("profile.phone_is", { number: phone ?? sent.phone }));
      close();
    },
  });
  const refused = confirming.error instanceof Problem && confirming.error.code === "code-refused";
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    setShort(code.length !== 6);
    if (code.length !== 6) focusWrong(event.currentTarget);
    else if (!confirming.isPending) confirming.mutate(code);
  };
  return (
    <form className="form" onSubmit={submit} noValidate>
      <p role="status">{sayCount("profile.phone_sent", sent.minutes, { number: sent.phone })}</p>
      <Field
        focused
        label={say("profile.phone_code")}
        className="code num"
        name="code"
        inputMode="numeric"
        autoComplete="one-time-code"
        value={code}
        wrong={refused ? say("profile.phone_refused") : short ? say("profile.phone_code_short") : undefined}
        onInput={(event) => setCode(event.currentTarget.value.replace(/[^0-9]/g, "").slice(0, 6))}
      />
      {confirming.error && !refused && <Failed error={confirming.error} />}
      {again.error && <p className="wrong small" role="alert">{wordsOfCodes(again.error)}</p>}
      <div className="actions">
        <button type="submit" className="button" disabled={confirming.isPending}>{say(confirming.isPending ? "states.waiting" : "profile.phone_confirm")}</button>
        <button type="button" className="link" disabled={seconds > 0 || again.isPending} onClick={() => again.mutate(sent.phone)}>
          {seconds > 0 ? sayCount("profile.phone_again_in", seconds) : say("profile.phone_again")}
        </button>
      </div>
      <div className="actions">
        <button type="button" className="link small" onClick={() => keep(null)}>{say("profile.phone_other")}</button>
        <button type="button" className="link small" onClick={close}>{say("states.cancel")}</button>
      </div>
    </form>
  );
}

function wordsOfTheNumber(problem: unknown): string | undefined {
  if (!(problem instanceof Problem) || !OF_THE_NUMBER.has(problem.code)) return undefined;
  return problem.code === "invalid" ? say("profile.phone_wrong") : wordsOf(problem);
}

const wordsOfCodes = (problem: unknown): string =>
  problem instanceof Problem && problem.code === "too-many-codes" ? say("profile.phone_too_many") : wordsOf(problem);

function kept(): Sent | null {
  const sent = place().read() as Sent | null;
  return typeof sent?.phone === "string" ? sent : null;
}
