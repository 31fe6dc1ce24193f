/** What the catalogue's pages have in common: how a product's state, age, margin and picture are shown, and taking a change back. */
import StatusIndicator, { type StatusIndicatorProps } from "@cloudscape-design/components/status-indicator";
import type { QueryClient } from "@tanstack/react-query";
import { api, got, type Schemas } from "../../api";
import { may } from "../../may";
import { tell } from "../../tell";
import { wordsOf } from "../../words";

export type Product = Schemas["DeskRow"];

export const CATALOGUE = ["catalogue"] as const;

export const mayCurate = (): boolean => may("POST /catalogue/actions");

const SIGNS: Record<string, StatusIndicatorProps.Type> = {
  hidden: "stopped", category: "stopped", rule: "stopped", "not-included": "stopped", refused: "error",
  "out-of-stock": "warning", "no-price": "warning", stale: "warning", "margin-floor": "warning", "not-checked": "pending", "no-offer": "warning",
};

/** Whether it is on the shelf, and if not why. `limited`: the rules that keep it for some. */
export function Standing({ why, words, limited = [] }: { why: string | null; words: string | null; limited?: readonly string[] }) {
  if (why) return <StatusIndicator type={SIGNS[why.split(":")[0]!] ?? "info"}>{words ?? why}</StatusIndicator>;
  if (limited.length) return <StatusIndicator type="info">Shown to some members ({limited.join(", ")})</StatusIndicator>;
  return <StatusIndicator type="success">Shown</StatusIndicator>;
}

/** How old what Amazon said is; old enough to be hidden is a warning. */
export function Age({ seconds, limitHours }: { seconds: number | null; limitHours: number }) {
  if (seconds === null) return <>never</>;
  const hours = seconds / 3600;
  const words = hours < 1 ? `${Math.max(1, Math.round(seconds / 60))} min` : hours < 48 ? `${Math.round(hours)} h` : `${Math.round(hours / 24)} days`;
  return hours >= limitHours ? <StatusIndicator type="warning">{words}</StatusIndicator> : <>{words}</>;
}

export const percent = (basisPoints: number | null): string => (basisPoints === null ? "–" : `${(basisPoints / 100).toFixed(1)} %`);

export function Thumb({ product, size = 40 }: { product: { image: Schemas["Image"] | null; title: string }; size?: number }) {
  const image = product.image;
  const source = image?.thumbnail ?? image?.small ?? image?.medium ?? image?.large;
  if (!source) return <span style={{ display: "inline-block", width: size, height: size }} />;
  return <img src={source.url} alt="" width={size} height={size} loading="lazy" className="thumb" />;
}

/** The programme's English words for it, else the shop's. */
export const titleOf = ({ title, texts, asin }: { title: string; asin: string; texts: Record<string, Schemas["OwnText"]> }): string =>
  texts["en"]?.title || title || asin;

/** How a change is taken back, for the notice that tells of it; nothing to take back: undefined. */
export function undoing(queries: QueryClient, changeId: number | null): (() => void) | undefined {
  if (changeId === null) return undefined;
  return () =>
    void got(api().POST("/catalogue/changes/{change_id}/undo", { params: { path: { change_id: changeId } }, body: {} }))
      .then(() => tell("success", "Taken back."))
      .catch((failure: unknown) => tell("error", wordsOf(failure)))
      .finally(() => queries.invalidateQueries({ queryKey: CATALOGUE }));
}

export const products = (count: number): string => `${count.toLocaleString("en-US")} product${count === 1 ? "" : "s"}`;
