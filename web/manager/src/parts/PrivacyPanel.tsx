/** What a member may ask of their data: a file of everything, and to be erased. Part of the member's page. */
import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Checkbox from "@cloudscape-design/components/checkbox";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table from "@cloudscape-design/components/table";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { date, number } from "@shared/shown";
import { api, got, type Schemas } from "../api";
import { Download, RequestState, REASONS, wordOf } from "../pages/privacy/shown";
import { Action, AskingAction } from "./Action";
import { Sections } from "./DetailPage";
import { ChoiceField, TextField } from "./Form";
import { Go } from "./Go";
import { actor, Moment } from "./Shown";
import { Loaded, Nothing } from "./States";

type Standing = Schemas["PrivacyStanding"];
type Wish = Schemas["ErasureWish"];

const POLL_MS = 5_000;

export const privacyKey = (memberNumber: string) => ["member", memberNumber, "privacy"] as const;

export function PrivacyPanel({ memberNumber }: { memberNumber: string }) {
  const query = useQuery({
    queryKey: privacyKey(memberNumber),
    queryFn: () => got(api().GET("/members/{member_number}/privacy", { params: { path: { member_number: memberNumber } } })),
    // What is asked for is there in a minute or two.
    refetchInterval: ({ state }) => ([...(state.data?.exports ?? []), ...(state.data?.erasures ?? [])].some((one) => (one.kind === "export" ? one.state === "waiting" : one.state === "running")) ? POLL_MS : false),
  });
  return (
    <Loaded query={query}>
      {(found) => (
        <Sections
          sections={[
            {
              title: "Export",
              description: "Everything that is held on the member, as a ZIP: JSON, tables, documents and photos. It is deleted after 7 days.",
              actions: <RequestExport found={found} />,
              content: <Exports found={found} />,
            },
            {
              title: "Erasure",
              description: "Two persons. Books, orders' amounts and documents that the law keeps stay; nothing else says who it was.",
              actions: <RequestErasure found={found} />,
              content: <Erasures found={found} />,
            },
            { title: "Legal holds", description: "Nothing is erased while one stands.", actions: <PlaceHold found={found} />, content: <Holds found={found} /> },
          ]}
        />
      )}
    </Loaded>
  );
}

function RequestExport({ found }: { found: Standing }) {
  return (
    <Action
      label="Put an export together"
      needs="POST /members/{member_number}/exports"
      act={(key) => got(api().POST("/members/{member_number}/exports", { params: { path: { member_number: found.member_number }, header: { "Idempotency-Key": key } } }))}
      done="The export is put together. It takes a minute or two."
      refresh={[privacyKey(found.member_number)]}
    />
  );
}

function Exports({ found }: { found: Standing }) {
  return (
    <Table
      variant="embedded"
      items={found.exports}
      ariaLabels={{ tableLabel: "Exports" }}
      empty={<Nothing title="No export yet" />}
      columnDefinitions={[
        { id: "at", header: "Asked for", cell: (row) => <Go to={`/privacy/requests/${row.request_id}`}><Moment at={row.requested_at} /></Go> },
        { id: "by", header: "By", cell: (row) => actor(row.requested_by) },
        { id: "state", header: "State", cell: (row) => <RequestState request={row} /> },
        { id: "until", header: "There until", cell: (row) => <Moment at={row.state === "ready" ? row.expires_at : null} /> },
        { id: "taken", header: "Downloaded by", cell: (row) => (row.downloads ?? []).map((one) => actor(one.actor)).join(", ") || "nobody" },
        { id: "get", header: "Action", cell: (row) => row.state === "ready" && <Download request={row} refresh={privacyKey(found.member_number)} /> },
      ]}
    />
  );
}

