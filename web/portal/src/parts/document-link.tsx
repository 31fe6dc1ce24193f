/** A document: its PDF opens in a tab of its own. */
import { useMutation } from "@tanstack/react-query";
import { api, got } from "@shared/client";
import type { Schemas } from "../queries";
import { say, sayCode } from "../words";
import { tell } from "./note";
import { wordsOf } from "./states";

export function DocumentLink({ document: { document_id, kind, number, state } }: { document: Schemas["Document"] }) {
  const name = `${sayCode("order", `document_${kind}`, kind)} ${number}`;
  const opening = useMutation({
    // The tab is opened at once, while the press still allows it; the address follows. Null: it was not allowed.
    mutationFn: async (tab: Window | null) => {
      try {
        const { url } = await got(api().GET("/documents/{document_id}", { params: { path: { document_id } } }));
        (tab ?? window).location.assign(url);
      } catch (failure) {
        tab?.close();
        throw failure;
      }
    },
    onError: (failure) => tell(wordsOf(failure)),
  });
  const open = () => {
    const tab = window.open("", "_blank");
    if (tab) tab.opener = null;
    opening.mutate(tab);
  };
  if (state !== "ready") return <span className="muted">{say("order.document_coming", { name })}</span>;
  return <button type="button" className="link" disabled={opening.isPending} onClick={open}>{name} (PDF)</button>;
}
