/** What staff did and looked at, newest first: who, when, about whom, and what came of it. */
import Button from "@cloudscape-design/components/button";
import Popover from "@cloudscape-design/components/popover";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import summaries from "@api/summaries.json";
import { api, ask, got, type Schemas } from "../../api";
import { may } from "../../may";
import { save } from "../../parts/csv";
import { type Filters, useFilters } from "../../parts/filters";
import { Go } from "../../parts/Go";
import { ListPage } from "../../parts/ListPage";
import { actor, Moment } from "../../parts/Shown";
import { tell } from "../../tell";
import { GROUP_NAMES, plain, wordsOf } from "../../words";

type Row = Schemas["AuditEntry"];

const said: Record<string, string> = summaries;

export default function Audit() {
  const staff = useQuery({ queryKey: ["staff"], queryFn: () => got(api().GET("/staff")) });
  const people = staff.data?.staff ?? [];
  const actions = Object.entries(said).sort(([, one], [, other]) => one.localeCompare(other));
  return (
    <ListPage<Row>
      title="Audit log"
      description="What staff did and looked at. It is written down before it happens, and nobody can change it."
      queryKey={["audit"]}
      ask={async (filters, before) => {
        const query = { ...asked(filters), ...(before && { before }), limit: 50 };
        const page = await got(api().GET("/audit", { params: { query } }));
        return { rows: page.entries, next: page.before };
      }}
      rowId={(row) => row.entry_id}
      filters={[
        { key: "actor", label: "Who", kind: "choice", options: [{ value: "", label: "Everybody" }, ...people.map(({ actor: value, name }) => ({ value, label: name }))] },
        { key: "changes", label: "What", kind: "choice", options: [{ value: "", label: "Changes and looks" }, { value: "true", label: "Changes only" }, { value: "false", label: "Looks only" }] },
        { key: "action", label: "Action", kind: "choice", options: [{ value: "", label: "All actions" }, ...actions.map(([value, label]) => ({ value, label }))] },
        { key: "about", label: "About", kind: "text", placeholder: "Member's number or id" },
        { key: "since", label: "From", kind: "date" },
        { key: "until", label: "To", kind: "date" },
      ]}
      actions={may("GET /audit.csv") && <Download />}
      columns={[
        { id: "at", header: "When", cell: (row) => <Moment at={row.at} />, width: 170 },
        { id: "actor", header: "Who", cell: (row) => <Person row={row} />, width: 190 },
        { id: "action", header: "What", cell: (row) => said[row.action] ?? row.action },
        { id: "about", header: "About", cell: (row) => <About row={row} />, width: 200 },
        { id: "detail", header: "Detail", cell: (row) => detail(row) },
        { id: "outcome", header: "Outcome", cell: (row) => <Outcome row={row} />, width: 190 },
      ]}
      empty={{ title: "Nobody has done anything yet", text: "Every change is written down here, and every look at a member, an order or a document." }}
    />
  );
}

function asked({ actor: who, action, about, changes, since, until }: Filters) {
  return {
    ...(who && { actor: who }),
    ...(action && { action }),
    ...(about && { about }),
    ...(changes && { changes: changes === "true" }),
    ...(since && { since: midnight(since, 0) }),
    // To the end of that day.
    ...(until && { until: midnight(until, 1) }),
  };
}

/** Where the person is who asks. */
function midnight(day: string, later: number): string {
  const at = new Date(`${day}T00:00:00`);
  at.setDate(at.getDate() + later);
  return at.toISOString();
}

function Person({ row }: { row: Row }) {
  return (
    <Popover dismissButton={false} position="top" size="small" triggerType="text-inline" content={row.groups.map((group) => GROUP_NAMES[group] ?? group).join(", ") || "In no group"}>
      {actor(row.actor)}
    </Popover>
  );
}

function About({ row }: { row: Row }) {
  const number = row.member_number;
  if (number) return may("GET /members/{member_number}/overview") ? <Go to={`/members/${number}`}>{number}</Go> : <>{number}</>;
  return <span className="said">{row.subjects.join(", ") || "–"}</span>;
}

const detail = (row: Row): string =>
  Object.entries(row.detail).map(([name, value]) => `${plain(name)}: ${typeof value === "string" ? value : JSON.stringify(value)}`).join("; ") || "–";

function Outcome({ row }: { row: Row }) {
  if (row.status === null) return <StatusIndicator type="warning">Broke off</StatusIndicator>;
  if (row.status < 400) return <StatusIndicator type="success">Done</StatusIndicator>;
  return <StatusIndicator type={row.status < 500 ? "stopped" : "error"}>{row.status < 500 ? `Refused${row.code ? `: ${plain(row.code)}` : ""}` : "Failed"}</StatusIndicator>;
}

/** The server's own file: more lines than pages would show, and with correlation ids. */
function Download() {
  const [filters] = useFilters();
  const [busy, setBusy] = useState(false);
  const fetch = async () => {
    setBusy(true);
    try {
      const query = new URLSearchParams(Object.entries(asked(filters)).map(([name, value]) => [name, String(value)]));
      save("audit.csv", await (await ask("GET", `/audit.csv?${query}`)).blob());
    } catch (failure) {
      tell("error", wordsOf(failure));
    } finally {
      setBusy(false);
    }
  };
  return <Button iconName="download" loading={busy} onClick={() => void fetch()}>CSV</Button>;
}
