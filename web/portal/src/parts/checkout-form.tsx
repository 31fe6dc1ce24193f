/** The three steps and what they come to. Everything that is chosen is in the address bar, so a sign-in in between loses nothing. */
import { useEffect, useRef, useState } from "react";
import { useSearchParams } from "wouter";
import { Problem } from "@shared/problem";
import { number } from "@shared/shown";
import { payable, split, within } from "@shared/split";
import type { CartLine } from "../cart";
import { keepPlacing } from "../placing";
import { type Schemas, useAddresses, useBalance } from "../queries";
import { say } from "../words";
import { Again } from "./again";
import { type Refusal, Refused, RefusedLine } from "./refused";
import { Deliver } from "./deliver";
import { Page, useTitle } from "./page";
import { basketOf, type Quote, usePriceChange, useQuoted, useSplit } from "./quoted";
import { Review } from "./review";
import { Sharing } from "./sharing";
import { Failed, Loaded, Waiting } from "./states";
import { Summary } from "./summary";

type Props = { member: string; lines: readonly CartLine[]; refusal: Refusal | null; onHeeded: () => void };

export function CheckoutForm(props: Props) {
  const addresses = useAddresses();
  if (addresses.data) return <Steps {...props} addresses={addresses.data.addresses} />;
  return <Page title={say("checkout.title")}><Loaded query={addresses}>{() => null}</Loaded></Page>;
}

function Steps({ member, lines, refusal, onHeeded, addresses }: Props & { addresses: readonly Schemas["AddressView"][] }) {
  useTitle(say("checkout.title"));
  const [chosen, choose] = useChosen();
  const address = addresses.find(({ address_id }) => address_id === chosen.address) ?? addresses.find(({ is_default }) => is_default) ?? addresses[0];
  const quoted = useQuoted(lines, address?.address_id ?? null, chosen.policy);
  const quote = quoted.data;
  const balance = useBalance();
  const available = balance.data?.available ?? quote?.points_available ?? 0;
  const [moving, setMoving] = useState<number | null>(null);
  const choice = quote ? within(basketOf(quote), available) : null;
  const points = choice && payable(choice, moving ?? chosen.points ?? choice.slider.maximum);
  const short = refusal?.problem.code === "insufficient-points" && points !== null && points < refusal.points ? { from: refusal.points, to: points } : null;
  const moved = useMoved(choice?.slider.maximum, points, moving === null) ?? short;
  const price = usePriceChange(quote, points);
  const told = useSplit(quote, points, quoted.fresh && moving === null);
  const parts = told.parts ?? (quote && points !== null ? split(quote.lines, points) : undefined);
  useRefusals(refusal, price.tell, told.query.error, quoted.refetch);
  useEffect(() => {
    // What was read with the quote is newer than what the header knows.
    if (quote && balance.data && quote.points_available !== balance.data.available) void balance.refetch();
  }, [quote?.as_of]);

  const ready = quoted.fresh && told.parts !== undefined && points !== null && price.before === null && !chosen.open;
  const place = () => {
    if (!ready || !quote || !told.parts) return;
    const { quote_id, quote_token } = quote;
    onHeeded();
    keepPlacing(member, { quote_id, quote_token, points, money_minor: told.parts.money_minor }, quote.lines.map(({ asin, quantity }) => ({ asin, quantity })));
  };
  const chooseAddress = ({ address_id }: Schemas["AddressView"]) => (onHeeded(), choose({ address: address_id, open: false }));
  return (
    <article className="checkout">
      <div className="checkout-steps">
        <h1>{say("checkout.title")}</h1>
        {refusal && <Refused problem={refusal.problem} />}
        <ol className="steps">
          <li>
            <h2>{say("checkout.deliver")}</h2>
            <Deliver addresses={addresses} chosen={address} open={chosen.open || !address} onOpen={() => choose({ open: true })} onChoose={chooseAddress} />
          </li>
          <li>
            {quoted.error && !quoted.isFetching ? (
              <QuoteFailed error={quoted.error} lines={lines} retry={() => void quoted.refetch()} onAddress={() => choose({ open: true })} />
            ) : !address ? (
              <><h2>{say("checkout.mix")}</h2><p className="muted">{say("checkout.address_first")}</p></>
            ) : quote && parts && choice && points !== null ? (
              <Sharing
                quote={quote}
                choice={choice}
                points={points}
                parts={parts}
                renewing={!quoted.fresh}
                moved={moved}
                before={price.before}
                onAgree={price.agree}
                onChange={setMoving}
                onSettled={(settled) => (setMoving(null), choose({ points: settled }))}
              />
            ) : quote && !choice ? (
              <><h2>{say("checkout.mix")}</h2><TooFew quote={quote} available={available} /></>
            ) : (
              <><h2>{say("checkout.mix")}</h2><Waiting /></>
            )}
            {told.query.error && <Failed error={told.query.error} retry={() => void told.query.refetch()} busy={told.query.isFetching} />}
          </li>
          <li>
            <h2>{say("checkout.review")}</h2>
            <Review quote={quote} parts={parts} policy={chosen.policy} onPolicy={(policy) => choose({ policy })} />
          </li>
        </ol>
      </div>
      <Summary lines={lines} quote={quote} parts={parts} available={available} ready={ready} busy={!ready && quoted.isFetching} onPlace={place} />
    </article>
  );
}

