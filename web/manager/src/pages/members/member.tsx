/** One page of everything about a member, and what can be done. */
import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Link from "@cloudscape-design/components/link";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table, { type TableProps } from "@cloudscape-design/components/table";
import Tabs from "@cloudscape-design/components/tabs";
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { useLocation, useParams } from "wouter";
import { date, day, number } from "@shared/shown";
import { api, got, type Schemas } from "../../api";
import { may } from "../../may";
import { Bars } from "../../parts/Chart";
import { PageFrame, type Section, Sections } from "../../parts/DetailPage";
import { useFilters } from "../../parts/filters";
import { Go } from "../../parts/Go";
import { PrivacyPanel } from "../../parts/PrivacyPanel";
import { actor, Moment, Money, Points, State } from "../../parts/Shown";
import { Loaded, Nothing } from "../../parts/States";
import { TierPanel } from "../../parts/TierPanel";
import { plain } from "../../words";
import { OrderRows } from "../orders/orders";
import { kindName } from "../queue/kinds";
import { short } from "./words";
import { Adjust, Block, Correct, OpenCase, Unfreeze } from "./acts";

type Overview = Schemas["Overview"];

/** What is asked again after something was done to a member. */
export const memberKey = (memberNumber: string) => ["member", memberNumber] as const;

export default function Member() {
  const { number: wanted = "" } = useParams();
  const [{ tab = "overview" }, change] = useFilters();
  const query = useQuery({
    queryKey: memberKey(wanted),
    queryFn: () => got(api().GET("/members/{member_number}/overview", { params: { path: { member_number: wanted } } })),
  });
  return (
    <Loaded query={query}>
      {(found) => (
        <PageFrame title={nameOf(found)} description={<State code={found.member.state} />} from={{ label: "Members", path: "/members" }} actions={<Actions found={found} />}>
          <SpaceBetween size="l">
            <Warnings found={found} wanted={wanted} />
            <Tabs
              ariaLabel="About this member"
              activeTabId={tab}
              onChange={({ detail }) => change({ tab: detail.activeTabId === "overview" ? undefined : detail.activeTabId })}
              tabs={[
                { id: "overview", label: "Overview", content: <Sections sections={[who(found), points(found), may("GET /members/{member_number}/tier") && level(found), ...latest(found)]} /> },
                { id: "orders", label: "Orders", content: <OrderRows rows={found.redemptions} more={<All path={`/orders?member=${found.member.member_number}`} what="All orders" />} /> },
                { id: "cases", label: `Cases and messages`, content: <Sections sections={[cases(found), messages(found)]} /> },
                { id: "contact", label: "Addresses and consent", content: <Sections sections={[addresses(found), consents(found), pastContacts(found)]} /> },
                { id: "safety", label: "Safety", content: <Sections sections={[standing(found), screenings(found), devices(found)]} /> },
                ...(may("GET /members/{member_number}/privacy") ? [{ id: "privacy", label: "Privacy", content: <PrivacyPanel memberNumber={found.member.member_number} /> }] : []),
                { id: "history", label: "By hand", content: <Sections sections={[adjustments(found), merges(found), may("GET /audit") && audit(found)]} /> },
              ]}
            />
          </SpaceBetween>
        </PageFrame>
      )}
    </Loaded>
  );
}

const nameOf = ({ addresses: known, member }: Overview) => {
  const name = (known.find(({ is_default }) => is_default) ?? known[0])?.full_name;
  return name ? `${name}, ${member.member_number}` : member.member_number;
};

function Warnings({ found: { member, points: has }, wanted }: { found: Overview; wanted: string }) {
  return (
    <SpaceBetween size="xs">
      {wanted !== member.member_number && <Alert>{wanted} became part of this membership.</Alert>}
      {member.state === "blocked" && <Alert type="warning">Blocked: nothing can be redeemed, and what is not ordered yet is turned back.</Alert>}
      {member.state === "frozen" && <Alert type="warning">Spending was stopped by the link in a message, <Moment at={member.frozen_since} />.</Alert>}
      {member.state === "closing" && <Alert type="info">The member is closing the account, since <Moment at={member.closing_since} />.</Alert>}
      {has.debt > 0 && <Alert type="info">{number(has.debt)} points are owed: what is earned next pays them.</Alert>}
    </SpaceBetween>
  );
}

