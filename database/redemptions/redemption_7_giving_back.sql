-- Units that were ordered and come to nothing: cancelled by Amazon, undeliverable, returned. Their points go back to the lots
-- they were spent from, their money to where it came from, a campaign's discount into its budget. Each event once for a line.

-- Why units are given back, and whether they had arrived; null: there is no such reason.
create or replace function redemptions.kind_back(reason text) returns text language sql immutable
return case when reason in ('cancelled', 'undeliverable', 'not_received') then 'cancelled'
            when reason in ('returned', 'damaged', 'wrong_item', 'kept') then 'returned' end;

-- Statuses:
--   ok, replay         given back, now or before; points and money_minor say how much
--   key_reuse          the event gave back something else
--   not_found          no such redemption or line
--   not_settled        nothing is spent yet
--   over_accepted      more units than were accepted and not given back
--   invalid
create or replace function redemptions.give_back(
    program_id integer, redemption_id uuid, line_number integer, event_key text, quantity integer, caused_by text,
    reason text, actor text
) returns table (status text, points bigint, money_minor bigint)
language plpgsql security definer set search_path = pg_catalog as $$
declare
    answer record;
begin
    select * into answer from redemptions.take_back(
        give_back.program_id, give_back.redemption_id, give_back.line_number, give_back.event_key, give_back.quantity,
        give_back.caused_by, give_back.reason, give_back.actor);
    if answer.status = 'ok' then
        perform redemptions.return_discounts(array[give_back.redemption_id]);
    end if;
    return query select answer.status, answer.points, answer.money_minor;
end
$$;

-- Internal: the same without what campaigns paid: a transaction that gives back several lines returns that once, at its end.
create or replace function redemptions.take_back(
    program_id integer, redemption_id uuid, line_number integer, event_key text, quantity integer, caused_by text,
    reason text, actor text, out status text, out points bigint, out money_minor bigint
) language plpgsql set search_path = pg_catalog as $$
#variable_conflict use_variable
declare
    redemption redemptions.redemption;
    line redemptions.line;
    before redemptions.units_back;
    op uuid;
    said text;
begin
    if num_nulls(program_id, redemption_id, line_number, event_key, quantity, caused_by, reason, actor) > 0
       or quantity <= 0 or length(event_key) not between 1 and 150 or caused_by not in ('member', 'ours')
       or redemptions.kind_back(reason) is null then
        status := 'invalid';
        return;
    end if;
    select * into redemption from redemptions.redemption as r
    where r.program_id = take_back.program_id and r.redemption_id = take_back.redemption_id for no key update;
    if not found then
        status := 'not_found';
        return;
    end if;
    select * into before from redemptions.units_back as b
    where b.program_id = take_back.program_id and b.redemption_id = take_back.redemption_id
      and b.line_number = take_back.line_number and b.event_key = take_back.event_key;
    if found then
        points := before.points;
        money_minor := before.money_minor;
        status := case when (before.quantity, before.caused_by, before.reason) = (quantity, caused_by, reason)
                       then 'replay' else 'key_reuse' end;
        return;
    end if;
    select * into line from redemptions.line as l
    where l.program_id = take_back.program_id and l.redemption_id = take_back.redemption_id
      and l.line_number = take_back.line_number;
    status := case when not found then 'not_found'
                   when redemption.accepted_points is null or redemption.state not in ('settled', 'closed')
                       then 'not_settled'
                   when quantity > line.accepted_quantity - line.given_back then 'over_accepted' end;
    if status is not null then
        return;
    end if;

    status := 'ok';
    points := quantity * line.unit_points;
    -- Where the money could not be taken at all the member owes none.
    money_minor := case when redemption.accepted_money_minor > 0 then quantity * line.unit_money_minor else 0 end;
    op := case when points > 0 then clock.new_id() end;
    update redemptions.line as l
    set given_back = l.given_back + take_back.quantity, row_xid = pg_current_xact_id()
    where l.program_id = take_back.program_id and l.redemption_id = take_back.redemption_id
      and l.line_number = take_back.line_number;
    insert into redemptions.units_back(program_id, redemption_id, line_number, event_key, kind, reason, caused_by, quantity,
                                       points, money_minor, op_id, actor, given_back_at)
    values (program_id, redemption_id, line_number, event_key, redemptions.kind_back(reason), reason, caused_by, quantity,
            points, money_minor, op, actor, clock.now());
    if points > 0 then
        select o.status into said
        from points.restore(
            program_id, redemption.member_id, op, redemption_id, line_number || ':' || event_key, points, caused_by,
            redemptions.return_days(redemption), actor) as o;
        if said <> 'ok' then
            raise exception 'points not restored: %', said using errcode = '55000';
        end if;
    end if;
    if money_minor > 0 then
        said := payments.give_back(program_id, redemption_id, line_number || ':' || event_key, money_minor, reason);
        if said <> 'ok' then
            raise exception 'money not given back: %', said using errcode = '55000';
        end if;
    end if;
    perform redemptions.note(program_id, redemption_id, 'units_' || redemptions.kind_back(reason), jsonb_build_object(
        'line_number', line_number, 'units', quantity, 'points', points, 'money_minor', money_minor, 'reason', reason));
    perform outbox.emit(
        program_id, 'units.' || redemptions.kind_back(reason), redemption_id::text, redemption_id,
        jsonb_build_object(
            'redemption_id', redemption_id, 'member_id', redemption.member_id, 'line_number', line_number,
            'event_key', event_key, 'quantity', quantity, 'points', points, 'money_minor', money_minor,
            'currency', redemption.currency, 'caused_by', caused_by, 'reason', reason));
