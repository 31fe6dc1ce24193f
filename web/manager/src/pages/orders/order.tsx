/** One order with everything around it: how far it is as a picture, what may be done now, what happened when. */
import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Link from "@cloudscape-design/components/link";
import RadioGroup from "@cloudscape-design/components/radio-group";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import Steps, { type StepsProps } from "@cloudscape-design/components/steps";
import Table from "@cloudscape-design/components/table";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useParams } from "wouter";
import { moment, money, number } from "@shared/shown";
import { api, got, type Schemas } from "../../api";
import { Action, AskingAction } from "../../parts/Action";
import { DetailPage, type Section } from "../../parts/DetailPage";
import { AreaField, FieldFrame, TextField } from "../../parts/Form";
import { Go } from "../../parts/Go";
import { actor, Moment, Money, State } from "../../parts/Shown";
import { Loaded, Nothing } from "../../parts/States";
import { tell } from "../../tell";
import { plain, wordsOf } from "../../words";
import { OpenCase } from "../members/acts";
import { ACTS, event, WAITS } from "../members/words";
import { kindName } from "../queue/kinds";

type Order = Schemas["StaffOrder"];

const keyOf = (id: string) => ["order", id] as const;
const path = (found: Order) => ({ params: { path: { redemption_id: found.redemption_id } } });

export default function OrderPage() {
  const { id = "" } = useParams();
  const query = useQuery({
    queryKey: keyOf(id),
    queryFn: () => got(api().GET("/redemptions/{redemption_id}", { params: { path: { redemption_id: id } } })),
    // What is on its way changes while somebody looks.
    refetchInterval: ({ state }) => (state.data && state.data.state !== "closed" ? 15_000 : false),
  });
  return (
    <DetailPage<Order>
      query={query}
      from={{ label: "Orders", path: "/orders" }}
      title={(found) => found.lines.map((line) => line.title).join(", ")}
      description={(found) => <>{plain(found.status)}. {found.waits_for && `Waits for: ${(WAITS[found.waits_for] ?? plain(found.waits_for)).toLowerCase()}${found.waits_until ? `, until ${moment(found.waits_until)}` : ""}.`}</>}
      actions={(found) => <Actions found={found} />}
      sections={(found) => [
        { title: "How far", content: <Far found={found} /> },
        facts(found),
        lines(found),
        parcels(found),
        { title: "What happened", content: <Timeline found={found} /> },
        cases(found),
        documents(found),
      ]}
    />
  );
}

function Actions({ found }: { found: Order }) {
  const [reason, setReason] = useState("");
  const may = new Set(found.actions);
  const refresh = [keyOf(found.redemption_id), ["orders"], ["member", found.standing_for]];
  return (
    <>
      {may.has("cancel") && (
        <AskingAction
          label="Cancel"
          title="Cancel the order"
          confirm="Cancel the order"
          needs="POST /redemptions/{redemption_id}/cancel"
          ready={reason.trim().length > 0}
          act={() => got(api().POST("/redemptions/{redemption_id}/cancel", { ...path(found), body: { reason: reason.trim() } }))}
          done="Cancelled. The points return, and the money with the payment."
          refresh={refresh}
        >
          <p>Nothing is ordered. {number(found.points)} points return to the lots they came from{found.money_minor ? `, and ${money(found.money_minor, found.currency)} is not taken` : ""}.</p>
          <AreaField name="reason" label="Why" value={reason} onChange={setReason} stretch />
        </AskingAction>
      )}
      {may.has("change_address") && <Elsewhere found={found} refresh={refresh} />}
      {may.has("try_again") && (
        <Action
          label="Try again"
          needs="POST /redemptions/{redemption_id}/retry"
          act={() => got(api().POST("/redemptions/{redemption_id}/retry", path(found)))}
          done="It is begun again within a minute, where it stands. Nothing happens twice."
          refresh={refresh}
        />
      )}
      {may.has("refund") && <OpenCase label="Refund by a case" memberNumber={found.standing_for} orders={[{ redemption_id: found.redemption_id, titles: found.lines.map(({ title }) => title), lines: found.lines }]} />}
      {may.has("send_again") && (
        <Action
          label="Send the confirmation again"
          needs="POST /redemptions/{redemption_id}/confirmation"
          act={() => got(api().POST("/redemptions/{redemption_id}/confirmation", path(found)))}
          done="It is on its way once more."
          refresh={refresh}
        />
      )}
    </>
  );
}

const EMPTY = { full_name: "", phone: "", line1: "", city: "", state_or_region: "", postal_code: "", country_code: "US" };

