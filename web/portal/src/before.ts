/** Which place a member was at before the one they are at now. Begins with the portal: see app.tsx. */

const place = () => location.pathname + location.search;
let here = place();
let before: string | null = null;

function moved({ type }: Event): void {
  // What is replaced was no place of its own: a search being typed, another kind of the same product.
  if (type !== "replaceState") before = here;
  here = place();
}
for (const way of ["pushState", "replaceState", "popstate"]) addEventListener(way, moved);

/** Null: they came from outside. */
export const placeBefore = (): string | null => before;
