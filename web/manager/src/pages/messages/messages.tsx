/** Every message that members get, with the languages it is written in. */
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import { languageName } from "@shared/shown";
import { api, asked, got } from "../../api";
import { config } from "../../config";
import type { Draft } from "../../draft";
import { ListPage } from "../../parts/ListPage";
import { plain } from "../../words";
import type { Messages } from "./texts";

export const KINDS: Record<string, string> = {
  claim: "Codes",
  orders: "Orders",
  points: "Points and levels",
  wishes: "Wishes",
  security: "Security",
  cases: "Cases",
};

type Row = { key: string; kind: string; sms: boolean; subject: string; written: Record<string, boolean>; wrong: boolean };

export default function MessagesPage() {
  const { languages } = config();
  return (
    <ListPage<Row>
      title="Messages"
      description="What members are written, by mail and by SMS. Texts are part of the programme: they are saved in the draft and published with it."
      queryKey={["programme", "messages"]}
      ask={async ({ kind, q }) => {
        const [known, draft] = await Promise.all([got(api().GET("/programme/messages")), asked<Draft>("GET", "/programme/draft")]);
        const texts = draft.document["messages"] as Messages;
        const rows = known.messages.map(({ key, kind: of, short }) => ({
          key,
          kind: of,
          sms: short !== null,
          subject: texts[key]?.["en"]?.subject ?? Object.values(texts[key] ?? {})[0]?.subject ?? "",
          written: Object.fromEntries(languages.map((language) => [language, Boolean(texts[key]?.[language])])),
          wrong: draft.problems.some(({ field }) => field.startsWith(`messages.${key}.`)),
        }));
        const looked = q?.toLowerCase() ?? "";
        return { rows: rows.filter((row) => (!kind || row.kind === kind) && `${plain(row.key)} ${row.subject}`.toLowerCase().includes(looked)) };
      }}
      rowId={(row) => row.key}
      open={(row) => `/programme/messages/${row.key}`}
      filters={[
        { key: "kind", label: "About", kind: "choice", options: [{ value: "", label: "Everything" }, ...Object.entries(KINDS).map(([value, label]) => ({ value, label }))] },
        { key: "q", label: "Name or subject", kind: "text", placeholder: "parcel" },
      ]}
      columns={[
        { id: "key", header: "Message", cell: (row) => plain(row.key), text: (row) => row.key },
        { id: "subject", header: "Subject", cell: (row) => row.subject, text: (row) => row.subject },
        { id: "kind", header: "About", cell: (row) => KINDS[row.kind] ?? plain(row.kind), text: (row) => row.kind, width: 150 },
        { id: "sms", header: "By", cell: (row) => (row.sms ? "Mail and SMS" : "Mail"), text: (row) => (row.sms ? "mail, sms" : "mail"), width: 140 },
        {
          id: "languages",
          header: "Texts",
          cell: (row) =>
            row.wrong ? <StatusIndicator type="error">Something is wrong</StatusIndicator> : Object.values(row.written).every(Boolean) ? (
              <StatusIndicator type="success">{languages.map(languageName).join(", ")}</StatusIndicator>
            ) : (
              <StatusIndicator type="warning">Missing: {languages.filter((one) => !row.written[one]).map(languageName).join(", ")}</StatusIndicator>
            ),
          width: 220,
        },
      ]}
      empty={{ title: "There are no messages", text: "The software brings its own texts: load the page again." }}
    />
  );
}
