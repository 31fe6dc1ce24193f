/** "This was not me": the link of a message. Its token is behind the #, stays in the browser and goes only into the one call. */
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { Link } from "wouter";
import { got, openApi } from "@shared/client";
import { Contact } from "../parts/contact";
import { Page } from "../parts/page";
import { Failed } from "../parts/states";
import { say } from "../words";

export default function Security() {
  // Kept for this page; a message that is opened while it is open loads it anew.
  const [token] = useState(() => location.hash.slice(1));
  const stopping = useMutation({
    mutationFn: () => got(openApi().POST("/security/not-me", { body: { token } })),
    // Used up: whoever looks at this window's history finds nothing.
    onSuccess: () => history.replaceState(history.state, "", location.pathname),
  });
  if (!token && !stopping.isSuccess) {
    return (
      <Page title={say("security.title")} lead={<p>{say("security.no_link")}</p>}>
        <Contact />
      </Page>
    );
  }
  if (stopping.isSuccess) {
    return (
      <Page title={say("security.stopped")} className="narrow">
        <div className="prose" role="status">
          <p>{say("security.stopped_what")}</p>
          <p>{say("security.stopped_next")}</p>
        </div>
        <Contact />
        <p><Link href="/">{say("states.home")}</Link></p>
      </Page>
    );
  }
  return (
    <Page title={say("security.title")} lead={<p>{say("security.lead")}</p>} className="narrow">
      <div className="prose">
        <h2>{say("security.what")}</h2>
        <ul className="bullets">
          <li>{say("security.what_spending")}</li>
          <li>{say("security.what_orders")}</li>
          <li>{say("security.what_back")}</li>
        </ul>
      </div>
      {stopping.error && <Failed error={stopping.error} />}
      <div className="actions">
        <button type="button" className="button" disabled={stopping.isPending} onClick={() => stopping.mutate()}>
          {say(stopping.isPending ? "states.waiting" : "security.stop")}
        </button>
      </div>
      <p className="small muted">{say("security.was_me")}</p>
      {stopping.error && <Contact />}
    </Page>
  );
}
