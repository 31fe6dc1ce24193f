/** What somebody has typed, and what of it has been saved. */

export const same = (left: unknown, right: unknown): boolean => JSON.stringify(left) === JSON.stringify(right);

/** What is still to be saved after `sent` was: nothing, or what was typed while it was on its way. */
export const unsaved = <Value>(mine: Value | undefined, sent: Value): Value | undefined => (same(mine, sent) ? undefined : mine);
