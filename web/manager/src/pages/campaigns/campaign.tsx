/** One campaign: what it is, what it has cost day by day, and whether it changed what members do. */
import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table from "@cloudscape-design/components/table";
import { useQuery } from "@tanstack/react-query";
import { useLocation, useParams } from "wouter";
import { now } from "@shared/now";
import { countryName, money, number } from "@shared/shown";
import { api, got, type Schemas } from "../../api";
import { useWholeDraft } from "../../draft";
import { may } from "../../may";
import { Bars, Lines } from "../../parts/Chart";
import { DetailPage } from "../../parts/DetailPage";
import { Moment, Money, State } from "../../parts/Shown";
import { Nothing } from "../../parts/States";
import { inZone } from "../../zoned";
import { Budget, Deeds } from "./parts";
import { type Audience, type Campaign, effect, KINDS, page, whom } from "./said";

type Detail = Schemas["CampaignDetail"];
type Comparison = Schemas["ComparisonView"];

export default function CampaignPage() {
  const { code = "" } = useParams<{ code: string }>();
  const [, go] = useLocation();
  const campaign = decodeURIComponent(code);
  const draft = useWholeDraft();
  const query = useQuery({
    queryKey: ["campaigns", campaign],
    queryFn: () => got(api().GET("/campaigns/{campaign}", { params: { path: { campaign } } })),
    refetchInterval: 15_000,
  });
  const audiences = (draft.data?.document["audiences"] ?? []) as Audience[];
  return (
    <DetailPage<Detail>
      query={query}
      from={{ label: "Campaigns", path: "/campaigns" }}
      title={(data) => data.name ?? data.campaign}
      description={(data) => (data.kind ? KINDS[data.kind] : "It has left the programme; its budget stays for returns.")}
      actions={(data) => (
        <>
          {data.definition && <Deeds campaign={data.campaign} state={data.state} over={Boolean(data.ends_at && Date.parse(data.ends_at) <= now())} />}
          {data.definition && may("PUT /programme/draft/{section}") && <Button onClick={() => go(`/campaigns/new?copy=${encodeURIComponent(data.campaign)}`)}>Copy</Button>}
          {data.definition && may("PUT /programme/draft/{section}") && <Button onClick={() => go(`${page(data.campaign)}/edit`)}>Edit</Button>}
        </>
      )}
      sections={(data) => [
        {
          title: "Now",
          half: true,
          pairs: [
            ["State", <State code={data.state} />],
            ["Since", data.since && <Moment at={data.since} />],
            ["Members reached", number(data.reached)],
            ["Left", <Money minor={data.left_minor} currency={data.currency} />],
          ],
          content: (
            <SpaceBetween size="s">
              <Budget of={data} />
              {data.reserved_minor > 0 && <Box color="text-body-secondary">{money(data.reserved_minor, data.currency)} of it is promised in open quotes.</Box>}
              {data.state === "exhausted" && <Alert type="warning">The budget is used up: nothing more is paid. Raise it to let the campaign go on.</Alert>}
            </SpaceBetween>
          ),
        },
        data.definition && rules(data, data.definition as Campaign, audiences),
        {
          title: "Spent by day",
          description: "By the day on which it was promised, in the campaign's time zone; returns are taken off that day.",
          half: true,
          content: data.days.length ? (
            <Bars label="Spent by day" yTitle={data.currency} shown={(minor) => money(minor, data.currency)} series={[{ title: "Spent", data: data.days.map((one) => [one.day, one.spent_minor] as const) }]} />
          ) : (
            <Nothing title="Nothing was spent yet" />
          ),
        },
        {
          title: "Spent against the budget",
          half: true,
          content: data.days.length ? <Sum data={data} /> : <Nothing title="Nothing was spent yet" />,
        },
        { title: "Did it change anything?", description: "Members of the segment when it started: those who took part, and those held out.", content: <Compared data={data} /> },
        {
          title: "What happened",
          content: (
            <Table
              variant="embedded"
              items={[...data.history].reverse()}
              trackBy={(row) => `${row.at}${row.state}`}
              columnDefinitions={[
                { id: "state", header: "State", cell: (row) => <State code={row.state} />, isRowHeader: true },
                { id: "at", header: "First seen", cell: (row) => <Moment at={row.at} /> },
              ]}
              empty={<Nothing title="Nothing was noted yet">States are noted every minute.</Nothing>}
            />
          ),
        },
      ]}
    />
  );
}

