/** How connections and deliveries are written. */
import StatusIndicator, { type StatusIndicatorProps } from "@cloudscape-design/components/status-indicator";
import type { Schemas } from "../../api";

export type Delivery = Schemas["DeliverySeen"];

export const PROBLEMS: Record<string, string> = {
  "not-allowed": "leads into a private network",
  "no-such-host": "nobody knows the host",
  "not-trusted": "its certificate is not valid",
  "no-connection": "takes no connection",
  "too-slow": "did not answer within ten seconds",
  broken: "broke off",
  "no-key": "its secret is not there, or holds no key",
};

const SIGNS: Record<Delivery["state"], [StatusIndicatorProps.Type, string]> = {
  waiting: ["pending", "Waits"],
  delivered: ["success", "Delivered"],
  given_up: ["error", "Given up"],
};

export const deliveryState = (state: Delivery["state"]): string => SIGNS[state][1];

export function DeliveryState({ row }: { row: Pick<Delivery, "state" | "again" | "attempts"> }) {
  const [type, words] = SIGNS[row.state];
  return <StatusIndicator type={row.state === "waiting" && row.attempts ? "warning" : type}>{row.again ? "To be sent again" : words}</StatusIndicator>;
}

export const answer = (status: number | null | undefined, problem: string | null | undefined): string =>
  status ? `answered ${status}` : problem ? PROBLEMS[problem] ?? problem : "–";
