import { groups } from "@shared/session";
import { type AllowedRoute, whoMay } from "../may";
import { Message } from "../parts/States";
import { GROUP_NAMES } from "../words";

const named = (codes: readonly string[]) => codes.map((code) => GROUP_NAMES[code] ?? code).join(" or ");

/** Who may see it, and in which groups one is oneself. */
export function NotAllowed({ needs }: { needs?: AllowedRoute }) {
  const theirs = groups();
  return (
    <Message title="Your role does not include this page">
      {needs ? `It is for ${named(whoMay(needs))}. ` : ""}
      {theirs.length ? `You are signed in as ${named(theirs)}.` : "You are signed in, but in no group yet."} An administrator of the staff sign-in can change that.
    </Message>
  );
}
