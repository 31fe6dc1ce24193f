/** How points are earned, when they may be spent, when they lapse, and who pays for them. */
import ColumnLayout from "@cloudscape-design/components/column-layout";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { DraftPage } from "../../parts/DraftPage";
import { ChoiceField, NumberField, TextField, ToggleField } from "../../parts/Form";
import { MapRows, Rows } from "../../parts/Rows";
import type { Points } from "./document";

const ZONES = Intl.supportedValuesOf("timeZone").map((value) => ({ value, label: value.replaceAll("_", " ") }));

export default function PointsPolicy() {
  return (
    <DraftPage<Points>
      section="points"
      title="Points policy"
      description="A change is for points earned from then on, unless it favours members. Points that members have keep their last day."
    >
      {(value, change, _, readOnly) => {
        const set = (fields: Partial<Points>) => change((before) => ({ ...before, ...fields }));
        return (
          <SpaceBetween size="l">
            <Container header={<Header variant="h2">Earning</Header>}>
              <SpaceBetween size="l">
                <ColumnLayout columns={2}>
                  <NumberField name="points.base_points_per_major" label="Points for each unit of the currency" value={value.base_points_per_major} onChange={(base_points_per_major) => set({ base_points_per_major })} disabled={readOnly} constraint="Where no rate below says otherwise; 10: a purchase of 20.00 earns 200 points." />
                  <NumberField name="points.pending_days" label="Days before they may be spent" value={value.pending_days} onChange={(pending_days) => set({ pending_days })} disabled={readOnly} constraint="0: at once. Usually as long as goods may be returned at the partner's." />
                </ColumnLayout>
                <Rows
                  rows={value.earn_rates}
                  onChange={(earn_rates) => set({ earn_rates })}
                  fresh={() => ({ partner: null, category: null, points_per_major: value.base_points_per_major })}
                  add="Add a rate"
                  noun="rate"
                  disabled={readOnly}
                  empty="Every partner and category earns the same."
                  draw={(row, put, index) => (
                    <>
                      <TextField name={`points.earn_rates.${index}.partner`} label="Partner" placeholder="any" value={row.partner ?? ""} onChange={(partner) => put({ ...row, partner: partner || null })} disabled={readOnly} />
                      <TextField name={`points.earn_rates.${index}.category`} label="Category" placeholder="any" value={row.category ?? ""} onChange={(category) => put({ ...row, category: category || null })} disabled={readOnly} />
                      <NumberField name={`points.earn_rates.${index}.points_per_major`} label="Points a unit" value={row.points_per_major} onChange={(points_per_major) => put({ ...row, points_per_major })} disabled={readOnly} />
                    </>
                  )}
                />
              </SpaceBetween>
            </Container>
            <Container header={<Header variant="h2" description="Always the end of a month, where the programme is.">Lapsing and coming back</Header>}>
              <ColumnLayout columns={2}>
                <NumberField name="points.expiry.months" label="Months until points lapse" value={value.expiry.months} onChange={(months) => set({ expiry: { ...value.expiry, months } })} disabled={readOnly} />
                <ChoiceField
                  name="points.expiry.kind"
                  label="Counted from"
                  value={value.expiry.kind}
                  onChange={(kind) => set({ expiry: { ...value.expiry, kind } })}
                  disabled={readOnly}
                  options={[{ value: "fixed", label: "the purchase" }, { value: "activity", label: "the last activity", description: "Not carried out by the ledger yet: it cannot be published." }]}
                />
                <NumberField name="points.return_extension_days" label="Days that returned points are good at least" value={value.return_extension_days} onChange={(return_extension_days) => set({ return_extension_days })} disabled={readOnly} constraint="When goods come back after their points would have lapsed. More days are for orders under way, too." />
                <ChoiceField name="points.time_zone" label="Time zone" value={value.time_zone} onChange={(time_zone) => set({ time_zone })} disabled={readOnly} options={ZONES.some((zone) => zone.value === value.time_zone) ? ZONES : [{ value: value.time_zone, label: value.time_zone }, ...ZONES]} constraint="Where the programme's days and months end." />
                <ChoiceField
                  name="points.debt_policy"
                  label="When a purchase comes back and its points are spent"
                  value={value.debt_policy}
                  onChange={(debt_policy) => set({ debt_policy })}
                  disabled={readOnly}
                  options={[{ value: "debt", label: "The member owes them", description: "The next points earned pay for it." }, { value: "write_off", label: "They are written off" }]}
                />
              </ColumnLayout>
            </Container>
            <Container header={<Header variant="h2">Limits</Header>}>
              <ColumnLayout columns={2}>
                <NumberField name="points.adjustment_limit" label="Points that one person may adjust alone" value={value.adjustment_limit} onChange={(adjustment_limit) => set({ adjustment_limit })} disabled={readOnly} constraint="Above it a second person approves." />
                <NumberField name="points.held_daily_limit" label="Points a member may redeem in 24 hours" value={value.held_daily_limit} onChange={(held_daily_limit) => set({ held_daily_limit })} disabled={readOnly} constraint="Empty: no limit." />
                <ToggleField name="points.transfers_enabled" label="Members may give points to each other" value={value.transfers_enabled} onChange={(transfers_enabled) => set({ transfers_enabled })} disabled={readOnly} />
                {value.transfers_enabled && <NumberField name="points.transfer_daily_limit" label="Points they may give in 24 hours" value={value.transfer_daily_limit} onChange={(transfer_daily_limit) => set({ transfer_daily_limit })} disabled={readOnly} />}
              </ColumnLayout>
            </Container>
            <Container header={<Header variant="h2" description="Points given keep the funder and the price they were given with.">Who pays for points</Header>}>
              <SpaceBetween size="l">
                <ColumnLayout columns={2}>
                  <TextField name="points.funder" label="Funder" value={value.funder} onChange={(funder) => set({ funder })} disabled={readOnly} constraint="Of every partner that is not listed below." />
                  <NumberField name="points.unit_cost_micros" label="Price of a point, in millionths" value={value.unit_cost_micros} onChange={(unit_cost_micros) => set({ unit_cost_micros })} disabled={readOnly} constraint="4000: 0.004 of the currency's unit." />
                </ColumnLayout>
                <MapRows
                  value={value.partners}
                  onChange={(partners) => set({ partners })}
                  fresh={() => ["", { funder: "", unit_cost_micros: value.unit_cost_micros }]}
                  add="Add a partner"
                  noun="partner"
                  disabled={readOnly}
                  empty="Every partner's points are paid by the same funder at the same price."
                  draw={([partner, terms], put) => (
                    <>
                      <TextField name={`points.partners.${partner}.[key]`} label="Partner" value={partner} onChange={(name) => put([name, terms])} disabled={readOnly} />
                      <TextField name={`points.partners.${partner}.funder`} label="Funder" value={terms.funder} onChange={(funder) => put([partner, { ...terms, funder }])} disabled={readOnly} />
                      <NumberField name={`points.partners.${partner}.unit_cost_micros`} label="Millionths a point" value={terms.unit_cost_micros} onChange={(unit_cost_micros) => put([partner, { ...terms, unit_cost_micros }])} disabled={readOnly} />
                    </>
                  )}
                />
              </SpaceBetween>
            </Container>
          </SpaceBetween>
        );
      }}
    </DraftPage>
  );
}
