/** What a simulation found: sentences first, then pictures, then the numbers. Pairs are before and after. */
import Box from "@cloudscape-design/components/box";
import ColumnLayout from "@cloudscape-design/components/column-layout";
import Header from "@cloudscape-design/components/header";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import Table from "@cloudscape-design/components/table";
import type { ReactNode } from "react";
import { day, minorDigits, money, number, signed } from "@shared/shown";
import type { Schemas } from "../../api";
import { Bars } from "../../parts/Chart";
import { Money } from "../../parts/Shown";
import { Nothing } from "../../parts/States";
import { plain } from "../../words";

type Found = Schemas["Result"];

const BEFORE = "Now";
const AFTER = "With this draft";

export function Result({ result }: { result: Found }) {
  const { currency } = result;
  const shown = (minor: number) => money(minor, currency);
  return (
    <SpaceBetween size="l">
      <div>{sentences(result).map(({ type, text }) => <div key={text}><StatusIndicator type={type}>{text}</StatusIndicator></div>)}</div>
      <KeyValuePairs columns={4} items={pairs(result)} />
      <ColumnLayout columns={2}>
        <Part title="What is owed in points" description={`${number(result.outstanding_points)} outstanding points, at what a point costs by the last ${result.days} days' redemptions.`}>
          <Bars
            label="Liability and what points buy, before and after"
            yTitle={currency}
            shown={shown}
            series={[0, 1].map((side) => ({ title: side ? AFTER : BEFORE, data: owed(result, side) }))}
          />
        </Part>
        <Part title="What redemptions cost" description="What Amazon was paid less what members paid, month by month of the past.">
          {result.redemptions ? (
            <Bars
              label="Cost of redemptions by month, before and after"
              yTitle={currency}
              shown={shown}
              series={[0, 1].map((side) => ({ title: side ? AFTER : BEFORE, data: result.months.map((one) => [one.month, one.cost_minor[side]!] as const) }))}
            />
          ) : (
            <Nothing title="Nothing was redeemed in these days" />
          )}
        </Part>
      </ColumnLayout>
      <Part title="Who can have the favourites" description={`Of ${number(result.members.active)} active members; the ${result.products.length} products that are redeemed most.`}>
        {result.products.length ? (
          <SpaceBetween size="m">
            <Bars
              label="Members who can have each favourite, before and after"
              yTitle="Percent of members"
              shown={percent}
              horizontal
              height={60 + 32 * result.products.length}
              series={[0, 1].map((side) => ({ title: side ? AFTER : BEFORE, data: result.products.map((one) => [short(one), share(one.members[side]!, result.members.active)] as const) }))}
            />
            <Favourites result={result} />
          </SpaceBetween>
        ) : (
          <Nothing title="There is nothing on the shelf" />
        )}
      </Part>
      <ColumnLayout columns={2}>
        <Part title="Levels"><Levels result={result} /></Part>
        <Part title="Campaigns" description="In the coming 90 days, if they are like the last; never more than the budget has left."><Campaigns result={result} /></Part>
      </ColumnLayout>
      <Part title="Ten members" description="From those with the fewest points to those with the most."><Examples result={result} /></Part>
      {result.hidden.products > 0 && <Part title="No longer on the shelf"><Hidden result={result} /></Part>}
    </SpaceBetween>
  );
}

function Part({ title, description, children }: { title: string; description?: string; children: ReactNode }) {
  return (
    <SpaceBetween size="s">
      <Header variant="h3" description={description}>{title}</Header>
      {children}
    </SpaceBetween>
  );
}

/** Both for all outstanding points; what they cost is not known before anything was redeemed. */
function owed(result: Found, side: number): (readonly [string, number])[] {
  const cost = result.liability_minor[side];
  return [...(cost == null ? [] : [["They cost", cost] as const]), ["They buy", result.buys_minor[side]!]];
}

type Sentence = { type: "success" | "warning" | "info"; text: string };

