/** What a person makes of an invoice: the values as they stand in the form, saved, and what happens when somebody else was quicker. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { Problem } from "@shared/problem";
import { api, got } from "../../api";
import { tell } from "../../tell";
import { same, unsaved } from "../../typed";
import { begun, type Content, sent } from "./editing";
import { type Finding, KEY, type Whole } from "./shown";

export type Review = {
  value: Content;
  change: (fields: Partial<Content>) => void;
  dirty: boolean;
  save: () => void;
  reset: () => void;
  saving: boolean;
  failure: unknown;
  /** What is doubtful of the fields that are as they were when that was found. */
  doubts: readonly Finding[];
  conflict: { detail: string; theirs: Content; keepMine: () => void; takeTheirs: () => void } | null;
};

export function useReview(whole: Whole): Review {
  const queries = useQueryClient();
  const server = begun(whole.content, whole.draft);
  const [mine, setMine] = useState<Content | undefined>();
  // The revision that `mine` began from: a newer one that arrives meanwhile must not be written over unseen.
  const [from, setFrom] = useState(whole.revision);
  const [stale, setStale] = useState<{ detail: string; whole: Whole } | null>(null);
  const dirty = mine !== undefined && !same(mine, server);
  const value = mine ?? server;
  useEffect(() => {
    if (!dirty && mine !== undefined) setMine(undefined);
  }, [dirty]);
  const key = [...KEY, whole.invoice_id];
  const path = { invoice_id: whole.invoice_id };
  const saving = useMutation({
    mutationFn: ({ revision, content }: { revision: number; content: Content }) =>
      got(api().PUT("/invoices/{invoice_id}/content", { params: { path }, body: { revision, content: sent(content) } })),
    onSuccess: async (answer, { content }) => {
      queries.setQueryData(key, answer);
      // What was typed while this was on its way goes on from here.
      setFrom(answer.revision);
      setMine((now) => unsaved(now, content));
      setStale(null);
      tell("success", said(answer));
      await Promise.all([queries.invalidateQueries({ queryKey: KEY }), queries.invalidateQueries({ queryKey: ["cases"] })]);
    },
    onError: async (failure) => {
      if (!(failure instanceof Problem && failure.code === "stale")) return;
      setStale({ detail: failure.detail, whole: await got(api().GET("/invoices/{invoice_id}", { params: { path } })) });
    },
  });
  return {
    value,
    dirty,
    change: (fields) => {
      if (mine === undefined) setFrom(whole.revision);
      setMine({ ...value, ...fields });
    },
    save: () => saving.mutate({ revision: mine === undefined ? whole.revision : from, content: value }),
    reset: () => (setMine(undefined), setStale(null), saving.reset()),
    saving: saving.isPending,
    failure: stale ? null : saving.error,
    doubts: whole.findings.filter(({ field }) => !field || same(at(server, field), at(value, field))),
    conflict: stale && {
      detail: stale.detail,
      theirs: begun(stale.whole.content, stale.whole.draft),
      keepMine: () => {
        queries.setQueryData(key, stale.whole);
        setFrom(stale.whole.revision);
        setStale(null);
        saving.mutate({ revision: stale.whole.revision, content: value });
      },
      takeTheirs: () => {
        queries.setQueryData(key, stale.whole);
        setMine(undefined);
        setStale(null);
        saving.reset();
      },
    },
  };
}

const said = ({ findings }: Whole): string =>
  findings.length === 0 ? "Saved. Nothing is doubtful any more." : findings.length === 1 ? "Saved. One thing is doubtful still." : `Saved. ${findings.length} things are doubtful still.`;

/** The value at "lines.0.quantity". */
const at = (content: Content, field: string): unknown =>
  field.split(".").reduce<unknown>((inner, name) => (inner as Record<string, unknown> | undefined | null)?.[name], content);
