/**
 * Which products' pages were open: gathered, and told to the API in the background. No page waits for it; what fails is
 * neither said nor sent again. Whether any of it is kept, the API knows, and whoever wants none is asked nothing further.
 */
import type { components } from "@api/member";
import { config } from "@shared/config";
import { identified } from "@shared/correlation";
import { token, who } from "@shared/session";
import { uuid7 } from "@shared/uuid7";
import { placeBefore } from "./before";
import { cameFrom } from "./came-from";

type Look = components["schemas"]["NewViews"]["views"][number];

const GATHER_MS = 5_000;
// What the API takes at once.
const MOST = 20;

let gathered: Look[] = [];
let whose = "";
let sending: ReturnType<typeof setTimeout> | undefined;
// Who wants nothing kept, as the API said last.
let unwanted = "";

// A phone's browser may end a page that is hidden without another word.
addEventListener("visibilitychange", () => document.visibilityState === "hidden" && tell());
addEventListener("pagehide", tell);

/** A product's page is open. */
export function looked(asin: string): void {
  const member = who();
  if (!member || member === unwanted) return;
  if (member !== whose) gathered = [];
  whose = member;
  gathered.push({ key: uuid7(), asin, came_from: cameFrom(placeBefore()) });
  if (gathered.length >= MOST) tell();
  else sending ??= setTimeout(tell, GATHER_MS);
}

/** The member has chosen anew: the API is asked again, and what was gathered before is not sent. */
export function chosenAnew(): void {
  unwanted = "";
  gathered = [];
}

function tell(): void {
  clearTimeout(sending);
  sending = undefined;
  const views = gathered;
  gathered = [];
  if (views.length && whose === who()) void send(views, whose).catch(() => undefined);
}

async function send(views: Look[], member: string): Promise<void> {
  const access = await token();
  if (!access || member !== who()) return;
  const request = new Request(`${config().api.replace(/\/$/, "")}/me/views`, {
    method: "POST",
    // It goes on when the page is left.
    keepalive: true,
    headers: { "Authorization": `Bearer ${access}`, "Content-Type": "application/json" },
    body: JSON.stringify({ views }),
  });
  const answer = await fetch(identified(request));
  if (answer.ok && !((await answer.json()) as components["schemas"]["ViewsNoted"]).wanted) unwanted = member;
}
