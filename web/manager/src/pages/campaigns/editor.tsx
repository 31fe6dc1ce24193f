/** One campaign of the draft: new, copied or changed. What it would reach is said while it is being written. */
import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import ColumnLayout from "@cloudscape-design/components/column-layout";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import TimeInput from "@cloudscape-design/components/time-input";
import Tiles from "@cloudscape-design/components/tiles";
import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useEffect, useRef, useState } from "react";
import { useLocation, useParams, useSearchParams } from "wouter";
import type { Field } from "@shared/problem";
import { Problem } from "@shared/problem";
import { countryName, money, number } from "@shared/shown";
import { now } from "@shared/now";
import { api, asked, got, type Schemas } from "../../api";
import { config } from "../../config";
import { useDraft, useWholeDraft } from "../../draft";
import { may } from "../../may";
import { PageFrame } from "../../parts/DetailPage";
import { Conflict } from "../../parts/DraftPage";
import { ChoiceField, DateField, DecimalField, FieldFrame, Form, ManyField, MoneyField, NumberField, TextField } from "../../parts/Form";
import { Go } from "../../parts/Go";
import { ListField } from "../../parts/ListField";
import { Failed, Loaded } from "../../parts/States";
import { useUnsaved } from "../../parts/Unsaved";
import { type Audience, type Campaign, isBonus, means, page, wallClock } from "./said";

const THINKING_MS = 600;
// UTC is a zone that browsers do not list.
const ZONES = ["UTC", ...Intl.supportedValuesOf("timeZone")].map((value) => ({ value, label: value }));
// Purchases and rewards may be limited to where members live; those of the world's countries.
const COUNTRIES = ["AT", "AU", "BE", "BR", "CA", "CH", "CZ", "DE", "DK", "ES", "FI", "FR", "GB", "IE", "IN", "IT", "JP", "LU", "MX", "NL", "NO", "NZ", "PL", "PT", "SE", "US"];

export default function Editor() {
  const { code } = useParams<{ code?: string }>();
  const [parameters] = useSearchParams();
  const draft = useDraft<Campaign[]>("campaigns");
  const whole = useWholeDraft();
  const copied = parameters.get("copy");
  const wanted = code ? decodeURIComponent(code) : null;
  return (
    <Loaded query={draft.whole}>
      {() => {
        const saved = draft.saved ?? [];
        const original = saved.find((one) => one.code === (wanted ?? copied));
        if ((wanted || copied) && !original && !draft.saving) return <Alert type="info">The draft has no such campaign. <Go to="/campaigns">All campaigns</Go></Alert>;
        return <One key={wanted ?? `new ${copied ?? ""}`} draft={draft} code={wanted} begin={wanted ? original! : fresh(original, saved)} document={whole.data?.document ?? {}} />;
      }}
    </Loaded>
  );
}

type OneProps = { draft: ReturnType<typeof useDraft<Campaign[]>>; code: string | null; begin: Campaign; document: Record<string, unknown> };