function Actions({ found }: { found: Overview }) {
  const [, go] = useLocation();
  const { member } = found;
  const over = member.state === "erased" || member.state === "closed" || member.state === "merged";
  if (over) return null;
  return (
    <>
      <OpenCase memberNumber={member.member_number} orders={found.redemptions.filter(({ state }) => state === "closed" || state === "settled")} />
      <Adjust memberNumber={member.member_number} />
      <Correct member={member} />
      {member.state === "frozen" && <Unfreeze memberNumber={member.member_number} />}
      <Block member={member} />
      {may("POST /members/{member_number}/merges") && <Button onClick={() => go(`/members/${member.member_number}/merge`)}>Merge a duplicate</Button>}
    </>
  );
}

function who({ member, terms, addresses: known }: Overview): Section {
  return {
    title: "Who",
    half: true,
    pairs: [
      ["E-mail", member.email],
      ["Telephone", member.phone],
      ["Lives in", known.find(({ is_default }) => is_default)?.city],
      ["Country", member.country],
      ["Language", member.language],
      ["Level", plain(member.tier)],
      ["Member since", day(member.member_since)],
      ["Came by", actor(member.created_by).replace(":", " ")],
      ["Sign-in", member.sign_in ? <>since <Moment at={member.claimed_at} /></> : member.claimable_from ? <>None yet; can be claimed from <Moment at={member.claimable_from} />, because the e-mail address was changed</> : "None yet"],
      ["Terms", terms[0] ? `${terms[0].version}, ${day(terms[0].accepted_at)}` : "Not accepted"],
      ["Also known as", member.also.join(", ")],
    ],
  };
}

function points({ points: has, member }: Overview): Section {
  return {
    title: "Points",
    half: true,
    actions: <All path={`/members/${member.member_number}/statement`} what="Statement" />,
    pairs: [
      ["Available", number(has.available)],
      ["Held", number(has.held)],
      ["Pending", has.waiting.length ? `${number(has.waiting.reduce((sum, { amount }) => sum + amount, 0))}, the next on ${day(has.waiting[0]!.until)}` : number(has.pending)],
      ["Owed", has.debt ? number(has.debt) : null],
    ],
    content: has.lots.length === 1 ? (
      <Box>{number(has.lots[0]!.amount)} {has.lots[0]!.expires_on ? `good until ${date(has.lots[0]!.expires_on)}` : "never lapse"}</Box>
    ) : has.lots.length ? (
      <Bars
        label="Points by their last good day"
        yTitle="Points"
        height={140}
        series={[{ title: "Available", data: has.lots.slice(0, 12).map((lot) => [lot.expires_on ? date(lot.expires_on) : "Never lapse", lot.amount] as const) }]}
      />
    ) : (
      <Nothing title="No points to spend" />
    ),
  };
}

const level = ({ member }: Overview): Section => ({ title: "Level", content: <TierPanel memberNumber={member.member_number} /> });

function latest(found: Overview): (Section | false)[] {
  const open = found.cases.filter(({ state }) => state !== "decided" && state !== "withdrawn");
  return [
    { title: "Latest orders", content: <OrderRows rows={found.redemptions.slice(0, 5)} /> },
    open.length > 0 && { ...cases({ ...found, cases: open }), title: "Open cases" },
  ];
}

/** A small table inside a section. */
function Rows<Row>({ label, rows, columns, none }: { label: string; rows: readonly Row[]; columns: TableProps.ColumnDefinition<Row>[]; none: string }) {
  return <Table variant="embedded" wrapLines items={rows} ariaLabels={{ tableLabel: label }} columnDefinitions={columns} empty={<Nothing title={none} />} />;
}

