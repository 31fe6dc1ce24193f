/** What the draft would change, before anybody publishes it: asked for by a press, computed in seconds, shown in words and pictures. */
import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import ProgressBar from "@cloudscape-design/components/progress-bar";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useQuery } from "@tanstack/react-query";
import { api, got, type Schemas } from "../../api";
import { useWholeDraft } from "../../draft";
import { Action } from "../../parts/Action";
import { Go } from "../../parts/Go";
import { Moment } from "../../parts/Shown";
import { Failed, Nothing } from "../../parts/States";
import { Result } from "./Result";

export type Found = Schemas["Simulation"];

const SIMULATIONS = ["programme", "simulations"] as const;
const POLL_MS = 1000;

const going = (state: string | undefined) => state === "waiting" || state === "running";

export const useSimulation = (id: string | undefined) =>
  useQuery({
    queryKey: [...SIMULATIONS, id],
    queryFn: () => got(api().GET("/programme/simulations/{simulation_id}", { params: { path: { simulation_id: id! } } })),
    enabled: id !== undefined,
    refetchInterval: ({ state }) => (going(state.data?.state) ? POLL_MS : false),
  });

/** Of the draft as it is now: the newest one, marked where it is of something else. */
export function Simulation() {
  const draft = useWholeDraft();
  const newest = useQuery({
    queryKey: [...SIMULATIONS, "newest"],
    queryFn: async () => (await got(api().GET("/programme/simulations", { params: { query: { limit: 1 } } }))).simulations[0] ?? null,
  });
  const query = useSimulation(newest.data?.simulation_id);
  const found = query.data;
  const stopped = (draft.data?.problems.length ?? 0) > 0;
  const usable = found && !found.stale && found.state !== "failed" && !found.stalled;
  const button = draft.data && !usable && (
    <Action
      label={found?.stale ? "Look ahead again" : "Look ahead"}
      variant="primary"
      needs="POST /programme/draft/simulations"
      disabled={stopped}
      act={() => got(api().POST("/programme/draft/simulations", { body: { revision: draft.data.revision } }))}
      done={() => null}
      refresh={[SIMULATIONS]}
    />
  );
  const failure = newest.error ?? query.error;
  return (
    <Container
      header={
        <Header
          variant="h2"
          description="The last 90 days of redemptions and every balance, as if the draft applied. Nothing changes by looking."
          actions={button && <div className="actions">{button}</div>}
        >
          Look ahead
        </Header>
      }
    >
      {failure ? (
        <Failed error={failure} retry={() => void (newest.error ? newest : query).refetch()} />
      ) : newest.data === undefined || (newest.data && !found) ? null : !found ? (
        <Nothing title="Not looked yet">{stopped ? "The draft has problems: they must be put right first." : "It takes some seconds, and shows what members can afford, what redemptions cost and what is owed: before and after."}</Nothing>
      ) : (
        <Standing found={found} stopped={stopped} />
      )}
    </Container>
  );
}

/** One simulation in whichever state it is. */
export function Standing({ found, stopped = false }: { found: Found; stopped?: boolean }) {
  if (found.state === "failed") return <Alert type="error" header="It came to no end">{found.detail}</Alert>;
  if (going(found.state)) {
    const done = found.steps ? Math.round((found.steps_done / found.steps) * 100) : 0;
    return (
      <SpaceBetween size="s">
        <ProgressBar value={done} label="Looking ahead" description={found.state === "waiting" ? "It begins in a moment." : "Redemptions and balances are priced again."} />
        {found.stalled && <Alert type="warning">Nobody has been at it for a while. Ask for it again.</Alert>}
      </SpaceBetween>
    );
  }
  return (
    <SpaceBetween size="l">
      {found.stale && (
        <Alert type="warning" header="The draft says something else by now">
          What follows is of revision {found.draft_revision} against version {found.based_on}. {stopped ? "The draft has problems: once they are put right, look ahead again." : "Look ahead again before you decide by it."}
        </Alert>
      )}
      {found.result && <Result result={found.result} />}
      <Box color="text-body-secondary">
        As of <Moment at={found.result?.as_of} />, the draft's revision {found.draft_revision} against version {found.based_on}. <Go to={`/programme/ahead/${found.simulation_id}`}>A page of its own</Go>
      </Box>
    </SpaceBetween>
  );
}
