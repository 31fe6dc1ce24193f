/** An address as it stands on a parcel, and the form for another one. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { api, got } from "@shared/client";
import { config } from "@shared/config";
import { Problem } from "@shared/problem";
import { locale } from "@shared/shown";
import { own } from "../own";
import type { Schemas } from "../queries";
import { type Key, say, sayCode } from "../words";
import { Field } from "./field";
import { Failed } from "./states";

type Saved = Schemas["AddressView"];
type New = Schemas["NewAddress"];
type Name = Exclude<keyof New, "make_default">;

/** Name first; the country where the programme has more than one. */
export function AddressLines({ address }: { address: Saved }) {
  const [name, ...rest] = addressLines(address);
  return (
    <address className="address">
      <b>{name}</b>
      {rest.map((line) => <span key={line}>{line}</span>)}
    </address>
  );
}

export function addressLines({ full_name, line1, line2, line3, city, state_or_region, postal_code, country_code }: Saved): string[] {
  const town = country_code === "US" ? `${city}, ${state_or_region ?? ""} ${postal_code}` : [postal_code, city, state_or_region].filter(Boolean).join(" ");
  const country = config().store.countries.length > 1 ? countryName(country_code) : null;
  return [full_name, line1, line2, line3, town, country].filter((line): line is string => !!line);
}

const countryName = (code: string): string => new Intl.DisplayNames(locale(), { type: "region" }).of(code) ?? code;

// What browsers fill in by themselves, and how long the API takes it.
const ROWS: readonly (readonly (readonly [name: Name, autoComplete: string, most: number, optional?: true])[])[] = [
  [["full_name", "name", 60]],
  [["line1", "address-line1", 60]],
  [["line2", "address-line2", 60, true]],
  [["postal_code", "postal-code", 12], ["city", "address-level2", 60]],
  [["state_or_region", "address-level1", 60], ["phone", "tel", 40]],
];
const draft = () => own(sessionStorage, "address draft");

/** What is typed stays in this tab until it is saved, whatever comes between. */
export function AddressForm({ makeDefault, onSaved, onCancel }: { makeDefault: boolean; onSaved: (saved: Saved) => void; onCancel?: (() => void) | undefined }) {
  const queries = useQueryClient();
  const { countries } = config().store;
  const [typed, setTyped] = useState(() => (draft().read() ?? {}) as Partial<Record<Name, string>>);
  const type = (name: Name, value: string) => {
    const next = { ...typed, [name]: value };
    draft().keep(next);
    setTyped(next);
  };
  const country = typed.country_code ?? countries[0] ?? "";
  const save = useMutation({
    // What is sent is handed over: somebody who types fast is ahead of what was drawn last.
    mutationFn: (body: New) => got(api().POST("/me/addresses", { body })),
    onSuccess: (saved) => {
      draft().drop();
      // It is in the list before the list is asked for again.
      queries.setQueryData<Schemas["Addresses"]>(["addresses"], (known) =>
        known && { addresses: [saved, ...known.addresses.filter(({ address_id }) => address_id !== saved.address_id)] });
      void queries.invalidateQueries({ queryKey: ["addresses"] });
      onSaved(saved);
    },
  });
  const wrong = new Set(save.error instanceof Problem ? save.error.fields.map(({ field }) => field) : []);
  const wrongWith = (name: Name) => (wrong.has(name) ? sayCode("checkout", `wrong_${name}`, say("problems.invalid")) : undefined);
  const named = [...ROWS.flat().map(([name]) => name), "country_code"].some((name) => wrong.has(name));
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    if (!save.isPending) save.mutate(bodyOf(typed, country, makeDefault));
  };
  return (
    <form className="form" onSubmit={submit}>
      {ROWS.map((row) => (
        <div key={row[0]![0]} className={row.length > 1 ? "two" : undefined}>
          {row.map(([name, autoComplete, most, optional]) => (
            <Field
              key={name}
              name={name}
              label={say(`checkout.${name}` as Key)}
              type={name === "phone" ? "tel" : "text"}
              autoComplete={autoComplete}
              maxLength={most}
              required={!optional && (name !== "state_or_region" || country === "US")}
              value={typed[name] ?? ""}
              wrong={wrongWith(name)}
              onInput={(event) => type(name, event.currentTarget.value)}
            />
          ))}
        </div>
      ))}
      {countries.length > 1 && (
        <div className="field">
          <label htmlFor="address-country">{say("checkout.country_code")}</label>
          <select id="address-country" autoComplete="country" value={country} onChange={(event) => type("country_code", event.currentTarget.value)}>
            {countries.map((code) => <option key={code} value={code}>{countryName(code)}</option>)}
          </select>
        </div>
      )}
      {wrong.has("country_code") && <p className="wrong small" role="alert">{wrongWith("country_code")}</p>}
      {save.error && !named && <Failed error={save.error} />}
      <div className="actions">
        <button type="submit" className="button" disabled={save.isPending}>{save.isPending ? say("states.waiting") : say("checkout.use_address")}</button>
        {onCancel && <button type="button" className="link" onClick={onCancel}>{say("states.cancel")}</button>}
      </div>
    </form>
  );
}

function bodyOf(typed: Partial<Record<Name, string>>, country: string, makeDefault: boolean): New {
  const told = (name: Name) => (typed[name] ?? "").trim();
  return {
    full_name: told("full_name"),
    phone: told("phone"),
    line1: told("line1"),
    line2: told("line2") || null,
    city: told("city"),
    state_or_region: told("state_or_region") || null,
    postal_code: told("postal_code"),
    country_code: country,
    make_default: makeDefault,
  };
}
