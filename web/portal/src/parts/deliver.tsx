/** Step 1: one of the saved addresses, or another one. Choosing asks for a price, so it is a press and no arrow key. */
import { type RefObject, useEffect, useRef, useState } from "react";
import type { Schemas } from "../queries";
import { say } from "../words";
import { AddressForm, AddressLines } from "./address";

type Saved = Schemas["AddressView"];
type Props = { addresses: readonly Saved[]; chosen: Saved | undefined; open: boolean; onOpen: () => void; onChoose: (address: Saved) => void };

export function Deliver({ addresses, chosen, open, onOpen, onChoose }: Props) {
  const change = useRef<HTMLButtonElement>(null);
  const list = useRef<HTMLUListElement>(null);
  const wasOpen = useRef(open);
  useEffect(() => {
    // Where the eye goes: to the address that is chosen, and back to what was pressed.
    if (!wasOpen.current && open) list.current?.querySelector<HTMLElement>("[aria-current]")?.focus();
    if (wasOpen.current && !open) change.current?.focus();
    wasOpen.current = open;
  }, [open]);
  if (chosen && !open) {
    return (
      <div className="step-line">
        <AddressLines address={chosen} />
        <button ref={change} type="button" className="link" onClick={onOpen}>{say("checkout.change")}<span className="hidden"> {say("checkout.deliver")}</span></button>
      </div>
    );
  }
  return <Choosing list={list} addresses={addresses} chosen={chosen} onChoose={onChoose} />;
}

function Choosing({ list, addresses, chosen, onChoose }: Pick<Props, "addresses" | "chosen" | "onChoose"> & { list: RefObject<HTMLUListElement | null> }) {
  const [another, setAnother] = useState(addresses.length === 0);
  return (
    <>
      {addresses.length > 0 && (
        <ul ref={list} className="choices" aria-label={say("checkout.deliver")}>
          {addresses.map((address) => {
            const current = address.address_id === chosen?.address_id;
            return (
              <li key={address.address_id}>
                <button type="button" className="address-choice" aria-current={current || undefined} onClick={() => onChoose(address)}>
                  <AddressLines address={address} />
                  {current && <span className="small muted">{say("order.address_now")}</span>}
                </button>
              </li>
            );
          })}
        </ul>
      )}
      {addresses.length > 0 && (
        <div className="actions"><button type="button" className="link" aria-expanded={another} onClick={() => setAnother(!another)}>{say("checkout.another_address")}</button></div>
      )}
      {another && <AddressForm makeDefault={addresses.length === 0} onSaved={onChoose} onCancel={addresses.length > 0 ? () => setAnother(false) : undefined} />}
    </>
  );
}
