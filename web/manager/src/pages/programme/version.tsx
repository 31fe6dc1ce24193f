/** One version: what it changed, how it differs from today, and the way back to it. */
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
import { Loaded } from "../../parts/States";
import { download, PROGRAMME, useProgramme } from "./document";
import { ORIGINS } from "./history";

const useVersion = (version: number, against?: number) =>
  useQuery({
    queryKey: [...PROGRAMME, "version", version, against ?? "before"],
    queryFn: () => got(api().GET("/programme/versions/{version}", { params: { path: { version }, query: against ? { against } : {} } })),
  });

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
          {current !== undefined && version < current && <RollBack version={version} current={current} after={() => go("/programme")} />}
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

function RollBack({ version, current, after }: { version: number; current: number; after: () => void }) {
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
      done={(published) => `Version ${published.version} applies. It says what version ${version} said.`}
      after={after}
      refresh={[PROGRAMME]}
    >
      <Difference version={version} current={current} />
      <AreaField name="why" label="Why" value={why} onChange={setWhy} stretch constraint="Everybody who looks at the history reads it." />
    </AskingAction>
  );
}

function Difference({ version, current }: { version: number; current: number }) {
  const query = useVersion(version, current);
  return <Loaded query={query}>{(found) => <Changes changes={found.changes} label="What would change" heads={["Today", `As in version ${version}`]} empty="It says what applies today." />}</Loaded>;
}