function Elsewhere({ found, refresh }: { found: Order; refresh: readonly (readonly string[])[] }) {
  const [chosen, setChosen] = useState("new");
  const [given, setGiven] = useState(EMPTY);
  const known = useQuery({
    queryKey: ["member", found.standing_for],
    queryFn: () => got(api().GET("/members/{member_number}/overview", { params: { path: { member_number: found.standing_for } } })),
    enabled: false,
  });
  const set = (name: keyof typeof EMPTY) => (value: string) => setGiven({ ...given, [name]: value });
  const address = { ...given, state_or_region: given.state_or_region || null };
  return (
    <AskingAction
      label="Send it elsewhere"
      title="Send it elsewhere"
      needs="PUT /redemptions/{redemption_id}/address"
      confirm="Send it there"
      ready={chosen !== "new" || Boolean(given.full_name && given.line1 && given.city && given.postal_code && given.phone)}
      onOpen={() => void known.refetch()}
      act={() => got(api().PUT("/redemptions/{redemption_id}/address", { ...path(found), body: chosen === "new" ? { address: { ...address, make_default: false } } : { address_id: chosen } }))}
      done="It goes there."
      refresh={refresh}
    >
      <p>Where the price holds shipping and tax, only in the same region.</p>
      <Loaded query={known}>
        {({ addresses }) => (
          <FieldFrame name="address_id" label="Where to">
            <RadioGroup
              value={chosen}
              onChange={({ detail }) => setChosen(detail.value)}
              items={[
                ...addresses.filter(({ removed_at }) => !removed_at).map((one) => ({ value: one.address_id, label: `${one.full_name}, ${one.line1}, ${one.city} ${one.postal_code}` })),
                { value: "new", label: "Another address" },
              ]}
            />
          </FieldFrame>
        )}
      </Loaded>
      {chosen === "new" && (
        <SpaceBetween size="m">
          <TextField name="full_name" label="Name" value={given.full_name} onChange={set("full_name")} />
          <TextField name="line1" label="Street" value={given.line1} onChange={set("line1")} />
          <TextField name="city" label="City" value={given.city} onChange={set("city")} />
          <TextField name="state_or_region" label="State" value={given.state_or_region} onChange={set("state_or_region")} />
          <TextField name="postal_code" label="Postal code" value={given.postal_code} onChange={set("postal_code")} />
          <TextField name="country_code" label="Country" value={given.country_code} onChange={set("country_code")} />
          <TextField name="phone" label="Telephone" value={given.phone} onChange={set("phone")} />
        </SpaceBetween>
      )}
    </AskingAction>
  );
}

// ---- the picture ----------------------------------------------------------------------------------------------------

function Far({ found }: { found: Order }) {
  return (
    <SpaceBetween size="m">
      {found.stuck && <Alert type="warning">It should have gone on by now{found.review_reason ? `: ${plain(found.review_reason).toLowerCase()}` : ""}.</Alert>}
      <Steps ariaLabel="How far the order is" orientation="horizontal" steps={far(found)} />
    </SpaceBetween>
  );
}

function far(found: Order): StepsProps.Step[] {
  const back = found.state === "cancelled" || found.state === "failed" || (found.state === "closed" && found.accepted_points === null && !found.accepted_money_minor);
  const ordered = found.events.find(({ kind }) => kind === "accepted" || kind === "partially_accepted");
  const progress = found.progress as { units?: number; units_shipped?: number; units_delivered?: number } | null;
  const shipped = progress?.units_shipped ?? 0;
  const delivered = progress?.units_delivered ?? 0;
  const all = progress?.units ?? 0;
  const done = (header: string, at: string | null | undefined): StepsProps.Step => ({ status: "success", statusIconAriaLabel: "Done", header, details: at ? moment(at) : undefined });
  const next = (header: string, when: boolean, details?: string): StepsProps.Step => ({ status: when ? "in-progress" : "pending", statusIconAriaLabel: when ? "Now" : "Not yet", header, ...(details && { details }) });
  const stopped = (header: string): StepsProps.Step => ({ status: "stopped", statusIconAriaLabel: "Over", header, details: found.closed_at ? moment(found.closed_at) : undefined });
  const steps = [done("Redeemed", found.created_at)];
  const paid = found.events.find(({ kind }) => kind === "payment_approved") ?? (ordered && { at: undefined });
  if (found.money_minor > 0) steps.push(paid ? done("Payment approved", paid.at) : back ? stopped("Not paid") : next("Payment", found.state === "awaiting_payment"));
  if (back) return [...steps, stopped(plain(found.outcome ?? found.state))];
  steps.push(ordered ? done("Ordered", ordered.at) : next("Order", found.state === "ordering" || found.state === "held", found.state === "held" ? `until ${moment(found.release_at)} it may change` : undefined));
  const parts = (so_far: number) => (all > 1 ? `${so_far} of ${all}` : undefined);
  steps.push(all > 0 && shipped >= all ? done("Shipped", undefined) : next("Shipping", Boolean(ordered), parts(shipped)));
  steps.push(all > 0 && delivered >= all ? done("Delivered", undefined) : next("Delivery", shipped > 0, parts(delivered)));
  if (found.given_back.length) steps.push({ status: "info", statusIconAriaLabel: "Also", header: "Given back", details: `${found.given_back.reduce((sum, one) => sum + Number(one["quantity"] ?? 0), 0)} units` });
  return steps;
}

