/** A section of the programme among others on a page: a box with its form, saved by itself. */
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import type { ReactNode } from "react";
import { type SectionDraft, useDraft } from "../draft";
import { may } from "../may";
import { Conflict } from "./DraftPage";
import { Form } from "./Form";
import { Loaded } from "./States";
import { useUnsaved } from "./Unsaved";

type Props<Value> = {
  section: string;
  title: string;
  description?: ReactNode;
  /** Draws the form; `set({accent})` changes fields of the value. */
  children: (value: Value, set: (fields: Partial<Value>) => void, readOnly: boolean, draft: SectionDraft<Value>) => ReactNode;
};

export function DraftSection<Value>({ section, title, description, children }: Props<Value>) {
  const draft = useDraft<Value>(section);
  useUnsaved(draft.dirty);
  const readOnly = !may("PUT /programme/draft/{section}");
  const bar = !readOnly && (
    <SpaceBetween direction="horizontal" size="xs">
      {draft.dirty && <Button disabled={draft.saving} onClick={draft.reset}>Discard changes</Button>}
      <Button variant={draft.dirty ? "primary" : "normal"} ariaLabel={`Save in the draft: ${title}`} loading={draft.saving} disabled={!draft.dirty} onClick={draft.save}>Save in the draft</Button>
    </SpaceBetween>
  );
  const set = (fields: Partial<Value>) => draft.change((before) => ({ ...before, ...fields }));
  return (
    <Container header={<Header variant="h2" description={description} actions={bar}>{title}</Header>}>
      <Loaded query={draft.whole}>
        {() =>
          draft.value === undefined ? null : (
            <Form failure={draft.failure} fields={draft.dirty ? [] : draft.problems}>{children(draft.value, set, readOnly, draft)}</Form>
          )
        }
      </Loaded>
      <Conflict draft={draft} />
    </Container>
  );
}
