-- What comes of tickets, the cases that rooms open themselves: the outcome is carried out with the decision, or nothing is.
--
--   shipment        points_back           the units named are given back, points and money; above the refund limits by
--                                         business operations
--   payment         collected             the member has paid what is owed in another way: it is not charged any more
--                   written_off           nobody runs after it; above the refund limit by business operations
--                   paid_back             the money that the provider would not send back was sent in another way
--   publication     noted                 the programme's page does not show the refusal any more
--   anything else   what was seen or done elsewhere; it closes the ticket and nothing follows
--
-- An invoice is decided by its own functions (database/invoices/4_reviewing.sql).
--
-- Statuses: ok, replay, unknown_case, not_open, same_person, not_approver, not_allowed, not_here (a case that is decided by
-- its own functions), and
--   invalid_units    no units are named, or such a line does not exist
--   units_gone       fewer units are left to give back
--   nothing_owed     it was paid or given back meanwhile
--   under_way        the provider is being asked for the money at this moment
drop function if exists casework.settle_ticket(integer, uuid, text, text, text[]);
create or replace function cases.settle_ticket(
    program_id integer, case_id uuid, decision text, units jsonb, actor text, groups text[]
) returns text language plpgsql security definer set search_path = pg_catalog as $$
declare
    c casework.case;
    said text;
begin
    select * into c from casework.case as q
    where q.program_id = settle_ticket.program_id and q.case_id = settle_ticket.case_id;
    if c.kind not in ('redemption', 'payment', 'shipment', 'reconciliation', 'campaign', 'publication', 'erasure_stuck',
                      'export_stuck', 'webhook_stopped', 'webhook_given_up', 'erp_given_up', 'invoice_missing') then
        return 'not_here';
    end if;
    -- Whoever records what a provider or Amazon said holds these rows when a case is closed by it: here they are first, too.
    if c.kind = 'payment' then
        perform payments.hold_still(c.program_id, c.subject::uuid);
    elsif c.kind = 'shipment' then
        perform orders.hold_still(c.program_id, c.subject::uuid);
    end if;
    begin
        said := casework.decide_case(settle_ticket.program_id, settle_ticket.case_id, settle_ticket.decision,
                                     settle_ticket.actor, settle_ticket.groups);
        if said = 'ok' then
            said := case
                when c.kind = 'shipment' and settle_ticket.decision = 'points_back'
                    then cases.give_units_back(c, settle_ticket.units, settle_ticket.actor, settle_ticket.groups)
                when c.kind = 'payment' and settle_ticket.decision in ('collected', 'written_off')
                    then cases.settle_unpaid(c, settle_ticket.decision, settle_ticket.groups)
                when c.kind = 'payment' and settle_ticket.decision = 'paid_back'
                    then payments.paid_back(c.program_id, c.subject::uuid, c.case_id)
                when c.kind = 'publication' then programme.seen(c.program_id, c.case_id)
                else 'ok' end;
            if said <> 'ok' then
                raise exception using errcode = 'CA001', message = said;
            end if;
        end if;
    exception when sqlstate 'CA001' then
        return sqlerrm;
    end;
    return said;
end
$$;

-- Internal: units of an order that a person knows will not come, as [{"line_number", "quantity"}].
create or replace function cases.give_units_back(c casework.case, units jsonb, actor text, groups text[]) returns text
language plpgsql set search_path = pg_catalog as $$
declare
    policy jsonb := cases.policy(c.program_id);
    redemption_id uuid := c.subject::uuid;
    reason text := case when c.reason = 'part_of_shipment_lost' then 'undeliverable' else 'not_received' end;
    one record;
    back record;
    points bigint := 0;
    money_minor bigint := 0;
begin
    if units is null or jsonb_typeof(units) <> 'array' or jsonb_array_length(units) = 0 then
        return 'invalid_units';
    end if;
    for one in
        select u.line_number, sum(u.quantity)::integer as quantity
        from jsonb_to_recordset(units) as u(line_number integer, quantity integer)
        group by u.line_number order by u.line_number
    loop
        select * into back from redemptions.take_back(
            c.program_id, redemption_id, one.line_number, 'case:' || c.case_id, one.quantity, 'ours', reason, actor);
        if back.status <> 'ok' then
            return case back.status when 'over_accepted' then 'units_gone' else 'invalid_units' end;
        end if;
        points := points + back.points;
        money_minor := money_minor + back.money_minor;
    end loop;
    if not 'business-operator' = any (groups)
       and (points > (policy ->> 'refund_limit_points')::bigint
            or money_minor > (policy ->> 'refund_limit_minor')::bigint) then
        return 'not_approver';
    end if;
    perform redemptions.return_discounts(array[redemption_id]);
    perform casework.note(c.program_id, c.case_id, 'units_back', actor, jsonb_build_object(
        'units', units, 'points', points, 'money_minor', money_minor));
    return 'ok';
end
$$;

-- Internal: what is owed and could not be taken.
create or replace function cases.settle_unpaid(c casework.case, decision text, groups text[]) returns text
language plpgsql set search_path = pg_catalog as $$
declare
    amount_minor bigint := (c.evidence ->> 'amount_minor')::bigint;
begin
    if decision = 'written_off' and not 'business-operator' = any (groups)
       and amount_minor > (cases.policy(c.program_id) ->> 'refund_limit_minor')::bigint then
        return 'not_approver';
    end if;
    return payments.settle_unpaid(c.program_id, c.subject::uuid, c.case_id, decision, amount_minor);
end
$$;
