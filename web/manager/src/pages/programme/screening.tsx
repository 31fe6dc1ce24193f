/** What is looked at before a redemption becomes an order. */
import ColumnLayout from "@cloudscape-design/components/column-layout";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { DraftPage } from "../../parts/DraftPage";
import { ChoiceField, NumberField, TextField } from "../../parts/Form";
import { Rows } from "../../parts/Rows";
import type { Rule, Screening } from "./document";

const WHEN: Record<string, { label: string; description: string; over?: string; hours?: boolean }> = {
  new_device: { label: "New device", description: "Nothing was ordered or confirmed from it before." },
  contact_changed: { label: "Contact changed", description: "E-mail, telephone or this address is younger than so many hours.", hours: true },
  balance_share: { label: "Share of the balance", description: "More than so many percent of the points at once.", over: "percent" },
  points_spent: { label: "Points spent", description: "More than so many points in so many hours.", over: "points", hours: true },
  shared_address: { label: "Shared address", description: "More than so many members have things sent there.", over: "members" },
};
const KINDS = Object.entries(WHEN).map(([value, { label, description }]) => ({ value, label, description }));
const FOLLOWS = [
  { value: "points", label: "adds points" },
  { value: "allow", label: "is only noted" },
  { value: "step_up", label: "asks for a code" },
  { value: "review", label: "waits for a person" },
];

export default function ScreeningRules() {
  return (
    <DraftPage<Screening> section="screening" title="Screening" description="The strictest of the rules that hit decides, and the sum of their points. Who does not answer gets the points back. Redemptions under way are screened by the version of their quote.">
      {(value, change, _, readOnly) => {
        const set = (fields: Partial<Screening>) => change((before) => ({ ...before, ...fields }));
        const amount = (name: keyof Screening, label: string, suffix: string, constraint?: string) => (
          <NumberField name={`screening.${name}`} label={label} suffix={suffix} value={value[name] as number | null} onChange={(next) => set({ [name]: next })} disabled={readOnly} constraint={constraint} />
        );
        return (
          <SpaceBetween size="l">
            <Container header={<Header variant="h2">Rules</Header>}>
              <Rows<Rule>
                rows={value.rules}
                onChange={(rules) => set({ rules })}
                fresh={() => ({ code: `rule-${value.rules.length + 1}`, when: "new_device", over: null, hours: null, points: 50, action: null })}
                add="Add a rule"
                noun="rule"
                disabled={readOnly}
                empty="Without rules every redemption goes straight on. Begin with a new device that asks for a code."
                draw={(rule, put, index) => <One rule={rule} put={put} place={`screening.rules.${index}`} readOnly={readOnly} />}
              />
            </Container>
            <Container header={<Header variant="h2">What the sum of points does</Header>}>
              <ColumnLayout columns={2}>
                {amount("step_up_points", "Ask the member for a code from", "points")}
                {amount("review_points", "Wait for a person from", "points")}
              </ColumnLayout>
            </Container>
            <Container header={<Header variant="h2">How long it waits, and how often one may try</Header>}>
              <ColumnLayout columns={3}>
                {amount("step_up_minutes", "For the member's code", "minutes")}
                {amount("review_hours", "For a person", "hours", "Then the points return.")}
                {amount("code_minutes", "A code is good for", "minutes")}
                {amount("code_attempts", "Wrong tries at a code", "tries")}
                {amount("codes", "Codes for a redemption", "codes")}
                {amount("codes_per_day", "Codes for a member in a day", "codes")}
              </ColumnLayout>
            </Container>
          </SpaceBetween>
        );
      }}
    </DraftPage>
  );
}

function One({ rule, put, place, readOnly }: { rule: Rule; put: (next: Rule) => void; place: string; readOnly: boolean }) {
  const kind = WHEN[rule.when];
  return (
    <>
      <TextField name={`${place}.code`} label="Name" value={rule.code} onChange={(code) => put({ ...rule, code })} disabled={readOnly} />
      <ChoiceField name={`${place}.when`} label="When" value={rule.when} options={KINDS} disabled={readOnly} onChange={(when) => put({ ...rule, when, over: WHEN[when]?.over ? (rule.over ?? 1) : null, hours: WHEN[when]?.hours ? (rule.hours ?? 24) : null })} />
      {kind?.over && <NumberField name={`${place}.over`} label="More than" suffix={kind.over} value={rule.over} onChange={(over) => put({ ...rule, over })} disabled={readOnly} />}
      {kind?.hours && <NumberField name={`${place}.hours`} label="Within" suffix="hours" value={rule.hours} onChange={(hours) => put({ ...rule, hours })} disabled={readOnly} />}
      <ChoiceField name={`${place}.action`} label="Then it" value={rule.action ?? "points"} options={FOLLOWS} disabled={readOnly} onChange={(next) => put({ ...rule, action: next === "points" ? null : next, points: next === "points" ? (rule.points ?? 50) : null })} />
      {rule.action === null && <NumberField name={`${place}.points`} label="Points" value={rule.points} onChange={(points) => put({ ...rule, points })} disabled={readOnly} />}
    </>
  );
}
