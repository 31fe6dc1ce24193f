-- The points journal becomes the books' movements: points by accounting day, lot month, funder and event.
--
--  * Each member's rows are posted in their order, once: reports.posted says how far. The mark only finds members with new
--    rows; like the rollup's it goes by transaction ids, never by time.
--  * Of the points of one lot, those earned in the earliest month go first. A reversal takes its own accrual's points if
--    they are still there.
--  * The accounting day is the day of the purchase in the programme's time zone, never later than its booking, and never a
--    locked day: what comes late counts on the first open one. Its lot month stays that of the purchase.
--  * Redeemed points that come back are those the redemption spent, of each lot those earned last first: they keep month and
--    funder, and so every rate.
--  * Points that a member gives another keep the month they were earned in and their funder, and so every rate: no movement,
--    unless they pay what the receiver owes. The giver's row is posted before the receiver's.
--  * Each movement is the sum of entries (reports.entry): so many points of one lot of one member, by one row of the journal.
--  * A movement the books have no rule for stops the posting of everything: nothing is left out quietly.

-- Internal: the accounting day that a row would have if nothing were locked.
create or replace function reports.business_day(p_program_id int, p_occurred_at timestamptz, p_created_at timestamptz)
returns date language plpgsql stable as $$
declare
    v_zone text := points.zone_at(p_program_id, p_created_at);
begin
    return least(p_occurred_at at time zone v_zone, p_created_at at time zone v_zone)::date;
end $$;

-- Internal: who funds what nobody else does, like points given by hand.
create or replace function reports.own_funder(p_program_id int, p_at timestamptz) returns text
language plpgsql stable as $$
begin
    return coalesce((
        select p.document -> 'points' ->> 'funder' from programme.published p
        where p.program_id = p_program_id and p.published_at <= p_at order by p.version desc limit 1), 'programme');
end $$;

create or replace function reports.move(
    p_program_id int, p_day date, p_funder text, p_lot_month date, p_event text, p_points bigint
) returns void language plpgsql as $$
begin
    insert into reports.movement as m (program_id, day, funder, lot_month, event, points)
    values (p_program_id, p_day, p_funder, p_lot_month, p_event, p_points)
    on conflict (program_id, day, funder, lot_month, event)
    do update set points = m.points + excluded.points, row_xid = pg_current_xact_id();
end $$;

-- Internal: so many points of a member's lot were moved by a row of the journal: what the movements, and the lot, are made of.
create or replace function reports.enter(
    j points.journal, p_day date, p_event text, p_lot_key int, p_lot_month date, p_funder text, p_points bigint
) returns void language plpgsql as $$
begin
    insert into reports.entry as e (program_id, member_id, sequence, event, lot_key, lot_month, funder, day, points)
    values (j.program_id, j.member_id, j.sequence, p_event, p_lot_key, p_lot_month, p_funder, p_day, p_points)
    on conflict (program_id, member_id, sequence, event, lot_key, lot_month, funder)
    do update set points = e.points + excluded.points;
end $$;

create or replace function reports.put(
    p_program_id int, p_member_id bigint, p_lot_key int, p_lot_month date, p_funder text, p_points bigint
) returns void language plpgsql as $$
begin
    insert into reports.source as s (program_id, member_id, lot_key, lot_month, funder, points)
    values (p_program_id, p_member_id, p_lot_key, p_lot_month, p_funder, p_points)
    on conflict (program_id, member_id, lot_key, lot_month, funder)
    do update set points = s.points + excluded.points, row_xid = pg_current_xact_id();
end $$;

-- Internal: take points of a lot, and say which.
create or replace function reports.take(
    p_program_id int, p_member_id bigint, p_lot_key int, p_points bigint, p_own_month date, p_own_funder text
) returns table (lot_month date, funder text, points bigint) language plpgsql as $$
declare
    s reports.source;
    v_left bigint := p_points;
