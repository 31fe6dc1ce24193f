/** How instants, amounts and people are written on every page. */
import Box from "@cloudscape-design/components/box";
import StatusIndicator, { type StatusIndicatorProps } from "@cloudscape-design/components/status-indicator";
import { moment, money, signed } from "@shared/shown";
import { who } from "@shared/session";
import { config } from "../config";
import { plain } from "../words";

/** "Thu, Nov 26, 9:14 AM", or a dash. */
export function Moment({ at }: { at: string | null | undefined }) {
  return at ? <time dateTime={at} title={at}>{moment(at)}</time> : <>–</>;
}

export function Money({ minor, currency }: { minor: number | null | undefined; currency?: string | null | undefined }) {
  return minor === null || minor === undefined ? <>–</> : <span className="num">{money(minor, currency ?? config().currency)}</span>;
}

/** "+500", coloured by its direction. */
export function Points({ change }: { change: number }) {
  return <Box display="inline" color={change < 0 ? "text-status-error" : "text-status-success"}><span className="num">{signed(change)}</span></Box>;
}

let names: ReadonlyMap<string, string> = new Map();

/** Who works here; asked for before the first page is drawn. */
export function callThem(staff: readonly { actor: string; name: string }[]): void {
  names = new Map(staff.map(({ actor: code, name }) => [code, name]));
}

/** An actor of a history by name: "staff:…" of oneself is "you". */
export function actor(code: string | null | undefined): string {
  if (!code) return "–";
  const [kind, subject] = code.split(":", 2);
  if (kind === "staff") return subject === who() ? "you" : (names.get(code) ?? `staff ${subject?.slice(0, 8)}`);
  if (kind === "member") return "the member";
  return plain(code);
}

const KINDS: Record<string, StatusIndicatorProps.Type> = {
  open: "pending", waiting: "pending", approval: "pending", scheduled: "pending", draft: "info", return: "in-progress", running: "in-progress",
  decided: "success", applied: "success", active: "success", done: "success", delivered: "success", good: "success", published: "success",
  declined: "stopped", withdrawn: "stopped", ended: "stopped", cancelled: "stopped", closed: "stopped", paused: "stopped",
  failed: "error", bad: "error", blocked: "error", overdue: "warning", exhausted: "warning",
};

/** A state with its sign. */
export function State({ code, words }: { code: string; words?: string }) {
  return <StatusIndicator type={KINDS[code] ?? "info"}>{words ?? plain(code)}</StatusIndicator>;
}
