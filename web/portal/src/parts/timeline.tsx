/** The story as a vertical line: solid behind us, a ring where it stands, dots ahead. */
import { moment, span } from "@shared/shown";
import { say, sayCode, sayCount } from "../words";
import type { Order, Point } from "./story";
import { story } from "./story";

export function Timeline({ order }: { order: Order }) {
  return (
    <section className="section" aria-labelledby="story">
      <h2 id="story" className="hidden">{say("order.story")}</h2>
      <ol className="story">
        {story(order).map((point) => <One key={point.key} point={point} />)}
      </ol>
    </section>
  );
}

function One({ point }: { point: Point }) {
  const { state, at, until, section, code, words, parcel, parcelNumber } = point;
  const shownAt = state === "future" ? span(at, until) : at && moment(at);
  return (
    <li className={`story-${state}`} aria-current={state === "now" ? "step" : undefined}>
      <span className="story-at small muted num">{shownAt}</span>
      <div className="story-what">
        <p>
          <b>{sayCode(section, state === "future" ? `${code}_ahead` : code, sayCode(section, code, words))}</b>
          {parcelNumber && <span className="muted"> · {say("order.parcel", { number: parcelNumber })}</span>}
          {state === "future" && <span className="hidden">, {say("order.ahead")}</span>}
        </p>
        {parcel && <Parcel parcel={parcel} />}
      </div>
    </li>
  );
}

function Parcel({ parcel: { carrier, tracking_number, events, promised_from, promised_to, delivered_at } }: { parcel: NonNullable<Point["parcel"]> }) {
  const [last, ...earlier] = [...events].reverse();
  const promised = span(promised_from, promised_to);
  return (
    <>
      {(carrier ?? tracking_number) && (
        <p className="small muted">{[carrier, tracking_number].filter(Boolean).join(" ")}</p>
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