begin
    for s in
        select * from reports.source o
        where o.program_id = p_program_id and o.member_id = p_member_id and o.lot_key = p_lot_key
        order by (o.lot_month = p_own_month and o.funder = p_own_funder) is true desc, o.lot_month, o.funder
    loop
        exit when v_left = 0;
        if s.points <= v_left then
            delete from reports.source o
            where o.program_id = s.program_id and o.member_id = s.member_id and o.lot_key = s.lot_key
                and o.lot_month = s.lot_month and o.funder = s.funder;
        else
            update reports.source o set points = o.points - v_left, row_xid = pg_current_xact_id()
            where o.program_id = s.program_id and o.member_id = s.member_id and o.lot_key = s.lot_key
                and o.lot_month = s.lot_month and o.funder = s.funder;
        end if;
        lot_month := s.lot_month;
        funder := s.funder;
        points := least(s.points, v_left);
        v_left := v_left - points;
        return next;
    end loop;
    if v_left > 0 then
        raise exception 'member %: the books know % points fewer than the ledger moved', p_member_id, v_left;
    end if;
end $$;

-- Internal: take points of a lot (null: of any, the soonest-expiring first) that a giver has parted with, and say which.
drop function if exists reports.receive(int, uuid, int, bigint);
create function reports.receive(p_program_id int, p_op_id uuid, p_lot_key int, p_points bigint)
returns table (lot_key int, lot_month date, funder text, points bigint) language plpgsql as $$
declare
    s reports.transit;
    v_left bigint := p_points;
begin
    for s in
        select * from reports.transit o
        where o.program_id = p_program_id and o.op_id = p_op_id and o.lot_key = coalesce(p_lot_key, o.lot_key)
        order by o.lot_key, o.lot_month, o.funder
    loop
        exit when v_left = 0;
        if s.points <= v_left then
            delete from reports.transit o
            where o.program_id = s.program_id and o.op_id = s.op_id and o.lot_key = s.lot_key
                and o.lot_month = s.lot_month and o.funder = s.funder;
        else
            update reports.transit o set points = o.points - v_left, row_xid = pg_current_xact_id()
            where o.program_id = s.program_id and o.op_id = s.op_id and o.lot_key = s.lot_key
                and o.lot_month = s.lot_month and o.funder = s.funder;
        end if;
        lot_key := s.lot_key;
        lot_month := s.lot_month;
        funder := s.funder;
        points := least(s.points, v_left);
        v_left := v_left - points;
        return next;
    end loop;
    if v_left > 0 then
        raise exception 'transfer %: % points were received that nobody gave', p_op_id, v_left;
    end if;
end $$;

-- Internal: a row of the points journal by which one member gives another points: into and out of reports.transit.
create or replace function reports.post_transfer(j points.journal, p_day date) returns void language plpgsql as $$
declare
    t record;
begin
    if j.dr = 16 and j.cr = 4 then
        for t in select * from reports.receive(j.program_id, j.ref_op, null, j.amount) loop
            perform reports.move(j.program_id, p_day, t.funder, t.lot_month, 'repaid_transferred', t.points);
            perform reports.enter(j, p_day, 'received', t.lot_key, t.lot_month, t.funder, t.points);
            perform reports.enter(j, p_day, 'repaid_transferred', t.lot_key, t.lot_month, t.funder, t.points);
        end loop;
        return;
    end if;
    for i in 1 .. cardinality(j.lot_keys) loop
        if j.cr = 16 then
            for t in
                select * from reports.take(j.program_id, j.member_id, j.lot_keys[i], j.lot_amounts[i], null, null)
            loop
                insert into reports.transit (program_id, op_id, lot_key, lot_month, funder, points)
                values (j.program_id, j.op_id, j.lot_keys[i], t.lot_month, t.funder, t.points);
                perform reports.enter(j, p_day, 'given', j.lot_keys[i], t.lot_month, t.funder, t.points);
            end loop;
        else
            for t in select * from reports.receive(j.program_id, j.ref_op, j.lot_keys[i], j.lot_amounts[i]) loop
                perform reports.put(j.program_id, j.member_id, j.lot_keys[i], t.lot_month, t.funder, t.points);
                perform reports.enter(j, p_day, 'received', j.lot_keys[i], t.lot_month, t.funder, t.points);
            end loop;
        end if;
    end loop;
