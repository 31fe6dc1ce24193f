/** What the campaigns' pages have in common: a budget as a bar, and the four things that can be done at once. */
import ProgressBar from "@cloudscape-design/components/progress-bar";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { money } from "@shared/shown";
import { asked, type Schemas } from "../../api";
import { AskingAction } from "../../parts/Action";
import { AreaField } from "../../parts/Form";
import type { AllowedRoute } from "../../may";
import { tell } from "../../tell";
import { wordsOf } from "../../words";

type View = Schemas["CampaignStanding"];
type Deed = "start" | "pause" | "resume" | "end";

/** How much of it is gone; what open quotes hold counts as gone. */
export function Budget({ of, words = true }: { of: Pick<View, "budget_minor" | "spent_minor" | "reserved_minor" | "currency" | "campaign">; words?: boolean }) {
  const gone = of.spent_minor + of.reserved_minor;
  return (
    <ProgressBar
      ariaLabel={`Budget of ${of.campaign}`}
      value={of.budget_minor ? Math.min(100, Math.floor((gone / of.budget_minor) * 100)) : 100}
      {...(words && { additionalInfo: `${money(gone, of.currency)} of ${money(of.budget_minor, of.currency)}` })}
    />
  );
}

const WORDS: Record<Deed, { label: string; title: string; text: string; done: string; back: Deed | null }> = {
  start: { label: "Start", title: "Start this campaign?", text: "A draft becomes part of the programme: it is on at its start, or at once if that is past. One that is scheduled begins now.", done: "It is on.", back: "pause" },
  pause: { label: "Pause", title: "Pause this campaign?", text: "From this moment no purchase and no new quote has anything of it. Quotes that are open keep their price until they run out.", done: "It is paused.", back: "resume" },
  resume: { label: "Resume", title: "Resume this campaign?", text: "It goes on at once, for the same members, with what is left of its budget.", done: "It goes on.", back: "pause" },
  end: { label: "End", title: "End this campaign?", text: "From this moment it does nothing more. What it promised in open quotes it keeps; returns give their money back to its budget.", done: "It has ended.", back: "resume" },
};

export const REFRESHED = [["campaigns"], ["programme"]] as const;

/** One of them, with the reason that stands in the programme's history. */
export function Do({ campaign, deed, primary = false }: { campaign: string; deed: Deed; primary?: boolean }) {
  const queries = useQueryClient();
  const [why, setWhy] = useState("");
  const { label, title, text, done, back } = WORDS[deed];
  const act = (which: Deed, reason: string) => asked<Schemas["Acted"]>("POST", `/campaigns/${encodeURIComponent(campaign)}/${which}`, { why: reason });
  const undo = (to: Deed) => () =>
    void act(to, `Taken back: ${why}`.slice(0, 500)).then(
      async () => {
        await Promise.all(REFRESHED.map((queryKey) => queries.invalidateQueries({ queryKey })));
        tell("success", WORDS[to].done);
      },
      (failure: unknown) => tell("error", wordsOf(failure)),
    );
  return (
    <AskingAction
      label={label}
      variant={primary ? "primary" : "normal"}
      needs={`POST /campaigns/{campaign}/${deed}` as AllowedRoute}
      title={title}
      ready={why.trim() !== ""}
      onOpen={() => setWhy("")}
      act={() => act(deed, why.trim())}
      done={(answer) => `${done} Version ${answer.programme_version} says so.`}
      refresh={REFRESHED}
      {...(back && { undo: () => undo(back) })}
    >
      <div>{text}</div>
      <AreaField name="why" label="Why" hint="Stands in the programme's history." value={why} onChange={setWhy} />
    </AskingAction>
  );
}

/** What makes sense for a campaign that is so. */
export function Deeds({ campaign, state, over }: { campaign: string; state: string; over: boolean }) {
  if (over && state !== "draft") return null;
  return (
    <>
      {(state === "draft" || state === "scheduled") && <Do campaign={campaign} deed="start" primary={state === "draft"} />}
      {(state === "paused" || state === "ended") && <Do campaign={campaign} deed="resume" primary />}
      {(state === "running" || state === "exhausted" || state === "scheduled") && <Do campaign={campaign} deed="pause" />}
      {(state === "running" || state === "exhausted" || state === "paused") && <Do campaign={campaign} deed="end" />}
    </>
  );
}
