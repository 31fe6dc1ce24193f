/** The four states of what is asked for: waiting, empty, failed with a retry, content. */
import type { UseQueryResult } from "@tanstack/react-query";
import { type ReactNode, useEffect, useState } from "react";
import { Problem } from "@shared/problem";
import { signIn } from "@shared/session";
import { type Key, say, sayCode, sayCount } from "../words";

const PATIENCE_MS = 250;

type Props<Data> = {
  query: Pick<UseQueryResult<Data>, "data" | "error" | "isPending" | "isFetching" | "refetch">;
  waiting?: ReactNode;
  /** Whether there is nothing to show, and what is shown then. */
  empty?: (data: Data) => boolean;
  nothing?: ReactNode;
  children: (data: Data) => ReactNode;
};

/** What a query knows, in whichever state it is. What was known before stays while a newer answer fails. */
export function Loaded<Data>({ query, waiting, empty, nothing, children }: Props<Data>) {
  if (query.data !== undefined) return <>{empty?.(query.data) ? nothing : children(query.data)}</>;
  if (query.error) return <Failed error={query.error} retry={() => void query.refetch()} busy={query.isFetching} />;
  return <>{waiting ?? <Waiting />}</>;
}

/** Something comes; said only when it does not come at once. */
export function Waiting() {
  const [late, setLate] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setLate(true), PATIENCE_MS);
    return () => clearTimeout(timer);
  }, []);
  return (
    <div className="waiting" role="status">
      {late && <><span className="waiting-line" aria-hidden="true" />{say("states.waiting")}</>}
    </div>
  );
}

/** Nothing is there: why, and where to go from here. */
export function Nothing({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <div className="nothing">
      <h2>{title}</h2>
      {children}
    </div>
  );
}

/** What failed, in plain words, with a way on. */
export function Failed({ error, retry, busy = false }: { error: unknown; retry?: () => void; busy?: boolean }) {
  const signedOut = error instanceof Problem && error.code === "signed-out";
  return (
    <div className="failed" role="alert">
      <p>{wordsOf(error)}</p>
      {error instanceof Problem && error.ours && <p className="small reference">{say("states.reference", { reference: error.reference })}</p>}
      {signedOut ? (
        <button type="button" className="button" onClick={() => void signIn()}>{say("states.sign_in_again")}</button>
      ) : (
        retry && <button type="button" className="button quiet" disabled={busy} onClick={retry}>{say("states.retry")}</button>
      )}
    </div>
  );
}

/** A failure as one or two sentences of ours: what happened, and what to do next. What the API says stays with us. */
export function wordsOf(error: unknown): string {
  if (!(error instanceof Problem)) return say("states.broken");
  const known = sayCode("problems", error.code, "");
  const wait = error.retryAfterSeconds ? ` ${sayCount("states.wait", error.retryAfterSeconds)}` : "";
  return (known || say(BY_STATUS[error.status] ?? (error.status >= 500 ? "problems.unavailable" : "states.broken"))) + wait;
}

const BY_STATUS: Record<number, Key> = { 400: "problems.invalid", 403: "problems.forbidden", 404: "problems.not-found", 429: "problems.too-many-requests" };
