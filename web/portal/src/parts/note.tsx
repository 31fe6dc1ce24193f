/** One short message at the foot of the window, with an undo where there is one. It stays as long as it is read. */
import { useEffect, useSyncExternalStore } from "react";
import { say } from "../words";

type Note = { words: string; undo?: () => void };

const SECONDS = 8;
let note: Note | null = null;
const listeners = new Set<() => void>();

/** Say it, instead of what was said before. */
export function tell(words: string, undo?: () => void): void {
  note = undo ? { words, undo } : { words };
  listeners.forEach((listener) => listener());
}

function hush(): void {
  note = null;
  listeners.forEach((listener) => listener());
}

export function Notes() {
  const said = useSyncExternalStore(
    (listener) => (listeners.add(listener), () => listeners.delete(listener)),
    () => note,
  );
  useEffect(() => {
    if (!said) return undefined;
    const timer = setTimeout(hush, SECONDS * 1000);
    return () => clearTimeout(timer);
  }, [said]);
  return (
    <div className="notes" role="status">
      {said && (
        <p className="note">
          {said.words}
          {said.undo && <button type="button" onClick={() => (said.undo?.(), hush())}>{say("states.undo")}</button>}
          <button type="button" aria-label={say("states.dismiss")} onClick={hush}>×</button>
        </p>
      )}
    </div>
  );
}
