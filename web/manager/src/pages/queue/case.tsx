/** One thing of the queue with all that was said and done, and what may be done with it. */
import Box from "@cloudscape-design/components/box";
import FileUpload from "@cloudscape-design/components/file-upload";
import Link from "@cloudscape-design/components/link";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table from "@cloudscape-design/components/table";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useParams } from "wouter";
import { date, number } from "@shared/shown";
import { who } from "@shared/session";
import { api, asked, got, type Schemas, upload } from "../../api";
import { may } from "../../may";
import { Action, AskingAction } from "../../parts/Action";
import { DetailPage, type Section } from "../../parts/DetailPage";
import { AreaField, ChoiceField, FieldFrame, NumberField } from "../../parts/Form";
import { Go } from "../../parts/Go";
import { actor, Moment, Money, State } from "../../parts/Shown";
import { Nothing } from "../../parts/States";
import { tell } from "../../tell";
import { plain, wordsOf } from "../../words";
import { short } from "../members/words";
import { InvoiceCase } from "../invoices/InvoiceCase";
import { kindName, OUTCOMES } from "./kinds";

type Case = Schemas["StaffCase"];

const QUEUE = ["cases"] as const;
const LABEL_TYPES = ["application/pdf", "image/png", "image/jpeg"];

export default function CasePage() {
  const { id = "" } = useParams();
  const query = useQuery({ queryKey: [...QUEUE, id], queryFn: () => got(api().GET("/cases/{case_id}", { params: { path: { case_id: id } } })) });
  return (
    <DetailPage<Case>
      query={query}
      from={{ label: "Queue", path: "/queue" }}
      title={(found) => `${kindName(found.kind)}${found.title ? `: ${found.title}` : ""}`}
      description={(found) => (found.overdue ? <State code="overdue" words="Overdue" /> : <State code={found.state} words={found.outcome ? plain(found.outcome) : plain(found.state)} />)}
      actions={(found) => <Actions found={found} />}
      sections={(found) => [facts(found), invoice(found), evidence(found), conversation(found), files(found), history(found)]}
    />
  );
}

const isOver = ({ state }: Case) => state === "decided" || state === "withdrawn";
const ofMember = ({ member_id, kind }: Case) => Boolean(member_id) && !["adjustment", "screening", "merge", "erasure"].includes(kind);

/** A member's case names its order; a ticket is about one. */
const orderOf = ({ redemption_id, subject, kind }: Case) => redemption_id ?? (["redemption", "payment", "shipment", "screening"].includes(kind) ? subject : null);

function facts(found: Case): Section {
  return {
    title: "What it is about",
    pairs: [
      ["Opened", <Moment key="opened" at={found.opened_at} />],
      ["Deadline", found.deadline && <Moment key="deadline" at={found.deadline} />],
      ["Owner", found.owner ? actor(found.owner) : "Nobody yet"],
      ["Reason", found.reason && plain(found.reason)],
      ["Member", found.member_number && <Go key="member" to={`/members/${found.member_number}`}>{found.member_number}</Go>],
      ["Order", orderOf(found) && <Go key="order" to={`/orders/${orderOf(found)}`}>{short(orderOf(found)!)}</Go>],
      ["Units", found.quantity && number(found.quantity)],
      ["Partner", found.partner],
      ["Partner's reference", found.partner_reference],
      ["Bought on", found.bought_on && date(found.bought_on)],
      ["The partner sent its points", found.purchase_accrued === null || found.purchase_accrued === undefined || !found.partner ? null : found.purchase_accrued ? "Yes" : "No"],
      ["Outcome", found.outcome && plain(found.outcome)],
      ["Points", found.points && number(found.points)],
      ["Money", found.money_minor && <Money key="money" minor={found.money_minor} currency={found.currency} />],
      ["Chosen by", found.chosen_by && actor(found.chosen_by)],
      ["Approved by", found.approved_by && actor(found.approved_by)],
    ],
  };
}