/** What was chosen, in the address bar: `points` is also how other pages say how many to begin with. */
function useChosen() {
  const [search, setSearch] = useSearchParams();
  const points = Number(search.get("points") ?? NaN);
  const chosen = {
    address: search.get("address"),
    points: Number.isInteger(points) && points >= 0 ? points : null,
    policy: search.get("policy"),
    open: search.get("step") === "address",
  };
  const choose = (change: Partial<typeof chosen>) => {
    const next = { ...chosen, ...change };
    setSearch(
      new URLSearchParams({
        ...(next.address !== null && { address: next.address }),
        ...(next.points !== null && { points: String(next.points) }),
        ...(next.policy !== null && { policy: next.policy }),
        ...(next.open && { step: "address" }),
        ...Object.fromEntries([...search].filter(([name]) => name === "only" || name === "quantity")),
      }),
      { replace: true },
    );
  };
  return [chosen, choose] as const;
}

/** Fewer points than were chosen a moment ago, because they went elsewhere: from how many to how many. */
function useMoved(most: number | undefined, points: number | null, settled: boolean) {
  const last = useRef<{ most: number; points: number } | null>(null);
  const [moved, setMoved] = useState<{ from: number; to: number } | null>(null);
  useEffect(() => {
    if (most === undefined || points === null || !settled) return;
    const before = last.current;
    if (before && most < before.most && points < before.points) setMoved({ from: before.points, to: points });
    else if (before && points !== before.points) setMoved(null);
    last.current = { most, points };
  }, [most, points, settled]);
  return moved;
}

const ASK_ANEW = new Set(["quote-expired", "quote-not-found", "quote-forged", "quote-mismatch"]);

/** A refusal that only means another price is told as one: from what was promised to what it is now. */
function useRefusals(refusal: Refusal | null, tellPrice: (before: string) => void, splitError: unknown, renew: () => unknown): void {
  const late = refusal !== null && ASK_ANEW.has(refusal.problem.code);
  useEffect(() => {
    if (late) tellPrice(refusal.before);
  }, [refusal]);
  useEffect(() => {
    if (splitError instanceof Problem && ASK_ANEW.has(splitError.code)) void renew();
  }, [splitError]);
}

function QuoteFailed({ error, lines, retry, onAddress }: { error: unknown; lines: readonly CartLine[]; retry: () => void; onAddress: () => void }) {
  const field = error instanceof Problem ? error.fields[0]?.field : undefined;
  const position = /^lines\[(\d+)\]/.exec(field ?? "")?.[1];
  const line = position === undefined ? undefined : lines[Number(position)];
  return (
    <>
      <h2>{say("checkout.mix")}</h2>
      {line ? (
        <RefusedLine line={line} problem={error as Problem} />
      ) : field === "address_id" ? (
        <Refused problem={error as Problem}>
          <button type="button" className="button quiet" onClick={onAddress}>{say("checkout.change_address")}</button>
        </Refused>
      ) : (
        <Again error={error} retry={retry} busy={false} />
      )}
    </>
  );
}

function TooFew({ quote, available }: { quote: Quote; available: number }) {
  return <p className="callout warn">{say("checkout.too_few", { least: number(quote.points_min), available: number(available) })}</p>;
}
