/** An order that was sent from this device and never answered (a crash, a closed tab): said on every page until it is known. */
import { useSyncExternalStore } from "react";
import { Link, useLocation } from "wouter";
import { onPlacing, placingText, readPlacing } from "../placing";
import { say } from "../words";

export function Unanswered({ member }: { member: string }) {
  const kept = useSyncExternalStore(onPlacing, () => placingText(member));
  const [place] = useLocation();
  if (!readPlacing(kept) || place === "/checkout") return null;
  return (
    <p className="callout unanswered" role="status">
      {say("nav.unfinished")} <Link href="/checkout">{say("nav.finish")}</Link>
    </p>
  );
}