/** The same panel as on the invoice's own page. */
function invoice({ kind, subject, state }: Case): Section | null {
  if (kind !== "invoice" || !subject || state !== "open") return null;
  return { bare: true, title: "Invoice", content: <InvoiceCase id={subject} /> };
}

function evidence({ evidence: known, kind }: Case): Section | null {
  if (!known || Object.keys(known).length === 0 || (kind === "invoice" && may("GET /invoices/{invoice_id}"))) return null;
  return {
    title: "What the ticket was opened with",
    pairs: Object.entries(known).map(([name, value]) => [plain(name), typeof value === "object" ? <code key={name} className="said">{JSON.stringify(value, null, 1)}</code> : String(value)] as const),
    columns: 3,
  };
}

function conversation(found: Case): Section | null {
  if (!ofMember(found)) return null;
  return {
    title: "Conversation",
    actions: !isOver(found) && <Answer found={found} />,
    content: found.messages.length ? (
      <SpaceBetween size="m">
        {found.messages.map((message) => (
          <div key={message.at + message.actor}>
            <Box variant="awsui-key-label">{message.author === "staff" ? `Staff (${actor(message.actor)})` : "Member"}, <Moment at={message.at} /></Box>
            <div className="said">{message.text}</div>
          </div>
        ))}
      </SpaceBetween>
    ) : (
      <Nothing title="Nobody has written yet" />
    ),
  };
}

function files(found: Case): Section | null {
  if (found.files.length === 0) return null;
  return {
    title: "Files",
    content: (
      <Table
        variant="embedded"
        items={found.files}
        ariaLabels={{ tableLabel: "Files" }}
        columnDefinitions={[
          { id: "purpose", header: "File", cell: (file) => (file.url ? <Link href={file.url} external externalIconAriaLabel="a file to save">{plain(file.purpose)}</Link> : plain(file.purpose)) },
          { id: "state", header: "State", cell: (file) => <State code={file.state} /> },
          { id: "type", header: "Type", cell: (file) => file.content_type },
          { id: "size", header: "Size", cell: (file) => `${number(Math.ceil(file.size_bytes / 1000))} kB` },
          { id: "added", header: "Added", cell: (file) => <Moment at={file.added_at} /> },
        ]}
      />
    ),
  };
}

function history(found: Case): Section {
  return {
    title: "History",
    content: (
      <Table
        variant="embedded"
        items={found.history}
        wrapLines
        ariaLabels={{ tableLabel: "History" }}
        columnDefinitions={[
          { id: "at", header: "When", cell: (line) => <Moment at={line.at} />, width: 200 },
          { id: "kind", header: "What", cell: (line) => plain(line.kind), width: 180 },
          { id: "actor", header: "Who", cell: (line) => actor(line.actor), width: 160 },
          { id: "detail", header: "Detail", cell: (line) => told(line.detail) },
        ]}
      />
    ),
  };
}

const told = (detail: Record<string, unknown>): string =>
  Object.entries(detail).map(([name, value]) => `${plain(name)}: ${name === "owner" ? actor(value as string | null) : typeof value === "string" ? plain(value) : JSON.stringify(value)}`).join("; ") || "–";

