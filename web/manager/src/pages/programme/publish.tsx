/** The draft before members see it: what changes, what stands in the way, what follows, now or at a time. */
import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import Modal from "@cloudscape-design/components/modal";
import RadioGroup from "@cloudscape-design/components/radio-group";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import TimeInput from "@cloudscape-design/components/time-input";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useLocation } from "wouter";
import { Problem } from "@shared/problem";
import { api, asked, got } from "../../api";
import { may } from "../../may";
import { Action, AskingAction } from "../../parts/Action";
import { Changes, placeName, said } from "../../parts/Changes";
import { PageFrame } from "../../parts/DetailPage";
import { AreaField, DateField, FieldFrame, Form } from "../../parts/Form";
import { Go } from "../../parts/Go";
import { actor, Moment } from "../../parts/Shown";
import { Loaded, Nothing } from "../../parts/States";
import { PLACES } from "../../places";
import { tell } from "../../tell";
import { inZone, instantOf } from "../../zoned";
import { Simulation } from "../simulate/Simulation";
import { type Draft, EDITED, PROGRAMME, sectionOf, useFullDraft, useProgramme } from "./document";

export default function Publish() {
  const query = useFullDraft();
  return (
    <PageFrame title="Review and publish" description="Members see nothing of the draft before it is published.">
      <Loaded query={query}>{(draft) => (draft.changes.length === 0 ? <Empty /> : <Review draft={draft} />)}</Loaded>
    </PageFrame>
  );
}

function Empty() {
  return (
    <Container>
      <Nothing title="Nothing is being prepared">Change any page of the programme and save it: what it changes is listed here, with what it means, before anybody publishes it.</Nothing>
    </Container>
  );
}

function Review({ draft }: { draft: Draft }) {
  return (
    <SpaceBetween size="l">
      {draft.conflicts.length > 0 && <Conflicts draft={draft} />}
      {draft.problems.length > 0 && <Problems draft={draft} />}
      <Container header={<Header variant="h2" counter={`(${draft.changes.length})`} description={<>Against version {draft.based_on}. Saved by {actor(draft.saved_by)}, <Moment at={draft.saved_at} /></>} actions={<Forget draft={draft} />}>What changes</Header>}>
        <Changes changes={draft.changes} label="What changes" heads={[`Version ${draft.based_on}`, "Draft"]} />
      </Container>
      {draft.notes.length > 0 && (
        <Container header={<Header variant="h2">What it means for members who are there already</Header>}>
          <SpaceBetween size="xs">{draft.notes.map(({ field, note }) => <StatusIndicator key={field} type="info">{note}</StatusIndicator>)}</SpaceBetween>
        </Container>
      )}
      {may("GET /programme/simulations") && <Simulation />}
      {may("POST /programme/draft/publication") && <Decide draft={draft} />}
    </SpaceBetween>
  );
}

function Problems({ draft }: { draft: Draft }) {
  return (
    <Alert type="error" header="This cannot be published yet">
      {draft.problems.map(({ field, detail }) => (
        <div key={field + detail}><Place field={field} />: {detail}</div>
      ))}
    </Alert>
  );
}

/** The field's name, as a link to the page where it is edited if this app has one. */
function Place({ field }: { field: string }) {
  const edited = EDITED[sectionOf(field)];
  const known = edited && PLACES.some(({ path, needs }) => path === edited.path && may(needs));
  return known ? <Go to={edited.path}>{placeName(field)}</Go> : <>{placeName(field)}</>;
}

/** Fields that somebody published anew while the draft has other values for them. A section is decided as a whole. */
function Conflicts({ draft }: { draft: Draft }) {
  const sections = [...new Set(draft.conflicts.map(({ field }) => sectionOf(field)))];
  return (
    <Alert type="warning" header="Somebody published other values meanwhile">
      <SpaceBetween size="m">
        {sections.map((section) => (
          <SpaceBetween key={section} size="xs">
            {draft.conflicts.filter(({ field }) => sectionOf(field) === section).map(({ field, mine, theirs }) => (
              <div key={field}><Box variant="strong">{placeName(field)}</Box>: published {said(theirs)}, in the draft {said(mine)}</div>
            ))}
            <SpaceBetween direction="horizontal" size="xs">
              <Action label="Keep the draft's" needs="PUT /programme/draft/{section}" act={() => decide(draft, section, () => Promise.resolve(draft.document[section]))} done="The draft's values stay." refresh={[PROGRAMME]} />
              <Action label="Take the published ones" needs="PUT /programme/draft/{section}" act={() => decide(draft, section, async () => (await got(api().GET("/programme"))).document[section])} done="The published values stay." refresh={[PROGRAMME]} />
            </SpaceBetween>
          </SpaceBetween>
        ))}
      </SpaceBetween>
    </Alert>
  );
}

