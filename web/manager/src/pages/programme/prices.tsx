/** What a product costs in points: factors, shares, margin and drift, delivery and tax; with an example that moves along. */
import Box from "@cloudscape-design/components/box";
import ColumnLayout from "@cloudscape-design/components/column-layout";
import Container from "@cloudscape-design/components/container";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import Select from "@cloudscape-design/components/select";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import { useState } from "react";
import { minorDigits, money, number } from "@shared/shown";
import { sliderOf } from "@shared/split";
import { config } from "../../config";
import { useWholeDraft } from "../../draft";
import { PageFrame } from "../../parts/DetailPage";
import { DraftSection } from "../../parts/DraftSection";
import { ChoiceField, DecimalField, NumberField, TextField } from "../../parts/Form";
import { MapRows } from "../../parts/Rows";
import type { Conversion, Points, Pricing, Redemption, Tiers } from "./document";

export default function Prices() {
  return (
    <PageFrame title="Prices in points" description="One factor applies to a product for a member: a campaign's, else its category's, else the tier's, else the base. Never several at once.">
      <SpaceBetween size="l">
        <ConversionSection />
        <PricingSection />
        <RedemptionSection />
      </SpaceBetween>
    </PageFrame>
  );
}

function ConversionSection() {
  const tiers = (useWholeDraft().data?.document["tiers"] as Tiers | undefined)?.levels ?? [];
  return (
    <DraftSection<Conversion> section="conversion" title="Conversion" description="Members see new prices at once; open quotes keep theirs until they run out.">
      {(value, set, readOnly) => (
        <ColumnLayout columns={2}>
          <SpaceBetween size="l">
            <NumberField name="conversion.points_per_major" label="Points for one unit of the currency" value={value.points_per_major} onChange={(points_per_major) => set({ points_per_major })} disabled={readOnly} constraint="200: a price of 1.00 is 200 points." />
            <Factors value={value.by_tier} place="conversion.by_tier" label="Tier" add="Add a factor for a tier" empty="Every tier pays the base factor." set={(by_tier) => set({ by_tier })} readOnly={readOnly} codes={tiers.map(({ code }) => code)} base={value.points_per_major} />
            <Factors value={value.by_category} place="conversion.by_category" label="Category" add="Add a factor for a category" empty="Every category has the same factor." set={(by_category) => set({ by_category })} readOnly={readOnly} base={value.points_per_major} />
            <ColumnLayout columns={2}>
              <NumberField name="conversion.min_points_share_percent" label="Least share in points" value={value.min_points_share_percent} onChange={(min_points_share_percent) => set({ min_points_share_percent })} suffix="%" disabled={readOnly} />
              <NumberField name="conversion.max_points_share_percent" label="Greatest share in points" value={value.max_points_share_percent} onChange={(max_points_share_percent) => set({ max_points_share_percent })} suffix="%" disabled={readOnly} />
              <NumberField name="conversion.points_step" label="Step of the slider" value={value.points_step} onChange={(points_step) => set({ points_step })} suffix="points" disabled={readOnly} />
            </ColumnLayout>
            <ColumnLayout columns={2}>
              <Percent name="conversion.margin_floor_basis_points" label="Margin to keep at least" value={value.margin_floor_basis_points} onChange={(margin_floor_basis_points) => set({ margin_floor_basis_points })} disabled={readOnly} constraint="Of what the points are worth. Offers whose live price breaks it are not shown. 0: no floor." />
              <Percent name="conversion.drift_tolerance_basis_points" label="Price drift that the programme pays" value={value.drift_tolerance_basis_points} onChange={(drift_tolerance_basis_points) => set({ drift_tolerance_basis_points })} disabled={readOnly} constraint="Between quote and order. Amazon Business's own safeguard must be 0, or it cancels such orders." />
            </ColumnLayout>
          </SpaceBetween>
          <Example conversion={value} tiers={tiers.map(({ code }) => code)} />
        </ColumnLayout>
      )}
    </DraftSection>
  );
}

function Factors({ value, place, label, add, empty, set, readOnly, codes, base }: { value: Record<string, number | null>; place: string; label: string; add: string; empty: string; set: (value: Record<string, number | null>) => void; readOnly: boolean; codes?: readonly string[]; base: number | null }) {
  const unused = codes?.find((code) => !(code in value)) ?? "";
  return (
    <MapRows<number | null>
      value={value}
      onChange={set}
      fresh={() => [unused, base]}
      add={add}
      noun={label.toLowerCase()}
      disabled={readOnly}
      empty={empty}
      draw={([code, factor], put) => (
        <>
          {codes ? (
            <ChoiceField name={`${place}.${code}.[key]`} label={label} value={code} onChange={(next) => put([next, factor])} disabled={readOnly} options={[...new Set([...codes, code])].map((one) => ({ value: one, label: one }))} />
          ) : (
            <TextField name={`${place}.${code}.[key]`} label={label} value={code} onChange={(next) => put([next, factor])} disabled={readOnly} />
          )}
          <NumberField name={`${place}.${code}`} label="Points a unit" value={factor} onChange={(next) => put([code, next])} disabled={readOnly} />
        </>
      )}
    />
  );
}

/** Basis points, shown as percent. */
function Percent({ value, onChange, ...frame }: { name: string; label: string; value: number | null; onChange: (value: number | null) => void; disabled: boolean; constraint: string }) {
  return <DecimalField {...frame} digits={2} suffix="%" value={value === null ? null : value / 100} onChange={(percent) => onChange(percent === null ? null : Math.round(percent * 100))} />;
}