function Actions({ found }: { found: Case }) {
  if (isOver(found)) return null;
  const mine = found.owner === `staff:${who()}`;
  const assign = (owner: "me" | "nobody") => got(api().POST("/cases/{case_id}/assignment", { params: { path: { case_id: found.case_id } }, body: { owner } }));
  return (
    <>
      {found.state === "open" && (mine ? (
        <Action label="Let it go" needs="POST /cases/{case_id}/assignment" act={() => assign("nobody")} done="It is nobody's now." undo={() => () => void assign("me").catch((failure: unknown) => tell("error", wordsOf(failure)))} refresh={[QUEUE]} />
      ) : (
        <Action label="Take it" needs="POST /cases/{case_id}/assignment" act={() => assign("me")} done="It is yours." refresh={[QUEUE]} />
      ))}
      {found.state === "approval" && (["approve", "decline"] as const).map((decision) => (
        <Action
          key={decision}
          label={plain(decision)}
          needs="POST /cases/{case_id}/approval"
          variant={decision === "approve" ? "primary" : "normal"}
          act={() => got(api().POST("/cases/{case_id}/approval", { params: { path: { case_id: found.case_id } }, body: { decision } }))}
          done={decision === "approve" ? "Approved." : "Declined: it is open again."}
          refresh={[QUEUE]}
        />
      ))}
      {found.state === "return" && <ReturnReceived found={found} />}
      {found.state === "open" && found.kind === "adjustment" && <AdjustmentDecision found={found} />}
      {found.state === "open" && found.kind === "screening" && <ScreeningDecision found={found} />}
      {found.kind === "invoice" && found.subject && may("GET /invoices/{invoice_id}") && <Go to={`/invoices/${found.subject}`}>The invoice's own page</Go>}
      {found.kind === "erp_given_up" && may("GET /erp/documents") && <Go to={erpPlace(found)}>Look at the delivery</Go>}
      {found.state === "open" && found.kind === "merge" && <Go to="/merges">Look at the merge</Go>}
      {found.state === "open" && found.kind === "erasure" && <Go to={`/privacy/requests/${found.case_id}`}>Look at the erasure</Go>}
      {found.state === "open" && !["adjustment", "screening", "merge", "erasure", "invoice"].includes(found.kind) && <Decide found={found} />}
    </>
  );
}

/** The document that the ERP did not take; all of them where it is about the ERP itself. */
function erpPlace({ subject }: Case): string {
  const id = subject?.split(":")[1];
  return id ? `/erp/documents/${id}` : "/erp/documents?state=waiting";
}

function Answer({ found }: { found: Case }) {
  const [text, setText] = useState("");
  return (
    <AskingAction
      label="Answer"
      title="Answer the member"
      confirm="Send"
      needs="POST /cases/{case_id}/messages"
      ready={text.trim().length > 0}
      values={text}
      act={(key) => got(api().POST("/cases/{case_id}/messages", { params: { path: { case_id: found.case_id }, header: { "Idempotency-Key": key } }, body: { text: text.trim() } }))}
      done="Sent. The member is told that there is an answer."
      after={() => setText("")}
      refresh={[QUEUE]}
    >
      <AreaField name="text" label="Your message" value={text} onChange={setText} rows={6} stretch constraint="The member reads it on the case's page." />
    </AskingAction>
  );
}

function Decide({ found }: { found: Case }) {
  const [outcome, setOutcome] = useState("");
  const [points, setPoints] = useState<number | null>(null);
  const [reason, setReason] = useState("");
  const [line, setLine] = useState<number | null>(1);
  const [quantity, setQuantity] = useState<number | null>(1);
  const [label, setLabel] = useState<File[]>([]);
  const path = { case_id: found.case_id };
  const budget = useQuery({ queryKey: ["goodwill"], queryFn: () => got(api().GET("/goodwill")), enabled: outcome === "goodwill_points" });
  const left = budget.data && `You may give ${number(Math.max(0, budget.data.monthly_points - budget.data.given))} more this month; above that a second person approves.`;
  const asksPoints = outcome === "goodwill_points" || outcome === "credit_missing_accrual";
  const hasLabel = found.files.some((file) => file.purpose === "label" && file.state !== "bad");
  const decide = async () => {
    const file = label[0];
    if (outcome === "return_with_label" && file) {
      const to = await got(api().POST("/cases/{case_id}/label", { params: { path }, body: { content_type: file.type as "application/pdf", size_bytes: file.size } }));
      await upload(to, file);
    }
    return got(api().POST("/cases/{case_id}/outcome", {
      params: { path },
      body: {
        outcome,
        ...(asksPoints && points !== null && { points }),
        ...(outcome === "refuse" && { reason: reason.trim() }),
        ...(outcome === "points_back" && line && quantity && { units: [{ line_number: line, quantity }] }),
      },
    }));
  };
  return (
    <AskingAction
      label="Decide"
      variant="primary"
      title="Decide the case"
      needs="POST /cases/{case_id}/outcome"
      ready={outcome !== ""}
      act={decide}
      done={({ state }) => (state === "approval" ? "Proposed. A second person has to approve it." : state === "return" ? "Decided. It waits for the goods." : "Decided.")}
      refresh={[QUEUE, ["goodwill"], ["member"], ["order"]]}
    >
      <ChoiceField name="outcome" label="Outcome" value={outcome} onChange={setOutcome} stretch options={found.outcomes.map((code) => ({ value: code, label: plain(code), description: OUTCOMES[code] ?? "" }))} />
      {asksPoints && <NumberField name="points" label="Points" value={points} onChange={setPoints} constraint={outcome === "goodwill_points" && left ? left : "Above the limit of the programme a second person approves."} />}
      {outcome === "refuse" && <AreaField name="reason" label="Reason" value={reason} onChange={setReason} stretch constraint="In words for the member." />}
      {outcome === "points_back" && (
        <>
          <NumberField name="units[0].line_number" label="Line of the order" value={line} onChange={setLine} />
          <NumberField name="units[0].quantity" label="Units that will not come" value={quantity} onChange={setQuantity} />
        </>
      )}
      {outcome === "return_with_label" && (
        <FieldFrame name="content_type" label="Return label" constraint={hasLabel ? "There is one already; another one replaces it." : "A PDF or a picture."}>
          <FileUpload
            value={label}
            onChange={({ detail }) => setLabel(detail.value)}
            accept={LABEL_TYPES.join(",")}
            showFileSize
            i18nStrings={{ uploadButtonText: () => "Choose a file", dropzoneText: () => "Drop it here", removeFileAriaLabel: () => "Remove the file", limitShowFewer: "Fewer", limitShowMore: "More", errorIconAriaLabel: "Error" }}
          />
        </FieldFrame>
      )}
    </AskingAction>
  );
}

function ReturnReceived({ found }: { found: Case }) {
  const [quantity, setQuantity] = useState<number | null>(found.quantity ?? null);
  return (
    <AskingAction
      label="The goods are back"
      variant="primary"
      title="The goods are back"
      confirm="Give points and money back"
      needs="POST /cases/{case_id}/return-received"
      act={() => got(api().POST("/cases/{case_id}/return-received", { params: { path: { case_id: found.case_id } }, body: { ...(quantity !== null && { quantity }) } }))}
      done="Points and money go back."
      refresh={[QUEUE]}
    >
      <NumberField name="quantity" label="Units that came back" value={quantity} onChange={setQuantity} constraint="Empty: all of them." />
    </AskingAction>
  );
}

function AdjustmentDecision({ found }: { found: Case }) {
  return (["approve", "decline"] as const).map((decision) => (
    <Action
      key={decision}
      label={plain(decision)}
      needs="POST /adjustments/{adjustment_id}/approval"
      variant={decision === "approve" ? "primary" : "normal"}
      act={() => got(api().POST("/adjustments/{adjustment_id}/approval", { params: { path: { adjustment_id: found.case_id } }, body: { decision } }))}
      done={decision === "approve" ? "Approved: the points are booked." : "Declined: nothing is booked."}
      refresh={[QUEUE]}
    />
  ));
}

function ScreeningDecision({ found }: { found: Case }) {
  const [reason, setReason] = useState("");
  return (["approve", "reject"] as const).map((decision) => (
    <AskingAction
      key={decision}
      label={decision === "approve" ? "Let it go on" : "Stop it"}
      variant={decision === "approve" ? "primary" : "normal"}
      title={decision === "approve" ? "Let the redemption go on" : "Stop the redemption"}
      confirm={decision === "approve" ? "Let it go on" : "Stop it"}
      needs="POST /screening/{case_id}/decision"
      ready={reason.trim().length > 0}
      act={() => asked("POST", `/screening/${found.case_id}/decision`, { decision, reason: reason.trim() })}
      done={decision === "approve" ? "It goes on." : "It is stopped; the points return."}
      refresh={[QUEUE]}
    >
      <AreaField name="reason" label="Why" value={reason} onChange={setReason} stretch constraint="It is kept in the audit log." />
    </AskingAction>
  ));
}