/** What somebody would want to be told who reads only this. */
function sentences(result: Found): Sentence[] {
  const { members, currency, hidden } = result;
  const told: Sentence[] = [];
  const many = (count: number, more: string) => `With this draft, ${number(count)} ${count === 1 ? "member" : "members"} can afford ${more} of the favourites.`;
  if (members.more) told.push({ type: "success", text: many(members.more, "more") });
  if (members.fewer) told.push({ type: "warning", text: many(members.fewer, "fewer") });
  if (!members.more && !members.fewer) told.push({ type: "info", text: "With this draft, every member can afford as many of the favourites as before." });
  const [owed, owing] = result.liability_minor;
  if (owed != null && owing != null && owed !== owing) {
    told.push({ type: "info", text: `Outstanding points would cost ${money(Math.abs(owing - owed), currency)} ${owing < owed ? "less" : "more"} (${change(owed, owing)}).` });
  }
  const [cost, after] = result.cost_minor as [number, number];
  if (cost !== after) told.push({ type: "info", text: `The last ${result.days} days' redemptions would have cost ${money(Math.abs(after - cost), currency)} ${after < cost ? "less" : "more"} (${change(cost, after)}).` });
  if (hidden.products) told.push({ type: "warning", text: `${number(hidden.products)} ${hidden.products === 1 ? "product leaves" : "products leave"} the shelf${hidden.below_margin_floor ? `, ${number(hidden.below_margin_floor)} of them because of the margin floor` : ""}.` });
  if (result.stopped_units) told.push({ type: "warning", text: `${number(result.stopped_units)} units would not have been ordered: their price had moved further than the draft lets it.` });
  for (const one of result.campaigns) {
    if (one.ends_on[1]) told.push({ type: "warning", text: `The budget of ${one.campaign} would end on ${day(one.ends_on[1])}.` });
  }
  return told;
}

function pairs(result: Found) {
  const { currency } = result;
  const two = (values: readonly (number | null)[], shown: (value: number) => string) => <Two values={values} shown={shown} />;
  const minor = (value: number) => money(value, currency);
  return [
    { label: "Redemptions in 90 days", value: number(result.redemptions) },
    { label: "Points they take", value: two(result.points, number) },
    { label: "Money members pay", value: two(result.money_minor, minor) },
    { label: "Paid to Amazon", value: <><Money minor={result.paid_minor} currency={currency} />{result.drift_minor !== 0 && <Box color="text-body-secondary">{money(result.drift_minor, currency)} of it beyond the quotes</Box>}</> },
    { label: "Redemption cost", value: two(result.cost_minor, minor) },
    { label: "Cost of 1,000 points", value: two(result.cost_per_point_micros, (micros) => money(Math.round((micros / 1000) * 10 ** minorDigits(currency)), currency)) },
    { label: "Outstanding points cost", value: two(result.liability_minor, minor) },
    { label: "Outstanding points buy", value: two(result.buys_minor, minor) },
  ];
}

/** Before, after, and by how much. */
function Two({ values: [before, after], shown }: { values: readonly (number | null)[]; shown: (value: number) => string }) {
  if (before == null || after == null) return <>{before == null && after == null ? "Not known" : `${before == null ? "–" : shown(before)} → ${after == null ? "–" : shown(after)}`}</>;
  if (before === after) return <span className="num">{shown(before)}</span>;
  return <span className="num">{shown(before)} → {shown(after)} <Box display="inline" color="text-body-secondary">({change(before, after)})</Box></span>;
}

const share = (count: number, of: number): number => (of ? Math.round((count / of) * 10_000) / 100 : 0);
const moved = (before: number, after: number): string => (before === after ? percent(before) : `${percent(before)} → ${percent(after)}`);
const percent = (value: number): string => `${number(value)} %`;
const change = (before: number, after: number): string => (before ? `${signed(Math.round(((after - before) / Math.abs(before)) * 1000) / 10)} %` : "new");
const short = ({ title, asin }: { title: string; asin: string }): string => (title.length > 24 ? `${title.slice(0, 23)}…` : title || asin);

function Favourites({ result }: { result: Found }) {
  const known = result.tiers.filter(({ tier }) => tier);
  const of = (product: Found["products"][number], tier: string, side: 0 | 1) => {
    const here = product.tiers.find((one) => one.tier === tier);
    return share(here?.members[side] ?? 0, known.find((one) => one.tier === tier)?.members ?? 0);
  };
  return (
    <Table
      variant="embedded"
      ariaLabels={{ tableLabel: "Favourites" }}
      items={result.products}
      trackBy="asin"
      columnDefinitions={[
        { id: "title", header: "Product", cell: (row) => row.title, isRowHeader: true },
        { id: "points", header: "Points", cell: (row) => <Two values={row.points} shown={number} /> },
        { id: "all", header: "All members", cell: (row) => moved(share(row.members[0]!, result.members.active), share(row.members[1]!, result.members.active)) },
        ...known.map(({ tier }) => ({ id: tier, header: plain(tier), cell: (row: Found["products"][number]) => moved(of(row, tier, 0), of(row, tier, 1)) })),
      ]}
    />
  );
}

