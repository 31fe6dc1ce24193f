/** The story as a vertical line: solid behind us, a ring where it stands, dots ahead. */
import { moment, money, span } from "@shared/shown";
import { say, sayCode, sayCount } from "../words";
import { priceWords } from "./price";
import { type Order, type Point, story } from "./story";

export function Timeline({ order }: { order: Order }) {
  return (
    <section className="section" aria-labelledby="story">
      <h2 id="story" className="hidden">{say("order.story")}</h2>
      <ol className="story">
        {story(order).map((point) => <One key={point.key} point={point} order={order} />)}
      </ol>
    </section>
  );
}

function One({ point, order }: { point: Point; order: Order }) {
  const { state, at, until, code, parcel, parcelNumber } = point;
  const shownAt = state === "future" ? span(at, until) : at && moment(at);
  return (
    <li className={`story-${state}`} aria-current={state === "now" ? "step" : undefined}>
      <span className="story-at small muted num">{shownAt}</span>
      <div className="story-what">
        <p>
          <b>{nameOf(point)}</b>
          {parcelNumber && <span className="muted"> · {say("order.parcel", { number: parcelNumber })}</span>}
          {state === "future" && <span className="hidden">, {say("order.ahead")}</span>}
        </p>
        <Detail point={point} order={order} />
        {parcel && <Parcel parcel={parcel} arrived={code !== parcel.status} />}
      </div>
    </li>
  );
}

/** What is still to come may be called otherwise than what has happened. */
function nameOf({ state, section, code, words }: Point): string {
  const ahead = state === "future" ? `${code}_ahead` : code;
  return section === "event" ? sayCode("event", ahead, sayCode("event", code, words)) : sayCode("package", ahead, sayCode("package", code, words));
}

/** What was held, paid or given back. */
function Detail({ point: { code, section, detail }, order }: { point: Point; order: Order }) {
  if (section !== "event" || !detail) return null;
  const amount = (name: string) => (typeof detail[name] === "number" ? detail[name] : 0);
  const [points, minor] = [amount("points"), amount("money_minor")];
  if (code === "payment_asked") {
    const approved = ["authorised", "capturing", "captured"].includes(order.payment?.state ?? "");
    return <p className="small muted num">{money(minor, order.currency)}{approved && `, ${say("order.approved")}`}</p>;
  }
  if (!["redeemed", "partially_accepted", "points_returned", "units_cancelled", "units_returned"].includes(code) || points + minor === 0) return null;
  return <p className="small muted num">{priceWords(points, minor, order.currency)}</p>;
}

// Amazon's own vans have a code by country; the others are called what they are called.
const carrierName = (code: string): string => (code.startsWith("AMZN_") ? "Amazon" : code);

/** `arrived`: the line tells its last scan as a point of its own. */
function Parcel({ arrived, parcel: { carrier, tracking_number, events, promised_from, promised_to, delivered_at } }: { arrived: boolean; parcel: NonNullable<Point["parcel"]> }) {
  const [newest, ...older] = [...events].reverse();
  const [last, earlier] = arrived ? [undefined, older] : [newest, older];
  const promised = span(promised_from, promised_to);
  return (
    <>
      {(carrier ?? tracking_number) && (
        <p className="small muted">{[carrier && carrierName(carrier), tracking_number].filter(Boolean).join(" ")}</p>
      )}
      {last && <p className="small muted">{sayCode("package", last.status, last.words)}, {moment(last.at)}</p>}
      {promised && !delivered_at && <p className="small muted">{say("order.promised", { when: promised })}</p>}
      {earlier.length > 0 && (
        <details>
          <summary>{sayCount("order.scans", earlier.length)}</summary>
          <ul className="scans small muted num">
            {earlier.map(({ status, at, words }) => <li key={`${status} ${at}`}>{sayCode("package", status, words)}, {moment(at)}</li>)}
          </ul>
        </details>
      )}
    </>
  );
}