end $$;

-- Internal: goods of a redemption are ordered, or given back: what campaigns pay for those that were accepted and stayed, as far
-- as it was not told before, to their funders' account.
create or replace function reports.post_discounts(p_program_id int, p_day date, p_redemption_id uuid) returns void
language sql as $$
    with due as (
        select u.funder, l.campaign, sum((l.accepted_quantity - l.given_back) * l.unit_discount_minor)::bigint as amount_minor
        from redemptions.line l
        join redemptions.redemption r using (program_id, redemption_id)
        join points.budget_use u on u.program_id = r.program_id and u.op_id = r.quote_id and u.campaign = l.campaign
        where l.program_id = p_program_id and l.redemption_id = p_redemption_id
        group by u.funder, l.campaign
    ), news as (
        select d.*, d.amount_minor - coalesce(k.amount_minor, 0) as more, (k.campaign is null)::int as first
        from due d
        left join reports.discounted k on k.program_id = p_program_id and k.redemption_id = p_redemption_id
            and k.campaign = d.campaign
        where d.amount_minor <> coalesce(k.amount_minor, 0)
    ), told as (
        insert into reports.discounted (program_id, redemption_id, campaign, amount_minor)
        select p_program_id, p_redemption_id, n.campaign, n.amount_minor from news n
        on conflict (program_id, redemption_id, campaign) do update
        set amount_minor = excluded.amount_minor, row_xid = pg_current_xact_id()
    )
    insert into reports.discount as d (program_id, day, funder, campaign, redemptions, amount_minor)
    select p_program_id, p_day, n.funder, n.campaign, n.first, n.more from news n
    on conflict (program_id, day, funder, campaign) do update
    set redemptions = d.redemptions + excluded.redemptions, amount_minor = d.amount_minor + excluded.amount_minor,
        row_xid = pg_current_xact_id()
$$;

-- Internal: points of a redemption that were spent from a lot come back: whose they are, those earned last first.
create or replace function reports.unspend(p_program_id int, p_redemption_id uuid, p_lot_key int, p_points bigint)
returns table (lot_month date, funder text, points bigint) language plpgsql as $$
declare
    s record;
    v_left bigint := p_points;
begin
    if not exists (
        select from reports.redeemed o where o.program_id = p_program_id and o.redemption_id = p_redemption_id) then
        -- Redeemed before the books kept this: of the earliest months of which anything is redeemed.
        return query
        select c.lot_month, c.funder, least(c.points, p_points - c.before)::bigint
        from (
            select m.lot_month, m.funder, sum(m.points) as points,
                sum(sum(m.points)) over (order by m.lot_month, m.funder) - sum(m.points) as before
            from (
                select o.lot_month, o.funder, case o.event when 'redeemed' then o.points else -o.points end as points
                from reports.movement o
                where o.program_id = p_program_id and o.event in ('redeemed', 'restored')
                union all
                select o.lot_month, o.funder, o.restored - o.points from reports.redeemed o where o.program_id = p_program_id
            ) m group by 1, 2 having sum(m.points) > 0
        ) c where c.before < p_points;
        return;
    end if;
    for s in
        select o.lot_month, o.funder, o.points - o.restored as points from reports.redeemed o
        where o.program_id = p_program_id and o.redemption_id = p_redemption_id and o.lot_key = p_lot_key
            and o.restored < o.points
        order by o.lot_month desc, o.funder desc
    loop
        exit when v_left = 0;
        lot_month := s.lot_month;
        funder := s.funder;
        points := least(s.points, v_left);
        v_left := v_left - points;
        update reports.redeemed o set restored = o.restored + unspend.points, row_xid = pg_current_xact_id()
        where o.program_id = p_program_id and o.redemption_id = p_redemption_id and o.lot_key = p_lot_key
            and o.lot_month = s.lot_month and o.funder = s.funder;
        return next;
    end loop;
    if v_left > 0 then
        raise exception 'redemption %: the books know % points fewer than the ledger restored', p_redemption_id, v_left;
    end if;
