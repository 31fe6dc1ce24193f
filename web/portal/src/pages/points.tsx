/** What the member has, until when, at which level. */
import { Link } from "wouter";
import { daysUntil, inDays, longDay, number } from "@shared/shown";
import { Give } from "../parts/give";
import { Lapsing } from "../parts/lapsing";
import { Page } from "../parts/page";
import { Loaded, Nothing } from "../parts/states";
import { Level } from "../parts/tier";
import { type Schemas, useBalance, useLots, useMe } from "../queries";
import { say, sayCount } from "../words";

export default function Points() {
  const balance = useBalance();
  const lots = useLots();
  const me = useMe();
  const limit = me.data?.transfer_daily_limit ?? null;
  return (
    <Page title={balance.data ? sayCount("points.title", balance.data.available) : say("nav.points")} lead={balance.data && <Next balance={balance.data} />}>
      <Loaded query={balance}>{(mine) => <Parts balance={mine} />}</Loaded>
      <section className="section" aria-labelledby="lapsing">
        <div className="section-head">
          <h2 id="lapsing">{say("points.by_expiry")}</h2>
          <Link href="/points/statement">{say("points.statement")}</Link>
        </div>
        <Loaded query={lots} empty={(found) => found.lots.length === 0} nothing={<Nothing title={say("points.none")}><p>{say("points.none_how")}</p></Nothing>}>
          {(found) => <Lapsing lots={found.lots} />}
        </Loaded>
      </section>
      <Level />
      {balance.data && limit !== null && me.data?.state === "active" && <Give available={balance.data.available} limit={limit} />}
    </Page>
  );
}

function Next({ balance: { expires_next_on: on, expires_next_amount: amount } }: { balance: Schemas["Balance"] }) {
  if (!on) return null;
  return <p>{sayCount("points.next", amount, { day: longDay(on), days: inDays(daysUntil(on)) })}</p>;
}

/** What is not free to use, where there is any. */
function Parts({ balance }: { balance: Schemas["Balance"] }) {
  const parts = (["held", "pending", "debt"] as const).filter((part) => balance[part] > 0);
  if (parts.length === 0) return null;
  return (
    <dl className="parts">
      {parts.map((part) => (
        <div key={part}>
          <dt>{say(`points.${part}`)}</dt>
          <dd className="num">{number(balance[part])}</dd>
          <dd className="small muted">{say(`points.${part}_what`)}</dd>
        </div>
      ))}
    </dl>
  );
}