function One({ draft, code, begin, document }: OneProps) {
  const [, go] = useLocation();
  const [said, setSaid] = useState<Campaign>(begin);
  const [touched, setTouched] = useState(code === null);
  const [leaving, setLeaving] = useState<string | null>(null);
  const sent = useRef<Campaign | null>(null);
  const looking = !may("PUT /programme/draft/{section}");
  // A new one goes on at another address once it is saved: nothing is typed meanwhile.
  const readOnly = looking || (code === null && draft.saving);
  const started = useStarted(code);
  const saved = draft.saved ?? [];
  const place = code === null ? saved.length : saved.findIndex((one) => one.code === code);
  const twice = code === null && saved.some((one) => one.code === said.code);
  const dirty = touched && JSON.stringify(said) !== JSON.stringify(saved[place]);
  useUnsaved(dirty && !leaving);
  const tiers = ((document["tiers"] as { levels?: { code: string; names: Record<string, string> }[] } | undefined)?.levels ?? []).map((tier) => ({ value: tier.code, label: tier.names["en"] ?? tier.code }));
  const audiences = (document["audiences"] ?? []) as Audience[];
  const audience = audiences.find((one) => one.code === said.segment.audience) ?? null;
  const reach = useReach(said, audience);
  const set = (fields: Partial<Campaign>) => (setTouched(true), setSaid((before) => ({ ...before, ...fields })));
  const save = () => {
    sent.current = said;
    setLeaving(said.code);
    draft.change(code === null ? [...saved, said] : saved.map((one, at) => (at === place ? said : one)));
  };
  // `change` is there with the next drawing; then it is saved.
  useEffect(() => {
    if (leaving && draft.dirty && !draft.saving && !draft.failure && !draft.conflict) draft.save();
  }, [leaving, draft.dirty]);
  useEffect(() => {
    if (leaving && !draft.dirty && !draft.saving && draft.saved?.some((one) => one.code === leaving)) {
      setTouched(said !== sent.current);
      setLeaving(null);
      if (code === null) go(`${page(leaving)}/edit`, { replace: true });
    }
  }, [leaving, draft.dirty, draft.saving, draft.saved]);
  useEffect(() => {
    if (draft.failure) setLeaving(null);
  }, [draft.failure]);

  const prefix = `campaigns.${place}.`;
  const known: Field[] = dirty
    ? reach.wrong.map(({ field, detail }) => ({ field: field.replace(/^campaign\./, prefix), detail }))
    : draft.problems.filter(({ field }) => field.startsWith(prefix));
  const name = (field: string) => prefix + field;
  const bonus = isBonus(said);
  const fixed = readOnly || started;
  return (
    <PageFrame
      title={code === null ? "New campaign" : (said.name ?? said.code)}
      from={{ label: "Campaigns", path: "/campaigns" }}
      description="It is saved in the draft. Members see it once the draft is published."
      actions={
        looking ? (
          <StatusIndicator type="info">You may look, not change</StatusIndicator>
        ) : (
          <>
            {dirty && code !== null && <Button disabled={draft.saving} onClick={() => (setSaid(begin), setTouched(false), draft.reset())}>Discard changes</Button>}
            {!dirty && code !== null && <Button onClick={() => go("/programme/publish")}>Review and publish</Button>}
            <Button variant="primary" loading={draft.saving} disabled={!dirty || twice || !said.code} onClick={save}>Save in the draft</Button>
          </>
        )
      }
    >
      <ColumnLayout columns={1}>
        <Form failure={draft.failure} fields={known}>
          <SpaceBetween size="l">
            {started && <Alert type="info">It has started: its start, members, products, funder and holdout stay as they are. Its end, budget and cap may change.</Alert>}
            <Reach said={said} reach={reach} />
            <Container header={<Header variant="h2">What</Header>}>
              <SpaceBetween size="l">
                <Pair>
                  <TextField name={name("name")} label="Name" value={said.name ?? ""} disabled={readOnly} onChange={(text) => set({ name: text || null })} />
                  <TextField
                    name={name("code")}
                    label="Code"
                    hint="Stands in statements and books, for good. Letters, digits and hyphens."
                    value={said.code}
                    disabled={code !== null || readOnly}
                    error={twice ? "There is a campaign of this code already." : ""}
                    onChange={(text) => set({ code: text.toLowerCase().replaceAll(/[^a-z0-9-]+/g, "-").slice(0, 63) })}
                  />
                </Pair>
                <Tiles
                  ariaLabel="Kind"
                  value={bonus ? "bonus" : "discount"}
                  columns={2}
                  items={[
                    { value: "bonus", label: "More points for purchases", description: "What members buy at partners earns a multiple.", disabled: fixed },
                    { value: "discount", label: "Rewards for fewer points", description: "Products of the catalogue cost fewer points.", disabled: fixed },
                  ]}
                  onChange={({ detail }) =>
                    set(detail.value === "bonus"
                      ? { earn_multiplier_percent: 200, conversion_points_per_major: null, scope: { ...said.scope, asins: [] } }
                      : { earn_multiplier_percent: null, conversion_points_per_major: usual(document) })}
                />
                {bonus ? (
                  <DecimalField name={name("earn_multiplier_percent")} label="Points are multiplied by" digits={2} value={(said.earn_multiplier_percent ?? 0) / 100} disabled={readOnly} onChange={(factor) => set({ earn_multiplier_percent: Math.round((factor ?? 0) * 100) })} />
                ) : (
                  <NumberField name={name("conversion_points_per_major")} label={`Points for one ${config().currency}`} hint={`Usually ${number(usual(document))}. Fewer is kinder.`} value={said.conversion_points_per_major} disabled={readOnly} onChange={(points) => set({ conversion_points_per_major: points ?? 0 })} />
                )}
              </SpaceBetween>
            </Container>
            <Container header={<Header variant="h2">When</Header>}>
              <SpaceBetween size="l">
                <ChoiceField name={name("time_zone")} label="Time zone" hint="The clock that both times below are read from. Its changes in spring and autumn are taken into account." options={ZONES} value={said.time_zone} disabled={fixed} onChange={(zone) => set({ time_zone: zone, starts_at: wallClock(said.starts_at, said.time_zone), ends_at: wallClock(said.ends_at, said.time_zone) })} />
                <Pair>
                  <Clock name={name("starts_at")} label="Starts" value={wallClock(said.starts_at, said.time_zone)} disabled={fixed} onChange={(text) => set({ starts_at: text })} />
                  <Clock name={name("ends_at")} label="Ends" value={wallClock(said.ends_at, said.time_zone)} disabled={readOnly} onChange={(text) => set({ ends_at: text })} />
                </Pair>
                {said.state === "draft" && <Box color="text-body-secondary">It stays a draft until somebody starts it; then it begins and ends by itself at these times.</Box>}
              </SpaceBetween>
            </Container>
            <Container header={<Header variant="h2" description="Who meets all of these. Nothing chosen means everybody.">For whom</Header>}>
              <SpaceBetween size="l">
                <Pair>
                  <ManyField name={name("segment.tiers")} label="Levels" options={tiers} value={said.segment.tiers} disabled={fixed} onChange={(codes) => set({ segment: { ...said.segment, tiers: [...codes] } })} />
                  <ManyField name={name("segment.countries")} label="Living in" options={COUNTRIES.map((value) => ({ value, label: countryName(value) }))} value={said.segment.countries} disabled={fixed} onChange={(codes) => set({ segment: { ...said.segment, countries: [...codes] } })} />
                </Pair>
                <ChoiceField
                  name={name("segment.audience")}
                  label="Who did this"
                  hint={audience ? means(audience) : <>An audience is members picked by what they did. <Go to="/audiences">Audiences</Go></>}
                  options={[{ value: "", label: "Whatever they did" }, ...audiences.map((one) => ({ value: one.code, label: one.name, description: means(one) }))]}
                  value={said.segment.audience ?? ""}
                  disabled={fixed}
                  onChange={(chosen) => set({ segment: { ...said.segment, audience: chosen || null } })}
                />
                <NumberField name={name("holdout_percent")} label="Held out" suffix="%" hint="So many do without, always the same ones, so that you can compare. Fixed once it has started." value={said.holdout_percent} disabled={fixed} onChange={(percent) => set({ holdout_percent: percent ?? 0 })} />
              </SpaceBetween>
            </Container>
            <Container header={<Header variant="h2" description="Nothing written means everything.">About what</Header>}>
              <Pair>
                <ListField name={name("scope.categories")} label="Categories" constraint={bonus ? "As partners name them, one a line." : "Of the catalogue, one a line."} value={said.scope.categories} disabled={fixed} onChange={(categories) => set({ scope: { ...said.scope, categories } })} />
                {!bonus && <ListField name={name("scope.asins")} label="Single products" constraint="ASINs, one a line; each kind of a product has its own." value={said.scope.asins} disabled={fixed} onChange={(asins) => set({ scope: { ...said.scope, asins } })} />}
              </Pair>
            </Container>
            <Container header={<Header variant="h2">With whose money</Header>}>
              <ColumnLayout columns={3}>
                <MoneyField name={name("budget_minor")} label="Budget" hint="It stops exactly there." value={said.budget_minor} disabled={readOnly} onChange={(minor) => set({ budget_minor: minor ?? 0 })} />
                <TextField name={name("funder")} label="Paid by" hint="As it stands in the funders' statements." value={said.funder} disabled={fixed} onChange={(funder) => set({ funder })} />
                <NumberField name={name("member_cap_points")} label="Most for one member" suffix="points" hint="Empty: no limit but the budget." value={said.member_cap_points} disabled={readOnly} onChange={(points) => set({ member_cap_points: points })} />
              </ColumnLayout>
            </Container>
          </SpaceBetween>
        </Form>
      </ColumnLayout>
      <Conflict draft={draft} />
    </PageFrame>
  );
}