end $$;

-- Internal: so many of a redemption's points of a month come back. Of goods that had arrived they were recognised, as far as
-- anything is; of others only if nothing else is left.
create or replace function reports.post_returned(
    p_program_id int, p_day date, p_redemption_id uuid, p_lot_month date, p_funder text, p_points bigint, p_arrived boolean
) returns void language plpgsql as $$
declare
    v_waiting bigint := coalesce((
        select u.points from reports.undelivered u
        where u.program_id = p_program_id and u.redemption_id = p_redemption_id and u.lot_month = p_lot_month
            and u.funder = p_funder), 0);
    -- What is recognised of them: these are among what is still redeemed no longer.
    v_recognised bigint := coalesce((
        select sum(r.points - r.restored) from reports.redeemed r
        where r.program_id = p_program_id and r.redemption_id = p_redemption_id and r.lot_month = p_lot_month
            and r.funder = p_funder), 0) + p_points - v_waiting;
    v_returned bigint := case when p_arrived then least(p_points, greatest(v_recognised, 0))
                              else p_points - least(p_points, v_waiting) end;
begin
    if v_returned > 0 then
        perform reports.move(p_program_id, p_day, p_funder, p_lot_month, 'returned', v_returned);
    end if;
    delete from reports.undelivered u
    where u.program_id = p_program_id and u.redemption_id = p_redemption_id and u.lot_month = p_lot_month
        and u.funder = p_funder and u.points = p_points - v_returned;
    update reports.undelivered u set points = u.points - (p_points - v_returned), row_xid = pg_current_xact_id()
    where u.program_id = p_program_id and u.redemption_id = p_redemption_id and u.lot_month = p_lot_month
        and u.funder = p_funder and p_points > v_returned;
end $$;

-- Internal: a row of the points journal by which redeemed points come back, or lapse instead.
create or replace function reports.post_restored(j points.journal, p_day date) returns void language plpgsql as $$
declare
    v_arrived boolean := exists (
        select from redemptions.units_back b where b.op_id = j.op_id and b.program_id = j.program_id and b.kind = 'returned');
    v_key int;
    t record;
begin
    perform reports.post_discounts(j.program_id, p_day, j.ref_op);
    for i in 1 .. cardinality(j.lot_keys) loop
        v_key := case j.cr when 12 then j.lot_keys[i] else coalesce(j.lot_to[i], j.lot_keys[i]) end;
        for t in select * from reports.unspend(j.program_id, j.ref_op, j.lot_keys[i], j.lot_amounts[i]) loop
            perform reports.move(j.program_id, p_day, t.funder, t.lot_month, 'restored', t.points);
            perform reports.enter(j, p_day, 'restored', v_key, t.lot_month, t.funder, t.points);
            perform reports.post_returned(j.program_id, p_day, j.ref_op, t.lot_month, t.funder, t.points, v_arrived);
            if j.cr = 12 then
                perform reports.move(j.program_id, p_day, t.funder, t.lot_month, 'lapsed', t.points);
                perform reports.enter(j, p_day, 'lapsed', v_key, t.lot_month, t.funder, t.points);
            else
                perform reports.put(j.program_id, j.member_id, v_key, t.lot_month, t.funder, t.points);
            end if;
        end loop;
    end loop;
end $$;

-- Internal: one row of the points journal.
create or replace function reports.post_row(j points.journal, p_locked_through date) returns void
language plpgsql as $$
declare
    a points.accrual;
    t record;
    v_event text;
    v_month date;
    v_key int;
    v_day date := greatest(
        reports.business_day(j.program_id, j.occurred_at, j.created_at), coalesce(p_locked_through, '-infinity') + 1);
