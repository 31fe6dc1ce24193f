/** What was refused, why, and the way on. */
import type { ReactNode } from "react";
import { Link, useSearchParams } from "wouter";
import type { Problem } from "@shared/problem";
import { cart, type CartLine, restoreCart, setQuantity } from "../cart";
import { say } from "../words";
import { tell } from "./note";
import { wordsOf } from "./states";

/** `before`, `points`: what was promised when it was asked for. */
export type Refusal = { problem: Problem; before: string; points: number };

export function Refused({ problem, children }: { problem: Problem; children?: ReactNode }) {
  const seen = problem.code === "quote-used";
  return (
    <div className="callout warn" role="alert">
      <p>{wordsOf(problem)}</p>
      {seen && <p><Link href="/redemptions">{say("checkout.look_at_orders")}</Link></p>}
      {children}
    </div>
  );
}

/** One product of the cart cannot be had (like this): which, why, and how to go on without it or with another number. */
export function RefusedLine({ line, problem }: { line: CartLine; problem: Problem }) {
  const [, setSearch] = useSearchParams();
  const amount = quantityIn(problem);
  const change = (quantity: number) => {
    const before = cart();
    setQuantity(line.asin, quantity);
    // From here on the cart says how many.
    setSearch((search) => (search.delete("quantity"), search), { replace: true });
    tell(quantity ? say("cart.changed", { title: line.title, count: quantity }) : say("cart.removed", { title: line.title }), () => restoreCart(before));
  };
  return (
    <div className="callout warn" role="alert">
      <p><b>{line.title}</b></p>
      <p>{amount ? say(`cart.${amount.rule}`, { count: amount.count }) : wordsOf(problem)}</p>
      <div className="actions">
        {amount && amount.count > 0 && (
          <button type="button" className="button quiet" onClick={() => change(amount.count)}>{say("cart.take", { count: amount.count })}</button>
        )}
        <button type="button" className="button quiet" onClick={() => change(0)}>{say("cart.without")}</button>
        <Link href="/cart">{say("cart.to_cart")}</Link>
      </div>
    </div>
  );
}

const RULES = { "Only": "only_left", "At most": "at_most", "At least": "at_least" } as const;

// The refusal's sentence is the only place where the number is.
function quantityIn({ code, detail }: Problem): { rule: (typeof RULES)[keyof typeof RULES]; count: number } | null {
  const found = code === "quantity-limit" ? /^(Only|At most|At least) (\d+)/.exec(detail) : null;
  return found && { rule: RULES[found[1] as keyof typeof RULES], count: Number(found[2]) };
}
