/** Why a reward is among those that may please. */
import { nameOf } from "../own-words";
import type { Schemas } from "../queries";
import { say, sayCode } from "../words";

type Shown = { asin: string; reason?: string; because?: Schemas["Because"] | null };

/** In words; "" where there is nothing to say. */
export function whyOf({ asin, reason, because }: Shown): string {
  if (!reason) return "";
  if (!because) return sayCode("shop", `reason_${reason}`, "");
  return because.asin === asin ? sayCode("shop", `own_${because.how}`, "") : say(`shop.because_${because.how}`, { title: nameOf(because) });
}
