/** Short questions and their answers, for members and for who is none yet. */
import { useEffect } from "react";
import { Contact } from "../parts/contact";
import { Page } from "../parts/page";
import { type Key, say } from "../words";

const SUBJECTS = {
  points: ["lapse", "pending", "missing"],
  paying: ["mix", "held", "taken"],
  delivery: ["when", "address", "lost"],
  returns: ["back", "points_back"],
  safety: ["code", "not_me", "leave"],
} as const;

export default function Help() {
  useEffect(() => {
    // A link to one question opens it.
    const asked = location.hash && document.getElementById(location.hash.slice(1));
    if (asked instanceof HTMLDetailsElement) asked.open = true;
  }, []);
  return (
    <Page title={say("help.title")} className="help">
      {Object.entries(SUBJECTS).map(([subject, questions]) => (
        <section key={subject} className="section" aria-labelledby={`help-${subject}`}>
          <h2 id={`help-${subject}`}>{say(`help.${subject}` as Key)}</h2>
          <div className="questions">
            {questions.map((question) => (
              <details key={question} id={question}>
                <summary>{say(`help.q_${question}` as Key)}</summary>
                <p>{say(`help.a_${question}` as Key)}</p>
              </details>
            ))}
          </div>
        </section>
      ))}
      <section className="section" aria-labelledby="help-contact">
        <h2 id="help-contact">{say("help.contact")}</h2>
        <Contact />
      </section>
    </Page>
  );
}
