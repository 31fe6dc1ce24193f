/** A member's level: why and until when, what counts by period, what staff gave, how it came to be. */
import Box from "@cloudscape-design/components/box";
import ProgressBar from "@cloudscape-design/components/progress-bar";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table from "@cloudscape-design/components/table";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { date, money, number } from "@shared/shown";
import { api, got, type Schemas } from "../api";
import { useWholeDraft } from "../draft";
import { may } from "../may";
import { plain } from "../words";
import { AskingAction } from "./Action";
import { Bars } from "./Chart";
import { ChoiceField, DateField } from "./Form";
import { actor, Moment, State } from "./Shown";
import { Loaded, Nothing } from "./States";

type Stands = Schemas["MemberTier"];

const SOURCES: Record<string, string> = {
  earned: "earned",
  registered: "as registered",
  stepped_down: "kept one step down",
  granted: "given by staff",
  start: "where everybody begins",
};
const CAUSES: Record<string, string> = {
  reached: "Purchases reached it",
  period_ended: "The period ended",
  granted: "Given by staff",
  grant_ended: "What was given ended",
  grant_withdrawn: "What was given was withdrawn",
  programme: "The programme changed",
};
const REASONS = ["goodwill", "status-match", "complaint", "partner", "employee"].map((value) => ({ value, label: plain(value) }));

export const tierKey = (memberNumber: string) => ["member", memberNumber, "tier"] as const;

/** Units as people read them: points, or money. */
export const unitsOf = ({ unit, currency }: { unit: string; currency: string }) => (units: number): string =>
  unit === "spend_minor" ? money(units, currency) : `${number(units)} points`;

export function TierPanel({ memberNumber }: { memberNumber: string }) {
  const query = useQuery({
    queryKey: tierKey(memberNumber),
    queryFn: () => got(api().GET("/members/{member_number}/tier", { params: { path: { member_number: memberNumber } } })),
  });
  return <Loaded query={query}>{(stands) => <Panel stands={stands} />}</Loaded>;
}

function Panel({ stands }: { stands: Stands }) {
  const shown = unitsOf(stands);
  const { units_to_go: toGo, units_to_keep: toKeep } = stands;
  return (
    <SpaceBetween size="m">
      <Box>
        <Box variant="strong" display="inline">{stands.tier_name}</Box>, {SOURCES[stands.source] ?? plain(stands.source)}
        {stands.reason_code && ` (${plain(stands.reason_code).toLowerCase()})`}
        {stands.until ? `, until ${date(stands.until)}` : ""}.
        {!!toKeep && ` ${shown(toKeep)} more by ${date(stands.period_until)} keep it longer.`}
      </Box>
      {toGo !== null && stands.next_name && (
        <ProgressBar
          label={`On the way to ${stands.next_name}`}
          value={(100 * stands.units) / Math.max(1, stands.units + toGo)}
          additionalInfo={`${shown(stands.units)} of ${shown(stands.units + toGo)} by ${date(stands.period_until)}`}
        />
      )}
      {stands.periods.length > 1 && (
        <Bars
          label="What counted, by period"
          yTitle={stands.unit === "spend_minor" ? "Spent" : "Points"}
          height={140}
          shown={shown}
          series={[{ title: "Counted", data: [...stands.periods].reverse().map((one) => [date(one.period_until), one.units] as const) }]}
        />
      )}
      {stands.grants.length > 0 && (
        <Table
          variant="embedded"
          items={stands.grants}
          ariaLabels={{ tableLabel: "Levels given by staff" }}
          columnDefinitions={[
            { id: "tier", header: "Given", cell: (one) => plain(one.tier) },
            { id: "until", header: "Until", cell: (one) => date(one.until) },
            { id: "why", header: "Why", cell: (one) => plain(one.reason_code) },
            { id: "by", header: "By", cell: (one) => actor(one.granted_by) },
            { id: "state", header: "State", cell: (one) => <State code={one.state} /> },
            { id: "act", header: "Action", cell: (one) => one.state === "active" && <Withdraw stands={stands} grant={one} /> },
          ]}
        />
      )}
      {stands.history.length > 0 && (
        <Table
          variant="embedded"
          wrapLines
          items={stands.history.slice(0, 8)}
          ariaLabels={{ tableLabel: "How the level came to be" }}
          columnDefinitions={[
            { id: "at", header: "When", cell: (one) => <Moment at={one.changed_at} /> },
            { id: "change", header: "Change", cell: (one) => `${plain(one.from_tier)} → ${plain(one.to_tier)}` },
            { id: "why", header: "Why", cell: (one) => CAUSES[one.cause] ?? plain(one.cause) },
            { id: "by", header: "By", cell: (one) => actor(one.actor) },
          ]}
          empty={<Nothing title="It was never another" />}
        />
      )}
      <Give stands={stands} />
    </SpaceBetween>
  );
}

function Give({ stands }: { stands: Stands }) {
  const [tier, setTier] = useState("");
  const [until, setUntil] = useState("");
  const [reason, setReason] = useState("goodwill");
  if (!may("POST /members/{member_number}/tier-grants")) return null;
  return (
    <AskingAction
      label="Give a level"
      title="Give a level"
      needs="POST /members/{member_number}/tier-grants"
      confirm="Give it"
      ready={tier !== "" && until !== ""}
      values={[tier, until, reason]}
      act={(key) =>
        got(api().POST("/members/{member_number}/tier-grants", {
          params: { path: { member_number: stands.member_number }, header: { "Idempotency-Key": key } },
          body: { tier, until, reason_code: reason },
        }))}
      done={(now) => `The level is ${now.tier_name} now.`}
      after={() => (setTier(""), setUntil(""))}
      refresh={[["member", stands.member_number], ["tiers"]]}
    >
      <Box>It never lowers what the member has, and ends by itself: from then on the level is what was earned. The member is told.</Box>
      <Levels value={tier} onChange={setTier} />
      <DateField name="until" label="Through" value={until} onChange={setUntil} constraint="The last day." />
      <ChoiceField name="reason_code" label="Why" value={reason} onChange={setReason} options={REASONS} />
    </AskingAction>
  );
}

/** The levels above the first, as the programme has them. */
function Levels({ value, onChange }: { value: string; onChange: (code: string) => void }) {
  const document = useWholeDraft().data?.document as { tiers?: { levels: { code: string; names: Record<string, string> }[] } } | undefined;
  const options = (document?.tiers?.levels ?? []).slice(1).map(({ code, names }) => ({ value: code, label: names["en"] ?? plain(code) }));
  return <ChoiceField name="tier" label="Level" value={value} onChange={onChange} options={options} />;
}

function Withdraw({ stands, grant }: { stands: Stands; grant: Stands["grants"][number] }) {
  return (
    <AskingAction
      label="Withdraw"
      variant="inline-link"
      title={`Withdraw ${plain(grant.tier)}?`}
      needs="DELETE /members/{member_number}/tier-grants/{grant_id}"
      confirm="Withdraw it"
      act={() =>
        got(api().DELETE("/members/{member_number}/tier-grants/{grant_id}", {
          params: { path: { member_number: stands.member_number, grant_id: grant.grant_id } },
        }))}
      done={(now) => `The level is ${now.tier_name} now.`}
      refresh={[["member", stands.member_number], ["tiers"]]}
    >
      <Box>From now on the level is what was earned. The member is told.</Box>
    </AskingAction>
  );
}
