/** Nobody is signed in: what this is, and the way in. The place that was asked for is kept. */
import { useState } from "react";
import { config } from "@shared/config";
import { signIn } from "@shared/session";
import { useTitle } from "../parts/page";
import { Failed } from "../parts/states";
import { say, useLanguage } from "../words";

export default function SignedOut() {
  const language = useLanguage();
  const { name, texts } = config().brand;
  const [failure, setFailure] = useState<unknown>(null);
  const [leaving, setLeaving] = useState(false);
  useTitle("");
  const enter = () => {
    setLeaving(true);
    setFailure(null);
    signIn().catch((reason: unknown) => {
      setLeaving(false);
      setFailure(reason);
    });
  };
  return (
    <section className="welcome">
      <h1>{name}</h1>
      <p className="lead">{texts[language]?.["tagline"] ?? texts["en"]?.["tagline"]}</p>
      <button type="button" className="button" disabled={leaving} onClick={enter}>{say("welcome.sign_in")}</button>
      <p className="small muted">{say("welcome.first_time")}</p>
      {failure !== null && <Failed error={failure} retry={enter} />}
    </section>
  );
}
