/** The balance drawn to scale under the header: what there is, what lapses next (hatched), what this purchase takes. */
import { useSyncExternalStore } from "react";
import type { Schemas } from "../queries";
import { isNear } from "../soon";

let taken = 0;
const listeners = new Set<() => void>();

/** How many points the open page would take; 0 when it is left. */
export function showTaken(points: number): void {
  if (points === taken) return;
  taken = points;
  listeners.forEach((listener) => listener());
}

export function Line({ balance }: { balance: Schemas["Balance"] }) {
  const take = useSyncExternalStore(
    (listener) => (listeners.add(listener), () => listeners.delete(listener)),
    () => taken,
  );
  const { available, held, pending } = balance;
  const lapsing = isNear(balance.expires_next_on) ? balance.expires_next_amount : 0;
  const whole = Math.max(available + held + pending, 1);
  const share = (points: number) => `${(Math.min(Math.max(points, 0), whole) / whole) * 100}%`;
  // Held points are drawn behind what is free, pending ones are the pale rest.
  return (
    <div className="line" aria-hidden="true">
      <i className="held" style={{ width: share(available + held) }} />
      <i className="have" style={{ width: share(available) }} />
      <i className="lapsing" style={{ width: share(Math.min(lapsing, available)) }} />
      <i className="take" style={{ left: share(available - Math.min(take, available)), width: share(Math.min(take, available)) }} />
    </div>
  );
}
