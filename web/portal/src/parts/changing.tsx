/** While it can still be changed: until when, another address in one tap, or no order at all; and why not, once it cannot. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, got } from "@shared/client";
import { Problem } from "@shared/problem";
import { minutes, time } from "@shared/shown";
import { type Schemas, refreshPoints, useAddresses } from "../queries";
import { say, sayCode } from "../words";
import { AddressForm, AddressLines, addressLines } from "./address";
import { useSecondsUntil } from "./countdown";
import { Dialog } from "./dialog";
import { tell } from "./note";
import { Failed, Loaded, wordsOf } from "./states";
import { type Order, statusOf } from "./story";

export type Asking = "address" | "cancel" | null;

/** `asking`: which question stands over the page. It stays while the order goes on under it, and says so. */
export function Changing({ order, asking, ask }: { order: Order; asking: Asking; ask: (asking: Asking) => void }) {
  const close = () => ask(null);
  if (!order.may_cancel && !order.may_change_address && asking === null) return null;
  return (
    <section className="section" aria-label={say("order.changing")}>
      {order.status === "waiting" && <Until until={order.may_change_until} />}
      <div className="actions">
        {order.may_change_address && <button type="button" className="button quiet" onClick={() => ask("address")}>{say("order.change_address")}</button>}
        {order.may_cancel && <button type="button" className="link" onClick={() => ask("cancel")}>{say("order.cancel")}</button>}
      </div>
      {asking === "address" && <ChangeAddress order={order} close={close} />}
      {asking === "cancel" && <Cancel order={order} close={close} />}
    </section>
  );
}

function Until({ until }: { until: string }) {
  const seconds = useSecondsUntil(until);
  return (
    <p className="until num">
      {seconds > 0 ? say("order.until", { time: time(until) }) : say("order.any_moment")}
      {seconds > 0 && <span className="muted" role="timer"> · {minutes(seconds)}</span>}
    </p>
  );
}

/** What the API answers is the order as it is now. */
export function useTold(order: Order) {
  const queries = useQueryClient();
  return (told: Order) => {
    queries.setQueryData(["redemptions", order.redemption_id], told);
    refreshPoints(queries);
  };
}

/** Something that was refused because time went on: the page is read again. */
export function useAskAgain(order: Order) {
  const queries = useQueryClient();
  return () => queries.invalidateQueries({ queryKey: ["redemptions", order.redemption_id] });
}

/** Time went on while a question stood over the page. */
function NoLonger({ order }: { order: Order }) {
  return <p className="wrong" role="alert">{say("order.no_longer", { status: sayCode("status", statusOf(order), order.words) })}</p>;
}

function Cancel({ order, close }: { order: Order; close: () => void }) {
  const told = useTold(order);
  const askAgain = useAskAgain(order);
  const cancelling = useMutation({
    mutationFn: () => got(api().POST("/redemptions/{redemption_id}/cancel", { params: { path: { redemption_id: order.redemption_id } } })),
    onSuccess: (answer) => (told(answer), tell(say("order.cancelled")), close()),
    onError: () => void askAgain(),
  });
  return (
    <Dialog title={say("order.cancel_question")} onClose={close}>
      {order.may_cancel && <p>{say(order.money_minor > 0 ? "order.cancel_words_money" : "order.cancel_words")}</p>}
      {cancelling.error ? <Failed error={cancelling.error} /> : !order.may_cancel && !cancelling.isPending && <NoLonger order={order} />}
      <div className="actions">
        {order.may_cancel && <button type="button" className="button" disabled={cancelling.isPending} onClick={() => cancelling.mutate()}>{say("order.cancel_yes")}</button>}
        <button type="button" className={order.may_cancel ? "link" : "button quiet"} onClick={close}>{say(order.may_cancel ? "order.cancel_no" : "states.close")}</button>
      </div>
    </Dialog>
  );
}

type Saved = Schemas["AddressView"];

function ChangeAddress({ order, close }: { order: Order; close: () => void }) {
  const addresses = useAddresses();
  const told = useTold(order);
  const askAgain = useAskAgain(order);
  const [another, setAnother] = useState(false);
  const [refused, setRefused] = useState<Record<string, string>>({});
  const send = (address_id: string) =>
    got(api().PUT("/redemptions/{redemption_id}/address", { params: { path: { redemption_id: order.redemption_id } }, body: { address_id } }));
  const before = order.address_id;
  const changing = useMutation({
    mutationFn: (address: Saved) => send(address.address_id),
    onSuccess: (answer, address) => {
      told(answer);
      const undo = () => void send(before).then(told, (failure: unknown) => tell(wordsOf(failure)));
      tell(say("order.address_changed", { address: addressLines(address).slice(1).join(", ") }), undo);
      close();
    },
    onError: (failure, address) => {
      // Each address keeps its own reason; what is over for all of them is said once.
      if (failure instanceof Problem && failure.fields[0]?.field === "address_id") setRefused((known) => ({ ...known, [address.address_id]: wordsOf(failure) }));
      else void askAgain();
    },
  });
  const general = changing.error && !(changing.error instanceof Problem && changing.error.fields[0]?.field === "address_id") ? changing.error : null;
  return (
    <Dialog title={say("order.change_address")} onClose={close}>
      <Loaded query={addresses}>
        {({ addresses: saved }) => (
          <ul className="choices">
            {saved.map((address) => {
              const current = address.address_id === order.address_id;
              const why = refused[address.address_id];
              return (
                <li key={address.address_id}>
                  <button type="button" className="address-choice" disabled={current || changing.isPending || why !== undefined || !order.may_change_address} onClick={() => changing.mutate(address)}>
                    <AddressLines address={address} />
                    {current && <span className="small muted">{say("order.address_now")}</span>}
                  </button>
                  {why && <p className="wrong small" role="alert">{why}</p>}
                </li>
              );
            })}
          </ul>
        )}
      </Loaded>
      {general ? <Failed error={general} /> : !order.may_change_address && !changing.isPending && <NoLonger order={order} />}
      {another ? (
        <AddressForm makeDefault={false} onSaved={(saved) => (setAnother(false), changing.mutate(saved))} onCancel={() => setAnother(false)} />
      ) : (
        <div className="actions">
          <button type="button" className="link" onClick={() => setAnother(true)}>{say("checkout.another_address")}</button>
          <button type="button" className="link" onClick={close}>{say("states.close")}</button>
        </div>
      )}
    </Dialog>
  );
}
