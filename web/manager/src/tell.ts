/** What happened, said at the top of the page until it is dismissed or something newer is said. */

export type Notice = { id: string; kind: "success" | "error" | "info" | "warning" | "in-progress"; text: string; undo?: (() => void) | undefined };

const SECONDS = 8;
const SECONDS_TO_UNDO = 20;
const MOST = 3;

let notices: readonly Notice[] = [];
let said = 0;
const listeners = new Set<() => void>();

/** Say it. What went well goes by itself; what failed stays until it is dismissed. Gives back how to take it back. */
export function tell(kind: Notice["kind"], text: string, undo?: () => void): () => void {
  const id = String((said += 1));
  notices = [...notices.filter((one) => one.text !== text), { id, kind, text, undo }].slice(-MOST);
  changed();
  if (kind === "success" || kind === "info") setTimeout(() => hush(id), (undo ? SECONDS_TO_UNDO : SECONDS) * 1000);
  return () => hush(id);
}

export function hush(id: string): void {
  notices = notices.filter((one) => one.id !== id);
  changed();
}

export const onNotices = (listener: () => void) => (listeners.add(listener), () => listeners.delete(listener));
export const told = (): readonly Notice[] => notices;
const changed = () => listeners.forEach((listener) => listener());
