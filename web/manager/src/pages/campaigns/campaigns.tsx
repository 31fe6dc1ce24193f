/** Every campaign: what it is now, when, and how far its budget is gone. What is only in the draft stands here too. */
import Badge from "@cloudscape-design/components/badge";
import Button from "@cloudscape-design/components/button";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useLocation } from "wouter";
import { money } from "@shared/shown";
import { api, got, type Schemas } from "../../api";
import { config } from "../../config";
import { DRAFT, useWholeDraft } from "../../draft";
import { may } from "../../may";
import { ListPage } from "../../parts/ListPage";
import { State } from "../../parts/Shown";
import { plain } from "../../words";
import { inZone } from "../../zoned";
import { Budget } from "./parts";
import { type Campaign, KINDS, page, STATES } from "./said";

type Row = Schemas["CampaignStanding"] & { onlyDraft?: boolean };

export default function Campaigns() {
  const [, go] = useLocation();
  const draft = useWholeDraft();
  const edits = may("PUT /programme/draft/{section}");
  const drafted = (draft.data?.document["campaigns"] ?? []) as Campaign[];
  const create = edits && <Button variant="primary" onClick={() => go("/campaigns/new")}>New campaign</Button>;
  return (
    <ListPage<Row>
      title="Campaigns"
      description="More points for purchases or rewards for fewer points: for some members, for a while, with somebody's money."
      queryKey={["campaigns", [...DRAFT], draft.data?.revision ?? 0]}
      ask={async ({ state, kind }) => {
        const { campaigns } = await got(api().GET("/campaigns"));
        const known = new Set(campaigns.map((one) => one.campaign));
        const rows: Row[] = [...drafted.filter(({ code }) => !known.has(code)).map(drawn), ...campaigns];
        return { rows: rows.filter((row) => (!state || row.state === state) && (!kind || row.kind === kind)) };
      }}
      rowId={(row) => row.campaign}
      open={(row) => (row.onlyDraft ? `${page(row.campaign)}/edit` : page(row.campaign))}
      refreshSeconds={30}
      csv="campaigns"
      filters={[
        { key: "state", label: "State", kind: "choice", options: [{ value: "", label: "All states" }, ...STATES.map((value) => ({ value, label: plain(value) }))] },
        { key: "kind", label: "Kind", kind: "choice", options: [{ value: "", label: "Both kinds" }, ...Object.entries(KINDS).map(([value, label]) => ({ value, label }))] },
      ]}
      columns={[
        { id: "campaign", header: "Campaign", cell: (row) => row.name ?? row.campaign, text: (row) => row.campaign, width: 240 },
        { id: "state", header: "State", cell: (row) => (row.onlyDraft ? <Badge>Not published</Badge> : <State code={row.state} />), text: (row) => row.state, width: 150 },
        { id: "kind", header: "Kind", cell: (row) => (row.kind ? KINDS[row.kind] : "–"), text: (row) => row.kind },
        { id: "when", header: "When", cell: (row) => <When row={row} />, text: (row) => `${row.starts_at ?? ""} – ${row.ends_at ?? ""}` },
        { id: "budget", header: "Budget", cell: (row) => <Budget of={row} />, text: (row) => row.budget_minor, width: 240 },
        { id: "spent", header: "Spent", cell: (row) => money(row.spent_minor, row.currency), text: (row) => row.spent_minor, numeric: true },
        { id: "funder", header: "Funder", cell: (row) => row.funder, text: (row) => row.funder },
      ]}
      actions={<SpaceBetween direction="horizontal" size="xs"><Button onClick={() => go("/audiences")}>Audiences</Button>{create}</SpaceBetween>}
      empty={{
        title: "No campaign yet",
        text: "A campaign doubles what purchases earn, or makes rewards cheaper, for the members you choose. It has a budget that it cannot pass, and a tenth of the members does without, so that you see what it changed.",
        action: create,
      }}
    />
  );
}

function When({ row }: { row: Row }) {
  if (!row.starts_at || !row.ends_at) return <>–</>;
  return <div>{inZone(row.starts_at, row.time_zone ?? "UTC")} –<br />{inZone(row.ends_at, row.time_zone ?? "UTC")}</div>;
}

/** What nobody has published has spent nothing. */
function drawn(campaign: Campaign): Row {
  return {
    campaign: campaign.code,
    name: campaign.name ?? null,
    state: "draft",
    since: null,
    kind: campaign.earn_multiplier_percent === null ? "discount" : "bonus",
    starts_at: campaign.starts_at,
    ends_at: campaign.ends_at,
    time_zone: campaign.time_zone,
    everybody: null,
    holdout_percent: campaign.holdout_percent,
    funder: campaign.funder,
    currency: config().currency,
    budget_minor: campaign.budget_minor,
    spent_minor: 0,
    reserved_minor: 0,
    left_minor: campaign.budget_minor,
    member_cap_points: campaign.member_cap_points,
    onlyDraft: true,
  };
}
