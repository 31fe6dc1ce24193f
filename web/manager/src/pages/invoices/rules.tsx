/** Amazon's invoices in the programme's draft: whose mail is believed, how exact a match has to be, who the parties are for the ERP. */
import ColumnLayout from "@cloudscape-design/components/column-layout";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { countryName } from "@shared/shown";
import { PageFrame } from "../../parts/DetailPage";
import { DraftSection } from "../../parts/DraftSection";
import { MoneyField, NumberField, TextField, ToggleField } from "../../parts/Form";
import { ListField } from "../../parts/ListField";

type Party = { name: string; tax_id: string | null; registration: string | null; endpoint: string | null; street: string | null; city: string | null; postal_code: string | null; country: string };
type Invoices = {
  senders: readonly string[];
  minimum_confidence: number;
  total_difference_minor: number;
  price_difference_minor: number;
  fetch_after_days: number;
  vendor: Party;
  buyer: Party | null;
};

const NOBODY: Party = { name: "", tax_id: null, registration: null, endpoint: null, street: null, city: null, postal_code: null, country: "US" };

export default function Rules() {
  return (
    <PageFrame title="Invoice rules" description="What is posted without a person, and what waits for one. It applies once the draft is published, to whatever is read after that." from={{ label: "Invoices", path: "/invoices" }}>
      <DraftSection<Invoices> section="invoices" title="Amazon's invoices">
        {(value, set, readOnly) => (
          <SpaceBetween size="xl">
            <ColumnLayout columns={2}>
              <ListField name="invoices.senders" label="Senders that are believed" value={value.senders} onChange={(senders) => set({ senders })} disabled={readOnly} rows={4} constraint="A domain a line; what comes below it counts too. Mail of others is kept and refused, and so is mail whose signature does not hold." />
              <SpaceBetween size="l">
                <NumberField name="invoices.minimum_confidence" label="Read with at least" suffix="% confidence" value={value.minimum_confidence} onChange={(minimum_confidence) => set({ minimum_confidence: minimum_confidence ?? 0 })} disabled={readOnly} constraint="What was read with less waits for a person, unless two other things prove it." />
                <NumberField name="invoices.fetch_after_days" label="Fetched if it has not come after" suffix="days" value={value.fetch_after_days} onChange={(days) => set({ fetch_after_days: days ?? 0 })} disabled={readOnly} constraint="Counted from the shipment." />
              </SpaceBetween>
              <MoneyField name="invoices.total_difference_minor" label="Sums may be off by" value={value.total_difference_minor} onChange={(minor) => set({ total_difference_minor: minor ?? 0 })} disabled={readOnly} constraint="Rounding of the tax, a line at a time." />
              <MoneyField name="invoices.price_difference_minor" label="A unit may cost more by" value={value.price_difference_minor} onChange={(minor) => set({ price_difference_minor: minor ?? 0 })} disabled={readOnly} constraint="Than was ordered; less is always fine." />
            </ColumnLayout>
            <PartyFields title="The vendor" place="invoices.vendor" value={value.vendor} onChange={(vendor) => set({ vendor })} readOnly={readOnly} />
            <ToggleField name="invoices.buyer.[set]" label="The ERP's documents name us as the buyer" value={value.buyer !== null} onChange={(on) => set({ buyer: on ? NOBODY : null })} disabled={readOnly} hint="UBL wants a buyer; plain JSON does not." />
            {value.buyer && <PartyFields title="The buyer" place="invoices.buyer" value={value.buyer} onChange={(buyer) => set({ buyer })} readOnly={readOnly} />}
          </SpaceBetween>
        )}
      </DraftSection>
    </PageFrame>
  );
}

function PartyFields({ title, place, value, onChange, readOnly }: { title: string; place: string; value: Party; onChange: (value: Party) => void; readOnly: boolean }) {
  const field = (name: Exclude<keyof Party, "name" | "country">, label: string, constraint = "") => (
    <TextField name={`${place}.${name}`} label={label} value={value[name] ?? ""} onChange={(text) => onChange({ ...value, [name]: text || null })} disabled={readOnly} constraint={constraint} />
  );
  return (
    <fieldset className="part">
      <legend>{title}</legend>
      <ColumnLayout columns={3}>
        <TextField name={`${place}.name`} label="Name" value={value.name} onChange={(name) => onChange({ ...value, name })} disabled={readOnly} />
        {field("tax_id", "Tax number")}
        {field("registration", "Company register")}
        {field("street", "Street")}
        {field("city", "City")}
        {field("postal_code", "Postal code")}
        <TextField name={`${place}.country`} label="Country" value={value.country} onChange={(country) => onChange({ ...value, country: country.toUpperCase() })} disabled={readOnly} constraint={/^[A-Z]{2}$/.test(value.country) ? countryName(value.country) : "Two capitals."} />
        {field("endpoint", "Electronic address", "For UBL: scheme:id, such as 0088:4012345000009.")}
      </ColumnLayout>
    </fieldset>
  );
}
