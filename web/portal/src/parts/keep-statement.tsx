/** The whole statement as one file that proves itself. */
import { useMutation } from "@tanstack/react-query";
import { api, got } from "@shared/client";
import { now } from "@shared/now";
import type { Schemas } from "../queries";
import { say } from "../words";
import { Failed } from "./states";

export function KeepStatement({ member }: { member: string }) {
  const keeping = useMutation({ mutationFn: async () => save(await whole(), `statement-${member}-${new Date(now()).toISOString().slice(0, 10)}.json`) });
  return (
    <section className="section no-print" aria-labelledby="keep">
      <h2 id="keep">{say("statement.keep")}</h2>
      <div className="prose">
        <p>{say("statement.keep_why")}</p>
        <p className="small muted">{say("statement.keep_how")} <code>python -m loyalty.points.verify statement.json</code></p>
      </div>
      {keeping.error && <Failed error={keeping.error} />}
      <div className="actions">
        <button type="button" className="button quiet" disabled={keeping.isPending} onClick={() => keeping.mutate()}>
          {say(keeping.isPending ? "states.waiting" : "statement.download")}
        </button>
        <button type="button" className="link" onClick={() => print()}>{say("statement.print")}</button>
      </div>
    </section>
  );
}

/** All parts as one: every row, and the head that the last part names. */
async function whole(): Promise<Schemas["StatementDocument"]> {
  const part = (after: number) => got(api().GET("/me/statement/download", { params: { query: { after } } }));
  let document = await part(0);
  for (let last = document.rows.at(-1); last && last.sequence < document.head.sequence; last = document.rows.at(-1)) {
    const next = await part(last.sequence);
    if (next.rows.length === 0) break;
    document = { ...next, rows: [...document.rows, ...next.rows] };
  }
  return document;
}

function save(document: unknown, name: string): void {
  const address = URL.createObjectURL(new Blob([JSON.stringify(document, null, 1)], { type: "application/json" }));
  const link = Object.assign(globalThis.document.createElement("a"), { href: address, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
