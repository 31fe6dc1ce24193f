/** The rules of the catalogue, and what they would show while they are written. */
import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import ColumnLayout from "@cloudscape-design/components/column-layout";
import Container from "@cloudscape-design/components/container";
import ExpandableSection from "@cloudscape-design/components/expandable-section";
import Header from "@cloudscape-design/components/header";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { countryName, number } from "@shared/shown";
import { api, got, type Schemas } from "../../api";
import { useWholeDraft } from "../../draft";
import { DraftPage } from "../../parts/DraftPage";
import { ChoiceField, DecimalField, ManyField, MoneyField, NumberField, TextField, useFieldError } from "../../parts/Form";
import { Go } from "../../parts/Go";
import { ListField } from "../../parts/ListField";
import { Nothing } from "../../parts/States";
import { wordsOf } from "../../words";
import type { Tiers } from "../programme/document";
import { type Catalogue, type Effect, freshRule, keptOf, linesOf, type Rule } from "./document";
import { CATALOGUE, products } from "./shown";

const TYPING_MS = 500;

const EFFECTS: { value: Effect; label: string; description: string }[] = [
  { value: "exclude", label: "Exclude", description: "What it names is not shown." },
  { value: "include", label: "Include", description: "Only what some such rule names is shown." },
  { value: "limit", label: "Only for some members", description: "Only the levels and countries below see it." },
];

export default function Rules() {
  return (
    <DraftPage<Catalogue>
      section="catalogue"
      title="Catalogue rules"
      description="What is said of a product by hand goes before every rule; a rule that excludes goes before those that include."
    >
      {(value, change, _, readOnly) => (
        <SpaceBetween size="l">
          <Effects value={value} />
          <Container>
            <NumberField
              name="catalogue.offer_max_age_hours"
              label="Hide prices older than"
              value={value.offer_max_age_hours}
              onChange={(offer_max_age_hours) => change((before) => ({ ...before, offer_max_age_hours }))}
              suffix="hours"
              disabled={readOnly}
              constraint="The sync asks for every product each three hours. The margin floor is on the page Prices in points."
            />
          </Container>
          <Container>
            <SpaceBetween size="m">
              <NumberField
                name="catalogue.slow_delivery_days"
                label="Slow is what arrives later than"
                value={value.slow_delivery_days}
                onChange={(slow_delivery_days) => change((before) => ({ ...before, slow_delivery_days }))}
                suffix="days"
                disabled={readOnly}
                constraint="Such products can be redeemed. They count among what members may soon go without."
              />
              <ListField
                name="catalogue.own_stock"
                label="Kept by the programme itself"
                value={linesOf(value.own_stock ?? [])}
                onChange={(lines) => change((before) => ({ ...before, own_stock: keptOf(lines) }))}
                disabled={readOnly}
                constraint="A line each: ASIN and the days until an order comes, say B0ABCDEFGH 14. Reorder points are told of these products alone."
              />
            </SpaceBetween>
          </Container>
          {value.hidden_asins.length > 0 && (
            <Container>
              <ListField
                name="catalogue.hidden_asins"
                label="Hidden by the document"
                value={value.hidden_asins}
                onChange={(hidden_asins) => change((before) => ({ ...before, hidden_asins }))}
                disabled={readOnly}
                constraint="An ASIN in each line. Products are hidden by hand in their list now; what stands here is hidden all the same."
              />
            </Container>
          )}
          <AllSaid />
          {value.rules.length === 0 && (
            <Container><Nothing title="No rules yet">Everything that can be redeemed is shown. A rule narrows that by category, brand, word, price, stars or who sends it.</Nothing></Container>
          )}
          {value.rules.map((rule, at) => (
            <One
              key={at}
              rule={rule}
              at={at}
              readOnly={readOnly}
              own={value.categories}
              set={(next) => change((before) => ({ ...before, rules: before.rules.map((one, place) => (place === at ? next : one)) }))}
              remove={() => change((before) => ({ ...before, rules: before.rules.filter((_one, place) => place !== at) }))}
            />
          ))}
          {!readOnly && <Button iconName="add-plus" formAction="none" onClick={() => change((before) => ({ ...before, rules: [...before.rules, freshRule(free(before.rules))] }))}>Add a rule</Button>}
        </SpaceBetween>
      )}
    </DraftPage>
  );
}

function free(rules: readonly Rule[]): string {
  for (let count = rules.length + 1; ; count += 1) {
    if (!rules.some(({ code }) => code === `rule-${count}`)) return `rule-${count}`;
  }
}

/** What the API says of the rules altogether. */
function AllSaid() {
  const words = useFieldError("catalogue.rules");
  const whole = useFieldError("catalogue");
  return words || whole ? <Alert type="error">{words || whole}</Alert> : null;
}

