/** One section of the programme's draft: read, changed here, saved, and what happens when somebody else was quicker. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { type Field, Problem } from "@shared/problem";
import { asked } from "./api";
import { tell } from "./tell";
import { same, unsaved } from "./typed";

export type Change = { field: string; before: unknown; after: unknown };

/** GET /programme/draft. No draft yet: revision 0, and the document is the current one. */
export type Draft = {
  revision: number;
  based_on: number;
  document: Record<string, unknown>;
  problems: Field[];
  changes: Change[];
};

export const DRAFT = ["programme", "draft"] as const;

export const useWholeDraft = () => useQuery({ queryKey: DRAFT, queryFn: () => asked<Draft>("GET", "/programme/draft") });

export type SectionDraft<Value> = {
  /** As it stands on the page; undefined while nothing is known. */
  value: Value | undefined;
  /** As it was when the page was opened or saved last. */
  saved: Value | undefined;
  change: (next: Value | ((before: Value) => Value)) => void;
  save: () => void;
  reset: () => void;
  dirty: boolean;
  saving: boolean;
  failure: unknown;
  /** Of this section, with its name taken off: "accent" for "brand.accent". */
  problems: readonly Field[];
  whole: ReturnType<typeof useWholeDraft>;
  /** Somebody saved the draft in between: what they left in this section, and the two ways on. */
  conflict: { detail: string; theirs: Value; keepMine: () => void; takeTheirs: () => void } | null;
};

// Our own saves: what began from the revision before one has seen everything in the one after.
const ours = new Map<number, number>();

function seen(revision: number): number {
  let latest = revision;
  for (let next = ours.get(latest); next !== undefined; next = ours.get(latest)) latest = next;
  return latest;
}

export function useDraft<Value>(section: string): SectionDraft<Value> {
  const queries = useQueryClient();
  const whole = useWholeDraft();
  const server = whole.data?.document[section] as Value | undefined;
  const [mine, setMine] = useState<Value | undefined>();
  // The revision that `mine` began from: a newer one that arrives meanwhile must not be written over unseen.
  const [from, setFrom] = useState<number | undefined>();
  const [stale, setStale] = useState<{ detail: string; draft: Draft } | null>(null);
  const dirty = mine !== undefined && !same(mine, server);
  useEffect(() => {
    if (!dirty && mine !== undefined) setMine(undefined);
  }, [dirty]);
  const saving = useMutation({
    mutationFn: (sent: { revision: number; value: Value }) => asked<Partial<Draft>>("PUT", `/programme/draft/${section}`, sent),
    onSuccess: async (answer, { revision, value }) => {
      if (answer.revision === revision + 1) ours.set(revision, answer.revision);
      // What was typed while this was on its way goes on from here.
      setFrom(answer.revision);
      await queries.invalidateQueries({ queryKey: ["programme"] });
      setMine((now) => unsaved(now, value));
      setStale(null);
      tell("success", "Saved in the draft. Members see it once it is published.");
    },
    onError: async (failure) => {
      if (!(failure instanceof Problem && failure.code === "stale-draft")) return;
      setStale({ detail: failure.detail, draft: await asked<Draft>("GET", "/programme/draft") });
    },
  });
  const prefix = `${section}.`;
  return {
    value: mine ?? server,
    saved: server,
    dirty,
    saving: saving.isPending,
    failure: stale ? null : saving.error,
    problems: (whole.data?.problems ?? []).filter(({ field }) => field === section || field.startsWith(prefix)),
    whole,
    change: (next) => {
      const before = (mine ?? server) as Value;
      if (mine === undefined) setFrom(whole.data?.revision);
      setMine(typeof next === "function" ? (next as (before: Value) => Value)(before) : next);
    },
    save: () => saving.mutate({ revision: seen(from ?? whole.data?.revision ?? 0), value: (mine ?? server) as Value }),
    reset: () => (setMine(undefined), setStale(null), saving.reset()),
    conflict: stale && {
      detail: stale.detail,
      theirs: stale.draft.document[section] as Value,
      keepMine: () => {
        queries.setQueryData(DRAFT, stale.draft);
        setFrom(stale.draft.revision);
        setStale(null);
        saving.mutate({ revision: stale.draft.revision, value: (mine ?? server) as Value });
      },
      takeTheirs: () => {
        queries.setQueryData(DRAFT, stale.draft);
        setMine(undefined);
        setStale(null);
        saving.reset();
      },
    },
  };
}
