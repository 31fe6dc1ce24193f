/** The money part: off to the provider's page, and what is shown after coming back from there. */
import { useMutation } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { useSearchParams } from "wouter";
import { api, got } from "@shared/client";
import { Problem } from "@shared/problem";
import { money, moment } from "@shared/shown";
import { say } from "../words";
import { Again } from "./again";
import { useAskAgain, useTold } from "./changing";
import { leaveFor, wishedToLeave } from "./leaving";
import { Waiting } from "./states";
import type { Order } from "./story";

// Whoever is still here after that is told that the provider's page does not come.
const PATIENCE_MS = 8_000;
const AFTER_APPROVAL_MS = 20_000;

type Props = { order: Order; approved: boolean; onApproved: (approved: boolean) => void; onCancel: () => void };

export function Paying({ order, approved, onApproved, onCancel }: Props) {
  const [search, setSearch] = useSearchParams();
  const back = search.get("payment");
  const told = useTold(order);
  const askAgain = useAskAgain(order);
  const [cancelled, setCancelled] = useState(false);
  const approving = useMutation({
    mutationFn: () => got(api().POST("/redemptions/{redemption_id}/payment-approval", { params: { path: { redemption_id: order.redemption_id } } })),
    onSuccess: told,
    // Over, or nothing to pay: what became of it is what the page shows.
    onError: (failure) => failure instanceof Problem && !failure.passing && void askAgain(),
  });
  useEffect(() => {
    if (back === null) return;
    if (back === "returned") {
      onApproved(true);
      approving.mutate();
    } else setCancelled(true);
    // Reloading later is not coming back once more.
    setSearch({}, { replace: true });
  }, [back]);
  if (order.status !== "awaiting_payment") return null;
  const lost = approving.error instanceof Problem && approving.error.passing ? approving.error : null;
  return (
    <section className="callout" aria-label={say("order.payment")}>
      {lost ? (
        <Again error={lost} retry={() => approving.mutate()} busy={approving.isPending} words={say("order.approval_lost")} />
      ) : approved ? (
        <Checking onLate={() => onApproved(false)} />
      ) : (
        <Open order={order} cancelled={cancelled} onCancel={onCancel} />
      )}
    </section>
  );
}

/** The provider is asked whether it was approved; if that takes long, the way there is open again. */
function Checking({ onLate }: { onLate: () => void }) {
  useEffect(() => {
    const timer = setTimeout(onLate, AFTER_APPROVAL_MS);
    return () => clearTimeout(timer);
  }, []);
  return <p role="status">{say("order.payment_checked")}</p>;
}

function Open({ order, cancelled, onCancel }: { order: Order; cancelled: boolean; onCancel: () => void }) {
  const [leaving, setLeaving] = useState<"no" | "leaving" | "stuck">("no");
  const asked = useRef(false);
  const address = order.payment?.approval_url ?? null;
  const leave = () => {
    if (!address || !leaveFor(address)) return setLeaving("stuck");
    setLeaving("leaving");
    setTimeout(() => setLeaving("stuck"), PATIENCE_MS);
  };
  useEffect(() => {
    // Whoever pressed "continue to …" goes there as soon as there is an address, unless they look elsewhere by now.
    if (!address || asked.current) return;
    asked.current = true;
    if (wishedToLeave(order.redemption_id) && !document.hidden) leave();
  }, [address]);
  useEffect(() => {
    // Back by the browser's own button: this page was only asleep.
    const awake = (event: PageTransitionEvent) => event.persisted && setLeaving("no");
    addEventListener("pageshow", awake);
    return () => removeEventListener("pageshow", awake);
  }, []);
  const amount = money(order.payment?.amount_minor ?? order.money_minor, order.currency);
  if (!address) return <><p>{say(order.payment?.state === "opened" ? "order.payment_coming" : "order.payment_checked")}</p><Waiting /></>;
  return (
    <>
      <p>{say(cancelled ? "order.payment_cancelled" : "order.payment_words", { amount, until: order.payment ? moment(order.payment.approve_until) : "" })}</p>
      <p className="small muted">{say("order.held")}</p>
      {leaving === "stuck" && <p className="wrong" role="alert">{say("order.payment_stuck")}</p>}
      <div className="actions">
        <button type="button" className="button" disabled={leaving === "leaving"} onClick={leave}>
          {leaving === "leaving" ? say("order.payment_leaving") : say("order.pay_now", { amount })}
        </button>
        {leaving === "stuck" && <a href={address}>{say("order.payment_link")}</a>}
        {cancelled && order.may_cancel && <button type="button" className="link" onClick={onCancel}>{say("order.cancel")}</button>}
      </div>
    </>
  );
}
