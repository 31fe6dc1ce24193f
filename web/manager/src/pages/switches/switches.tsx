/** What members have at the moment: switched at once, by a version that says who and why. */
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import Table from "@cloudscape-design/components/table";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, got, type Schemas } from "../../api";
import { may } from "../../may";
import { AskingAction } from "../../parts/Action";
import { PageFrame } from "../../parts/DetailPage";
import { AreaField, NumberField, ToggleField } from "../../parts/Form";
import { Go } from "../../parts/Go";
import { actor, Moment } from "../../parts/Shown";
import { Loaded, Nothing } from "../../parts/States";
import { plain } from "../../words";

type State = Schemas["FeatureState"];
type Switched = Schemas["SwitchedView"];

const KEY = ["features"] as const;
const ROUTE = "PUT /features/{feature}";

/** What each of them is, and what members are told while it is off. */
const ABOUT: Record<string, [name: string, about: string]> = {
  redemption: ["Redeeming", "Nobody gets a price or redeems; members are told that their points stay theirs. What is under way goes on."],
  money: ["Paying a part in money", "Rewards are paid in points alone. Payments under way go on."],
  personal: ["Personal choices", "Members see what is the same for all."],
  search: ["Search", "Members choose by category, and are told so."],
  simulation: ["Looking ahead", "Nobody computes what a draft would change."],
  invoice_posting: ["Posting invoices", "Invoices wait; after three days a person decides. On again they go by themselves."],
};
const nameOf = (feature: string) => ABOUT[feature]?.[0] ?? plain(feature);

export default function Switches() {
  const query = useQuery({ queryKey: KEY, queryFn: () => got(api().GET("/features")) });
  return (
    <PageFrame title="Switches" description="What members have, without a deployment. A switching counts at once and is a version of the programme; rolling the programme back leaves it as it is.">
      <Loaded query={query}>
        {({ features, history }) => (
          <SpaceBetween size="l">
            <Standing rows={features} />
            <History rows={history} />
          </SpaceBetween>
        )}
      </Loaded>
    </PageFrame>
  );
}

function Standing({ rows }: { rows: readonly State[] }) {
  return (
    <Table
      items={rows}
      trackBy="feature"
      wrapLines
      ariaLabels={{ tableLabel: "Switches" }}
      header={<Header variant="h2">Now</Header>}
      columnDefinitions={[
        { id: "feature", header: "What", isRowHeader: true, cell: ({ feature }) => nameOf(feature) },
        { id: "state", header: "For whom", minWidth: 150, cell: (row) => <Shown state={row} /> },
        { id: "about", header: "While it is off", cell: ({ feature }) => ABOUT[feature]?.[1] ?? "–" },
        ...(may(ROUTE) ? [{ id: "switch", header: "Switch", minWidth: 290, cell: (row: State) => <Switching state={row} /> }] : []),
      ]}
    />
  );
}

function Shown({ state }: { state: State }) {
  if (!state.on) return <StatusIndicator type="stopped">Nobody</StatusIndicator>;
  const all = state.share_percent === null || state.share_percent === 100;
  return <StatusIndicator type={all ? "success" : "in-progress"}>{said(state)}</StatusIndicator>;
}

const said = ({ on, share_percent }: State) => (!on ? "Nobody" : share_percent === null || share_percent === 100 ? "Everybody" : `${share_percent} % of the members`);

function Switching({ state }: { state: State }) {
  const [on, turn] = useState(state.on);
  const [share, give] = useState(state.share_percent);
  const [why, say] = useState("");
  const name = nameOf(state.feature);
  // As it was when this was opened: somebody may switch it while the dialog stands open.
  const [seen, see] = useState(state);
  const queries = useQueryClient();
  const body = { on, why, seen: { on: seen.on, share_percent: seen.share_percent }, ...(state.share_percent !== null && share !== null && { share_percent: share }) };
  return (
    <AskingAction
      label={`Switch ${name.toLowerCase()}`}
      title={name}
      confirm="Switch now"
      needs={ROUTE}
      ready={why.trim() !== "" && (state.share_percent === null || share !== null)}
      onOpen={() => (see(state), turn(state.on), give(state.share_percent), say(""))}
      act={() =>
        got(api().PUT("/features/{feature}", { params: { path: { feature: state.feature } }, body })).catch((problem: unknown) => {
          void queries.invalidateQueries({ queryKey: KEY });
          throw problem;
        })
      }
      done={(told) => `${name}: ${said(told.features.find(({ feature }) => feature === state.feature)!).toLowerCase()}.`}
      refresh={[KEY]}
    >
      <ToggleField name="on" label="On" value={on} onChange={turn} />
      {state.share_percent !== null && <NumberField name="share_percent" label="For how many of the members" suffix="%" value={share} onChange={give} constraint="The same members every time; who has it keeps it when there are more." />}
      <AreaField name="why" label="Why" value={why} onChange={say} constraint="Stands in the history." />
    </AskingAction>
  );
}

function History({ rows }: { rows: readonly Switched[] }) {
  return (
    <Table
      items={rows}
      wrapLines
      ariaLabels={{ tableLabel: "Last switchings" }}
      header={<Header variant="h2">Last switchings</Header>}
      columnDefinitions={[
        { id: "at", header: "When", cell: ({ at }) => <Moment at={at} /> },
        { id: "what", header: "What", isRowHeader: true, cell: ({ after }) => nameOf(after.feature) },
        { id: "change", header: "For whom", cell: ({ before, after }) => `${said(before)} → ${said(after)}` },
        { id: "by", header: "By", cell: ({ by }) => actor(by) },
        { id: "why", header: "Why", cell: ({ why }) => why },
        { id: "version", header: "Version", cell: ({ version }) => (may("GET /programme/versions/{version}") ? <Go to={`/programme/history/${version}`}>{`${version}`}</Go> : version) },
      ]}
      empty={<Nothing title="Nothing was switched yet">Everything is on for everybody until somebody switches it.</Nothing>}
    />
  );
}
