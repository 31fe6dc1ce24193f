/** From the cart to an order: where to, how many points, and done. What is on its way has a page's whole attention. */
import { useQueryClient } from "@tanstack/react-query";
import { useMemo, useState, useSyncExternalStore } from "react";
import { Link, useSearchParams } from "wouter";
import { config } from "@shared/config";
import type { Problem } from "@shared/problem";
import { cart, type CartLine, onCart } from "../cart";
import { CheckoutForm } from "../parts/checkout-form";
import { Page } from "../parts/page";
import { priceWords } from "../parts/price";
import type { Refusal } from "../parts/refused";
import { Sending } from "../parts/sending";
import { Loaded, Nothing } from "../parts/states";
import { onPlacing, type Placing, placingText, readPlacing } from "../placing";
import { refreshPoints, useMe } from "../queries";
import { say } from "../words";

export default function Checkout() {
  const me = useMe();
  return <Loaded query={me}>{({ member_number }) => <Member key={member_number} member={member_number} />}</Loaded>;
}

function Member({ member }: { member: string }) {
  const queries = useQueryClient();
  const all = useSyncExternalStore(onCart, cart);
  const [search] = useSearchParams();
  const lines = useMemo(() => asked(all, search), [all, search.get("only"), search.get("quantity")]);
  const placing = readPlacing(useSyncExternalStore(onPlacing, () => placingText(member)));
  const [refusal, setRefusal] = useState<Refusal | null>(null);
  if (placing) {
    const refused = (problem: Problem, { body }: Placing) => {
      setRefusal({ problem, before: priceWords(body.points, body.money_minor, config().store.currency), points: body.points });
      refreshPoints(queries);
      void queries.invalidateQueries({ queryKey: ["addresses"] });
      // Whatever was promised is asked for anew.
      void queries.invalidateQueries({ queryKey: ["quote"] });
    };
    return (
      <Page title={say("checkout.title")}>
        <Sending key={placing.key} member={member} placing={placing} onRefused={refused} />
      </Page>
    );
  }
  if (lines.length === 0) {
    return (
      <Page title={say("checkout.title")}>
        <Nothing title={say(all.length > 0 ? "checkout.only_gone" : "cart.empty")}>
          {refusal && <p>{say("checkout.refused")}</p>}
          <p>{all.length > 0 ? <Link href="/cart" className="button">{say("cart.to_cart")}</Link> : <Link href="/browse" className="button">{say("cart.browse")}</Link>}</p>
        </Nothing>
      </Page>
    );
  }
  return <CheckoutForm member={member} lines={lines} refusal={refusal} onHeeded={() => setRefusal(null)} />;
}

/** The whole cart, or `only` one product of it, that many, ordered at once: the rest of the cart stays. */
function asked(all: readonly CartLine[], search: URLSearchParams): readonly CartLine[] {
  const only = search.get("only");
  if (only === null) return all;
  const quantity = Number(search.get("quantity"));
  return all
    .filter(({ asin }) => asin === only)
    .map((line) => (Number.isInteger(quantity) && quantity > 0 && quantity < line.quantity ? { ...line, quantity } : line));
}