const Pair = ({ children }: { children: ReactNode }) => <ColumnLayout columns={2}>{children}</ColumnLayout>;

/** A day and a time on one clock. */
function Clock({ name, label, value, onChange, disabled }: { name: string; label: string; value: string; onChange: (text: string) => void; disabled: boolean }) {
  const [day = "", time = ""] = value.split("T");
  const [typed, setTyped] = useState({ day, time });
  useEffect(() => setTyped({ day, time }), [day, time]);
  // Only a whole day and a whole time are one: until then what is typed stays here.
  const type = (next: { day: string; time: string }) => {
    setTyped(next);
    const text = `${next.day.replaceAll("/", "-")}T${next.time}`;
    if (/^\d{4}-\d\d-\d\dT\d\d:\d\d$/.test(text)) onChange(text);
  };
  return (
    <SpaceBetween direction="horizontal" size="xs" alignItems="start">
      <DateField name={name} label={label} value={typed.day} disabled={disabled} onChange={(chosen) => type({ ...typed, day: chosen })} />
      <FieldFrame name={`${name}.time`} label={`${label} at`}>
        <TimeInput value={typed.time} format="hh:mm" placeholder="hh:mm" disabled={disabled} onChange={({ detail }) => type({ ...typed, time: detail.value })} />
      </FieldFrame>
    </SpaceBetween>
  );
}

