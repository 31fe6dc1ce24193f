/** What can be done to a member; each says why it is done, and what came of it. */
import { useState } from "react";
import { useLocation } from "wouter";
import { api, got, type Schemas } from "../../api";
import { AskingAction } from "../../parts/Action";
import { AreaField, ChoiceField, DateField, NumberField, TextField } from "../../parts/Form";
import { tell } from "../../tell";
import { wordsOf } from "../../words";
import { CASE_KINDS } from "./words";

type Person = Schemas["Person"];

const REASONS = [
  { value: "goodwill", label: "Goodwill" },
  { value: "correction", label: "Correction of a mistake" },
  { value: "missing-purchase", label: "A purchase that never came" },
  { value: "campaign", label: "A campaign's promise" },
  { value: "abuse", label: "Abuse" },
];

const keyOf = (memberNumber: string) => ["member", memberNumber] as const;
const path = (memberNumber: string) => ({ params: { path: { member_number: memberNumber } } });

export function Adjust({ memberNumber }: { memberNumber: string }) {
  const [points, setPoints] = useState<number | null>(null);
  const [reason, setReason] = useState("goodwill");
  const [note, setNote] = useState("");
  const [expires, setExpires] = useState("");
  return (
    <AskingAction
      label="Adjust points"
      title="Give or take points"
      needs="POST /adjustments"
      ready={points !== null && points !== 0}
      confirm={points !== null && points < 0 ? "Take them" : "Give them"}
      values={[points, reason, note, expires]}
      act={(key) =>
        got(api().POST("/adjustments", {
          body: { member_number: memberNumber, points: points ?? 0, reason_code: reason, ...(note.trim() && { note: note.trim() }), ...(expires && { expires_on: expires }) },
          params: { header: { "Idempotency-Key": key } },
        }))}
      done={({ state }) => (state === "waiting" ? "It is above the limit: a second person decides." : "Done.")}
      after={() => (setPoints(null), setNote(""), setExpires(""))}
      refresh={[keyOf(memberNumber), ["adjustments"]]}
    >
      <NumberField name="points" label="Points" value={points} onChange={setPoints} constraint="Below zero takes points away. Above the programme's limit a second person decides." />
      <ChoiceField name="reason_code" label="Why" value={reason} onChange={setReason} options={REASONS} />
      <AreaField name="note" label="Note" value={note} onChange={setNote} constraint="For staff. It goes when the member is erased." />
      {(points ?? 0) > 0 && <DateField name="expires_on" label="Good until" value={expires} onChange={setExpires} constraint="Empty: as long as points that are earned today." />}
    </AskingAction>
  );
}

export function Block({ member }: { member: Person }) {
  const [reason, setReason] = useState("");
  const blocked = member.state === "blocked";
  const route = blocked ? "/members/{member_number}/unblock" : "/members/{member_number}/block";
  const lift = async () => {
    try {
      await got(api().POST("/members/{member_number}/unblock", { ...path(member.member_number), body: { reason: "Undone at once" } }));
      tell("success", "It is as it was.");
    } catch (failure) {
      tell("error", wordsOf(failure));
    }
  };
  return (
    <AskingAction
      label={blocked ? "Unblock" : "Block"}
      title={blocked ? "Let the member redeem again" : "Block the member"}
      confirm={blocked ? "Unblock" : "Block"}
      needs={`POST ${route}`}
      ready={reason.trim().length > 0}
      act={() => got(api().POST(route, { ...path(member.member_number), body: { reason: reason.trim() } }))}
      done={blocked ? "The member may redeem again." : "Blocked. What is not ordered yet is turned back."}
      after={() => setReason("")}
      {...(!blocked && { undo: () => () => void lift() })}
      refresh={[keyOf(member.member_number)]}
    >
      {!blocked && <p>Nothing can be redeemed, and what is not ordered yet is turned back: its points return. What is ordered goes on. The member may look, and earns.</p>}
      <AreaField name="reason" label="Why" value={reason} onChange={setReason} stretch constraint="For staff, kept with the member." />
    </AskingAction>
  );
}

