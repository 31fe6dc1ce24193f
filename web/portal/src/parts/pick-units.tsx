/** Which order, which of its lines, how many of it. */
import { useQuery } from "@tanstack/react-query";
import { useEffect, useId } from "react";
import { api, got } from "@shared/client";
import { day, number } from "@shared/shown";
import type { Schemas } from "../queries";
import { say } from "../words";
import { Thumbnail } from "./plate";
import { Loaded } from "./states";

export type Units = { redemption_id: string; line_number: number; quantity: number };

type Props = { orders: readonly Schemas["Summary"][]; units: Units | null; change: (units: Units | null) => void };

export function PickUnits({ orders, units, change }: Props) {
  const id = useId();
  const chosen = orders.find(({ redemption_id }) => redemption_id === units?.redemption_id);
  return (
    <>
      <div className="field">
        <label htmlFor={id}>{say("cases.order")}</label>
        <select id={id} value={chosen?.redemption_id ?? ""} onChange={(event) => change(event.currentTarget.value ? { redemption_id: event.currentTarget.value, line_number: 0, quantity: 1 } : null)}>
          <option value="">{say("cases.order_choose")}</option>
          {orders.map((order) => <option key={order.redemption_id} value={order.redemption_id}>{`${day(order.created_at)}: ${order.titles.join(", ")}`}</option>)}
        </select>
      </div>
      {chosen && units && <Lines key={units.redemption_id} units={units} change={change} />}
    </>
  );
}

function Lines({ units, change }: { units: Units; change: (units: Units) => void }) {
  const order = useQuery({
    queryKey: ["redemptions", units.redemption_id],
    queryFn: () => got(api().GET("/redemptions/{redemption_id}", { params: { path: { redemption_id: units.redemption_id } } })),
  });
  const lines = order.data?.lines.filter((line) => left(line) > 0);
  useEffect(() => {
    // With one line there is nothing to choose.
    const only = lines?.length === 1 ? lines[0] : undefined;
    if (only && units.line_number !== only.line_number) change({ ...units, line_number: only.line_number });
  }, [order.data]);
  return (
    <Loaded query={order} empty={() => lines?.length === 0} nothing={<p>{say("cases.nothing_left")}</p>}>
      {() => lines!.map((line) => (
        <label key={line.line_number} className="choice">
          <input type="radio" name="line" checked={units.line_number === line.line_number} onChange={() => change({ ...units, line_number: line.line_number, quantity: 1 })} />
          <span className="choice-line"><Thumbnail url={line.image_url} /><span>{line.title}</span></span>
          {units.line_number === line.line_number && left(line) > 1 && (
            <select aria-label={say("cases.quantity")} value={units.quantity} onChange={(event) => change({ ...units, quantity: Number(event.currentTarget.value) })}>
              {Array.from({ length: left(line) }, (_, before) => <option key={before} value={before + 1}>{number(before + 1)}</option>)}
            </select>
          )}
        </label>
      ))}
    </Loaded>
  );
}

/** Units that came or are to come, and were not given back. */
const left = ({ accepted_quantity, given_back }: Schemas["Line"]): number => (accepted_quantity ?? 0) - given_back;
