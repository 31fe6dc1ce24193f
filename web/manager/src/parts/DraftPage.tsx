/** The page of one section of the programme: its form, a bar that saves it, the question when somebody else was quicker. */
import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import ExpandableSection from "@cloudscape-design/components/expandable-section";
import Modal from "@cloudscape-design/components/modal";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import type { ReactNode } from "react";
import { type SectionDraft, useDraft } from "../draft";
import { type AllowedRoute, may } from "../may";
import { PageFrame } from "./DetailPage";
import { Form } from "./Form";
import { actor } from "./Shown";
import { Loaded } from "./States";
import { useUnsaved } from "./Unsaved";

type Props<Value> = {
  section: string;
  title: string;
  description?: ReactNode;
  /** The list that it is one of. */
  from?: { label: string; path: string };
  /** Draws the form: the value as it stands, how to change it (`change({...value, accent})`), and whether one may. */
  children: (value: Value, change: SectionDraft<Value>["change"], draft: SectionDraft<Value>, readOnly: boolean) => ReactNode;
  actions?: ReactNode;
};

const EDIT = "PUT /programme/draft/{section}" as AllowedRoute;

export function DraftPage<Value>({ section, title, description, from, children, actions }: Props<Value>) {
  const draft = useDraft<Value>(section);
  useUnsaved(draft.dirty);
  const readOnly = !may(EDIT);
  const bar = readOnly ? (
    <StatusIndicator type="info">You may look, not change</StatusIndicator>
  ) : (
    <>
      {draft.dirty && <Button disabled={draft.saving} onClick={draft.reset}>Discard changes</Button>}
      <Button variant="primary" loading={draft.saving} disabled={!draft.dirty} onClick={draft.save}>Save in the draft</Button>
    </>
  );
  return (
    <PageFrame title={title} description={description} {...(from && { from })} actions={<>{actions}{bar}</>}>
      <Loaded query={draft.whole}>
        {() =>
          draft.value === undefined ? null : (
            <Form failure={draft.failure} fields={draft.dirty ? [] : draft.problems}>
              {children(draft.value, draft.change, draft, readOnly)}
            </Form>
          )
        }
      </Loaded>
      <Conflict draft={draft} />
    </PageFrame>
  );
}

/** Somebody else saved the draft, or another thing that is edited here, meanwhile: see theirs, keep mine. */
export function Conflict<Value>({ draft, what = "this draft", called = (field) => field }: { draft: Pick<SectionDraft<Value>, "conflict" | "value" | "saving">; what?: string; called?: (field: string) => string }) {
  const { conflict } = draft;
  if (!conflict) return null;
  const differences = differing(conflict.theirs, draft.value);
  return (
    <Modal
      visible
      size="large"
      header={`Somebody else saved ${what}`}
      onDismiss={conflict.takeTheirs}
      footer={
        <Box float="right">
          <SpaceBetween direction="horizontal" size="xs">
            <Button onClick={conflict.takeTheirs}>Take theirs</Button>
            <Button variant="primary" loading={draft.saving} onClick={conflict.keepMine}>Save mine over it</Button>
          </SpaceBetween>
        </Box>
      }
    >
      <SpaceBetween size="m">
        <Box>{named(conflict.detail) || "The draft has a newer revision than the one you began with."}</Box>
        {differences.length === 0 ? (
          <Alert type="info">Theirs is the same as yours on this page: they changed another one. Saving yours takes nothing away.</Alert>
        ) : (
          <ExpandableSection headerText={differences.length === 1 ? "One difference on this page" : `${differences.length} differences on this page`} defaultExpanded>
            <SpaceBetween size="xs">
              {differences.slice(0, 40).map(([field, theirs, mine]) => (
                <div key={field}>
                  <Box variant="strong">{called(field)}</Box>
                  <div className="said">Theirs: {spelled(theirs)}</div>
                  <div className="said">Yours: {spelled(mine)}</div>
                </div>
              ))}
            </SpaceBetween>
          </ExpandableSection>
        )}
      </SpaceBetween>
    </Modal>
  );
}

/** The API knows people by their codes. */
const named = (detail: string): string => detail.replaceAll(/staff:[\w-]+/g, (code) => actor(code)).replace(/^you /, "You ");

export const spelled = (value: unknown): string => (value === undefined || value === null || value === "" ? "–" : typeof value === "string" ? value : JSON.stringify(value));

/** Where two documents differ: path, the one's, the other's. */
export function differing(one: unknown, other: unknown, path = ""): [field: string, one: unknown, other: unknown][] {
  if (JSON.stringify(one) === JSON.stringify(other)) return [];
  const both = [one, other];
  if (both.every((value) => typeof value === "object" && value !== null && !Array.isArray(value))) {
    const [left, right] = both as Record<string, unknown>[];
    return [...new Set([...Object.keys(left!), ...Object.keys(right!)])].flatMap((key) => differing(left![key], right![key], path ? `${path}.${key}` : key));
  }
  return [[path || "value", one, other]];
}