type Line = { at: string; icon: StepsProps.Status; what: string; detail?: string };

const HEARD: Record<string, string> = { shipped: "Handed to the carrier", out_for_delivery: "Out for delivery", delivered: "Delivered" };

/** The machine, the money, the parcels, the messages and the staff, in one order. */
function timeline(found: Order): Line[] {
  const shipments = ((found.progress as { shipments?: { packages?: { carrier?: string | null; events: { status: string; at: string }[] }[] }[] } | null)?.shipments ?? []).flatMap(({ packages }) => packages ?? []);
  const lines: Line[] = [
    ...found.events.map((one) => ({ at: one.at, icon: "success" as const, what: event(one.kind), detail: amounts(one.detail, found.currency) })),
    ...found.money.map((one) => ({ at: one.created_at, icon: one.state === "declined" ? ("error" as const) : ("info" as const), what: `Payment: ${plain(one.state).toLowerCase()}`, detail: one.reason ? plain(one.reason) : "" })),
    ...shipments.flatMap((parcel) => parcel.events.map((one) => ({ at: one.at, icon: "in-progress" as const, what: HEARD[one.status.toLowerCase()] ?? plain(one.status.toLowerCase()), detail: parcel.carrier ?? "" }))),
    ...found.messages.map((one) => ({ at: one.sent_at ?? one.created_at, icon: one.state === "failed" || one.state === "bounced" ? ("error" as const) : ("info" as const), what: `${one.channel === "sms" ? "SMS" : "E-mail"}: ${plain(one.template).toLowerCase()}`, detail: plain(one.state) })),
    ...found.acts.map((one) => ({ at: one.at, icon: "warning" as const, what: ACTS[one.kind] ?? plain(one.kind), detail: `${actor(one.actor)}${one.reason ? `: ${one.reason}` : ""}` })),
  ];
  return lines.sort((a, b) => a.at.localeCompare(b.at));
}

function amounts(detail: Record<string, unknown>, currency: string): string {
  return Object.entries(detail)
    .filter(([name, value]) => value !== null && typeof value !== "object" && !(name.endsWith("_minor") && value === 0))
    .map(([name, value]) => (name.endsWith("_minor") ? money(Number(value), currency) : `${plain(name)}: ${typeof value === "number" ? number(value) : /^\d{4}-\d\d-\d\dT/.test(String(value)) ? moment(String(value)) : plain(String(value))}`))
    .join(", ");
}

function Timeline({ found }: { found: Order }) {
  return (
    <Steps
      ariaLabel="What happened"
      steps={timeline(found).map((line) => ({ status: line.icon, statusIconAriaLabel: plain(line.icon), header: line.what, details: line.detail, annotation: <Moment at={line.at} /> }))}
    />
  );
}

// ---- the facts ------------------------------------------------------------------------------------------------------

function facts(found: Order): Section {
  const address = found.address as { full_name?: string; line1?: string; city?: string; postal_code?: string } | null;
  return {
    title: "Facts",
    pairs: [
      ["Member", <Go key="member" to={`/members/${found.standing_for}`}>{found.member_number === found.standing_for ? found.member_number : `${found.standing_for} (then ${found.member_number})`}</Go>],
      ["Redeemed", <Moment key="at" at={found.created_at} />],
      ["Points", found.released_points ? `${number(found.points)}, ${number(found.released_points)} returned` : number(found.points)],
      ["Money", found.money_minor ? <Money key="money" minor={found.money_minor} currency={found.currency} /> : "None"],
      ["Goes to", address && [address.full_name, address.line1, `${address.city} ${address.postal_code}`].filter(Boolean).join(", ")],
      ["Order at Amazon", found.order_state && plain(found.order_state)],
      ["State of the machine", <State key="state" code={found.state} />],
      ["Outcome", found.outcome && plain(found.outcome)],
      ["Number", <code key="id">{found.redemption_id}</code>],
    ],
  };
}

