/** "Is it you?": a code by e-mail, typed here, in time. */
import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useEffect, useState } from "react";
import { api, got } from "@shared/client";
import { now } from "@shared/now";
import { Problem } from "@shared/problem";
import { moment } from "@shared/shown";
import { say, sayCount } from "../words";
import { useAskAgain } from "./changing";
import { useSecondsUntil } from "./countdown";
import { Field } from "./field";
import { Failed, wordsOf } from "./states";
import type { Order } from "./story";

const BETWEEN_CODES_SECONDS = 30;

export function Confirming({ order }: { order: Order }) {
  const askAgain = useAskAgain(order);
  const path = { params: { path: { redemption_id: order.redemption_id } } };
  const [code, setCode] = useState("");
  const [again, setAgain] = useState<string | null>(null);
  const wait = useSecondsUntil(again);
  const later = (seconds: number) => setAgain(new Date(now() + seconds * 1000).toISOString());
  const sending = useMutation({
    mutationFn: () => got(api().POST("/redemptions/{redemption_id}/step-up", path)),
    onSuccess: () => later(BETWEEN_CODES_SECONDS),
    onError: (failure) => {
      if (!(failure instanceof Problem)) return;
      if (failure.code === "too-soon") later(failure.retryAfterSeconds ?? BETWEEN_CODES_SECONDS);
      if (failure.code === "nothing-to-confirm") void askAgain();
    },
  });
  const confirming = useMutation({
    // What is sent is handed over: somebody who types fast is ahead of what was drawn last.
    mutationFn: (typed: string) => got(api().POST("/redemptions/{redemption_id}/step-up/confirmation", { ...path, body: { code: typed } })),
    onSuccess: () => askAgain(),
    onError: () => void askAgain(),
  });
  // One that was sent a moment ago, maybe on another device, is as good as one that was sent here.
  const sent = sending.isSuccess || (sending.error instanceof Problem && sending.error.code === "too-soon");
  useEffect(() => {
    if (confirming.isError) document.querySelector<HTMLInputElement>("#main input[name=code]")?.select();
  }, [confirming.isError, confirming.submittedAt]);
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    if (!confirming.isPending) confirming.mutate(code);
  };
  return (
    <section className="callout" aria-label={say("order.confirm")}>
      <p>{say("order.confirm_words")}</p>
      {order.confirm_until && <p className="small muted num">{say("order.confirm_until", { when: moment(order.confirm_until) })}</p>}
      {sent && (
        <form className="form" onSubmit={submit}>
          <p role="status">{sending.data ? sayCount("order.code_sent", sending.data.code_minutes) : say("order.code_there")}</p>
          <Field
            name="code"
            label={say("order.code")}
            inputMode="numeric"
            autoComplete="one-time-code"
            pattern="[0-9]{6}"
            maxLength={6}
            required
            value={code}
            wrong={confirming.error ? wordsOf(confirming.error) : undefined}
            onInput={(event) => setCode(event.currentTarget.value.replace(/\D/g, ""))}
          />
          <div className="actions"><button type="submit" className="button" disabled={confirming.isPending || code.length !== 6}>{say("order.confirm_it")}</button></div>
        </form>
      )}
      {sending.error && !sent && <Failed error={sending.error} />}
      <div className="actions">
        <button type="button" className={sent ? "link" : "button"} disabled={sending.isPending || wait > 0} onClick={() => sending.mutate()}>
          {wait > 0 ? sayCount("order.resend_in", wait) : say(sent ? "order.resend" : "order.send_code")}
        </button>
      </div>
    </section>
  );
}