export function Unfreeze({ memberNumber }: { memberNumber: string }) {
  const [reason, setReason] = useState("");
  return (
    <AskingAction
      label="Allow spending"
      title="Let the member spend again"
      needs="POST /members/{member_number}/unfreeze"
      ready={reason.trim().length > 0}
      act={() => got(api().POST("/members/{member_number}/unfreeze", { ...path(memberNumber), body: { reason: reason.trim() } }))}
      done="The member may spend again. Orders that wait for a person are in the queue."
      after={() => setReason("")}
      refresh={[keyOf(memberNumber)]}
    >
      <AreaField name="reason" label="How you know that it is really the member" value={reason} onChange={setReason} stretch />
    </AskingAction>
  );
}

export function Correct({ member }: { member: Person }) {
  const [email, setEmail] = useState(member.email ?? "");
  const [language, setLanguage] = useState(member.language);
  return (
    <AskingAction
      label="Correct contact"
      title="Put the contact right"
      needs="PUT /members/{member_number}/contact"
      confirm="Save"
      ready={email.trim() !== (member.email ?? "") || language !== member.language}
      onOpen={() => (setEmail(member.email ?? ""), setLanguage(member.language))}
      act={() =>
        got(api().PUT("/members/{member_number}/contact", {
          ...path(member.member_number),
          body: { ...(email.trim() !== (member.email ?? "") && { email: email.trim() }), ...(language !== member.language && { language }) },
        }))}
      done="Saved. The address of before is told."
      refresh={[keyOf(member.member_number)]}
    >
      <TextField name="email" label="E-mail" type="email" value={email} onChange={setEmail} constraint="Messages go there. The sign-in keeps its own address." />
      <TextField name="language" label="Language" value={language} onChange={setLanguage} constraint="Two letters, as en or de." />
    </AskingAction>
  );
}

type CaseOrder = { redemption_id: string; titles: readonly string[]; lines?: readonly { line_number: number; title: string }[] };

/** For a member who is on the telephone: what it is about; what follows is chosen in the case. */
export function OpenCase({ memberNumber, orders, label = "Open a case" }: { memberNumber: string; orders: readonly CaseOrder[]; label?: string }) {
  const [, go] = useLocation();
  const [kind, setKind] = useState<string>("damaged");
  const [chosen, setChosen] = useState("");
  const [line, setLine] = useState("1");
  const [quantity, setQuantity] = useState<number | null>(1);
  const [said, setSaid] = useState("");
  const order = orders.find(({ redemption_id }) => redemption_id === chosen) ?? (orders.length === 1 ? orders[0] : undefined);
  const lines = order?.lines ?? order?.titles.map((title, index) => ({ line_number: index + 1, title })) ?? [];
  return (
    <AskingAction
      label={label}
      title="What the member tells you"
      needs="POST /members/{member_number}/cases"
      confirm="Open it"
      ready={Boolean(order && quantity && said.trim())}
      disabled={orders.length === 0}
      values={[kind, order?.redemption_id, line, quantity, said]}
      act={(key) =>
        got(api().POST("/members/{member_number}/cases", {
          params: { path: { member_number: memberNumber }, header: { "Idempotency-Key": key } },
          body: { kind: kind as "damaged", units: { redemption_id: order?.redemption_id ?? "", line_number: Number(line), quantity: quantity ?? 1 }, text: said.trim() },
        }))}
      done="It is open: choose what follows."
      after={({ case_id }) => go(`/cases/${case_id}`)}
      refresh={[keyOf(memberNumber), ["cases"]]}
    >
      <ChoiceField name="kind" label="What happened" value={kind} onChange={setKind} options={CASE_KINDS} />
      {orders.length > 1 && (
        <ChoiceField
          name="units.redemption_id"
          label="Order"
          value={chosen}
          onChange={(value) => (setChosen(value), setLine("1"))}
          options={orders.map((one) => ({ value: one.redemption_id, label: one.titles.join(", ") }))}
        />
      )}
      {lines.length > 1 && <ChoiceField name="units.line_number" label="Product" value={line} onChange={setLine} options={lines.map((one) => ({ value: String(one.line_number), label: one.title }))} />}
      <NumberField name="units.quantity" label="How many of it" value={quantity} onChange={setQuantity} />
      <AreaField name="text" label="In their words" value={said} onChange={setSaid} stretch constraint="The member reads it in the portal." />
    </AskingAction>
  );
}
