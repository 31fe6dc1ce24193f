/** One version: what it changed, how it differs from today, and the way back to it. */
import Alert from "@cloudscape-design/components/alert";
import Button from "@cloudscape-design/components/button";
import ExpandableSection from "@cloudscape-design/components/expandable-section";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useLocation, useParams } from "wouter";
import { api, got } from "../../api";
import { AskingAction } from "../../parts/Action";
import { Changes } from "../../parts/Changes";
import { DetailPage } from "../../parts/DetailPage";
import { AreaField } from "../../parts/Form";
import { actor, Moment } from "../../parts/Shown";
import { download, PROGRAMME, useProgramme } from "./document";
import { ORIGINS } from "./history";

const useVersion = (version: number) =>
  useQuery({
    queryKey: [...PROGRAMME, "version", version],
    queryFn: () => got(api().GET("/programme/versions/{version}", { params: { path: { version } } })),
  });

type Detail = NonNullable<ReturnType<typeof useVersion>["data"]>;
type Kept = Detail["kept"][number];

export default function Version() {
  const version = Number(useParams()["version"]);
  const [, go] = useLocation();
  const current = useProgramme().data?.version;
  const query = useVersion(version);
  return (
    <DetailPage
      query={query}
      from={{ label: "History", path: "/programme/history" }}
      title={() => `Version ${version}`}
      description={(found) => found.why}
      actions={(found) => (
        <>
          <Button iconName="download" onClick={() => download(version, found.document)}>Download</Button>
          {current !== undefined && version < current && <RollBack version={version} current={current} found={found} after={() => go("/programme")} />}
        </>
      )}
      sections={(found) => [
        {
          title: "Published",
          pairs: [
            ["When", <Moment at={found.published_at} />],
            ["By", actor(found.published_by)],
            ["How", found.restored_version ? `${ORIGINS[found.origin]} to version ${found.restored_version}` : ORIGINS[found.origin]],
            ["Today", current === version ? "It applies" : `Version ${current ?? "…"} applies`],
          ],
        },
        {
          title: "What it changed",
          content: <Changes changes={found.changes} label="What it changed" empty={found.against ? "It says what the version before said." : "It is the first version."} heads={found.against ? [`Version ${found.against}`, `Version ${version}`] : ["Before", "After"]} />,
        },
        {
          title: "All that it says",
          content: <ExpandableSection headerText="The whole document"><pre className="said">{JSON.stringify(found.document, null, 2)}</pre></ExpandableSection>,
        },
      ]}
    />
  );
}

function RollBack({ version, current, found, after }: { version: number; current: number; found: Detail; after: () => void }) {
  const [why, setWhy] = useState("");
  return (
    <AskingAction
      label="Roll back to it"
      variant="primary"
      title={`Roll back to version ${version}`}
      confirm={`Publish it as version ${current + 1}`}
      needs="POST /programme/versions/{version}/restoration"
      size="large"
      ready={why.trim().length > 0}
      act={() => got(api().POST("/programme/versions/{version}/restoration", { params: { path: { version } }, body: { why: why.trim() } }))}
      done={(published) => `Version ${published.version} applies. It says what version ${version} said${published.kept.length ? `, but for campaigns kept as they are: ${named(published.kept)}` : ""}.`}
      after={after}
      refresh={[PROGRAMME]}
    >
      {found.kept.length > 0 && <KeptCampaigns kept={found.kept} version={version} />}
      <Changes changes={found.rollback} label="What would change" heads={["Today", "After rolling back"]} empty="Nothing: this is what applies today." />
      <AreaField name="why" label="Why" value={why} onChange={setWhy} stretch constraint="Everybody who looks at the history reads it." />
    </AskingAction>
  );
}

const HOW = {
  now: "state, start, end and whom it is for stay as they are now; rate, budget and name come back",
  stays: "not in that version; it stays as it is now",
  gone: "left the programme since; it does not come back",
} as const;

const named = (kept: readonly Kept[]) => kept.map(({ name, code }) => name ?? code).join(", ");

/** Rolling back is no way to start a funder's campaign again, or to end one. */
function KeptCampaigns({ kept, version }: { kept: readonly Kept[]; version: number }) {
  return (
    <Alert type="info" header={`Some campaigns will not be as in version ${version}`}>
      What was done with a campaign since stays done.
      <ul>
        {(["now", "stays", "gone"] as const).map((how) => {
          const these = kept.filter((one) => one.how === how);
          return these.length > 0 && <li key={how}><strong>{named(these)}</strong>: {HOW[how]}.</li>;
        })}
      </ul>
    </Alert>
  );
}
