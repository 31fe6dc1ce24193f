/** Look ahead: the draft's own, and what was looked at before. */
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table from "@cloudscape-design/components/table";
import { useQuery } from "@tanstack/react-query";
import { api, got } from "../../api";
import { PageFrame } from "../../parts/DetailPage";
import { Go } from "../../parts/Go";
import { actor, Moment, State } from "../../parts/Shown";
import { Loaded, Nothing } from "../../parts/States";
import { Simulation } from "./Simulation";

export default function Ahead() {
  const query = useQuery({
    queryKey: ["programme", "simulations", "list"],
    queryFn: () => got(api().GET("/programme/simulations", { params: { query: { limit: 50 } } })),
    refetchInterval: ({ state }) => (state.data?.simulations.some((one) => one.state === "waiting" || one.state === "running") ? 2000 : false),
  });
  return (
    <PageFrame title="Look ahead" description="What the draft would change for members, for the books and for the shelf, before anybody publishes it.">
      <SpaceBetween size="l">
        <Simulation />
        <Container header={<Header variant="h2">Looked at before</Header>}>
          <Loaded query={query}>
            {({ simulations }) => (
              <Table
                variant="embedded"
                ariaLabels={{ tableLabel: "Looked at before" }}
                items={simulations}
                trackBy="simulation_id"
                columnDefinitions={[
                  { id: "at", header: "Asked", cell: (row) => <Go to={`/programme/ahead/${row.simulation_id}`}><Moment at={row.requested_at} /></Go>, isRowHeader: true },
                  { id: "by", header: "By", cell: (row) => actor(row.requested_by) },
                  { id: "of", header: "Of", cell: (row) => `Revision ${row.draft_revision} against version ${row.based_on}` },
                  { id: "state", header: "State", cell: (row) => <State code={row.state} /> },
                  { id: "stale", header: "Still true", cell: (row) => (row.stale ? "The draft went on" : "Yes") },
                ]}
                empty={<Nothing title="Nobody has looked ahead yet" />}
              />
            )}
          </Loaded>
        </Container>
      </SpaceBetween>
    </PageFrame>
  );
}
