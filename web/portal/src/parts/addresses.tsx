/** The member's addresses: which is used, another one, one less (and back again). */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, got } from "@shared/client";
import { type Schemas, useAddresses } from "../queries";
import { say } from "../words";
import { AddressForm, AddressLines } from "./address";
import { tell } from "./note";
import { Loaded, wordsOf } from "./states";

type Saved = Schemas["AddressView"];

export function Addresses() {
  const addresses = useAddresses();
  const [adding, setAdding] = useState(false);
  return (
    <section className="section" aria-labelledby="addresses">
      <h2 id="addresses">{say("profile.addresses")}</h2>
      <Loaded query={addresses} empty={(found) => found.addresses.length === 0} nothing={<p className="muted">{say("profile.no_address")}</p>}>
        {(found) => <ul className="rows">{found.addresses.map((address) => <One key={address.address_id} address={address} />)}</ul>}
      </Loaded>
      {adding ? (
        <AddressForm makeDefault={addresses.data?.addresses.length === 0} onSaved={() => setAdding(false)} onCancel={() => setAdding(false)} />
      ) : (
        <p><button type="button" className="button quiet" onClick={() => setAdding(true)}>{say("profile.address_add")}</button></p>
      )}
    </section>
  );
}

function One({ address }: { address: Saved }) {
  const queries = useQueryClient();
  const path = { address_id: address.address_id };
  const show = (now: Schemas["Addresses"]) => {
    queries.setQueryData(["addresses"], now);
    void queries.invalidateQueries({ queryKey: ["me"] });
  };
  const failed = (problem: unknown) => tell(wordsOf(problem));
  const back = useMutation({
    // The same address again is the one that was there.
    mutationFn: () => got(api().POST("/me/addresses", { body: asTyped(address) })),
    onSuccess: () => void queries.invalidateQueries({ queryKey: ["addresses"] }),
    onError: failed,
  });
  const removing = useMutation({
    mutationFn: () => got(api().DELETE("/me/addresses/{address_id}", { params: { path } })),
    onSuccess: (now) => {
      show(now);
      tell(say("profile.address_gone"), () => back.mutate());
    },
    onError: failed,
  });
  const choosing = useMutation({ mutationFn: () => got(api().PUT("/me/addresses/{address_id}/default", { params: { path } })), onSuccess: show, onError: failed });
  const busy = removing.isPending || choosing.isPending;
  return (
    <li className="address-row">
      <div>
        <AddressLines address={address} />
        {address.is_default && <p className="small muted">{say("profile.address_default")}</p>}
      </div>
      <div className="address-actions">
        {!address.is_default && <button type="button" className="link small" disabled={busy} onClick={() => choosing.mutate()}>{say("profile.address_use")}<span className="hidden"> {address.line1}</span></button>}
        <button type="button" className="link small" disabled={busy} onClick={() => removing.mutate()}>{say("profile.address_remove")}<span className="hidden"> {address.line1}</span></button>
      </div>
    </li>
  );
}

function asTyped({ full_name, phone, line1, line2, line3, city, state_or_region, postal_code, country_code, is_default }: Saved): Schemas["NewAddress"] {
  return { full_name, phone, line1, line2, line3, city, state_or_region, postal_code, country_code, make_default: is_default };
}