const lines = (found: Order): Section => ({
  title: "Products",
  content: (
    <Table
      variant="embedded"
      wrapLines
      items={found.lines}
      ariaLabels={{ tableLabel: "Products" }}
      columnDefinitions={[
        { id: "title", header: "Product", isRowHeader: true, cell: (line) => <>{line.title}<Box color="text-body-secondary" fontSize="body-s">{line.asin}</Box></> },
        { id: "count", header: "Units", cell: (line) => number(line.quantity) },
        { id: "accepted", header: "Accepted", cell: (line) => (line.accepted_quantity === null ? "–" : number(line.accepted_quantity)) },
        { id: "back", header: "Given back", cell: (line) => number(line.given_back) },
        { id: "points", header: "Points each", cell: (line) => number(line.unit_points) },
        { id: "money", header: "Money each", cell: (line) => <Money minor={line.unit_money_minor} currency={found.currency} /> },
        { id: "why", header: "Not coming because", cell: (line) => line.reasons.map(plain).join(", ") || "" },
      ]}
    />
  ),
});

function parcels(found: Order): Section | false {
  type Package = { package_key: string; state: string; carrier: string | null; tracking: string | null; promised_to: string | null; delivered_at: string | null };
  const rows = ((found.progress as { shipments?: { amazon_order_id: string; packages: Package[] | null }[] } | null)?.shipments ?? [])
    .flatMap(({ amazon_order_id, packages }) => (packages ?? []).map((one) => ({ ...one, amazon_order_id })));
  return rows.length > 0 && {
    title: "Parcels",
    content: (
      <Table
        variant="embedded"
        items={rows}
        ariaLabels={{ tableLabel: "Parcels" }}
        columnDefinitions={[
          { id: "order", header: "Amazon's order", cell: (row) => row.amazon_order_id },
          { id: "state", header: "State", cell: (row) => <State code={row.state} /> },
          { id: "carrier", header: "Carrier", cell: (row) => row.carrier ?? "–" },
          { id: "tracking", header: "Number", cell: (row) => row.tracking ?? "–" },
          { id: "promised", header: "Promised until", cell: (row) => <Moment at={row.promised_to} /> },
          { id: "delivered", header: "Delivered", cell: (row) => <Moment at={row.delivered_at} /> },
        ]}
      />
    ),
  };
}

const cases = (found: Order): Section => ({
  title: "Cases and tickets",
  content: (
    <Table
      variant="embedded"
      items={found.cases}
      ariaLabels={{ tableLabel: "Cases" }}
      columnDefinitions={[
        { id: "kind", header: "Case", cell: (row) => <Go to={`/cases/${row.case_id}`}>{kindName(row.kind)}</Go> },
        { id: "reason", header: "Reason", cell: (row) => plain(row.reason) },
        { id: "state", header: "State", cell: (row) => <State code={row.state} words={row.outcome ? plain(row.outcome) : plain(row.state)} /> },
        { id: "at", header: "Opened", cell: (row) => <Moment at={row.opened_at} /> },
      ]}
      empty={<Nothing title="Nobody asked anything about it" />}
    />
  ),
});

function documents(found: Order): Section | false {
  const rows = found.documents as { document_id: string; kind: string; number: string; issued_on: string; state: string }[];
  return rows.length > 0 && {
    title: "Documents",
    content: (
      <Table
        variant="embedded"
        items={rows}
        ariaLabels={{ tableLabel: "Documents" }}
        columnDefinitions={[
          { id: "number", header: "Document", cell: (row) => <Document id={row.document_id} label={`${plain(row.kind)} ${row.number}`} ready={row.state === "ready"} /> },
          { id: "issued", header: "Issued", cell: (row) => row.issued_on },
        ]}
      />
    ),
  };
}

function Document({ id, label, ready }: { id: string; label: string; ready: boolean }) {
  const [busy, setBusy] = useState(false);
  if (!ready) return <StatusIndicator type="pending">{label}</StatusIndicator>;
  const show = async () => {
    setBusy(true);
    try {
      const found = await got(api().GET("/documents/{document_id}", { params: { path: { document_id: id } } }));
      location.assign(found.url);
    } catch (failure) {
      tell("error", wordsOf(failure));
    } finally {
      setBusy(false);
    }
  };
  return <Link variant="primary" onFollow={() => void (busy || show())}>{label}</Link>;
}
