/** One export or erasure: how far it is, what each store said, the second person's word. */
import Box from "@cloudscape-design/components/box";
import StatusIndicator, { type StatusIndicatorProps } from "@cloudscape-design/components/status-indicator";
import Table from "@cloudscape-design/components/table";
import { useQuery } from "@tanstack/react-query";
import { useParams } from "wouter";
import { date, number } from "@shared/shown";
import { api, got, type Schemas } from "../../api";
import { Action, AskingAction } from "../../parts/Action";
import { DetailPage } from "../../parts/DetailPage";
import { Go } from "../../parts/Go";
import { actor, Moment } from "../../parts/Shown";
import { Nothing } from "../../parts/States";
import { plain } from "../../words";
import { Download, REASONS, type Request, RequestState } from "./shown";

type Receipt = Schemas["Receipt"];

const POLL_MS = 5_000;
const MEGABYTE = 1_000_000;
const STORES: Record<string, string> = {
  list: "List of ended accounts",
  account: "Points and membership",
  sign_in: "Sign-in (Cognito)",
  notifications: "Messages and choices",
  wishes: "Wish list",
  interactions: "Products looked at",
  cases: "Cases: words and photos",
  orders: "Orders and payments",
  exports: "Exports",
  documents: "Documents",
  members: "Contacts and addresses",
  recommendations: "Recommendations",
  lake: "Data lake",
};
const SIGNS: Record<string, StatusIndicatorProps.Type> = { waiting: "pending", done: "success", kept: "info", pending: "in-progress", stuck: "error" };

export default function PrivacyRequest() {
  const { id = "" } = useParams();
  const queryKey = ["privacy", id];
  const query = useQuery({
    queryKey,
    queryFn: () => got(api().GET("/privacy/requests/{request_id}", { params: { path: { request_id: id } } })),
    refetchInterval: ({ state }) => (state.data && ["waiting", "running"].includes(state.data.state) ? POLL_MS : false),
  });
  return (
    <DetailPage<Request>
      query={query}
      from={{ label: "Privacy requests", path: "/privacy/requests" }}
      title={(found) => `${found.kind === "export" ? "Export" : "Erasure"} of ${found.member_number}`}
      description={(found) => <RequestState request={found} />}
      actions={(found) => (found.kind === "export" ? found.state === "ready" && <Download request={found} refresh={queryKey} /> : <Decision found={found} />)}
      sections={(found) => [
        {
          title: "Asked for",
          pairs: [
            ["Member", <Go key="member" to={`/members/${found.member_number}`}>{found.member_number}</Go>],
            ["By", actor(found.requested_by)],
            ["When", <Moment key="at" at={found.requested_at} />],
            ["Why", found.kind === "erasure" ? found.origin === "restore" ? "Again, after a restore" : REASONS[found.reason ?? ""] : null],
            ["Second person", found.decided_by ? actor(found.decided_by) : null],
            ["Decided", found.decided_at && <Moment key="decided" at={found.decided_at} />],
            ["Points that go", found.state === "waiting" && found.points !== null && found.points !== undefined ? number(found.points) : null],
            ["Points that went", found.forfeited === null || found.forfeited === undefined ? null : number(found.forfeited)],
            ["Size", found.size_bytes ? `${(found.size_bytes / MEGABYTE).toFixed(2)} MB, ${found.files} files` : null],
            ["There until", found.state === "ready" ? <Moment key="until" at={found.expires_at} /> : null],
            ["What went wrong", found.kind === "export" ? found.reason : null],
          ],
        },
        found.kind === "erasure" && { title: "Receipts", description: "What each store says: what went, how much, when.", content: <Receipts rows={found.receipts ?? []} /> },
        found.kind === "export" && { title: "Downloads", content: <Downloads found={found} /> },
      ]}
    />
  );
}

function Decision({ found }: { found: Request }) {
  const path = { request_id: found.request_id };
  const refresh = [["privacy"], ["member", found.member_number]];
  if (found.state === "stuck") {
    return (
      <Action
        label="Try again"
        variant="primary"
        needs="POST /privacy/requests/{request_id}/retry"
        act={() => got(api().POST("/privacy/requests/{request_id}/retry", { params: { path } }))}
        done="It goes on from where it was stuck."
        refresh={refresh}
      />
    );
  }
  if (found.state !== "waiting") return null;
  const decide = (decision: "approve" | "decline") => () =>
    got(api().POST("/privacy/requests/{request_id}/approval", { params: { path }, body: { decision } }));
  return (
    <>
      <Action label="Decline" needs="POST /privacy/requests/{request_id}/approval" act={decide("decline")} done="Declined. Nothing was erased." refresh={refresh} />
      <AskingAction
        label="Approve"
        variant="primary"
        title={`Erase ${found.member_number}`}
        confirm="Erase"
        needs="POST /privacy/requests/{request_id}/approval"
        act={decide("approve")}
        done="It runs. Each store gives its receipt here."
        refresh={refresh}
      >
        <Box>From now on there is no way back: {number(found.points ?? 0)} points, sign-in, contacts, addresses, and the words of cases go. Books and documents that the law keeps stay.</Box>
      </AskingAction>
    </>
  );
}

const removed = (receipt: Receipt): string =>
  Object.entries(receipt.removed).filter(([, count]) => count > 0).map(([what, count]) => `${number(count)} ${plain(what).toLowerCase()}`).join(", ") || (receipt.state === "waiting" ? "–" : "nothing was there");

const meaning = (receipt: Receipt): string =>
  receipt.state === "kept" ? `Kept until ${date(receipt.until ?? "")}` : receipt.state === "pending" ? "Asked for" : receipt.state === "stuck" ? `Stuck: ${receipt.problem}` : receipt.problem ? `Tried ${receipt.attempts} times: ${receipt.problem}` : plain(receipt.state);

function Receipts({ rows }: { rows: readonly Receipt[] }) {
  return (
    <Table
      variant="embedded"
      items={rows}
      ariaLabels={{ tableLabel: "Receipts" }}
      empty={<Nothing title="No receipts yet">They come once a second person has approved.</Nothing>}
      columnDefinitions={[
        { id: "store", header: "Store", cell: (row) => STORES[row.store] ?? plain(row.store) },
        { id: "state", header: "State", cell: (row) => <StatusIndicator type={SIGNS[row.state] ?? "info"}>{meaning(row)}</StatusIndicator> },
        { id: "removed", header: "What went", cell: removed },
        { id: "at", header: "When", cell: (row) => <Moment at={row.at} /> },
      ]}
    />
  );
}

function Downloads({ found }: { found: Request }) {
  return (
    <Table
      variant="embedded"
      items={found.downloads ?? []}
      ariaLabels={{ tableLabel: "Downloads" }}
      empty={<Nothing title="Nobody has taken it" />}
      columnDefinitions={[
        { id: "who", header: "Who", cell: (row) => actor(row.actor) },
        { id: "at", header: "When", cell: (row) => <Moment at={row.at} /> },
      ]}
    />
  );
}
