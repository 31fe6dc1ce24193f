/** Who the member is here, where parcels go, in which language, what is heard, and the way out. */
import { useRef, useState } from "react";
import { Link } from "wouter";
import { signOut } from "@shared/session";
import { longDay } from "@shared/shown";
import { Addresses } from "../parts/addresses";
import { Hearing } from "../parts/hearing";
import { Page } from "../parts/page";
import { Loaded } from "../parts/states";
import { isConfirmingPhone, Telephone } from "../parts/telephone";
import { type Schemas, useMe } from "../queries";
import { say } from "../words";

export default function Profile() {
  const me = useMe();
  return (
    <Page title={say("profile.title")} className="profile">
      <Loaded query={me}>
        {(member) => (
          <>
            <Who me={member} />
            <Addresses />
            <Hearing me={member} />
            <Account />
          </>
        )}
      </Loaded>
    </Page>
  );
}

function Who({ me }: { me: Schemas["Me"] }) {
  const [phoning, setPhoning] = useState(isConfirmingPhone);
  const change = useRef<HTMLButtonElement>(null);
  const done = () => {
    setPhoning(false);
    // The focus goes back to where it came from, once that is drawn again.
    setTimeout(() => change.current?.focus());
  };
  return (
    <section className="section" aria-label={say("profile.who")}>
      <dl className="facts who">
        <dt>{say("profile.number")}</dt><dd className="num">{me.member_number}</dd>
        <dt>{say("profile.email")}</dt><dd>{me.email}</dd>
        <dt>{say("profile.sms")}</dt>
        <dd>
          <span className="num">{me.phone ?? say("profile.no_phone")}</span>
          {!phoning && <button type="button" className="link" ref={change} onClick={() => setPhoning(true)}>{say(me.phone ? "profile.phone_change" : "profile.phone_add")}</button>}
        </dd>
        <dt>{say("profile.level")}</dt><dd><Link href="/points">{me.tier_name}</Link></dd>
        <dt>{say("profile.since_when")}</dt><dd>{longDay(me.member_since)}</dd>
      </dl>
      {phoning && <Telephone onClose={done} />}
      <p className="small muted">{say("profile.change_contact")}</p>
      <ul className="ways-on">
        <li><Link href="/wishlist">{say("profile.wishlist")}</Link></li>
        <li><Link href="/cases">{say("cases.title")}</Link></li>
        <li><Link href="/help">{say("nav.help")}</Link></li>
      </ul>
    </section>
  );
}

function Account() {
  const [leaving, setLeaving] = useState(false);
  return (
    <section className="section" aria-labelledby="account">
      <h2 id="account">{say("profile.account")}</h2>
      <div className="actions">
        <button type="button" className="button quiet" disabled={leaving} onClick={() => (setLeaving(true), void signOut().catch(() => setLeaving(false)))}>{say("nav.sign_out")}</button>
        <Link href="/profile/close">{say("profile.close")}</Link>
      </div>
    </section>
  );
}
