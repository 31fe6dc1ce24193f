/** What applies now, what is being prepared, what is to come. */
import Alert from "@cloudscape-design/components/alert";
import Button from "@cloudscape-design/components/button";
import FileUpload from "@cloudscape-design/components/file-upload";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useState } from "react";
import { useLocation } from "wouter";
import { Problem } from "@shared/problem";
import { minorDigits, money, number } from "@shared/shown";
import { api, asked, got } from "../../api";
import { Action, AskingAction } from "../../parts/Action";
import { Changes, placeName } from "../../parts/Changes";
import { PageFrame, type Section, Sections } from "../../parts/DetailPage";
import { FieldFrame } from "../../parts/Form";
import { Go } from "../../parts/Go";
import { actor, Moment, State } from "../../parts/Shown";
import { Loaded } from "../../parts/States";
import { inZone } from "../../zoned";
import { type Conversion, type Draft, type Points, type Pricing, download, PROGRAMME, type Programme, sectionName, type Store, type Tiers, useFullDraft, useProgramme } from "./document";
import { ORIGINS } from "./history";

const of = <Value,>(programme: Programme, section: string) => programme.document[section] as Value;

export default function Overview() {
  const query = useProgramme();
  const draft = useFullDraft();
  return (
    <PageFrame
      title="Programme"
      description="One document says how the programme works. Change its sections in a draft, look at what follows, publish it."
      actions={
        <>
          <Button iconName="download" disabled={!query.data} onClick={() => query.data && download(query.data.version, query.data.document)}>Download</Button>
          <ImportDraft />
          <ReviewButton />
        </>
      }
    >
      <Loaded query={query}>{(now) => <Sections sections={sectionsOf(now, draft.data)} />}</Loaded>
    </PageFrame>
  );
}

const sectionsOf = (now: Programme, draft: Draft | undefined): Section[] => [
  {
    title: `Version ${now.version}`,
    description: now.why,
    pairs: [
      ["Published", <Moment at={now.published_at} />],
      ["By", actor(now.published_by)],
      ["How", ORIGINS[now.origin] ?? now.origin],
      ["Time zone", now.time_zone],
    ],
    actions: <Go to="/programme/history">History</Go>,
  },
  ...now.scheduled.map((one) => ({
    title: one.state === "waiting" ? "Scheduled" : "Not published at its time",
    description: one.why,
    actions: (
      <Action
        label={one.state === "waiting" ? "Cancel it" : "I have seen it"}
        needs="DELETE /programme/schedule/{schedule_id}"
        act={() => got(api().DELETE("/programme/schedule/{schedule_id}", { params: { path: { schedule_id: one.schedule_id } } }))}
        done={({ drafted }) => (drafted ? "Cancelled: it is the draft again." : one.state === "waiting" ? "Cancelled. There is another draft, so its content is dropped." : "Noted.")}
        refresh={[PROGRAMME]}
      />
    ),
    pairs: [
      ["State", <State code={one.state === "waiting" ? "scheduled" : "failed"} words={one.state === "waiting" ? "Waits" : "Refused"} />],
      ["At", inZone(one.publish_at, one.time_zone)],
      ["In UTC", one.publish_at.slice(0, 16).replace("T", " ")],
      ["By", actor(one.scheduled_by)],
      ["Sections", one.sections.map(sectionName).join(", ")],
    ] as const,
    content: one.problems.length > 0 && (
      <Alert type="error" header="Nothing was published">
        {one.problems.map(({ field, detail }) => <div key={field + detail}>{field === "document" ? "" : `${placeName(field)}: `}{detail}</div>)}
      </Alert>
    ),
  })),
  {
    title: "What it says",
    half: true,
    pairs: [
      ["Brand", of<{ name: string }>(now, "brand").name],
      ["Store", `${of<Store>(now, "store").region}, ${of<Store>(now, "store").currency}`],
      [`A price of ${money(10 ** minorDigits(of<Store>(now, "store").currency), of<Store>(now, "store").currency)}`, `${number(of<Conversion>(now, "conversion").points_per_major ?? 0)} points`],
      ["The same spent at a partner's", `${number(of<Points>(now, "points").base_points_per_major ?? 0)} points earned`],
      ["Points are good for", `${of<Points>(now, "points").expiry.months} months`],
      ["Delivery and tax", of<Pricing>(now, "pricing").included === "charged" ? "in the price" : "on the programme"],
      ["Tiers", of<Tiers>(now, "tiers").levels.map(({ names, code }) => names["en"] ?? code).join(", ")],
      ["Campaigns", number(of<unknown[]>(now, "campaigns").length)],
    ],
  },
  { title: "Draft", half: true, content: <DraftState draft={draft} /> },
];