begin
    if j.dr = 1 and j.cr = 2 or j.dr = 3 and j.cr = 1 then return; end if;  -- held, matured: still the same points
    if j.dr = 1 and j.cr = 16 or j.dr = 16 and j.cr in (1, 4) then
        perform reports.post_transfer(j, v_day);
        return;
    elsif j.dr = 11 and j.cr in (1, 12) then
        perform reports.post_restored(j, v_day);
        return;
    end if;
    if j.dr = 10 or j.dr = 3 or j.cr = 13 then
        select * into strict a from points.accrual where program_id = j.program_id and op_id = j.ref_op;
        v_month := date_trunc('month', reports.business_day(a.program_id, a.occurred_at, a.created_at))::date;
    else
        a.funder := reports.own_funder(j.program_id, j.created_at);
        v_month := date_trunc('month', reports.business_day(j.program_id, j.occurred_at, j.created_at))::date;
    end if;
    if j.dr = 10 or j.cr = 13 then
        insert into reports.funding as f (program_id, day, funder, unit_cost_micros, campaign, issued, reversed)
        values (j.program_id, v_day, a.funder, a.unit_cost_micros, coalesce(a.campaign, ''),
            case when j.dr = 10 then j.amount else 0 end, case when j.dr = 10 then 0 else j.amount end)
        on conflict (program_id, day, funder, unit_cost_micros, campaign) do update
        set issued = f.issued + excluded.issued, reversed = f.reversed + excluded.reversed, row_xid = pg_current_xact_id();
    end if;

    if j.dr = 2 and j.cr = 11 then
        perform reports.post_discounts(j.program_id, v_day, j.ref_op);
    end if;

    if j.dr in (10, 14) and j.cr in (1, 3) then
        v_event := case j.dr when 10 then 'opened' else 'granted' end;
        v_key := coalesce(j.lot_keys[1], points.lot_key(a.expires_on, false));
        perform reports.put(j.program_id, j.member_id, v_key, v_month, a.funder, j.amount);
        perform reports.move(j.program_id, v_day, a.funder, v_month, v_event, j.amount);
        perform reports.enter(j, v_day, v_event, v_key, v_month, a.funder, j.amount);
    elsif j.dr in (10, 14, 15) and j.cr = 4 or j.dr in (4, 15) and j.cr = 13 then
        -- Points owed: no lot holds them.
        perform reports.move(j.program_id, v_day, a.funder, v_month,
            case when j.dr = 10 then 'repaid' when j.dr = 14 then 'repaid_granted' when j.dr = 4 then 'owed'
                 when j.cr = 4 then 'forgiven' else 'written_off' end, j.amount);
    elsif j.dr = 2 and j.cr = 1 then
        for i in 1 .. coalesce(cardinality(j.lot_to), 0) loop
            continue when j.lot_to[i] = j.lot_keys[i];
            for t in
                select * from reports.take(j.program_id, j.member_id, j.lot_keys[i], j.lot_amounts[i], null, null)
            loop
                perform reports.put(j.program_id, j.member_id, j.lot_to[i], t.lot_month, t.funder, t.points);
                perform reports.enter(j, v_day, 'moved_out', j.lot_keys[i], t.lot_month, t.funder, t.points);
                perform reports.enter(j, v_day, 'moved_in', j.lot_to[i], t.lot_month, t.funder, t.points);
            end loop;
        end loop;
    else
        v_event := case
            when j.dr = 2 and j.cr = 11 then 'redeemed'
            when j.dr in (1, 2) and j.cr = 12 then 'lapsed'
            when j.dr in (1, 3) and j.cr = 13 then 'reversed'
            when j.dr = 3 and j.cr = 4 then 'repaid_pending'
            when j.dr = 1 and j.cr = 14 then 'withdrawn' end;
        if v_event is null then
            raise exception 'the books have no rule for points from account % to %', j.dr, j.cr
                using hint = 'database/reports/2_posting.sql';
        end if;
        v_key := points.lot_key(a.expires_on, false);
        for i in 1 .. coalesce(cardinality(j.lot_keys), 1) loop
            for t in
                select * from reports.take(
                    j.program_id, j.member_id, coalesce(j.lot_keys[i], v_key), coalesce(j.lot_amounts[i], j.amount),
                    case when a.op_id is not null then v_month end, case when a.op_id is not null then a.funder end)
            loop
                perform reports.move(j.program_id, v_day, t.funder, t.lot_month, v_event, t.points);
                perform reports.enter(
                    j, v_day, v_event, coalesce(j.lot_keys[i], v_key), t.lot_month, t.funder, t.points);
                if v_event = 'redeemed' then
                    insert into reports.undelivered as u (program_id, redemption_id, lot_month, funder, points)
                    values (j.program_id, j.ref_op, t.lot_month, t.funder, t.points)
                    on conflict (program_id, redemption_id, lot_month, funder)
                    do update set points = u.points + excluded.points, row_xid = pg_current_xact_id();
                    insert into reports.redeemed as r (program_id, redemption_id, lot_key, lot_month, funder, points)
                    values (j.program_id, j.ref_op, j.lot_keys[i], t.lot_month, t.funder, t.points)
                    on conflict (program_id, redemption_id, lot_key, lot_month, funder)
                    do update set points = r.points + excluded.points, row_xid = pg_current_xact_id();
                end if;
            end loop;
        end loop;
    end if;
