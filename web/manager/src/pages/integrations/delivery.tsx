/** One event for one webhook: what it says, and every attempt. */
import Box from "@cloudscape-design/components/box";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import Table from "@cloudscape-design/components/table";
import { useQuery } from "@tanstack/react-query";
import { useParams } from "wouter";
import { number } from "@shared/shown";
import { api, got, type Schemas } from "../../api";
import { Action } from "../../parts/Action";
import { DetailPage } from "../../parts/DetailPage";
import { Go } from "../../parts/Go";
import { Moment } from "../../parts/Shown";
import { Nothing } from "../../parts/States";
import { answer, DeliveryState } from "./shown";

type Delivery = Schemas["DeliveryWhole"];

const REFRESH_MS = 10_000;

export default function DeliveryPage() {
  const { id = "" } = useParams();
  const queryKey = ["deliveries", id];
  const path = { delivery_id: id };
  const query = useQuery({
    queryKey,
    queryFn: () => got(api().GET("/integrations/deliveries/{delivery_id}", { params: { path } })),
    refetchInterval: ({ state }) => (state.data?.state === "waiting" ? REFRESH_MS : false),
  });
  return (
    <DetailPage<Delivery>
      query={query}
      from={{ label: "Delivery log", path: "/integrations/deliveries" }}
      title={(found) => found.topic}
      description={(found) => <DeliveryState row={found} />}
      actions={() => (
        <Action
          label="Send again"
          needs="POST /integrations/deliveries/{delivery_id}/redelivery"
          act={() => got(api().POST("/integrations/deliveries/{delivery_id}/redelivery", { params: { path } }))}
          done="It is sent again within a minute, under the same id."
          refresh={[["deliveries"]]}
        />
      )}
      sections={(found) => [
        {
          title: "Event",
          pairs: [
            ["Webhook", found.code],
            ["Member", found.member_number && <Go key="member" to={`/members/${found.member_number}`}>{found.member_number}</Go>],
            ["Happened", <Moment key="at" at={found.occurred_at} />],
            ["webhook-id", <code key="id">{found.event_id}</code>],
            ["Next try", found.due_at && <Moment key="due" at={found.due_at} />],
            ["Ended", found.ended_at && <Moment key="ended" at={found.ended_at} />],
          ],
          content: <Box variant="code"><pre>{JSON.stringify(found.data, null, 2)}</pre></Box>,
        },
        {
          title: "Attempts",
          content: (
            <Table
              variant="embedded"
              items={found.tries}
              ariaLabels={{ tableLabel: "Attempts" }}
              empty={<Nothing title="Not tried yet" />}
              columnDefinitions={[
                { id: "at", header: "When", cell: (row) => <Moment at={row.at} /> },
                { id: "answer", header: "Answer", cell: (row) => <StatusIndicator type={row.status && row.status < 300 ? "success" : "error"}>{answer(row.status, row.problem)}</StatusIndicator> },
                { id: "took", header: "Took", cell: (row) => `${number(row.milliseconds)} ms` },
              ]}
            />
          ),
        },
      ]}
    />
  );
}
