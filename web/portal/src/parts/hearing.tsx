/** The language, what the member wants to hear by which channel, and whether what they look at chooses what they are shown. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, got } from "@shared/client";
import { config } from "@shared/config";
import { languageName, longDay } from "@shared/shown";
import { chosenAnew } from "../looks";
import type { Schemas } from "../queries";
import { say, sayCode, setLanguage } from "../words";
import { tell } from "./note";
import { Loaded, wordsOf } from "./states";

type Preferences = Schemas["PreferencesView"];
type New = Schemas["NewPreferences"];

const KINDS = ["orders", "points", "marketing"] as const;
const WAYS = ["email", "sms"] as const;

export function Hearing({ me }: { me: Schemas["Me"] }) {
  const queries = useQueryClient();
  const preferences = useQuery({ queryKey: ["preferences"], queryFn: () => got(api().GET("/me/preferences")) });
  const choosing = useMutation({
    mutationFn: (body: New) => got(api().PUT("/me/preferences", { body })),
    onSuccess: async (now, { language, personalisation }) => {
      queries.setQueryData(["preferences"], now);
      if (personalisation !== undefined) chosenAnew();
      if (language === me.language) return;
      // What the API says in the member's language is asked for again.
      queries.setQueryData<Schemas["Me"]>(["me"], (known) => known && { ...known, language });
      await setLanguage(language, config().store.locale.slice(-2)).catch(() => undefined);
      void queries.invalidateQueries({ predicate: ({ queryKey }) => queryKey[0] !== "preferences" });
    },
    onError: (problem) => tell(wordsOf(problem)),
  });
  return (
    <Loaded query={preferences}>
      {(known) => {
        // What was pressed shows at once; a refusal takes it back.
        const chosen = choosing.isPending ? choosing.variables : asChosen(known);
        const choose = (part: Partial<New>) => choosing.mutate({ ...asChosen(known), ...part });
        return (
          <>
            <Language known={known} busy={choosing.isPending} choose={choose} />
            <section className="section" aria-labelledby="messages">
              <h2 id="messages">{say("profile.messages")}</h2>
              <p className="muted">{say("profile.messages_lead")}</p>
              <div className="ways">
                {WAYS.map((way) => <Way key={way} way={way} contact={way === "email" ? me.email : me.phone} known={known} chosen={chosen} busy={choosing.isPending} choose={choose} />)}
              </div>
            </section>
            <Personal known={known} chosen={chosen} busy={choosing.isPending} choose={choose} />
          </>
        );
      }}
    </Loaded>
  );
}

type Part = { known: Preferences; busy: boolean; choose: (part: Partial<New>) => void };

function Language({ known, busy, choose }: Part) {
  return (
    <section className="section" aria-labelledby="language">
      <h2 id="language">{say("profile.language")}</h2>
      <div className="segments" role="group" aria-labelledby="language">
        {known.languages.map((language) => (
          <button key={language} type="button" lang={language} aria-pressed={language === known.language} disabled={busy} onClick={() => language !== known.language && choose({ language })}>
            {languageName(language)}
          </button>
        ))}
      </div>
      <p className="small muted">{say("profile.language_what")}</p>
    </section>
  );
}

function Way({ way, contact, known, chosen, busy, choose }: Part & { way: (typeof WAYS)[number]; contact: string | null; chosen: New }) {
  const { reachable, suppressed, choices } = known[way];
  return (
    <fieldset className="way" disabled={busy}>
      <legend>{say(`profile.${way}`)} <span className="small muted">{contact ?? say("profile.no_phone")}</span></legend>
      {suppressed && (
        <div className="callout warn small">
          <p>{sayCode("profile", `suppressed_${suppressed}_${way}`, say("profile.suppressed"))}</p>
          <button type="button" className="link" onClick={() => choose({ confirmed: [way] })}>{say(`profile.good_again_${way}`)}</button>
        </div>
      )}
      {KINDS.map((kind) => (
        <label key={kind} className="hear">
          <input
            type="checkbox"
            checked={chosen[way][kind]}
            disabled={!reachable}
            onChange={(event) => choose({ [way]: { ...asChosen(known)[way], [kind]: event.currentTarget.checked } })}
          />
          <span>
            {say(`profile.hear_${kind}`)}
            <span className="small muted block">{since(choices[kind])}</span>
          </span>
        </label>
      ))}
    </fieldset>
  );
}

function Personal({ known, chosen, busy, choose }: Part & { chosen: New }) {
  return (
    <section className="section" aria-labelledby="personal">
      <h2 id="personal">{say("profile.personal")}</h2>
      <label className="hear">
        <input
          type="checkbox"
          checked={chosen.personalisation ?? known.personalisation.wanted}
          disabled={busy}
          onChange={(event) => choose({ personalisation: event.currentTarget.checked })}
        />
        <span>
          {say("profile.personal_looks")}
          <span className="small muted block">{since(known.personalisation)}</span>
        </span>
      </label>
      <p className="small muted">{say("profile.personal_what")}</p>
    </section>
  );
}

/** Who chose it, and when. */
function since({ source, since: at }: Schemas["ChoiceView"]): string {
  const who = sayCode("profile", `source_${source}`, say("profile.source_default"));
  return at ? say("profile.since", { who, day: longDay(at) }) : who;
}

function asChosen({ language, email, sms }: Preferences): New {
  const wanted = ({ choices }: Schemas["WayView"]) => ({ orders: choices.orders.wanted, points: choices.points.wanted, marketing: choices.marketing.wanted });
  return { language, email: wanted(email), sms: wanted(sms), confirmed: [] };
}
