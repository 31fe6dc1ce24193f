/** An order that is on its way: sent, sent again when the connection is back, until it is answered one way or the other. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { useLocation } from "wouter";
import { Problem } from "@shared/problem";
import { ordered } from "../cart";
import { forgetPlacing, type Placing, sendPlacing } from "../placing";
import { refreshPoints } from "../queries";
import { say } from "../words";
import { leaveWhenAsked } from "./leaving";
import { Again } from "./again";
import { Waiting } from "./states";

type Props = { member: string; placing: Placing; onRefused: (problem: Problem, placing: Placing) => void };

export function Sending({ member, placing, onRefused }: Props) {
  const queries = useQueryClient();
  const [, go] = useLocation();
  const sending = useMutation({
    mutationFn: sendPlacing,
    onSuccess: ({ redemption_id, money_minor }, sent) => {
      ordered(sent.taken);
      if (money_minor > 0) leaveWhenAsked(redemption_id);
      refreshPoints(queries);
      // Kept until the very end: whoever reloads here sends it again and gets the same answer.
      go(`/redemptions/${redemption_id}`, { replace: true });
      forgetPlacing(member, sent);
    },
    onError: (problem, sent) => {
      // Nothing is known after a lost answer or one that is not the API's, and whoever is signed out comes back.
      if (!(problem instanceof Problem) || !problem.certain) return;
      onRefused(problem, sent);
      forgetPlacing(member, sent);
    },
  });
  const send = () => sending.isPending || sending.mutate(placing);
  useEffect(() => void send(), [placing.key]);
  const paused = sending.error instanceof Problem && sending.error.code === "ordering-paused";
  return (
    <section className="sending" aria-busy={sending.isPending}>
      <h2>{say("checkout.sending")}</h2>
      {sending.error === null ? (
        <Waiting />
      ) : (
        <Again error={sending.error} retry={send} busy={sending.isPending} words={paused ? say("checkout.paused") : say("checkout.unanswered")}>
          {paused && (
            // Certain: nothing was held.
            <button type="button" className="link" onClick={() => forgetPlacing(member, placing)}>{say("checkout.not_now")}</button>
          )}
        </Again>
      )}
    </section>
  );
}