function Levels({ result }: { result: Found }) {
  return (
    <Table
      variant="embedded"
      ariaLabels={{ tableLabel: "Levels" }}
      items={result.tiers}
      trackBy="tier"
      columnDefinitions={[
        { id: "tier", header: "Level", cell: (row) => (row.tier ? plain(row.tier) : "Of a former level"), isRowHeader: true },
        { id: "members", header: "Members", cell: (row) => number(row.members) },
        { id: "more", header: "Can afford more", cell: (row) => number(row.more) },
        { id: "fewer", header: "Can afford fewer", cell: (row) => number(row.fewer) },
        ...(result.levels
          ? [{ id: "reach", header: "Whose purchases reach it", cell: (row: Found["tiers"][number]) => <Two values={result.levels!.find((one) => one.tier === row.tier)?.members ?? [null, null]} shown={number} /> }]
          : []),
      ]}
      empty={<Nothing title="There are no members" />}
    />
  );
}

const UNKNOWN: Record<string, string> = {
  category: "Past purchases do not tell their category",
  country: "Past purchases do not tell a country",
  audience: "Its audience is not counted yet",
  "too-many": "Too many campaigns at once that are not for everybody",
};

function Campaigns({ result }: { result: Found }) {
  const { currency } = result;
  return (
    <Table
      variant="embedded"
      ariaLabels={{ tableLabel: "Campaigns" }}
      items={result.campaigns}
      trackBy="campaign"
      columnDefinitions={[
        { id: "campaign", header: "Campaign", cell: (row) => row.campaign, isRowHeader: true },
        { id: "left", header: "Budget left", cell: (row) => <Money minor={row.left_minor[1] ?? row.left_minor[0]} currency={currency} /> },
        { id: "spend", header: "Would cost", cell: (row) => (row.unknown ? UNKNOWN[row.unknown] : <Two values={row.spend_minor} shown={(minor) => money(minor, currency)} />) },
        { id: "ends", header: "Budget ends", cell: (row) => (row.ends_on[1] ? day(row.ends_on[1]) : "–") },
      ]}
      empty={<Nothing title="No campaign is on in these days" />}
    />
  );
}

function Examples({ result }: { result: Found }) {
  const { currency } = result;
  return (
    <Table
      variant="embedded"
      ariaLabels={{ tableLabel: "Ten members" }}
      items={result.examples}
      trackBy="member_number"
      columnDefinitions={[
        { id: "number", header: "Member", cell: (row) => row.member_number, isRowHeader: true },
        { id: "tier", header: "Level", cell: (row) => plain(row.tier) },
        { id: "points", header: "Points", cell: (row) => number(row.available) },
        { id: "worth", header: "They buy", cell: (row) => <Two values={row.worth_minor} shown={(minor) => money(minor, currency)} /> },
        { id: "count", header: "Favourites within reach", cell: (row) => <Two values={row.affordable} shown={number} /> },
        { id: "best", header: "The dearest of them", cell: (row) => (row.best[0] === row.best[1] ? (row.best[0] ?? "–") : `${row.best[0] ?? "–"} → ${row.best[1] ?? "–"}`) },
      ]}
      empty={<Nothing title="Nobody has points" />}
    />
  );
}

function Hidden({ result }: { result: Found }) {
  return (
    <SpaceBetween size="xs">
      <div>{number(result.hidden.redeemed_units)} units of them were redeemed in these days.</div>
      <ul>{result.hidden.named.map(({ asin, title, below_margin_floor: floor }) => <li key={asin}>{title || asin}{floor && " (below the margin floor)"}</li>)}</ul>
      {result.hidden.products > result.hidden.named.length && <div>And {number(result.hidden.products - result.hidden.named.length)} more.</div>}
    </SpaceBetween>
  );
}
