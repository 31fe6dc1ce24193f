/** One risk: what is the matter, how sure that is, and what can be done about it, each by one press and taken back by another. */
import Box from "@cloudscape-design/components/box";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import { useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { moment, number } from "@shared/shown";
import { api, got, type Schemas } from "../../api";
import { may } from "../../may";
import { Action, AskingAction } from "../../parts/Action";
import { NumberField, TextField } from "../../parts/Form";
import { Go } from "../../parts/Go";
import { actor } from "../../parts/Shown";
import { tell } from "../../tell";
import { wordsOf } from "../../words";
import { CATALOGUE, Thumb } from "../catalogue/shown";
import { back, DEMAND, nameOf, type Risk, risked, units } from "./shown";
import { Strip } from "./spark";

type Deed = Schemas["Deed"];
type Kind = Deed["kind"];
type Standing = Schemas["ActionSeen"];

const DO = "POST /demand/outlooks/{asin}/actions";
const UNDO = "POST /demand/actions/{action_id}/undo";
const KINDS: readonly Kind[] = ["substitute", "cap", "feature", "hide"];
const CAP = { units: 1, days: 30 };
const REFRESHED = [DEMAND, CATALOGUE];

const send = (asin: string, body: Deed) => got(api().POST("/demand/outlooks/{asin}/actions", { params: { path: { asin } }, body }));
const takeBack = (action_id: number) => got(api().POST("/demand/actions/{action_id}/undo", { params: { path: { action_id } } }));

export function RiskCard({ risk, titled = true }: { risk: Risk; titled?: boolean }) {
  return (
    <section className="risk" aria-label={nameOf(risk)}>
      <Container
        header={
          <Header
            variant="h2"
            description={<StatusIndicator type={risk.is_out ? "error" : risk.probability >= 0.5 ? "warning" : "info"}>{risked(risk)}</StatusIndicator>}
            actions={risk.alert_id !== null && <Seen alert={risk.alert_id} raised={risk.raised_at} />}
          >
            {titled ? <span className="with-thumb"><Thumb product={risk} /><Go to={`/demand/forecast/${risk.asin}`}>{nameOf(risk)}</Go></span> : "Whether it will be there"}
          </Header>
        }
      >
        <div className="risk-parts">
          <Matter risk={risk} />
          <Acts risk={risk} />
        </div>
      </Container>
    </section>
  );
}

/** What is known of it: whom it disappoints, day by day, and what speaks for it. */
function Matter({ risk }: { risk: Risk }) {
  const when = back(risk);
  const { quantity, days_of_stock: lasts, outages_90_days: outages, median_outage_days: long } = risk.evidence;
  const said = [
    typeof quantity === "number" && `${number(quantity)} left, as Amazon says`,
    typeof lasts === "number" && `enough for ${days(lasts)}`,
    typeof outages === "number" && outages > 0 && `out ${outages === 1 ? "once" : `${number(outages)} times`} in 90 days${typeof long === "number" ? `, for ${days(long)} as a rule` : ""}`,
  ].filter(Boolean);
  return (
    <SpaceBetween size="s">
      <div>
        <Box variant="awsui-value-large">{units(risk.members_disappointed)}</Box>
        <Box color="text-body-secondary">{`${risk.members_disappointed === 1 ? "member goes" : "members go"} without in the next 14 days, on average${risk.units === null ? "" : `, of about ${units(risk.units)} who ask`}`}</Box>
      </div>
      <Strip first={risk.first_on} days={risk.by_day} />
      <Box color="text-body-secondary" fontSize="body-s">How likely it cannot be had, day by day. A forecast, no promise of Amazon’s.</Box>
      {when && <Box>{when}</Box>}
      {said.length > 0 && <Box fontSize="body-s">{`${said.join("; ")}.`}</Box>}
    </SpaceBetween>
  );
}

const days = (count: number): string => `${units(count)} ${count === 1 ? "day" : "days"}`;

/** The four actions, each with what it will do; one that stands says so and can be taken back. */
function Acts({ risk }: { risk: Risk }) {
  const standing = new Map(risk.actions.map((one) => [one.kind, one]));
  if (!may(DO) && standing.size === 0) return null;
  return (
    <div className="risk-acts" role="group" aria-label={`What to do about ${nameOf(risk)}`}>
      {KINDS.map((kind) => {
        const done = standing.get(kind);
        return done ? <Done key={kind} risk={risk} action={done} /> : may(DO) && <ToDo key={kind} risk={risk} kind={kind} />;
      })}
    </div>
  );
}

const titles = (risk: Risk, asins: readonly unknown[]): string =>
  asins.map((asin) => `“${risk.suggested.find((one) => one.asin === asin)?.title || String(asin)}”`).join(", ");

/** What an action does, said before it is done and while it stands. */
function effect(risk: Risk, kind: Kind, details: Record<string, unknown>): string {
  switch (kind) {
    case "substitute":
      return `Wherever members meet it while it cannot be had, ${titles(risk, details.asins as string[])} ${(details.asins as string[]).length === 1 ? "is" : "are"} offered instead.`;
    case "cap":
      return `No member gets more than ${number(details.units as number)} within ${number(details.days as number)} days, so it lasts for more of them. Orders already placed stay.`;
    case "feature":
      return `${titles(risk, [details.asin])} comes first on the shelf, after what is featured already.`;
    case "hide":
      return "Members no longer see it in the shop. Orders and wish lists stay; it comes back when this is taken back.";
  }
}

const NAMES: Record<Kind, { label: string; done: string }> = {
  substitute: { label: "Offer another", done: "Another is offered instead" },
  cap: { label: "Limit per member", done: "Limited per member" },
  feature: { label: "Feature another", done: "Another is featured" },
  hide: { label: "Hide it", done: "Hidden" },
};

function usual(risk: Risk, kind: Kind): Deed | null {
  if (kind === "cap") return { kind, details: CAP };
  if (kind === "hide") return { kind, details: {} };
  const others = risk.suggested.map(({ asin }) => asin);
  if (others.length === 0) return null;
  return kind === "substitute" ? { kind, details: { asins: others } } : { kind, details: { asin: others[0]! } };
}

function useUndo() {
  const queries = useQueryClient();
  return (action: number) => () =>
    void takeBack(action)
      .then(() => tell("success", "Taken back."))
      .catch((failure: unknown) => tell("error", wordsOf(failure)))
      .finally(() => REFRESHED.forEach((queryKey) => void queries.invalidateQueries({ queryKey })));
}

function ToDo({ risk, kind }: { risk: Risk; kind: Kind }) {
  const undoing = useUndo();
  const deed = usual(risk, kind);
  const { label, done } = NAMES[kind];
  const undo = (answer: { action_id: number }) => undoing(answer.action_id);
  return (
    <div className="risk-act">
      <span className="risk-buttons">
        {deed && <Action label={label} needs={DO} act={() => send(risk.asin, deed)} done={`${done}: ${nameOf(risk)}.`} refresh={REFRESHED} undo={undo} />}
        {kind !== "hide" && <Other risk={risk} kind={kind} quiet={deed !== null} undo={undo} />}
      </span>
      <Box color="text-body-secondary" fontSize="body-s">{deed ? effect(risk, kind, deed.details as Record<string, unknown>) : "Nothing is known that members like as much and that will be there; name one yourself."}</Box>
    </div>
  );
}

/** The same with values of one's own. */
function Other({ risk, kind, quiet, undo }: { risk: Risk; kind: "substitute" | "cap" | "feature"; quiet: boolean; undo: (answer: { action_id: number }) => () => void }) {
  const [text, setText] = useState("");
  const [cap, setCap] = useState<{ units: number | null; days: number | null }>(CAP);
  const asins = text.toUpperCase().split(/[\s,;]+/).filter(Boolean);
  const capped = cap.units !== null && cap.days !== null;
  const deed = (): Deed => (kind === "cap" ? { kind, details: { units: cap.units ?? 0, days: cap.days ?? 0 } } : kind === "substitute" ? { kind, details: { asins } } : { kind, details: { asin: asins[0]! } });
  const ready = kind === "cap" ? capped : kind === "substitute" ? asins.length > 0 : asins.length === 1;
  return (
    <AskingAction
      label={quiet ? "Otherwise…" : `${NAMES[kind].label}…`}
      variant={quiet ? "link" : "normal"}
      title={`${NAMES[kind].label}: ${nameOf(risk)}`}
      needs={DO}
      confirm={NAMES[kind].label}
      ready={ready}
      act={() => send(risk.asin, deed())}
      done={`${NAMES[kind].done}: ${nameOf(risk)}.`}
      refresh={REFRESHED}
      undo={undo}
    >
      {kind === "cap" ? (
        <>
          <NumberField name="details.units" label="At most" value={cap.units} onChange={(value) => setCap({ ...cap, units: value })} suffix="for one member" />
          <NumberField name="details.days" label="Within" value={cap.days} onChange={(value) => setCap({ ...cap, days: value })} suffix="days" />
        </>
      ) : (
        <TextField name={kind === "substitute" ? "details.asins" : "details.asin"} label={kind === "substitute" ? "Products, best first" : "Product"} hint="Amazon’s number of ten letters and digits, as in the catalogue." constraint={kind === "substitute" ? "Up to five, with spaces between them." : undefined} value={text} onChange={setText} placeholder="B0ABCDEF12" />
      )}
      {ready && <Box>{effect(risk, kind, deed().details as Record<string, unknown>)}</Box>}
    </AskingAction>
  );
}

function Done({ risk, action }: { risk: Risk; action: Standing }): ReactNode {
  return (
    <div className="risk-act risk-done">
      <span className="risk-buttons">
        <StatusIndicator type="success">{NAMES[action.kind].done}</StatusIndicator>
        <Action label="Take back" needs={UNDO} variant="link" act={() => takeBack(action.action_id)} done={`Taken back: ${nameOf(risk)}.`} refresh={REFRESHED} />
      </span>
      <Box color="text-body-secondary" fontSize="body-s">{`${effect(risk, action.kind, action.details)} By ${actor(action.actor)}, ${moment(action.done_at)}.`}</Box>
    </div>
  );
}

/** A warning that somebody has seen is not shown as one any more; the risk stays in the list. */
function Seen({ alert, raised }: { alert: number; raised: string | null }) {
  return (
    <SpaceBetween direction="horizontal" size="xs" alignItems="center">
      <StatusIndicator type="warning">{raised ? `Warned ${moment(raised)}` : "Warned"}</StatusIndicator>
      <Action label="Seen" needs="POST /demand/alerts/{alert_id}/dismissal" variant="inline-link" act={() => got(api().POST("/demand/alerts/{alert_id}/dismissal", { params: { path: { alert_id: alert } } }))} done="No more warnings of it while it lasts." refresh={[DEMAND]} />
    </SpaceBetween>
  );
}