/** The arithmetic of loyalty/catalogue/prices.py with the values on the page, before anything is saved. */
function Example({ conversion, tiers }: { conversion: Conversion; tiers: readonly string[] }) {
  const document = useWholeDraft().data?.document;
  const pricing = document?.["pricing"] as Pricing | undefined;
  const points = document?.["points"] as Points | undefined;
  const { currency } = config();
  const digits = minorDigits(currency);
  const [typed, setTyped] = useState(digits ? "24.99" : "2499");
  const [tier, setTier] = useState("");
  const price = Math.round(Number(typed.replace(",", ".")) * 10 ** digits);
  const factor = (tier && conversion.by_tier[tier]) || conversion.points_per_major;
  const known = Number.isSafeInteger(price) && price > 0 && factor !== null && factor > 0;
  const tax = Math.ceil((price * (pricing?.browse_tax_basis_points ?? 0)) / 10_000);
  const charged = pricing?.included === "charged";
  const allIn = charged ? price + tax : price;
  const cost = known ? Math.ceil((allIn * factor) / 10 ** digits) : 0;
  const slider = known ? sliderOf(cost, conversion.min_points_share_percent ?? 0, conversion.max_points_share_percent ?? 100, conversion.points_step || 1) : null;
  const worth = (cost * (points?.unit_cost_micros ?? 0)) / 1_000_000;
  const margin = worth > 0 ? ((worth - (price + tax) / 10 ** digits) / worth) * 100 : null;
  const floor = (conversion.margin_floor_basis_points ?? 0) / 100;
  const options = [{ value: "", label: "Base" }, ...tiers.map((code) => ({ value: code, label: code }))];
  return (
    <Container header={<Header variant="h3" description="With what stands on this page, saved or not. Campaigns and categories aside.">Worked example</Header>}>
      <SpaceBetween size="l">
        <SpaceBetween direction="horizontal" size="s">
          <FormField label={`A product for (${currency})`}><Input value={typed} inputMode="decimal" onChange={({ detail }) => setTyped(detail.value)} /></FormField>
          <FormField label="Member's tier"><Select selectedOption={options.find(({ value }) => value === tier) ?? null} options={options} onChange={({ detail }) => setTier(detail.selectedOption.value ?? "")} /></FormField>
        </SpaceBetween>
        {!known || !slider ? (
          <StatusIndicator type="info">Enter a price and a factor above 0.</StatusIndicator>
        ) : (
          <>
            <Box variant="awsui-value-large" padding={{ bottom: "s" }}><span data-example>{number(cost)} points</span></Box>
            <KeyValuePairs
              columns={2}
              items={[
                { label: "Price to the member", value: charged && tax ? `${money(price, currency)} + ${money(tax, currency)} tax` : money(allIn, currency) },
                { label: "May be paid in points", value: slider.minimum === slider.maximum ? `${number(slider.maximum)} points` : `${number(slider.minimum)} to ${number(slider.maximum)} points` },
                { label: "What these points were paid with", value: money(Math.round(worth * 10 ** digits), currency) },
                {
                  label: "Margin",
                  value: margin === null ? "–" : floor > 0 ? <StatusIndicator type={margin < floor ? "warning" : "success"}>{margin.toFixed(1)} %{margin < floor ? ": below the floor, not shown" : ""}</StatusIndicator> : `${margin.toFixed(1)} %, no floor`,
                },
                { label: "Price may rise until the order to", value: money(Math.floor(price * (1 + (conversion.drift_tolerance_basis_points ?? 0) / 10_000)), currency) },
              ]}
            />
          </>
        )}
      </SpaceBetween>
    </Container>
  );
}

function PricingSection() {
  return (
    <DraftSection<Pricing> section="pricing" title="Delivery, tax and quotes">
      {(value, set, readOnly) => (
        <ColumnLayout columns={3}>
          <ChoiceField
            name="pricing.included"
            label="Delivery and tax are paid by"
            value={value.included}
            onChange={(included) => set({ included })}
            disabled={readOnly}
            options={[{ value: "charged", label: "the member", description: "They are in the price." }, { value: "absorbed", label: "the programme", description: "The price is the product alone." }]}
          />
          <Percent name="pricing.browse_tax_basis_points" label="Tax shown before there is an address" value={value.browse_tax_basis_points} onChange={(browse_tax_basis_points) => set({ browse_tax_basis_points })} disabled={readOnly} constraint="A rough rate for the shop's pages; the quote has the true one." />
          <NumberField name="pricing.quote_minutes" label="A quote is good for" suffix="minutes" value={value.quote_minutes} onChange={(quote_minutes) => set({ quote_minutes })} disabled={readOnly} />
        </ColumnLayout>
      )}
    </DraftSection>
  );
}

function RedemptionSection() {
  return (
    <DraftSection<Redemption> section="redemption" title="Redemption" description="Redemptions under way keep the times they began with.">
      {(value, set, readOnly) => (
        <ColumnLayout columns={3}>
          <NumberField name="redemption.release_delay_seconds" label="Time to change one's mind" suffix="seconds" value={value.release_delay_seconds} onChange={(release_delay_seconds) => set({ release_delay_seconds })} disabled={readOnly} constraint="So long the member may cancel before anything is ordered." />
          <NumberField name="redemption.approval_minutes" label="Time to approve a payment" suffix="minutes" value={value.approval_minutes} onChange={(approval_minutes) => set({ approval_minutes })} disabled={readOnly} />
          <ChoiceField
            name="redemption.partial_policy_default"
            label="When not everything can be sent"
            value={value.partial_policy_default}
            onChange={(partial_policy_default) => set({ partial_policy_default })}
            disabled={readOnly}
            options={[{ value: "send_what_you_can", label: "send what there is" }, { value: "all_or_nothing", label: "send all or nothing" }]}
          />
        </ColumnLayout>
      )}
    </DraftSection>
  );
}
