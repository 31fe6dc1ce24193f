/** Closing the account: what is lost, what stands in the way, and how long it can be undone. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Link } from "wouter";
import { api, got } from "@shared/client";
import { Problem } from "@shared/problem";
import { longDay, number } from "@shared/shown";
import { forgetOnce, once } from "../once";
import { Contact } from "../parts/contact";
import { tell } from "../parts/note";
import { Page } from "../parts/page";
import { Failed, Loaded } from "../parts/states";
import { type Schemas, refreshPoints } from "../queries";
import { say, sayCode, sayCount } from "../words";

type Closure = Schemas["ClosureView"];

export default function Close() {
  const closure = useQuery({ queryKey: ["closure"], queryFn: () => got(api().GET("/me/closure")), staleTime: 0 });
  const title = say(closure.data?.state === "closing" ? "closing.title_closing" : "closing.title");
  return (
    <Page title={title} className="narrow" lead={<p><Link href="/profile">{say("closing.back")}</Link></p>}>
      <Loaded query={closure}>{(found) => (found.state === "closing" ? <Undo found={found} /> : found.obstacles.length > 0 ? <Obstacles found={found} /> : <Ask found={found} look={() => void closure.refetch()} />)}</Loaded>
    </Page>
  );
}

function useAnswered() {
  const queries = useQueryClient();
  return (now: Closure) => {
    queries.setQueryData(["closure"], now);
    void queries.invalidateQueries({ queryKey: ["me"] });
    refreshPoints(queries);
  };
}

function Ask({ found, look }: { found: Closure; look: () => void }) {
  const answered = useAnswered();
  const [sure, setSure] = useState(false);
  const closing = useMutation({
    mutationFn: (body: { points: number }) => once("closure", body, (key) => got(api().POST("/me/closure", { body, params: { header: { "Idempotency-Key": key } } }))),
    onSuccess: answered,
    onError: (problem) => {
      // Something moved since it was shown: it is shown anew and agreed to anew.
      if (!(problem instanceof Problem) || problem.passing) return;
      setSure(false);
      look();
    },
  });
  return (
    <>
      <div className="prose">
        <p className="closing-lost num">{sayCount("closing.lost", found.points)}</p>
        {found.pending > 0 && <p className="small muted">{sayCount("closing.lost_pending", found.pending)}</p>}
        {found.debt > 0 && <p className="small muted">{sayCount("closing.debt", found.debt)}</p>}
        <ul className="bullets">
          <li>{sayCount("closing.undo_days", found.undo_days)}</li>
          <li>{say("closing.meanwhile")}</li>
          <li>{say("closing.after")}</li>
        </ul>
        {found.points > 0 && <p><Link href="/browse">{say("closing.spend")}</Link></p>}
      </div>
      <label className="choice">
        <input type="checkbox" checked={sure} onChange={(event) => setSure(event.currentTarget.checked)} />
        <span>{sayCount("closing.sure", found.points)}</span>
      </label>
      {closing.error && <Failed error={closing.error} />}
      <div className="actions">
        <button type="button" className="button" disabled={!sure || closing.isPending} onClick={() => closing.mutate({ points: found.points })}>{say(closing.isPending ? "states.waiting" : "closing.do")}</button>
        <Link href="/profile">{say("closing.keep")}</Link>
      </div>
    </>
  );
}

function Obstacles({ found }: { found: Closure }) {
  const stopped = found.obstacles.some((code) => code === "frozen" || code === "member-blocked");
  return (
    <>
      <p>{say("closing.obstacles")}</p>
      <ul className="rows">
        {found.obstacles.map((code) => (
          <li key={code}>
            <p>{sayCode("closing", `obstacle_${code}`, sayCode("problems", code))}</p>
            {code === "redemptions-open" && <Places ids={found.redemptions} to="/redemptions" name={(place) => say("closing.order", { place })} />}
            {code === "cases-open" && <Places ids={found.cases} to="/cases" name={(place) => say("closing.case", { place })} />}
          </li>
        ))}
      </ul>
      {stopped && <Contact />}
    </>
  );
}

function Places({ ids, to, name }: { ids: readonly string[]; to: string; name: (place: string) => string }) {
  return (
    <ul className="ways-on">
      {ids.map((id, place) => <li key={id}><Link href={`${to}/${id}`}>{name(ids.length > 1 ? number(place + 1) : "")}</Link></li>)}
    </ul>
  );
}

function Undo({ found }: { found: Closure }) {
  const answered = useAnswered();
  const undoing = useMutation({
    mutationFn: () => got(api().DELETE("/me/closure")),
    onSuccess: (now) => {
      forgetOnce("closure");
      answered(now);
      tell(say("closing.undone"));
    },
  });
  return (
    <>
      <div className="prose" role="status">
        {found.undo_until && <p className="closing-lost">{say("closing.until", { day: longDay(found.undo_until) })}</p>}
        <p>{sayCount("closing.until_what", found.points)}</p>
      </div>
      {undoing.error && <Failed error={undoing.error} />}
      <div className="actions">
        <button type="button" className="button" disabled={undoing.isPending} onClick={() => undoing.mutate()}>{say(undoing.isPending ? "states.waiting" : "closing.undo")}</button>
      </div>
    </>
  );
}