const cases = ({ cases: rows }: Overview): Section => ({
  title: "Cases",
  content: (
    <Rows
      label="Cases"
      rows={rows}
      none="No cases"
      columns={[
        { id: "kind", header: "Case", cell: (row) => <Go to={`/cases/${row.case_id}`}>{kindName(row.kind)}</Go> },
        { id: "opened", header: "Opened", cell: (row) => <Moment at={row.opened_at} /> },
        { id: "state", header: "State", cell: (row) => <State code={row.state} words={row.outcome ? plain(row.outcome) : plain(row.state)} /> },
        { id: "points", header: "Points", cell: (row) => (row.points === null ? "–" : number(row.points)) },
        { id: "money", header: "Money", cell: (row) => (row.money_minor ? <Money minor={row.money_minor} /> : "–") },
      ]}
    />
  ),
});

const messages = ({ messages: rows }: Overview): Section => ({
  title: "Messages sent",
  description: "What was said, and whether it arrived; not the words.",
  content: (
    <Rows
      label="Messages"
      rows={rows}
      none="Nothing was sent yet"
      columns={[
        { id: "at", header: "When", cell: (row) => <Moment at={row.sent_at ?? row.created_at} /> },
        { id: "template", header: "Message", cell: (row) => plain(row.template) },
        { id: "channel", header: "By", cell: (row) => (row.channel === "sms" ? "SMS" : "E-mail") },
        { id: "state", header: "State", cell: (row) => <State code={row.state} words={row.reason ? `${plain(row.state)}: ${plain(row.reason)}` : plain(row.state)} /> },
      ]}
    />
  ),
});

const addresses = ({ addresses: rows }: Overview): Section => ({
  title: "Addresses",
  content: (
    <Rows
      label="Addresses"
      rows={rows}
      none="No address"
      columns={[
        { id: "name", header: "Name", cell: (row) => row.full_name },
        { id: "street", header: "Street", cell: (row) => [row.line1, row.line2, row.line3].filter(Boolean).join(", ") },
        { id: "city", header: "City", cell: (row) => [row.city, row.state_or_region, row.postal_code, row.country_code].filter(Boolean).join(" ") },
        { id: "phone", header: "Telephone", cell: (row) => row.phone },
        { id: "state", header: "Used", cell: (row) => (row.removed_at ? "Removed" : row.is_default ? "By default" : "") },
      ]}
    />
  ),
});

const consents = ({ consents: rows }: Overview): Section => ({
  title: "What comes where",
  content: (
    <Rows
      label="Consents"
      rows={rows}
      none="Nothing was chosen"
      columns={[
        { id: "channel", header: "Channel", cell: (row) => (row.channel === "sms" ? "SMS" : "E-mail") },
        { id: "kind", header: "About", cell: (row) => plain(row.kind) },
        { id: "wanted", header: "Wanted", cell: (row) => (row.wanted ? "Yes" : "No") },
        { id: "source", header: "Said by", cell: (row) => plain(row.source) },
        { id: "stopped", header: "Nothing comes because", cell: (row) => (row.suppressed ? plain(row.suppressed) : row.reachable ? "" : "There is no contact") },
      ]}
    />
  ),
});

const pastContacts = ({ member }: Overview): Section | false => member.past_contacts.length > 0 && {
  title: "Contacts before",
  content: (
    <Rows
      label="Contacts before"
      rows={member.past_contacts}
      none="None"
      columns={[
        { id: "contact", header: "Contact", cell: (row) => row.contact ?? "None" },
        { id: "until", header: "Until", cell: (row) => <Moment at={row.changed_at} /> },
      ]}
    />
  ),
};

const standing = ({ standing: rows }: Overview): Section => ({
  title: "Stopped and allowed again",
  content: (
    <Rows
      label="Stopped and allowed again"
      rows={rows}
      none="Spending was never stopped"
      columns={[
        { id: "kind", header: "What", cell: (row) => plain(row.kind) },
        { id: "at", header: "When", cell: (row) => <Moment at={row.at} /> },
        { id: "actor", header: "Who", cell: (row) => actor(row.actor) },
        { id: "reason", header: "Why", cell: (row) => row.reason },
      ]}
    />
  ),
});