const decide = async (draft: Draft, section: string, value: () => Promise<unknown>) =>
  asked<unknown>("PUT", `/programme/draft/${section}`, { revision: draft.revision, value: await value() });

function Forget({ draft }: { draft: Draft }) {
  return (
    <AskingAction
      label="Forget the draft"
      title="Forget the draft?"
      confirm="Forget it"
      needs="DELETE /programme/draft"
      act={() => got(api().DELETE("/programme/draft", { params: { query: { revision: draft.revision } } }))}
      done="There is no draft any more."
      refresh={[PROGRAMME]}
    >
      All {draft.changes.length} changes are gone for good. What members see stays as it is.
    </AskingAction>
  );
}

function Decide({ draft }: { draft: Draft }) {
  const queries = useQueryClient();
  const [, go] = useLocation();
  const current = useProgramme().data;
  const [why, setWhy] = useState("");
  const [when, setWhen] = useState<"now" | "later">("now");
  const [day, setDay] = useState("");
  const [time, setTime] = useState("09:00");
  const [sure, setSure] = useState(false);
  const zone = draft.time_zone;
  const at = when === "later" ? instantOf(day.replaceAll("/", "-"), time, zone) : null;
  const stopped = draft.problems.length > 0 || draft.conflicts.length > 0;
  const ready = !stopped && why.trim().length > 0 && (when === "now" || at !== null);
  const publishing = useMutation({
    mutationFn: () => got(api().POST("/programme/draft/publication", { body: { revision: draft.revision, why: why.trim(), ...(at && { at }) } })),
    onSuccess: async (told) => {
      setSure(false);
      tell("success", told.version ? `Version ${told.version} applies. The portal shows it within seconds.` : `It will be published on ${inZone(told.publish_at!, told.time_zone)}.`);
      await queries.invalidateQueries({ queryKey: PROGRAMME });
      go("/programme");
    },
    onError: (failure) => {
      setSure(false);
      // Somebody was quicker: look at what is there now.
      if (failure instanceof Problem && failure.status === 409) void queries.invalidateQueries({ queryKey: PROGRAMME });
    },
  });
  const undoing = current?.scheduled.some(({ state }) => state === "waiting");
  return (
    <Container header={<Header variant="h2">Publish</Header>}>
      <Form failure={publishing.error} onSubmit={() => ready && setSure(true)}>
        <AreaField name="why" label="Why" value={why} onChange={setWhy} stretch constraint="Everybody who looks at the history reads it." />
        <RadioGroup
          value={when}
          onChange={({ detail }) => setWhen(detail.value as "now" | "later")}
          ariaLabel="When"
          items={[
            { value: "now", label: "Now", description: "The portal shows it within seconds." },
            { value: "later", label: "At a time", description: `It is checked once more then, and nothing is published if something stands in the way. Times are those of ${zone}.`, disabled: Boolean(undoing) },
          ]}
        />
        {undoing && <StatusIndicator type="info">Something is scheduled already: cancel that on the overview before another time is chosen. Publishing now stops it.</StatusIndicator>}
        {when === "later" && (
          <div className="row">
            <DateField name="at" label="Day" value={day} onChange={setDay} constraint={at ? `${inZone(at, zone)}; ${at.slice(0, 16).replace("T", " ")} UTC` : `Where the programme is: ${zone}`} error={day && time.length === 5 && !at ? "The clocks leave out this time." : ""} />
            <FieldFrame name="at.time" label="Time"><TimeInput value={time} format="hh:mm" placeholder="hh:mm" onChange={({ detail }) => setTime(detail.value)} /></FieldFrame>
          </div>
        )}
        <Box float="right">
          <Button variant="primary" formAction="none" disabled={!ready} loading={publishing.isPending} onClick={() => setSure(true)}>{when === "now" ? "Publish" : "Schedule"}</Button>
        </Box>
      </Form>
      {sure && (
        <Modal
          visible
          header={when === "now" ? `Publish version ${draft.based_on + 1}?` : "Schedule it?"}
          onDismiss={() => setSure(false)}
          footer={
            <Box float="right">
              <SpaceBetween direction="horizontal" size="xs">
                <Button variant="link" onClick={() => setSure(false)}>Back</Button>
                <Button variant="primary" loading={publishing.isPending} onClick={() => publishing.mutate()}>{when === "now" ? "Publish now" : "Schedule it"}</Button>
              </SpaceBetween>
            </Box>
          }
        >
          {draft.changes.length === 1 ? "One field changes" : `${draft.changes.length} fields change`} for every member{at ? ` on ${inZone(at, zone)}` : " at once"}. It can be rolled back from the history.
        </Modal>
      )}
    </Container>
  );
}
