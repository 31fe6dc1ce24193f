/** One movement of points in plain words: what it was, where from, which lots, what was left. */
import { Link } from "wouter";
import { day, longDay, moment, number, signed } from "@shared/shown";
import type { Schemas } from "../queries";
import { type Key, say, sayCode, sayCount } from "../words";

type Line = Schemas["StatementLine"];
type Lot = { expires_on?: string; amount: number; returned_until?: string };

export function Movement({ line }: { line: Line }) {
  const lots = line.lots as Lot[];
  return (
    <li className="move">
      <time className="small muted" dateTime={line.occurred_at}>{day(line.occurred_at)}</time>
      <div className="move-what">
        <p>{title(line)}</p>
        {details(line).map((detail) => <p key={detail} className="small muted">{detail}</p>)}
        {lots.length > 0 && (
          <ul className="small muted num">
            {lots.map((lot) => <li key={`${lot.expires_on} ${lot.returned_until}`}>{lotWords(lot)}</li>)}
          </ul>
        )}
        {line.redemption_id && <p className="small no-print"><Link href={`/redemptions/${line.redemption_id}`}>{say("statement.order")}</Link></p>}
      </div>
      <p className={line.available_change === 0 ? "move-amount num muted" : "move-amount num"}>
        {line.available_change === 0 ? number(Math.abs(line.amount)) : signed(line.available_change)}
      </p>
      <p className="move-after small muted num">{say("statement.after", { points: number(line.available_after) })}</p>
    </li>
  );
}

function title({ kind, partner, available_change, redemption_id, reference }: Line): string {
  const by = partner?.startsWith("system:") ? null : partner;
  if (kind === "accrue" || kind === "reverse") {
    const where = by ? "_at" : "";
    const waits = kind === "accrue" && available_change === 0 ? "_pending" : "";
    return say(`statement.${kind}${waits}${where}` as Key, { partner: by ?? "" });
  }
  if (kind === "transfer" && reference === "merge") return say("statement.merged");
  if (kind === "transfer") return say(available_change > 0 ? "statement.transfer_in" : "statement.transfer_out");
  if (kind === "adjust") return say(available_change < 0 ? "statement.adjust_down" : "statement.adjust_up");
  if (kind === "expire" && redemption_id) return say("statement.expire_returned");
  return sayCode("statement", kind);
}

function details({ partner_reference, kind, reference, occurred_at, booked_at }: Line): string[] {
  const told: string[] = [];
  if (partner_reference) told.push(say("statement.reference", { reference: partner_reference }));
  const reason = kind === "adjust" && reference ? sayCode("statement", `reason_${reference}`, "") : "";
  if (reason) told.push(reason);
  // Only where it is another day: a purchase that was reported later.
  if (occurred_at.slice(0, 10) !== booked_at.slice(0, 10)) told.push(say("statement.booked", { moment: moment(booked_at) }));
  return told;
}

function lotWords({ expires_on, amount, returned_until }: Lot): string {
  if (!expires_on) return sayCount("statement.lot_ever", amount);
  if (returned_until) return sayCount("statement.lot_longer", amount, { day: longDay(returned_until), before: longDay(expires_on) });
  return sayCount("statement.lot", amount, { day: longDay(expires_on) });
}
