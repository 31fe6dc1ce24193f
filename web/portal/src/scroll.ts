/** Where each place was scrolled to: who comes back to a list is where they left it. */

const FRAMES = 40;
const known = new Map<string, number>();
const here = () => location.pathname + location.search;
let drawn = location.pathname;
let backTo: string | null = null;

// The browser would try before the page is drawn, and give up.
history.scrollRestoration = "manual";
addEventListener("popstate", () => (backTo = here()));
addEventListener(
  "scroll",
  () => {
    // Between a change of place and its drawing the window still shows the place before.
    if (location.pathname === drawn) known.set(here(), scrollY);
  },
  { passive: true },
);

/** Where this place was left, if it is come back to; else null. To be asked once for each change of place. */
export function cameBack(): number | null {
  const top = backTo === here() ? (known.get(backTo) ?? 0) : null;
  drawn = location.pathname;
  backTo = null;
  return top;
}

/** Scroll there as soon as the page is long enough; after half a second or so it is not going to be. */
export function scrollBackTo(top: number, frames = FRAMES): void {
  scrollTo(0, top);
  if (Math.abs(scrollY - top) > 1 && frames > 0) requestAnimationFrame(() => scrollBackTo(top, frames - 1));
}
