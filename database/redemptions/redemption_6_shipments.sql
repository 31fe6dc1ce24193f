-- What follows for a redemption from what was heard of its order: money is asked for when a shipment has left, and units
-- that will not come are given back. Driven by rows, each thing once.

-- Whatever was heard, from whomever (see orders.observe), and what follows from it, in one transaction.
create or replace function redemptions.observe(source text, observation jsonb)
returns jsonb language plpgsql security definer set search_path = pg_catalog as $$
declare
    answer jsonb := orders.observe(observe.source, observe.observation);
begin
    if answer ->> 'outcome' = 'joined' then
        perform redemptions.follow_up((answer ->> 'program_id')::integer, (answer ->> 'redemption_id')::uuid);
    end if;
    return answer;
end
$$;

-- What is owed of an order that has been heard of. Nothing happens before the redemption is settled: the orders service
-- asks again for what was left (orders.owed). Returns how many things were done.
create or replace function redemptions.follow_up(program_id integer, redemption_id uuid)
returns integer language plpgsql security definer set search_path = pg_catalog as $$
declare
    redemption redemptions.redemption;
    one record;
    answer record;
    done integer := 0;
    units integer := 0;
begin
    -- Everybody who hears of an order waits for the same row first (orders.follow), then for the redemption.
    perform orders.hold_still(follow_up.program_id, follow_up.redemption_id);
    select * into redemption from redemptions.redemption as r
    where r.program_id = follow_up.program_id and r.redemption_id = follow_up.redemption_id for no key update;
    if redemption.state is null or redemption.state not in ('settled', 'closed') then
        return 0;
    end if;
    for one in
        select d.shipment_key, d.event_key, sum(d.quantity * l.unit_money_minor)::bigint as amount_minor
        from orders.to_collect(follow_up.program_id, follow_up.redemption_id) as d
        join redemptions.line as l on l.program_id = redemption.program_id
            and l.redemption_id = redemption.redemption_id and l.line_number = d.line_number
        group by d.shipment_key, d.event_key having sum(d.quantity) > 0
        order by d.shipment_key
    loop
        if redemption.money_minor > 0 then
            perform payments.collect(redemption.program_id, redemption.redemption_id, one.event_key, one.amount_minor, false);
        end if;
        perform orders.collected(redemption.program_id, redemption.redemption_id, one.shipment_key);
        done := done + 1;
    end loop;
    for one in
        select * from orders.to_give_back(follow_up.program_id, follow_up.redemption_id)
    loop
        select * into answer from redemptions.take_back_lost(
            redemption.program_id, redemption.redemption_id, one.line_number, one.event_key, one.quantity, one.cause);
        if answer.status = 'ok' then
            units := units + answer.units;
            perform orders.given_back(redemption.program_id, redemption.redemption_id, one.line_number, one.cause,
                                      one.cause_key, one.quantity);
        else
            perform orders.give_back_refused(redemption.program_id, redemption.redemption_id, one.line_number,
                                             one.cause, one.cause_key, answer.status);
        end if;
        done := done + 1;
    end loop;
    if units > 0 then
        perform redemptions.return_discounts(array[redemption.redemption_id]);
    end if;
    -- Last, so that what is given back is taken off before.
    if orders.all_due(redemption.program_id, redemption.redemption_id) and redemption.money_minor > 0 then
        perform payments.collect(redemption.program_id, redemption.redemption_id, 'nothing-more', 0, true);
    end if;
    return done;
end
$$;