end $$;

-- Internal: a member's rows up to one of them. A row by which points were received waits for the giver's rows up to theirs,
-- and those may wait in turn: a pile of members, and the topmost goes on. Both rows of a transfer have one transaction, so
-- whoever sees the one sees the other.
create or replace function reports.post_through(
    p_program_id int, p_member_id bigint, p_sequence bigint, p_locked_through date
) returns void language plpgsql as $$
declare
    v_members bigint[] := array[p_member_id];
    v_goals bigint[] := array[p_sequence];
    v_depth int := 1;
    v_before bigint;
    v_posted bigint;
    v_waits boolean;
    g record;
    j points.journal;
begin
    while v_depth > 0 loop
        v_before := coalesce((
            select p.sequence from reports.posted p
            where p.program_id = p_program_id and p.member_id = v_members[v_depth]), 0);
        v_posted := v_before;
        v_waits := false;
        for j in
            select * from points.journal n
            where n.program_id = p_program_id and n.member_id = v_members[v_depth]
                and n.sequence > v_before and n.sequence <= v_goals[v_depth]
            order by n.sequence
        loop
            if j.dr = 16 then
                select n.member_id, n.sequence into strict g from points.journal n
                where n.program_id = p_program_id and n.op_id = j.ref_op and n.cr = 16;
                v_waits := g.sequence > coalesce((
                    select p.sequence from reports.posted p
                    where p.program_id = p_program_id and p.member_id = g.member_id), 0);
                exit when v_waits;
            end if;
            perform reports.post_row(j, p_locked_through);
            v_posted := j.sequence;
        end loop;
        if v_posted > v_before then
            insert into reports.posted as p (program_id, member_id, sequence, entries_after)
            values (p_program_id, v_members[v_depth], v_posted, v_before)
            on conflict (program_id, member_id) do update
            set sequence = excluded.sequence, entries_after = coalesce(p.entries_after, excluded.entries_after);
        end if;
        if not v_waits then
            v_depth := v_depth - 1;
        elsif g.member_id = any (v_members[:v_depth]) then
            raise exception 'member %: points were received before they were given', v_members[v_depth];
        else
            v_depth := v_depth + 1;
            v_members[v_depth] := g.member_id;
            v_goals[v_depth] := g.sequence;
        end if;
    end loop;
end $$;

