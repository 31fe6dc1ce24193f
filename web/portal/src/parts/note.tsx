/** One short message at the foot of the window, with an undo where there is one. It stays while it is pointed at or in focus. */
import { type FocusEvent, useEffect, useRef, useState, useSyncExternalStore } from "react";
import { say } from "../words";

type Note = { number: number; words: string; undo?: (() => void) | undefined };

const SECONDS = 8;
// Time to find the button, also by keyboard or by ear.
const SECONDS_TO_UNDO = 20;
let note: Note | null = null;
let said = 0;
const listeners = new Set<() => void>();

/** Say it, instead of what was said before. */
export function tell(words: string, undo?: () => void): void {
  note = { number: (said += 1), words, undo };
  listeners.forEach((listener) => listener());
}

function hush(): void {
  note = null;
  listeners.forEach((listener) => listener());
}

export function Notes() {
  const shown = useSyncExternalStore(
    (listener) => (listeners.add(listener), () => listeners.delete(listener)),
    () => note,
  );
  return <div className="notes" role="status">{shown && <Said key={shown.number} {...shown} />}</div>;
}

function Said({ words, undo }: Note) {
  const [pointed, setPointed] = useState(false);
  const [focused, setFocused] = useState(false);
  const before = useRef<Element | null>(null);
  const held = pointed || focused;
  useEffect(() => {
    if (held) return undefined;
    const timer = setTimeout(hush, (undo ? SECONDS_TO_UNDO : SECONDS) * 1000);
    return () => clearTimeout(timer);
  }, [held]);
  const focus = ({ relatedTarget, currentTarget }: FocusEvent) => {
    if (!currentTarget.contains(relatedTarget)) before.current = relatedTarget;
    setFocused(true);
  };
  const blur = ({ relatedTarget, currentTarget }: FocusEvent) => setFocused(currentTarget.contains(relatedTarget));
  const done = () => {
    hush();
    // The button that was pressed goes: back to where one was.
    const back = before.current?.isConnected ? before.current : document.getElementById("main");
    if (focused && back instanceof HTMLElement) back.focus({ preventScroll: true });
  };
  return (
    <p className="note" onMouseEnter={() => setPointed(true)} onMouseLeave={() => setPointed(false)} onFocus={focus} onBlur={blur}>
      {words}
      {undo && <button type="button" onClick={() => (undo(), done())}>{say("states.undo")}</button>}
      <button type="button" aria-label={say("states.dismiss")} onClick={done}>×</button>
    </p>
  );
}