const screenings = ({ screenings: rows }: Overview): Section => ({
  title: "Screened",
  content: (
    <Rows
      label="Screened"
      rows={rows}
      none="No order of this member was screened"
      columns={[
        { id: "order", header: "Order", cell: (row) => <Go to={`/orders/${row.redemption_id}`}>{short(row.redemption_id)}</Go> },
        { id: "at", header: "When", cell: (row) => <Moment at={row.decided_at} /> },
        { id: "action", header: "The rules said", cell: (row) => `${plain(row.action)} (${number(row.points)})` },
        { id: "result", header: "What came of it", cell: (row) => row.results.map((one) => (one ? plain(one) : "Still open")).join(", ") || "–" },
      ]}
    />
  ),
});

const devices = ({ devices: rows }: Overview): Section => ({
  title: "Browsers that redeemed",
  description: "Whether it is the same one, and nothing else.",
  content: (
    <Rows
      label="Browsers"
      rows={rows}
      none="None is known"
      columns={[
        { id: "device", header: "Browser", cell: (row) => <code>{row.device}</code> },
        { id: "count", header: "Orders", cell: (row) => number(row.redemptions) },
        { id: "first", header: "First", cell: (row) => <Moment at={row.first_at} /> },
        { id: "last", header: "Last", cell: (row) => <Moment at={row.last_at} /> },
      ]}
    />
  ),
});

const adjustments = ({ adjustments: rows }: Overview): Section => ({
  title: "Points by hand",
  content: (
    <Rows
      label="Points by hand"
      rows={rows}
      none="Nothing was given or taken by hand"
      columns={[
        { id: "at", header: "When", cell: (row) => <Moment at={row.requested_at} /> },
        { id: "amount", header: "Points", cell: (row) => <Points change={row.amount} /> },
        { id: "why", header: "Why", cell: (row) => <>{plain(row.reason_code)}{row.note && <Box color="text-body-secondary">{row.note}</Box>}</> },
        { id: "by", header: "Asked by", cell: (row) => actor(row.requested_by) },
        { id: "second", header: "Decided by", cell: (row) => (row.decided_by ? actor(row.decided_by) : "–") },
        { id: "state", header: "State", cell: (row) => <State code={row.state} /> },
      ]}
    />
  ),
});

const merges = ({ merges: rows }: Overview): Section | false => rows.length > 0 && {
  title: "Merges",
  content: (
    <Rows
      label="Merges"
      rows={rows}
      none="None"
      columns={[
        { id: "at", header: "When", cell: (row) => <Moment at={row.decided_at ?? row.requested_at} /> },
        { id: "what", header: "What", cell: (row) => `${row.duplicate} into ${row.survivor}` },
        { id: "points", header: "Points moved", cell: (row) => (row.points === null ? "–" : number(row.points)) },
        { id: "why", header: "Why", cell: (row) => row.reason },
        { id: "state", header: "State", cell: (row) => <State code={row.state} /> },
      ]}
    />
  ),
};

const audit = ({ member }: Overview): Section => ({ title: "What staff did and looked at", content: <Audit about={member.member_number} /> });

function Audit({ about }: { about: string }) {
  const query = useQuery({ queryKey: ["audit", about], queryFn: () => got(api().GET("/audit", { params: { query: { about, limit: 20 } } })) });
  return (
    <Loaded query={query}>
      {({ entries }) => (
        <Rows
          label="What staff did"
          rows={entries}
          none="Nobody of the staff did or looked at anything"
          columns={[
            { id: "at", header: "When", cell: (row) => <Moment at={row.at} /> },
            { id: "actor", header: "Who", cell: (row) => actor(row.actor) },
            { id: "action", header: "What", cell: (row) => row.action },
            { id: "status", header: "Answer", cell: (row) => (row.code ? plain(row.code) : row.status ?? "Broke off") },
          ]}
        />
      )}
    </Loaded>
  );
}

function All({ path, what }: { path: string; what: string }): ReactNode {
  const [, go] = useLocation();
  return <Link href={path} onFollow={(event) => (event.preventDefault(), go(path))}>{what}</Link>;
}
