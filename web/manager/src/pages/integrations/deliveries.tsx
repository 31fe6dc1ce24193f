/** What was sent to webhooks, and what came back. */
import { api, got } from "../../api";
import { ListPage } from "../../parts/ListPage";
import { Moment } from "../../parts/Shown";
import { answer, type Delivery, DeliveryState, deliveryState } from "./shown";

type Query = { webhook?: string; state?: Delivery["state"]; topic?: string };

export default function Deliveries() {
  return (
    <ListPage<Delivery>
      title="Delivery log"
      description="Every event for every webhook, for 30 days. One that waits is tried again by itself, and those of the same member wait behind it."
      queryKey={["deliveries"]}
      ask={async (filters, after) => {
        const query = { ...(filters as Query), ...(after && { before: after }), limit: 50 };
        const found = await got(api().GET("/integrations/deliveries", { params: { query } }));
        return { rows: found.deliveries, next: found.before };
      }}
      rowId={(row) => row.delivery_id}
      columns={[
        { id: "topic", header: "Event", cell: (row) => row.topic, text: (row) => row.topic },
        { id: "webhook", header: "Webhook", cell: (row) => row.code, text: (row) => row.code },
        { id: "member", header: "Member", cell: (row) => row.member_number ?? "–", text: (row) => row.member_number },
        { id: "state", header: "State", cell: (row) => <DeliveryState row={row} />, text: (row) => deliveryState(row.state) },
        { id: "answer", header: "Last answer", cell: (row) => answer(row.status, row.problem), text: (row) => row.status ?? row.problem },
        { id: "attempts", header: "Attempts", cell: (row) => row.attempts, text: (row) => row.attempts, numeric: true },
        { id: "happened", header: "Happened", cell: (row) => <Moment at={row.occurred_at} />, text: (row) => row.occurred_at },
        { id: "next", header: "Next try", cell: (row) => <Moment at={row.due_at} />, text: (row) => row.due_at },
      ]}
      open={(row) => `/integrations/deliveries/${row.delivery_id}`}
      filters={[
        { key: "webhook", label: "Webhook", kind: "text", placeholder: "code" },
        { key: "state", label: "State", kind: "choice", options: [{ value: "", label: "All" }, { value: "waiting", label: "Waits" }, { value: "delivered", label: "Delivered" }, { value: "given_up", label: "Given up" }] },
        { key: "topic", label: "Event", kind: "text", placeholder: "shipment.delivered" },
      ]}
      bulk={[{ label: "Send again", act: (row) => got(api().POST("/integrations/deliveries/{delivery_id}/redelivery", { params: { path: { delivery_id: row.delivery_id } } })) }]}
      csv="deliveries"
      empty={{ title: "Nothing was sent yet", text: "A webhook in the settings of the published programme brings events here within a minute." }}
    />
  );
}