function RequestErasure({ found }: { found: Standing }) {
  const [reason, setReason] = useState<Wish["reason"]>("member_request");
  const [understood, setUnderstood] = useState(false);
  const lost = found.available + found.pending;
  const under = found.erasures.some(({ state }) => state !== "declined");
  return (
    <AskingAction
      label="Erase the member"
      title={`Erase ${found.member_number}`}
      confirm="Ask for erasure"
      needs="POST /members/{member_number}/erasure"
      disabled={under || found.obstacles.length > 0}
      ready={understood}
      onOpen={() => setUnderstood(false)}
      values={[reason, lost]}
      act={(key) =>
        got(api().POST("/members/{member_number}/erasure", {
          params: { path: { member_number: found.member_number }, header: { "Idempotency-Key": key } },
          body: { reason, points: lost },
        }))
      }
      done="A second person has to approve it now."
      refresh={[privacyKey(found.member_number)]}
    >
      <ChoiceField name="reason" label="Why" value={reason} onChange={(value) => setReason(value as Wish["reason"])} options={Object.entries(REASONS).map(([value, label]) => ({ value, label }))} />
      <Alert type="warning" header="There is no way back once it runs">
        <ul>
          <li>{lost ? `${number(lost)} points are lost${found.pending ? `, ${number(found.pending)} of them pending` : ""}.` : "The member has no points to lose."}</li>
          {found.debt > 0 && <li>{number(found.debt)} points that are owed are written off.</li>}
          <li>The sign-in, contacts, addresses, wish list, choices, and all words and photos of cases go.</li>
          {found.documents_kept > 0 && <li>{found.documents_kept} documents stay until {date(found.documents_until ?? "")}: the law wants them. They go then by themselves.</li>}
        </ul>
      </Alert>
      <Checkbox checked={understood} onChange={({ detail }) => setUnderstood(detail.checked)}>The member asked for this, or has to be erased, and I know what is lost</Checkbox>
    </AskingAction>
  );
}

function Erasures({ found }: { found: Standing }) {
  return (
    <SpaceBetween size="m">
      {found.obstacles.length > 0 && (
        <Alert type="info" header="Not now">{found.obstacles.map((code) => <div key={code}>{wordOf(code)}</div>)}</Alert>
      )}
      {found.erasures.length === 0 ? (
        <Box color="text-body-secondary">Nobody has asked for it.</Box>
      ) : (
        found.erasures.map((one) => (
          <SpaceBetween key={one.request_id} direction="horizontal" size="m">
            <Go to={`/privacy/requests/${one.request_id}`}>Asked for by {actor(one.requested_by)}, <Moment at={one.requested_at} /></Go>
            <RequestState request={one} />
          </SpaceBetween>
        ))
      )}
    </SpaceBetween>
  );
}

function PlaceHold({ found }: { found: Standing }) {
  const [reason, setReason] = useState("");
  return (
    <AskingAction
      label="Place a legal hold"
      title="Place a legal hold"
      needs="POST /members/{member_number}/legal-holds"
      disabled={found.legal_holds.some(({ lifted_at }) => !lifted_at)}
      ready={reason.trim() !== ""}
      onOpen={() => setReason("")}
      values={reason}
      act={(key) =>
        got(api().POST("/members/{member_number}/legal-holds", {
          params: { path: { member_number: found.member_number }, header: { "Idempotency-Key": key } },
          body: { reason: reason.trim() },
        }))
      }
      done="Nothing of this member is erased until the hold is lifted."
      refresh={[privacyKey(found.member_number)]}
    >
      <TextField name="reason" label="Reference" value={reason} onChange={setReason} hint="A file number, not a story: it is shown to colleagues." />
    </AskingAction>
  );
}

function Holds({ found }: { found: Standing }) {
  return (
    <Table
      variant="embedded"
      items={found.legal_holds}
      ariaLabels={{ tableLabel: "Legal holds" }}
      empty={<Nothing title="No legal hold" />}
      columnDefinitions={[
        { id: "reason", header: "Reference", cell: (row) => row.reason },
        { id: "placed", header: "Placed", cell: (row) => <>{actor(row.placed_by)}, <Moment at={row.placed_at} /></> },
        { id: "lifted", header: "Lifted", cell: (row) => (row.lifted_at ? <>{actor(row.lifted_by)}, <Moment at={row.lifted_at} /></> : "Stands") },
        {
          id: "lift",
          header: "Action",
          cell: (row) =>
            !row.lifted_at && (
              <Action
                label="Lift"
                needs="POST /members/{member_number}/legal-holds/{hold_id}/lifting"
                act={() => got(api().POST("/members/{member_number}/legal-holds/{hold_id}/lifting", { params: { path: { member_number: found.member_number, hold_id: row.hold_id } } }))}
                done="The hold is lifted."
                refresh={[privacyKey(found.member_number)]}
              />
            ),
        },
      ]}
    />
  );
}
