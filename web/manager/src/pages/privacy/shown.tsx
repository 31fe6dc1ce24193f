/** How requests about members' data are written. */
import StatusIndicator, { type StatusIndicatorProps } from "@cloudscape-design/components/status-indicator";
import type { QueryKey } from "@tanstack/react-query";
import { api, got, type Schemas } from "../../api";
import { Action } from "../../parts/Action";
import { plain } from "../../words";

export type Request = Schemas["PrivacyRequest"];

export const REASONS: Record<string, string> = {
  member_request: "The member asks for it",
  minor: "A child's account",
  court_order: "A court or an authority orders it",
  other: "Another reason",
};

const OBSTACLES: Record<string, string> = {
  "redemptions-open": "Orders are not finished yet.",
  "points-held": "Points are held for an order.",
  "cases-open": "Cases are open.",
  "disputes-open": "A bank's dispute about an order is open.",
  "adjustments-waiting": "An adjustment waits for a second person.",
  "legal-hold": "A legal hold stands.",
};

export const wordOf = (code: string): string => OBSTACLES[code] ?? plain(code);

const SIGNS: Record<string, [StatusIndicatorProps.Type, string]> = {
  "export waiting": ["in-progress", "Being put together"],
  "export ready": ["success", "Ready"],
  "export failed": ["error", "Failed"],
  "export expired": ["stopped", "Deleted"],
  "erasure waiting": ["pending", "Waits for a second person"],
  "erasure declined": ["stopped", "Declined"],
  "erasure running": ["in-progress", "Being erased"],
  "erasure stuck": ["error", "Stuck"],
  "erasure done": ["success", "Erased"],
};

export function RequestState({ request }: { request: Request }) {
  const [type, words] = SIGNS[`${request.kind} ${request.state}`] ?? ["info", plain(request.state)];
  return <StatusIndicator type={type}>{request.waits_for?.length ? `Waits: ${request.waits_for.map(wordOf).join(" ")}` : words}</StatusIndicator>;
}

export const stateWords = (request: Request): string => SIGNS[`${request.kind} ${request.state}`]?.[1] ?? plain(request.state);

/** The address opens for five minutes, so it is asked for when it is needed, and each time is written down. */
export function Download({ request, refresh }: { request: Request; refresh: QueryKey }) {
  return (
    <Action
      label="Download"
      icon="download"
      needs="POST /privacy/requests/{request_id}/file"
      act={() => got(api().POST("/privacy/requests/{request_id}/file", { params: { path: { request_id: request.request_id } } }))}
      done="The download begins. It is written down that you took it."
      after={({ url }) => window.location.assign(url)}
      refresh={[refresh]}
    />
  );
}
