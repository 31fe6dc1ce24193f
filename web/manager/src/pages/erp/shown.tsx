/** How documents for the ERP are written. */
import StatusIndicator, { type StatusIndicatorProps } from "@cloudscape-design/components/status-indicator";
import type { Schemas } from "../../api";
import { plain } from "../../words";
import { PROBLEMS as OUTSIDE } from "../integrations/shown";

export type ErpDocument = Schemas["ErpDocumentSeen"];

export const KEY = ["erp"] as const;

const STATES: Record<ErpDocument["state"], [StatusIndicatorProps.Type, string]> = {
  waiting: ["pending", "Waits to be sent"],
  sent: ["in-progress", "Sent, not answered"],
  accepted: ["in-progress", "Taken, not booked yet"],
  posted: ["success", "In the books"],
  refused: ["error", "Refused"],
  given_up: ["error", "Given up"],
};

export const STATE_NAMES = Object.entries(STATES).map(([code, [, words]]) => [code as ErpDocument["state"], words] as const);

export const stateName = (code: ErpDocument["state"]): string => STATES[code][1];

export function ErpState({ row }: { row: Pick<ErpDocument, "state" | "attempts"> }) {
  const [type, words] = STATES[row.state];
  return <StatusIndicator type={row.state === "waiting" && row.attempts > 0 ? "warning" : type}>{row.state === "waiting" && row.attempts > 0 ? "To be sent again" : words}</StatusIndicator>;
}

const KINDS: Record<ErpDocument["kind"], string> = { invoice: "Invoice", credit_memo: "Credit memo", journal: "Day of the journal" };

export const kindName = (code: ErpDocument["kind"]): string => KINDS[code];

/** Why a try came to nothing, in words. */
export const problem = (code: string | null | undefined): string | null => (code ? OUTSIDE[code] ?? plain(code) : null);