/** "Shows 1,204 of 2,310 products", and what would be different from now. */
function Effects({ value }: { value: Catalogue }) {
  const draft = useWholeDraft();
  const conversion = draft.data?.document["conversion"] as { margin_floor_basis_points: number } | undefined;
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), TYPING_MS);
    return () => clearTimeout(timer);
  }, [JSON.stringify(value)]);
  const floor = conversion?.margin_floor_basis_points;
  const preview = useQuery({
    queryKey: [...CATALOGUE, "preview", settled, floor],
    queryFn: () =>
      got(api().POST("/catalogue/preview", { body: { catalogue: settled as unknown as Record<string, never>, ...(floor !== undefined && { margin_floor_basis_points: floor }) } })),
    placeholderData: keepPreviousData,
    retry: false,
  });
  const { data, error } = preview;
  return (
    <Container header={<Header variant="h2" description="Counted with these rules and the draft's margin floor, at today's prices and stock.">What this would show</Header>}>
      {error ? (
        <StatusIndicator type="warning">Not counted: {wordsOf(error)}</StatusIndicator>
      ) : !data ? (
        <StatusIndicator type="loading">Counting</StatusIndicator>
      ) : (
        <SpaceBetween size="m">
          <div role="status" aria-busy={preview.isFetching}>
            <Box variant="awsui-value-large">Shows {number(data.then.shown)} of {products(data.then.products)}</Box>
          </div>
          <KeyValuePairs
            columns={4}
            items={[
              { label: "Now shown", value: number(data.now.shown) },
              { label: "Would appear", value: <Moving moving={data.appear} sign="+" /> },
              { label: "Would disappear", value: <Moving moving={data.disappear} sign="−" /> },
              { label: "Greatest reason", value: data.then.hidden[0] ? `${data.then.hidden[0].words} (${number(data.then.hidden[0].products)})` : "–" },
            ]}
          />
        </SpaceBetween>
      )}
    </Container>
  );
}

function Moving({ moving, sign }: { moving: Schemas["MovedProducts"]; sign: string }) {
  if (moving.products === 0) return <>none</>;
  return (
    <ExpandableSection headerText={`${sign}${number(moving.products)}`} variant="inline">
      <SpaceBetween size="xxs">
        {moving.first.map(({ asin, title, words }) => (
          <div key={asin}><Go to={`/catalogue/products/${asin}`}>{title}</Go> <Box color="text-body-secondary" display="inline" fontSize="body-s">{words}</Box></div>
        ))}
        {moving.products > moving.first.length && <Box color="text-body-secondary">and {number(moving.products - moving.first.length)} more</Box>}
      </SpaceBetween>
    </ExpandableSection>
  );
}

/** What a rule says, in a line. */
function spoken({ effect, matching: m, audience }: Rule): string {
  const parts = [
    m.categories.length && `in ${m.categories.join(", ")}`,
    m.brands.length && `of ${m.brands.join(", ")}`,
    m.keywords.length && `with “${m.keywords.join("”, “")}”`,
    m.price_from_minor !== null && `from ${(m.price_from_minor / 100).toFixed(2)}`,
    m.price_to_minor !== null && `up to ${(m.price_to_minor / 100).toFixed(2)}`,
    m.min_stars_tenths !== null && `with ${m.min_stars_tenths / 10} stars at least`,
    m.min_merchant_stars_tenths !== null && `sold by who has ${m.min_merchant_stars_tenths / 10} stars at least`,
    m.by_amazon !== null && (m.by_amazon ? "sent by Amazon" : "sent by the seller"),
    m.asins.length && `${m.asins.length} by number`,
  ].filter(Boolean);
  const whom = effect === "limit" ? ` · for ${[...audience.tiers, ...audience.countries].join(", ") || "nobody yet"}` : "";
  return (parts.join(", ") || "nothing yet") + whom;
}

