/** What is around every page: the brand, where to go, the balance and its line, the foot. */
import type { ReactNode } from "react";
import { useSyncExternalStore } from "react";
import { Link, useLocation } from "wouter";
import { config } from "@shared/config";
import { isSignedIn, onSession, signOut } from "@shared/session";
import { number } from "@shared/shown";
import { cartCount, onCart } from "./cart";
import { brandLinks } from "./parts/brand-links";
import { Line } from "./parts/line";
import { Notes } from "./parts/note";
import { useBalance, useMe } from "./queries";
import { type Key, say, sayCount } from "./words";

const WAYS: readonly (readonly [place: string, key: Key])[] = [
  ["/browse", "nav.browse"],
  ["/redemptions", "nav.orders"],
  ["/points", "nav.points"],
  ["/profile", "nav.profile"],
];

export function Shell({ children }: { children: ReactNode }) {
  const signedIn = useSyncExternalStore(onSession, isSignedIn);
  return (
    <>
      <a className="skip" href="#main">{say("nav.skip")}</a>
      <header className="top">
        <Brand />
        {signedIn && <Navigation />}
        {signedIn && <Standing />}
        {signedIn && <Leaving />}
      </header>
      <main id="main" tabIndex={-1}>{children}</main>
      <Foot signedIn={signedIn} />
      <Notes />
    </>
  );
}

function Brand() {
  const { name, logo_url } = config().brand;
  return (
    <Link href="/" className="brand" aria-label={say("nav.home", { brand: name })}>
      {logo_url ? <img src={logo_url} alt="" height={28} /> : name}
    </Link>
  );
}

function Navigation() {
  const [place] = useLocation();
  const inCart = useSyncExternalStore(onCart, cartCount);
  return (
    <nav aria-label={say("nav.label")}>
      {WAYS.map(([way, key]) => (
        <Link key={way} href={way} aria-current={place.startsWith(way) ? "page" : undefined}>{say(key)}</Link>
      ))}
      <Link href="/cart" aria-current={place === "/cart" ? "page" : undefined}>
        <span aria-hidden="true">{say("nav.cart_short")}</span>
        {inCart > 0 && <b className="count num" aria-hidden="true">{inCart}</b>}
        <span className="hidden">{sayCount("nav.cart", inCart)}</span>
      </Link>
    </nav>
  );
}

function Standing() {
  const me = useMe();
  const balance = useBalance(me.isSuccess && me.data.terms_accepted);
  if (!me.data || !balance.data) return <div className="line" aria-hidden="true" />;
  return (
    <>
      <p className="standing num">
        <Link href="/points">
          <b>{number(balance.data.available)}</b> {say("shop.unit")} · {me.data.tier_name}
        </Link>
      </p>
      <Line balance={balance.data} />
    </>
  );
}

/** On every page while the account is being closed. */
function Leaving() {
  const me = useMe();
  if (me.data?.state !== "closing") return null;
  return (
    <p className="leaving small">
      {say("nav.closing")} <Link href="/profile/close">{say("nav.closing_link")}</Link>
    </p>
  );
}

function Foot({ signedIn }: { signedIn: boolean }) {
  return (
    <footer className="foot">
      <span>{config().brand.name}</span>
      <Link href="/help">{say("nav.help")}</Link>
      <Link href="/terms">{say("nav.terms")}</Link>
      {brandLinks().map(({ code, link, words }) => (
        <a key={code} href={link} rel="noopener">{words}</a>
      ))}
      {signedIn && (
        <button type="button" className="link" onClick={() => void signOut()}>{say("nav.sign_out")}</button>
      )}
    </footer>
  );
}
