/** Step 2: the quote, its time, and how points and money share it. */
import { day, minutes, number, span } from "@shared/shown";
import { type Basket, payable } from "@shared/split";
import { say, sayCode } from "../words";
import { useSecondsUntil } from "./countdown";
import { Mix, type Stop } from "./mix";
import { priceWords } from "./price";
import type { Quote } from "./quoted";

type Props = {
  quote: Quote;
  choice: Basket;
  points: number;
  parts: { points: number; money_minor: number };
  renewing: boolean;
  moved: { from: number; to: number } | null;
  before: string | null;
  onAgree: () => void;
  onChange: (points: number) => void;
  onSettled: (points: number) => void;
};

const LOTS_SHOWN = 3;

export function Sharing({ quote, choice, points, parts, renewing, moved, before, onAgree, onChange, onSettled }: Props) {
  const now = priceWords(parts.points, parts.money_minor, quote.currency);
  return (
    <div className="sharing" aria-busy={renewing}>
      <div className="sharing-said" role="status">
        {before !== null && before !== now && (
          <div className="callout warn">
            <p>{say("checkout.price_changed")}</p>
            <p className="num price-change"><s>{before}</s> → <b>{now}</b></p>
            <div className="actions"><button type="button" className="button" disabled={renewing} onClick={onAgree}>{say("checkout.agree")}</button></div>
          </div>
        )}
        {before !== null && before === now && <Unchanged onAgree={onAgree} />}
        {moved && <p className="callout warn">{say("checkout.moved", { from: number(moved.from), to: number(moved.to) })}</p>}
      </div>
      <Mix
        slider={choice.slider}
        points={points}
        parts={parts}
        currency={quote.currency}
        stops={stopsOf(quote, choice)}
        label={say("checkout.mix")}
        snap={(wanted, from) => payable(choice, wanted, from)}
        onChange={onChange}
        onSettled={onSettled}
      >
        <Facts quote={quote} parts={parts} />
      </Mix>
      <p className="small muted num">{renewing ? say("checkout.renewing") : <Remaining until={quote.expires_at} />}</p>
    </div>
  );
}

/** The price stands, but the time of the first promise was over: it is only said. */
function Unchanged({ onAgree }: { onAgree: () => void }) {
  return (
    <div className="callout">
      <p>{say("checkout.price_same")}</p>
      <div className="actions"><button type="button" className="button quiet" onClick={onAgree}>{say("checkout.go_on")}</button></div>
    </div>
  );
}

function Remaining({ until }: { until: string }) {
  const seconds = useSecondsUntil(until);
  return <span role="timer">{say("checkout.good_for", { time: minutes(seconds) })}</span>;
}

/** The quote's useful places, as far as the member's points reach. */
function stopsOf(quote: Quote, { slider: { minimum, maximum } }: Basket): Stop[] {
  const half = quote.stops.find(({ name }) => name === "half")?.points;
  const last = maximum === quote.points_full ? "all" : maximum < quote.points_max ? "affordable" : "most";
  const between: Stop[] = half !== undefined && half > minimum && half < maximum ? [{ name: "half", points: half }] : [];
  return [{ name: "fewest", points: minimum }, ...between, { name: last, points: maximum }];
}

function Facts({ quote, parts }: { quote: Quote; parts: Props["parts"] }) {
  const lots = lotsUsed(quote, parts.points);
  const arrives = span(quote.delivery.earliest, quote.delivery.latest);
  return (
    <dl className="facts num">
      {lots.slice(0, LOTS_SHOWN).map(({ expires_on, amount }) => (
        <Fact key={expires_on ?? "never"} name={expires_on ? say("checkout.lapsing", { day: day(expires_on) }) : say("checkout.lasting")}>
          {say("checkout.used_first", { points: number(amount) })}
        </Fact>
      ))}
      {quote.campaigns.map(({ campaign, applied, why, reason }) => (
        <Fact key={campaign} name={say("checkout.campaign", { campaign })}>
          {applied ? savedWords(quote) : sayCode("checkout", `left_out_${why ?? ""}`, reason ?? "")}
        </Fact>
      ))}
      {arrives && <Fact name={say("checkout.arrives")}>{arrives}</Fact>}
      {quote.estimated && <Fact name={say("checkout.estimated")}>{say("checkout.estimated_words")}</Fact>}
    </dl>
  );
}

function Fact({ name, children }: { name: string; children: React.ReactNode }) {
  return <><dt>{name}</dt><dd>{children}</dd></>;
}

/** What the offers save, if all of it were paid with points. */
function savedWords({ lines }: Quote): string {
  const saved = lines.reduce((sum, line) => sum + line.quantity * Math.max(0, (line.unit_points_normal ?? line.unit_points) - line.unit_points), 0);
  return saved > 0 ? say("checkout.saves", { points: number(saved) }) : say("checkout.applied");
}

/** The points that go first: those that lapse soonest. */
function lotsUsed({ lots_first }: Quote, points: number): Quote["lots_first"] {
  let left = points;
  return lots_first.flatMap((lot) => {
    const amount = Math.min(lot.amount, left);
    left -= amount;
    return amount > 0 && lot.expires_on ? [{ ...lot, amount }] : [];
  });
}