type Found = { reach: Schemas["ReachView"] | undefined; wrong: readonly Field[]; error: unknown; busy: boolean };

/** What it would reach, once somebody stops typing; what is wrong with it, by field. */
function useReach(said: Campaign, audience: Audience | null): Found {
  const body = JSON.stringify({ campaign: { ...said, code: said.code || "new" }, audience: said.segment.audience ? audience : null });
  const [settled, setSettled] = useState(body);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(body), THINKING_MS);
    return () => clearTimeout(timer);
  }, [body]);
  const query = useQuery({
    queryKey: ["campaigns", "preview", settled],
    queryFn: () => asked<Schemas["ReachView"]>("POST", "/campaigns/preview", JSON.parse(settled)),
    enabled: may("POST /campaigns/preview"),
    staleTime: 60_000,
    placeholderData: (before) => before,
  });
  const wrong = query.error instanceof Problem ? query.error.fields : [];
  return { reach: query.error ? undefined : query.data, wrong, error: wrong.length ? null : query.error, busy: query.isFetching };
}

function Reach({ said, reach: { reach, wrong, error, busy } }: { said: Campaign; reach: Found }) {
  const about = reach?.give_or_take ? `about ${number(reach.members)} (give or take ${number(reach.give_or_take)})` : number(reach?.members ?? 0);
  return (
    <Container header={<Header variant="h2" description="From today's members and what they did in the last 90 days: a start, not a promise." actions={busy && <StatusIndicator type="loading">Counting</StatusIndicator>}>What it would reach</Header>}>
      {error ? <Failed error={error} /> : wrong.length > 0 ? <StatusIndicator type="warning">Known once the fields marked below are right.</StatusIndicator> : reach && (
        <SpaceBetween size="s">
          <KeyValuePairs
            columns={4}
            items={[
              { label: "Members", value: about },
              { label: "Held out of them", value: `${number(reach.held_out)}` },
              { label: isBonus(said) ? "Who bought lately" : "Who redeemed such things lately", value: number(reach.active) },
              { label: "Would cost about", value: money(reach.cost_without_limit_minor, reach.currency) + (reach.cost_give_or_take_minor ? ` (give or take ${money(reach.cost_give_or_take_minor, reach.currency)})` : "") },
            ]}
          />
          {reach.cost_without_limit_minor > said.budget_minor && <StatusIndicator type="warning">The budget would be used up before the end: it stops exactly at {money(said.budget_minor, reach.currency)}.</StatusIndicator>}
          {reach.all_categories && <Box color="text-body-secondary">What purchases were of is not kept: the cost is that of every category.</Box>}
        </SpaceBetween>
      )}
    </Container>
  );
}

/** Whether members may have had something of it. */
function useStarted(code: string | null): boolean {
  const query = useQuery({
    queryKey: ["campaigns", code],
    queryFn: () => got(api().GET("/campaigns/{campaign}", { params: { path: { campaign: code! } } })),
    enabled: code !== null,
    retry: false,
  });
  const found = query.data;
  return Boolean(found?.definition && found.state !== "draft" && found.starts_at && Date.parse(found.starts_at) <= now());
}

const usual = (document: Record<string, unknown>): number => (document["conversion"] as { points_per_major?: number } | undefined)?.points_per_major ?? 200;

/** A new one, like another: as a draft, from next week for four weeks. */
function fresh(like: Campaign | undefined, others: readonly Campaign[]): Campaign {
  const zone = like?.time_zone ?? Intl.DateTimeFormat().resolvedOptions().timeZone;
  const at = (days: number) => `${wallClock(new Date(now() + days * 86_400_000).toISOString(), zone).slice(0, 10)}T00:00`;
  const base: Campaign = like ?? {
    code: "", name: null, state: "draft", starts_at: "", ends_at: "", time_zone: zone,
    segment: { tiers: [], countries: [], audience: null }, scope: { categories: [], asins: [] },
    earn_multiplier_percent: 200, conversion_points_per_major: null, budget_minor: 0, funder: "programme",
    member_cap_points: null, holdout_percent: 10,
  };
  let code = "";
  for (let n = 2; like && (!code || others.some((one) => one.code === code)); n += 1) code = `${like.code.replace(/-\d+$/, "")}-${n}`.slice(0, 63);
  return { ...base, code, name: like ? `${like.name ?? like.code} (copy)` : null, state: "draft", starts_at: at(7), ends_at: at(35) };
}
