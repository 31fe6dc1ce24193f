/** The terms: to read at any time, to accept once a version. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState, useSyncExternalStore } from "react";
import { Link } from "wouter";
import { api, got } from "@shared/client";
import { Problem } from "@shared/problem";
import { isSignedIn, onSession, signIn } from "@shared/session";
import { longDay } from "@shared/shown";
import { Page } from "../parts/page";
import { Failed, Loaded } from "../parts/states";
import { type Schemas, useMe } from "../queries";
import { say, useLanguage } from "../words";

export default function Terms() {
  const signedIn = useSyncExternalStore(onSession, isSignedIn);
  return signedIn ? <Current /> : <Elsewhere />;
}

function Current() {
  const terms = useQuery({ queryKey: ["terms"], queryFn: () => got(api().GET("/terms")) });
  const me = useMe();
  const asked = me.data?.terms_accepted === false;
  return (
    <Page title={say(asked ? "terms.title_new" : "terms.title")} lead={asked && <p>{say("terms.lead_new")}</p>}>
      <Loaded query={terms}>
        {(found) => (
          <>
            <Text terms={found} />
            {asked && <Accept terms={found} reload={() => void terms.refetch()} />}
          </>
        )}
      </Loaded>
    </Page>
  );
}

function Text({ terms }: { terms: Schemas["TermsView"] }) {
  const language = useLanguage();
  const written = [language, "en", ...Object.keys(terms.text)].find((one) => terms.text[one]) ?? language;
  return (
    <section className="prose">
      <p className="small muted">
        {say("terms.version", { version: terms.version })} · <a href={terms.url} rel="noopener">{say("terms.elsewhere")}</a>
      </p>
      <div className="prose" lang={written}>
        {(terms.text[written] ?? "").split(/\n+/).map((paragraph, place) => <p key={place}>{paragraph}</p>)}
      </div>
    </section>
  );
}

function Accept({ terms, reload }: { terms: Schemas["TermsView"]; reload: () => void }) {
  const queries = useQueryClient();
  const [accepted, setAccepted] = useState<string | null>(null);
  const accepting = useMutation({
    mutationFn: (version: string) => got(api().POST("/terms/acceptance", { body: { version } })),
    onSuccess: ({ accepted_at }) => {
      setAccepted(accepted_at);
      queries.setQueryData<Schemas["Me"]>(["me"], (known) => known && { ...known, terms_accepted: true });
      void queries.invalidateQueries({ queryKey: ["me"] });
    },
    onError: (problem) => problem instanceof Problem && problem.code === "terms-changed" && reload(),
  });
  if (accepted) return <p role="status">{say("terms.accepted", { day: longDay(accepted) })}</p>;
  return (
    <div className="section">
      {accepting.error && <Failed error={accepting.error} />}
      <div className="actions">
        <button type="button" className="button" disabled={accepting.isPending} onClick={() => accepting.mutate(terms.version)}>
          {say(accepting.isPending ? "states.waiting" : "terms.accept")}
        </button>
        <Link href="/help">{say("terms.questions")}</Link>
      </div>
    </div>
  );
}

/** Nobody is signed in: the API tells the terms to members. */
function Elsewhere() {
  return (
    <Page title={say("terms.title")} lead={<p>{say("terms.signed_out")}</p>}>
      <p><button type="button" className="button" onClick={() => void signIn()}>{say("welcome.sign_in")}</button></p>
    </Page>
  );
}
