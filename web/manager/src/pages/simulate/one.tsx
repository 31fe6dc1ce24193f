/** One simulation, whatever has become of the draft since. */
import Container from "@cloudscape-design/components/container";
import { useParams } from "wouter";
import { PageFrame } from "../../parts/DetailPage";
import { Loaded } from "../../parts/States";
import { Standing, useSimulation } from "./Simulation";

export default function One() {
  const { id = "" } = useParams<{ id: string }>();
  const query = useSimulation(id);
  return (
    <PageFrame title="A look ahead" from={{ label: "Look ahead", path: "/programme/ahead" }}>
      <Container><Loaded query={query}>{(found) => <Standing found={found} />}</Loaded></Container>
    </PageFrame>
  );
}
