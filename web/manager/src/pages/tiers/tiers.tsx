/** Levels: what they take and give, how many members have which, and who is near the next one. */
import Box from "@cloudscape-design/components/box";
import ColumnLayout from "@cloudscape-design/components/column-layout";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table from "@cloudscape-design/components/table";
import { useQuery } from "@tanstack/react-query";
import { number } from "@shared/shown";
import { api, got, type Schemas } from "../../api";
import { config } from "../../config";
import { useWholeDraft } from "../../draft";
import { may } from "../../may";
import { Bars } from "../../parts/Chart";
import { PageFrame } from "../../parts/DetailPage";
import { DraftSection } from "../../parts/DraftSection";
import { ChoiceField, DecimalField, MoneyField, NumberField, TextField, ToggleField } from "../../parts/Form";
import { Go } from "../../parts/Go";
import { Rows } from "../../parts/Rows";
import { Loaded, Nothing } from "../../parts/States";
import { unitsOf } from "../../parts/TierPanel";

type Level = {
  code: string;
  names: Record<string, string>;
  qualifying_units: number | null;
  benefits: { earn_multiplier_percent: number | null; free_delivery: boolean };
};
type Tiers = { unit: string; window_months: number | null; levels: Level[] };

const UNITS = [
  { value: "base_points", label: "points of purchases", description: "Before the level multiplies them; no bonus, no points by hand." },
  { value: "spend_minor", label: "what was spent" },
];

export default function TiersPage() {
  return (
    <PageFrame title="Tiers" description="A level is reached at once, kept to the end of the period that follows, and then goes down one step each period. What comes back lowers the counter, never the level before its time.">
      <SpaceBetween size="l">
        {may("GET /tiers/distribution") && <Distribution />}
        <Editor />
      </SpaceBetween>
    </PageFrame>
  );
}

function Distribution() {
  const query = useQuery({ queryKey: ["tiers", "distribution"], queryFn: () => got(api().GET("/tiers/distribution")) });
  return (
    <Loaded query={query}>
      {(found) => (
        <ColumnLayout columns={2}>
          <Container header={<Header variant="h2" description="As published; the others of each level are not near the next one.">Members by level</Header>}>
            <Bars
              label="Members by level"
              yTitle="Members"
              stacked
              series={[
                { title: "Near the next level", data: found.levels.map((one) => [one.name, one.near_next] as const) },
                { title: "Others", data: found.levels.map((one) => [one.name, one.members - one.near_next] as const) },
              ]}
            />
          </Container>
          <Nearest found={found} />
        </ColumnLayout>
      )}
    </Loaded>
  );
}

function Nearest({ found }: { found: Schemas["Distribution"] }) {
  const shown = unitsOf(found);
  const names = Object.fromEntries(found.levels.map(({ tier, name }) => [tier, name]));
  return (
    <Container header={<Header variant="h2" counter={`(${number(found.levels.reduce((sum, one) => sum + one.near_next, 0))})`} description="Less than a tenth of what it takes is missing.">Near the next level</Header>}>
      <Table
        variant="embedded"
        items={found.nearest.slice(0, 8)}
        ariaLabels={{ tableLabel: "Members near the next level" }}
        columnDefinitions={[
          { id: "member", header: "Member", cell: (one) => (may("GET /members/{member_number}/overview") ? <Go to={`/members/${one.member_number}`}>{one.member_number}</Go> : one.member_number) },
          { id: "tier", header: "Has", cell: (one) => names[one.tier] ?? one.tier },
          { id: "next", header: "Next", cell: (one) => names[one.next_tier] ?? one.next_tier },
          { id: "left", header: "To go", cell: (one) => shown(one.units_to_go) },
        ]}
        empty={<Nothing title="Nobody is that near">Whoever has nine tenths of what the next level takes is listed here: a campaign for them costs little.</Nothing>}
      />
    </Container>
  );
}

function Editor() {
  const languages = Object.keys((useWholeDraft().data?.document["terms"] as { text?: Record<string, string> } | undefined)?.text ?? { en: "" }).sort();
  return (
    <DraftSection<Tiers>
      section="tiers"
      title="Levels"
      description="From low to high. Nobody loses a level by a change before its time; who has enough for more has it within minutes. A level taken away becomes the next lower one."
    >
      {(value, set, readOnly) => (
        <SpaceBetween size="l">
          <ColumnLayout columns={2}>
            <ChoiceField name="tiers.unit" label="What counts" value={value.unit} onChange={(unit) => set({ unit })} options={UNITS} disabled={readOnly} />
            <NumberField name="tiers.window_months" label="Months of a period" value={value.window_months} onChange={(window_months) => set({ window_months })} disabled={readOnly} constraint="12: calendar years; 6: half years; 3: quarters." />
          </ColumnLayout>
          <Rows<Level>
            rows={value.levels}
            onChange={(levels) => set({ levels })}
            fresh={() => ({ code: "", names: { en: "" }, qualifying_units: null, benefits: { earn_multiplier_percent: 100, free_delivery: false } })}
            add="Add a level"
            noun="level"
            disabled={readOnly}
            empty="There must be a first level: everybody is somewhere."
            draw={(level, put, index) => <LevelFields level={level} put={put} index={index} unit={value.unit} languages={languages} readOnly={readOnly} />}
          />
          <Box color="text-body-secondary">
            How many points a reward costs each level is with the <Go to="/programme/prices">prices in points</Go>.
          </Box>
        </SpaceBetween>
      )}
    </DraftSection>
  );
}

function LevelFields({ level, put, index, unit, languages, readOnly }: { level: Level; put: (next: Level) => void; index: number; unit: string; languages: string[]; readOnly: boolean }) {
  const at = `tiers.levels.${index}`;
  const benefits = (fields: Partial<Level["benefits"]>) => put({ ...level, benefits: { ...level.benefits, ...fields } });
  const needed = {
    name: `${at}.qualifying_units`,
    value: level.qualifying_units,
    onChange: (qualifying_units: number | null) => put({ ...level, qualifying_units }),
    disabled: readOnly || index === 0,
  };
  return (
    <>
      <TextField name={`${at}.code`} label="Code" value={level.code} onChange={(code) => put({ ...level, code })} disabled={readOnly} />
      {languages.map((language) => (
        <TextField
          key={language}
          name={`${at}.names.${language}`}
          label={`Name (${language})`}
          value={level.names[language] ?? ""}
          onChange={(name) => put({ ...level, names: { ...level.names, [language]: name } })}
          disabled={readOnly}
        />
      ))}
      {unit === "spend_minor" ? <MoneyField label={`Spent in a period (${config().currency})`} {...needed} /> : <NumberField label="Points in a period" {...needed} />}
      <DecimalField
        name={`${at}.benefits.earn_multiplier_percent`}
        label="Times the points"
        digits={2}
        value={level.benefits.earn_multiplier_percent === null ? null : level.benefits.earn_multiplier_percent / 100}
        onChange={(times) => benefits({ earn_multiplier_percent: times === null ? null : Math.round(times * 100) })}
        disabled={readOnly}
      />
      <ToggleField name={`${at}.benefits.free_delivery`} label="Free delivery" hint="The programme pays it." value={level.benefits.free_delivery} onChange={(free_delivery) => benefits({ free_delivery })} disabled={readOnly} />
    </>
  );
}