function ReviewButton() {
  const [, go] = useLocation();
  return <Button variant="primary" onClick={() => go("/programme/publish")}>Review and publish</Button>;
}

function DraftState({ draft }: { draft: Draft | undefined }) {
  if (!draft) return null;
  if (draft.changes.length === 0) return <>Nothing is being prepared. Change any page of the programme and save it: it lands here, and members see nothing of it.</>;
  return (
    <SpaceBetween size="m">
      {draft.conflicts.length > 0 && <Alert type="warning">Somebody published other values for {draft.conflicts.length} of its fields. <Go to="/programme/publish">Decide which</Go></Alert>}
      {draft.problems.length > 0 && <Alert type="error">{draft.problems.length} problems stand in the way. <Go to="/programme/publish">Look at them</Go></Alert>}
      <div>Saved by {actor(draft.saved_by)}, <Moment at={draft.saved_at} /></div>
      <Changes changes={draft.changes.slice(0, 6)} label="Changes of the draft" />
      {draft.changes.length > 6 && <Go to="/programme/publish">All {draft.changes.length} changes</Go>}
    </SpaceBetween>
  );
}

async function read(file: File): Promise<Record<string, unknown>> {
  const wrong = new Problem("unreadable", 400, "This is no programme's document.", [], undefined, true);
  const found: unknown = await file.text().then(JSON.parse).catch(() => { throw wrong; });
  if (typeof found !== "object" || found === null || Array.isArray(found)) throw wrong;
  return found as Record<string, unknown>;
}

/** A downloaded version back into the draft, section by section. */
function ImportDraft() {
  const [files, setFiles] = useState<File[]>([]);
  const bring = async () => {
    const document = await read(files[0]!);
    let draft = await asked<Draft>("GET", "/programme/draft");
    let brought = 0;
    for (const section of Object.keys(draft.document)) {
      if (!(section in document) || JSON.stringify(document[section]) === JSON.stringify(draft.document[section])) continue;
      const { revision } = await asked<{ revision: number }>("PUT", `/programme/draft/${section}`, { revision: draft.revision, value: document[section] });
      draft = { ...draft, revision };
      brought += 1;
    }
    return brought;
  };
  return (
    <AskingAction
      label="Upload"
      title="Upload a document into the draft"
      confirm="Put it into the draft"
      needs="PUT /programme/draft/{section}"
      ready={files.length === 1}
      act={bring}
      done={(brought) => (brought ? `${brought} sections are in the draft. Members see nothing of it yet.` : "It says what the draft says already.")}
      after={() => setFiles([])}
      refresh={[PROGRAMME]}
    >
      <FieldFrame name="value" label="A version that was downloaded" constraint="JSON. Sections that differ replace those of the draft.">
        <FileUpload
          value={files}
          onChange={({ detail }) => setFiles(detail.value)}
          accept="application/json,.json"
          showFileSize
          i18nStrings={{ uploadButtonText: () => "Choose a file", dropzoneText: () => "Drop it here", removeFileAriaLabel: () => "Remove the file", limitShowFewer: "Fewer", limitShowMore: "More", errorIconAriaLabel: "Error" }}
        />
      </FieldFrame>
    </AskingAction>
  );
}