-- Post what has been written since the last time, about `p_most` rows of it. Returns how many; 0 when there is no more.
create or replace function reports.post(p_most int) returns bigint
language plpgsql security definer set search_path = pg_catalog as $$
declare
    v_from xid8;
    v_below xid8;
    v_locked date;
    v_count bigint := 0;
    w record;
begin
    select below into v_from from reports.mark for update;
    v_below := points.readable_below(v_from, p_most);
    if v_below <= v_from then return 0; end if;
    insert into reports.period (program_id) select program_id from programme.program order by program_id
    on conflict do nothing;
    perform from reports.period order by program_id for update;
    for w in
        select n.program_id, n.member_id, max(n.sequence) as sequence, count(*) as entries
        from points.journal n
        where n.txid >= (v_from::text)::bigint and n.txid < (v_below::text)::bigint
        group by 1, 2 order by 1, 2
    loop
        -- Nobody owes anything for a canary's points: they are passed over, and the mark with them.
        if w.program_id in (select e.program_id from programme.in_earnest e) then
            select p.locked_through into v_locked from reports.period p where p.program_id = w.program_id;
            perform reports.post_through(w.program_id, w.member_id, w.sequence, v_locked);
        end if;
        v_count := v_count + w.entries;
    end loop;
    -- Also when all of them were posted before, for rows that came after them: the next ones are behind the mark.
    if v_count > 0 then update reports.mark set below = v_below; end if;
    return v_count;
end $$;

-- Goods of a redemption have arrived: so many of its points' worth. Statuses: ok, replay, key_reuse, invalid,
-- not_settled (fewer points of it are redeemed and undelivered, or not posted yet: again later).
create or replace function reports.deliver(
    p_program_id int, p_delivery_id uuid, p_redemption_id uuid, p_points bigint, p_delivered_at timestamptz, p_actor text
) returns text language plpgsql security definer set search_path = pg_catalog as $$
declare
    d reports.delivery;
    u reports.undelivered;
    v_left bigint := p_points;
    v_day date;
begin
    if p_points is null or p_points <= 0 or num_nulls(p_delivery_id, p_redemption_id, p_delivered_at, p_actor) > 0 then
        return 'invalid';
    end if;
    insert into reports.period (program_id) values (p_program_id) on conflict do nothing;
    perform from reports.period where program_id = p_program_id for update;
    select * into d from reports.delivery where program_id = p_program_id and delivery_id = p_delivery_id;
    if found then
        return case when (d.redemption_id, d.points) = (p_redemption_id, p_points) then 'replay' else 'key_reuse' end;
    end if;
    if v_left > (
        select coalesce(sum(o.points), 0) from reports.undelivered o
        where o.program_id = p_program_id and o.redemption_id = p_redemption_id) then
        return 'not_settled';
    end if;
    insert into reports.delivery values (
        p_program_id, p_delivery_id, p_redemption_id, p_points, p_delivered_at, p_actor, clock.now());
    select greatest(reports.business_day(p_program_id, p_delivered_at, clock.now()),
        coalesce(p.locked_through, '-infinity') + 1) into v_day
    from reports.period p where p.program_id = p_program_id;
    for u in
        select * from reports.undelivered o
        where o.program_id = p_program_id and o.redemption_id = p_redemption_id order by o.lot_month, o.funder
    loop
        exit when v_left = 0;
        perform reports.move(p_program_id, v_day, u.funder, u.lot_month, 'delivered', least(u.points, v_left));
        if u.points <= v_left then
            delete from reports.undelivered o
            where o.program_id = u.program_id and o.redemption_id = u.redemption_id and o.lot_month = u.lot_month
                and o.funder = u.funder;
        else
            update reports.undelivered o set points = o.points - v_left, row_xid = pg_current_xact_id()
            where o.program_id = u.program_id and o.redemption_id = u.redemption_id and o.lot_month = u.lot_month
                and o.funder = u.funder;
        end if;
        v_left := v_left - least(u.points, v_left);
    end loop;
    return 'ok';
end $$;
