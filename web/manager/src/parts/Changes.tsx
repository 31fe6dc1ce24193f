/** What differs between two documents, field by field. */
import Box from "@cloudscape-design/components/box";
import Table from "@cloudscape-design/components/table";
import { sectionName } from "../pages/programme/document";
import { plain } from "../words";

export type Change = { field: string; before?: unknown; after?: unknown };

const LONGEST = 400;

/** Values as people read them: no quotes, no braces around one word. */
export function said(value: unknown): string {
  if (value === null || value === undefined || value === "") return "–";
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value === "number") return value.toLocaleString("en-US");
  if (typeof value === "string") return value;
  if (Array.isArray(value) && value.every((one) => typeof one !== "object")) return value.length ? value.join(", ") : "none";
  return JSON.stringify(value, null, 1);
}

const short = (value: unknown) => {
  const text = said(value);
  return text.length > LONGEST ? `${text.slice(0, LONGEST)} …` : text;
};

/** "campaigns.spring.budget_minor" as "Campaigns · spring · Budget minor". */
export const placeName = (field: string): string => {
  const [, ...below] = field.split(".");
  return [sectionName(field), ...below.map((part) => (/^[a-z_]+$/.test(part) ? plain(part) : part))].join(" · ");
};

export function Changes({ changes, empty = "Nothing differs.", label = "Changes", heads = ["Before", "After"] }: { changes: readonly Change[]; empty?: string; label?: string; heads?: readonly [string, string] }) {
  return (
    <Table<Change>
      variant="embedded"
      wrapLines
      items={[...changes]}
      trackBy="field"
      ariaLabels={{ tableLabel: label }}
      empty={<Box textAlign="center" padding="s">{empty}</Box>}
      columnDefinitions={[
        { id: "field", header: "Field", cell: ({ field }) => placeName(field), isRowHeader: true, width: 320 },
        { id: "before", header: heads[0], cell: ({ before }) => <span className="said">{short(before)}</span> },
        { id: "after", header: heads[1], cell: ({ after }) => <span className="said">{short(after)}</span> },
      ]}
    />
  );
}
