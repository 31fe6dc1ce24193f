/** Step 1: one of the saved addresses, or another one. */
import { useEffect, useRef, useState } from "react";
import type { Schemas } from "../queries";
import { say } from "../words";
import { AddressForm, AddressLines } from "./address";

type Saved = Schemas["AddressView"];
type Props = { addresses: readonly Saved[]; chosen: Saved | undefined; open: boolean; onOpen: () => void; onChoose: (address: Saved) => void };

export function Deliver({ addresses, chosen, open, onOpen, onChoose }: Props) {
  const change = useRef<HTMLButtonElement>(null);
  const wasOpen = useRef(open);
  useEffect(() => {
    // Where the eye goes: back to what was pressed.
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
  return <Choosing addresses={addresses} chosen={chosen} onChoose={onChoose} />;
}

function Choosing({ addresses, chosen, onChoose }: Pick<Props, "addresses" | "chosen" | "onChoose">) {
  const [another, setAnother] = useState(addresses.length === 0);
  return (
    <>
      {addresses.length > 0 && (
        <fieldset className="choices">
          <legend className="hidden">{say("checkout.deliver")}</legend>
          {addresses.map((address) => (
            <label key={address.address_id} className="choice">
              <input
                type="radio"
                name="address"
                checked={!another && address.address_id === chosen?.address_id}
                onChange={() => onChoose(address)}
                // The one that is chosen already is chosen again by pressing it.
                onClick={() => address.address_id === chosen?.address_id && onChoose(address)}
              />
              <AddressLines address={address} />
            </label>
          ))}
          <label className="choice">
            <input type="radio" name="address" checked={another} onChange={() => setAnother(true)} />
            <span>{say("checkout.another_address")}</span>
          </label>
        </fieldset>
      )}
      {another && <AddressForm makeDefault={addresses.length === 0} onSaved={onChoose} onCancel={addresses.length > 0 ? () => setAnother(false) : undefined} />}
    </>
  );
}
