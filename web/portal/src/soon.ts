/** How near a last good day is: at first it is spoken of, at last it is marked. Both take a plain date, or none for ever. */
import { daysUntil } from "@shared/shown";

// Three months, and a day for whoever is in another time zone.
const NEAR_DAYS = 93;
export const PRESSING_DAYS = 30;

type LastDay = string | null | undefined;

/** Near enough to be spoken of: on the first page, in the line, beside a price. */
export const isNear = (lastDay: LastDay): lastDay is string => !!lastDay && daysUntil(lastDay) <= NEAR_DAYS;

/** So near that it is marked wherever it is listed. */
export const isPressing = (lastDay: LastDay): boolean => !!lastDay && daysUntil(lastDay) <= PRESSING_DAYS;
