/** What failed for a while: says so, counts down, and tries again by itself; at once when the connection is back. */
import { type ReactNode, useEffect, useState } from "react";
import { Problem } from "@shared/problem";
import { sayCount, say } from "../words";
import { Failed, wordsOf } from "./states";

const PATIENCE_SECONDS = 5;
// Whoever is kept out for asking too much is not let in sooner for asking more.
const KEPT_OUT_SECONDS = 15;

type Props = { error: unknown; retry: () => void; busy: boolean; words?: ReactNode; children?: ReactNode };

export function Again({ error, retry, busy, words, children }: Props) {
  if (!(error instanceof Problem) || !error.passing) return <Failed error={error} retry={retry} busy={busy} />;
  return <Counting key={busy ? "busy" : "counting"} error={error} retry={retry} busy={busy} words={words}>{children}</Counting>;
}

function Counting({ error, retry, busy, words, children }: Props & { error: Problem }) {
  const [seconds, setSeconds] = useState(error.retryAfterSeconds ?? ([403, 429].includes(error.status) ? KEPT_OUT_SECONDS : PATIENCE_SECONDS));
  useEffect(() => {
    if (busy) return undefined;
    if (seconds <= 0) {
      retry();
      return undefined;
    }
    const timer = setTimeout(() => setSeconds(seconds - 1), 1000);
    return () => clearTimeout(timer);
  }, [seconds, busy]);
  useEffect(() => {
    addEventListener("online", retry);
    return () => removeEventListener("online", retry);
  }, [retry]);
  return (
    <div className="failed">
      <p role="alert">{words ?? wordsOf(new Problem(error.code, error.status, error.detail, error.fields))}</p>
      <p className="small muted num" aria-live="off">{busy ? say("states.waiting") : sayCount("checkout.again_in", seconds)}</p>
      <div className="actions">
        <button type="button" className="button quiet" disabled={busy} onClick={retry}>{say("checkout.again_now")}</button>
        {children}
      </div>
    </div>
  );
}