function One({ rule, at, readOnly, own, set, remove }: { rule: Rule; at: number; readOnly: boolean; own: Catalogue["categories"]; set: (rule: Rule) => void; remove: () => void }) {
  const [open, setOpen] = useState(spoken(rule).startsWith("nothing"));
  const known = useQuery({ queryKey: [...CATALOGUE, "categories"], queryFn: () => got(api().GET("/catalogue/categories")) });
  const draft = useWholeDraft();
  const tiers = (draft.data?.document["tiers"] as Tiers | undefined)?.levels ?? [];
  const store = draft.data?.document["store"] as { delivery_countries: string[] } | undefined;
  const place = `catalogue.rules[${at}]`;
  const wrong = useFieldError(place);
  const m = rule.matching;
  const match = (fields: Partial<Rule["matching"]>) => set({ ...rule, matching: { ...m, ...fields } });
  const categories = [
    ...own.map(({ code, names }) => ({ value: code, label: names["en"] || code })),
    ...(known.data?.programme ?? []).filter((one) => !one.own).map(({ code, name }) => ({ value: code, label: name })),
  ];
  const label = EFFECTS.find(({ value }) => value === rule.effect)!.label;
  return (
    <ExpandableSection
      variant="container"
      expanded={open}
      onChange={({ detail }) => setOpen(detail.expanded)}
      headerText={`${label}: ${rule.code}`}
      headerDescription={spoken(rule)}
      headerActions={!readOnly && <Button iconName="remove" formAction="none" ariaLabel={`Remove rule ${rule.code}`} onClick={remove}>Remove</Button>}
    >
      <SpaceBetween size="m">
        {wrong && <Alert type="error">{wrong}</Alert>}
        <ColumnLayout columns={2}>
          <TextField name={`${place}.code`} label="Name" value={rule.code} onChange={(code) => set({ ...rule, code })} disabled={readOnly} constraint="Letters, digits, dashes. It is told as the reason." />
          <ChoiceField
            name={`${place}.effect`}
            label="Effect"
            value={rule.effect}
            onChange={(effect) => set({ ...rule, effect: effect as Effect, ...(effect !== "limit" && { audience: { tiers: [], countries: [] } }) })}
            options={EFFECTS}
            disabled={readOnly}
          />
        </ColumnLayout>
        {rule.effect === "limit" && (
          <ColumnLayout columns={2}>
            <ManyField name={`${place}.audience.tiers`} label="Levels" value={rule.audience.tiers} onChange={(some) => set({ ...rule, audience: { ...rule.audience, tiers: [...some] } })} options={tiers.map(({ code, names }) => ({ value: code, label: names["en"] ?? code }))} disabled={readOnly} placeholder="All levels" />
            <ManyField name={`${place}.audience.countries`} label="Countries" value={rule.audience.countries} onChange={(some) => set({ ...rule, audience: { ...rule.audience, countries: [...some] } })} options={(store?.delivery_countries ?? []).map((code) => ({ value: code, label: countryName(code) }))} disabled={readOnly} placeholder="All countries" />
          </ColumnLayout>
        )}
        <Box variant="h3">Which products: every condition must hold</Box>
        <ColumnLayout columns={2}>
          <ManyField name={`${place}.matching.categories`} label="Categories" value={m.categories} onChange={(some) => match({ categories: [...some] })} options={categories} disabled={readOnly} placeholder="Any" />
          <ChoiceField
            name={`${place}.matching.by_amazon`}
            label="Who sends it"
            value={m.by_amazon === null ? "" : String(m.by_amazon)}
            onChange={(who) => match({ by_amazon: who === "" ? null : who === "true" })}
            options={[{ value: "", label: "Anybody" }, { value: "true", label: "Amazon itself (what Prime delivers)" }, { value: "false", label: "The seller" }]}
            disabled={readOnly}
          />
          <ListField name={`${place}.matching.brands`} label="Brands" value={m.brands} onChange={(brands) => match({ brands })} disabled={readOnly} constraint="A line for each, as Amazon spells it." rows={2} />
          <ListField name={`${place}.matching.keywords`} label="Words in title or brand" value={m.keywords} onChange={(keywords) => match({ keywords })} disabled={readOnly} constraint="A line for each; one of them is enough." rows={2} />
          <MoneyField name={`${place}.matching.price_from_minor`} label="Price from" value={m.price_from_minor} onChange={(price_from_minor) => match({ price_from_minor })} disabled={readOnly} />
          <MoneyField name={`${place}.matching.price_to_minor`} label="Price up to" value={m.price_to_minor} onChange={(price_to_minor) => match({ price_to_minor })} disabled={readOnly} />
          <Stars name={`${place}.matching.min_stars_tenths`} label="Product's stars at least" value={m.min_stars_tenths} onChange={(min_stars_tenths) => match({ min_stars_tenths })} disabled={readOnly} />
          <Stars name={`${place}.matching.min_merchant_stars_tenths`} label="Seller's stars at least" value={m.min_merchant_stars_tenths} onChange={(min_merchant_stars_tenths) => match({ min_merchant_stars_tenths })} disabled={readOnly} />
          <ListField name={`${place}.matching.asins`} label="Products by number" value={m.asins} onChange={(asins) => match({ asins })} disabled={readOnly} constraint="An ASIN in each line." rows={2} />
        </ColumnLayout>
      </SpaceBetween>
    </ExpandableSection>
  );
}

function Stars({ value, onChange, ...frame }: { name: string; label: string; value: number | null; onChange: (value: number | null) => void; disabled: boolean }) {
  return <DecimalField {...frame} digits={1} suffix="of 5" value={value === null ? null : value / 10} onChange={(stars) => onChange(stars === null ? null : Math.round(stars * 10))} />;
}
