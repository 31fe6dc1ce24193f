/** Step 3: what happens if not all of it can come, and what happens next. */
import { money, number } from "@shared/shown";
import { say, sayCode } from "../words";
import type { Quote } from "./quoted";

type Props = { quote: Quote | undefined; parts: { points: number; money_minor: number } | undefined; policy: string | null; onPolicy: (policy: string) => void };

const POLICIES = ["send_what_you_can", "all_or_nothing"] as const;

export function Review({ quote, parts, policy, onPolicy }: Props) {
  if (!quote || !parts) return <p className="muted">{say("checkout.review_later")}</p>;
  const units = quote.lines.reduce((sum, line) => sum + line.quantity, 0);
  const chosen = policy ?? quote.partial_policy;
  return (
    <>
      {units > 1 && (
        <fieldset className="choices">
          <legend className="small muted">{say("checkout.partial")}</legend>
          {POLICIES.map((one) => (
            <label key={one} className="choice">
              <input type="radio" name="policy" checked={chosen === one} onChange={() => onPolicy(one)} />
              <span>{say(`checkout.${one}`)}<span className="small muted"> {say(`checkout.${one}_more`)}</span></span>
            </label>
          ))}
        </fieldset>
      )}
      <ol className="next">
        {parts.points > 0 && <li>{say("checkout.next_held", { points: number(parts.points) })}</li>}
        <li>{say("checkout.next_change")}</li>
        {parts.money_minor > 0 && (
          <li>{say("checkout.next_money", { amount: money(parts.money_minor, quote.currency), provider: providerOf(quote) })}</li>
        )}
        <li>{say("checkout.next_order")}</li>
      </ol>
    </>
  );
}

/** "Amazon Pay": how people call it. */
export const providerOf = ({ payment_provider }: Quote): string => sayCode("checkout", `provider_${payment_provider}`, say("checkout.provider_other"));
