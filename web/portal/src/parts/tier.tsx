/** The member's level, what it gives, and what the others take and give. */
import { useQuery } from "@tanstack/react-query";
import { api, got } from "@shared/client";
import { config } from "@shared/config";
import { date, minorDigits, money, number } from "@shared/shown";
import type { Schemas } from "../queries";
import { say } from "../words";
import { Loaded } from "./states";

type Tier = Schemas["TierView"];

export function Level() {
  const tier = useQuery({ queryKey: ["tier"], queryFn: () => got(api().GET("/me/tier")), staleTime: 5 * 60_000 });
  return (
    <section className="section" aria-labelledby="level">
      <h2 id="level">{tier.data ? say("points.level", { level: tier.data.name }) : say("points.level_title")}</h2>
      <Loaded query={tier}>
        {(mine) => (
          <>
            <Progress tier={mine} progress={mine.progress} />
            <ol className="rows levels">
              {mine.levels.map((level) => (
                <li key={level.code} aria-current={level.code === mine.code ? "true" : undefined}>
                  <h3>{level.name}{level.code === mine.code && <span className="small muted"> {say("points.level_yours")}</span>}</h3>
                  <p className="small muted">{needs(level, mine)}</p>
                  <ul className="small">{benefits(level.benefits, mine).map((benefit) => <li key={benefit}>{benefit}</li>)}</ul>
                </li>
              ))}
            </ol>
          </>
        )}
      </Loaded>
    </section>
  );
}

function Progress({ tier, progress }: { tier: Tier; progress: Tier["progress"] }) {
  const { qualifying_units: have, units_to_go: left, units_to_keep: missing } = progress;
  const by = date(progress.counted_until);
  const next = tier.levels.find(({ code }) => code === progress.next);
  const kept = tier.kept_until && (
    <p>
      {say(tier.source === "granted" ? "points.level_given" : "points.level_kept", { level: tier.name, date: date(tier.kept_until) })}
      {!!missing && <> {say("points.level_keep", { left: units(missing, tier), date: by })}</>}
    </p>
  );
  if (left === null || !next) return <>{kept}<p>{say("points.level_highest")}</p></>;
  return (
    <div className="levels-next">
      {kept}
      <p>{say("points.level_next", { left: units(left, tier), level: next.name, date: by })}</p>
      <span className="share" aria-hidden="true"><i style={{ width: `${(have / Math.max(1, have + left)) * 100}%` }} /></span>
    </div>
  );
}

const units = (amount: number, { unit }: Tier): string =>
  unit === "spend_minor" ? money(amount, config().store.currency) : `${number(amount)} ${say("shop.unit")}`;

function needs({ qualifying_units }: Schemas["Level"], tier: Tier): string {
  if (qualifying_units === 0) return say("points.level_from_start");
  const key = tier.unit === "spend_minor" ? "points.level_from_spend" : "points.level_from_points";
  return say(key, { amount: units(qualifying_units, tier), months: number(tier.window_months) });
}

function benefits({ earn_multiplier_percent, points_per_major, free_delivery }: Schemas["BenefitsView"], { levels }: Tier): string[] {
  const { currency } = config().store;
  const told = earn_multiplier_percent === 100 ? [say("points.benefit_plain")] : [say("points.benefit_more", { times: number(earn_multiplier_percent / 100) })];
  // What is the same for all is no level's benefit.
  if (new Set(levels.map((level) => level.benefits.points_per_major)).size > 1) {
    told.push(say("points.benefit_worth", { points: number(points_per_major), money: money(10 ** minorDigits(currency), currency) }));
  }
  if (free_delivery) told.push(say("points.benefit_delivery"));
  return told;
}