function rules(data: Detail, said: Campaign, audiences: readonly Audience[]) {
  const about = [...said.scope.categories, ...said.scope.asins];
  return {
    title: "What it is",
    half: true,
    pairs: [
      ["Effect", effect(said)],
      ["For", whom(said.segment, audiences, countryName)],
      ["About", about.length ? about.join(", ") : "Everything"],
      ["Starts", inZone(said.starts_at, said.time_zone)],
      ["Ends", inZone(said.ends_at, said.time_zone)],
      ["Held out", said.holdout_percent ? `${said.holdout_percent} % of these members` : "Nobody"],
      ["Most for one member", said.member_cap_points ? `${number(said.member_cap_points)} points` : "No limit of its own"],
      ["Paid by", data.funder],
      ["Code", data.campaign],
    ] as const,
  };
}

function Sum({ data }: { data: Detail }) {
  let sum = 0;
  const spent = data.days.map((one) => [one.day, (sum += one.spent_minor)] as const);
  const ends = [spent[0]!, spent.at(-1)!];
  return (
    <Lines
      label="Spent so far, and the budget"
      yTitle={data.currency}
      shown={(minor) => money(minor, data.currency)}
      series={[
        { title: "Spent so far", data: spent },
        { title: "Budget", data: ends.map(([day]) => [day, data.budget_minor] as const) },
      ]}
    />
  );
}

function Compared({ data }: { data: Detail }) {
  const found = data.comparison;
  if (!found) {
    if (data.holdout_percent === 0) return <Nothing title="Nobody is held out, so there is nobody to compare with">A holdout is chosen before a campaign starts.</Nothing>;
    return <Nothing title="Not counted yet">Members are listed when the campaign starts, and counted once a day.</Nothing>;
  }
  const deeds = data.kind === "discount" ? "redeemed" : "bought";
  const groups = [
    { name: "Took part", group: found.treated },
    { name: "Held out", group: found.held_out },
  ];
  const rate = ({ active, members }: Schemas["ComparedGroup"]) => (members ? (active / members) * 100 : 0);
  return (
    <SpaceBetween size="m">
      <Verdict found={found} kind={data.kind} />
      <Table
        variant="embedded"
        items={groups}
        trackBy="name"
        columnDefinitions={[
          { id: "name", header: "Group", cell: (row) => row.name, isRowHeader: true },
          { id: "members", header: "Members", cell: (row) => number(row.group.members) },
          { id: "active", header: `Who ${deeds}`, cell: (row) => `${number(row.group.active)} (${percent(rate(row.group))})` },
          { id: "deeds", header: data.kind === "discount" ? "Redemptions a member" : "Purchases a member", cell: (row) => mean(row.group.deeds, row.group.members) },
          { id: "points", header: data.kind === "discount" ? "Points redeemed a member" : "Points a member, without the bonus", cell: (row) => mean(row.group.points, row.group.members) },
        ]}
      />
      {found.enough && (
        <Bars
          horizontal
          height={140}
          label={`Share that ${deeds}`}
          yTitle={`Percent that ${deeds}`}
          shown={percent}
          series={[{ title: `Who ${deeds}`, data: groups.map(({ name, group }) => [name, Math.round(rate(group) * 100) / 100] as const) }]}
        />
      )}
      <Box color="text-body-secondary">Counted from the start until <Moment at={found.until} />. Members who joined the segment later are treated like everybody, but not compared.</Box>
    </SpaceBetween>
  );
}

const percent = (value: number): string => `${number(Math.round(value * 100) / 100)} %`;
const mean = (sum: number, members: number): string => (members ? number(Math.round((sum / members) * 100) / 100) : "–");

/** In words, no surer than the numbers are. */
function Verdict({ found, kind }: { found: Comparison; kind: Detail["kind"] }) {
  const { share, deeds_a_member: deeds } = found;
  if (!found.enough || !share || !deeds) {
    return <Alert type="info">Too few to say: with {number(found.treated.members)} members who took part and {number(found.held_out.members)} held out, chance moves these numbers more than any campaign.</Alert>;
  }
  const said = kind === "discount" ? "redeemed" : "bought";
  const points = (value: number) => `${value > 0 ? "+" : ""}${number(Math.round(value * 10_000) / 100)}`;
  const range = `between ${points(share.low)} and ${points(share.high)} percentage points (95 %)`;
  const each = `${deeds.difference > 0 ? "+" : ""}${number(Math.round(deeds.difference * 1000) / 1000)}`;
  if (!share.surely) {
    return <Alert type="info">No difference that chance would not explain: {points(share.difference)} percentage points of members who {said}, {range}.</Alert>;
  }
  return (
    <Alert type={share.difference > 0 ? "success" : "warning"}>
      {share.difference > 0 ? "More" : "Fewer"} members {said} than without it: {points(share.difference)} percentage points, {range}; {each} {kind === "discount" ? "redemptions" : "purchases"} a member.
    </Alert>
  );
}