end
$$;

-- Internal: units that are lost on the way, by what was heard of the order. What a person has given back of the line (event key
-- case:...) is not given back again: it may be the same parcel. The caller returns the discounts. Statuses: ok, over_accepted
-- (more is lost than there was: nothing is done, a person looks).
create or replace function redemptions.take_back_lost(
    program_id integer, redemption_id uuid, line_number integer, event_key text, quantity integer, reason text,
    out status text, out units integer
) language plpgsql set search_path = pg_catalog as $$
declare
    by_people integer;
begin
    select least(take_back_lost.quantity, l.accepted_quantity - l.given_back), coalesce((
        select sum(b.quantity) from redemptions.units_back as b
        where b.program_id = l.program_id and b.redemption_id = l.redemption_id and b.line_number = l.line_number
          and b.event_key like 'case:%'), 0)
    into units, by_people
    from redemptions.line as l
    where l.program_id = take_back_lost.program_id and l.redemption_id = take_back_lost.redemption_id
      and l.line_number = take_back_lost.line_number;
    if units is null or take_back_lost.quantity - units > by_people then
        status := 'over_accepted';
        units := 0;
        return;
    end if;
    status := 'ok';
    if units > 0 then
        select t.status into status
        from redemptions.take_back(
            take_back_lost.program_id, take_back_lost.redemption_id, take_back_lost.line_number,
            take_back_lost.event_key, take_back_lost.units, 'ours', take_back_lost.reason, 'orders') as t;
    end if;
end
$$;

-- Of a redemption, what was given back and how its money goes: state as payments.refunds_of says it, null without money.
create or replace function redemptions.given_back(program_id integer, redemption_id uuid)
returns table (line_number integer, quantity integer, kind text, reason text, points bigint, money_minor bigint,
               given_back_at timestamptz, refund_state text, refunded_at timestamptz)
language sql stable set search_path = pg_catalog
begin atomic
    select b.line_number, b.quantity, b.kind, b.reason, b.points, b.money_minor, b.given_back_at, f.state, f.refunded_at
    from redemptions.units_back as b
    left join payments.refunds_of(given_back.program_id, given_back.redemption_id) as f
        on f.event_key = b.line_number || ':' || b.event_key
    where b.program_id = given_back.program_id and b.redemption_id = given_back.redemption_id
    order by b.given_back_at, b.line_number, b.event_key;
end;
