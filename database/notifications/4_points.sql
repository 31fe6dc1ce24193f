-- What the ledger has done is told from the ledger's own journal, and what will lapse is told before it does. Each piece is
-- bounded, passes over what somebody else is at, and may be stopped at any time.

-- Read about `most` rows of the journal: what was earned goes to the day's digest, the rest is said at once. Returns how
-- many rows there were; 0: nothing new. Ordered by transaction, so nothing is missed and nothing is told twice.
create or replace function notifications.read_journal(most integer) returns bigint
language plpgsql security definer set search_path = pg_catalog as $$
declare
    v_from xid8;
    v_below xid8;
    v_rows bigint;
begin
    select below into v_from from notifications.journal_mark for update skip locked;
    if not found then return 0; end if;
    v_below := points.readable_below(v_from, most);
    if v_below <= v_from then return 0; end if;
    with booked as materialized (
        select j.program_id, j.member_id, j.op_id, j.ref_op, j.kind::text as kind, j.dr, j.cr, j.amount, j.sequence,
               j.available_after
        from points.journal as j
        where j.txid >= (v_from::text)::bigint and j.txid < (v_below::text)::bigint
    ), today as materialized (
        select g.program_id, points.today(g.program_id) as day from programme.program as g
    ), earned as (
        insert into notifications.digest as d (program_id, member_id, day, earned)
        select b.program_id, b.member_id, t.day, sum(b.amount)::bigint
        from booked as b join today as t using (program_id)
        where b.dr = 10 and b.program_id in (select e.program_id from programme.in_earnest as e)
        group by 1, 2, 3
        on conflict (program_id, member_id, day) do update
        set earned = d.earned + excluded.earned, row_xid = pg_current_xact_id()
    ), said as (
        select b.program_id, b.member_id, b.op_id, min(b.ref_op::text)::uuid as ref_op, max(b.sequence) as sequence,
               case when b.kind = 'adjust' then 'points.adjusted'
                    when b.dr = 2 and b.cr = 11 then 'points.redeemed'
                    else 'points.returned' end as topic,
               sum(case when b.kind = 'adjust' and b.dr in (1, 3, 4) then -b.amount else b.amount end)::bigint as amount
        from booked as b
        where (b.kind = 'adjust' and 14 in (b.dr, b.cr)) or (b.dr = 2 and b.cr = 11) or (b.dr in (2, 11) and b.cr = 1)
        group by 1, 2, 3, 6
    )
    select (select count(*) from booked) + 0 * count(outbox.emit(
        s.program_id, s.topic, s.member_id::text, s.op_id,
        jsonb_build_object('member_id', s.member_id, 'op_id', s.op_id, 'amount', s.amount, 'sequence', s.sequence))::text)
    into v_rows
    from (select * from said order by program_id, member_id, sequence) as s;
    update notifications.journal_mark set below = v_below, row_xid = pg_current_xact_id();
    return v_rows;
end
$$;

-- Say what was earned on days that are over, from eight in the morning where the programme is. How many members.
create or replace function notifications.tell_digests(most integer) returns integer
language plpgsql security definer set search_path = pg_catalog as $$
declare
    v_count integer;
begin
    with local as materialized (
        select g.program_id, clock.now() at time zone points.zone_at(g.program_id, clock.now()) as time
        from programme.program as g
    ), due as (
        select d.program_id, d.member_id, d.day
        from local as l
        join notifications.digest as d using (program_id)
        where d.told_at is null and l.time >= d.day + interval '1 day 8 hours'
        order by d.program_id, d.day, d.member_id limit most
        for no key update of d skip locked
    ), told as (
        update notifications.digest as d
        set told_at = clock.now(), row_xid = pg_current_xact_id()
        from due
        where d.program_id = due.program_id and d.member_id = due.member_id and d.day = due.day
        returning d.*
    )
    select count(*) + 0 * count(outbox.emit(
        t.program_id, 'points.earned', t.member_id::text, null,
        jsonb_build_object('member_id', t.member_id, 'amount', t.earned, 'day', t.day))::text)
    into v_count
    from told as t;
    return v_count;
end
$$;

-- Go on with today's walk over one programme's members, `most` of them: whose points lapse within 60, 30 or 7 days is
-- warned, once for each lot and stage. Returns how many members were looked at; 0: all programmes are done for today.
create or replace function notifications.warn_expiring(most integer) returns integer
language plpgsql security definer set search_path = pg_catalog as $$
declare
    walk notifications.expiry_walk;
    v_looked integer;
    v_last bigint;
begin
    insert into notifications.expiry_walk(program_id, day, after_member_id, done)
    select g.program_id, points.today(g.program_id), 0, false from programme.in_earnest as g
    on conflict do nothing;
    select * into walk from notifications.expiry_walk as w
    where not w.done or w.day < points.today(w.program_id)
    order by w.program_id limit 1 for update skip locked;
    if not found then return 0; end if;
    if walk.day < points.today(walk.program_id) then
        walk.day := points.today(walk.program_id);
        walk.after_member_id := 0;
    end if;

    with batch as materialized (
        select p.member_id from points.member as p
        where p.program_id = walk.program_id and p.member_id > walk.after_member_id
        order by p.member_id limit most
    ), lot as (
        select b.member_id, points.lot_expires_on(l.key) as expires_on, sum(l.amount)::bigint as amount
        from batch as b
        join points.lot as l on l.program_id = walk.program_id and l.member_id = b.member_id
        where points.lot_expires_on(l.key) between walk.day and walk.day + 60
        group by 1, 2
    ), staged as (
        select l.*, case when l.expires_on <= walk.day + 7 then 7 when l.expires_on <= walk.day + 30 then 30
                         else 60 end as stage
        from lot as l
    ), warned as (
        insert into notifications.expiry_warning(program_id, member_id, expires_on, stage, amount, warning_id, warned_at)
        select walk.program_id, s.member_id, s.expires_on, s.stage, s.amount, clock.new_id(), clock.now()
        from staged as s
        where not exists (
            select from notifications.expiry_warning as w
            where w.program_id = walk.program_id and w.member_id = s.member_id and w.expires_on = s.expires_on
              and w.stage <= s.stage)
        on conflict do nothing
        returning *
    ), emitted as (
        select count(outbox.emit(
            w.program_id, 'points.expiring', w.member_id::text, w.warning_id,
            jsonb_build_object('member_id', w.member_id, 'amount', w.amount, 'expires_on', w.expires_on,
                               'stage', w.stage, 'warning_id', w.warning_id))::text) as count
        from warned as w
    )
    select count(*), max(b.member_id) into v_looked, v_last from batch as b cross join emitted;
    update notifications.expiry_walk as w
    set day = walk.day, after_member_id = coalesce(v_last, walk.after_member_id), done = v_looked < most,
        row_xid = pg_current_xact_id()
    where w.program_id = walk.program_id;
    return greatest(v_looked, 1);
end
$$;

-- Lots that lapse within 30 days whose warning nobody got: neither that of 30 days nor that of 7 was delivered. What is under
-- way for less than a day is not listed, and an SMS that was sent counts: no telephone says more. `why`: of the last try.
create or replace view notifications.unwarned_lot as
select w.program_id, w.member_id, w.expires_on, lot.amount, min(w.warned_at) as warned_at,
       (array_agg(coalesce(m.reason, m.state, 'not_told_yet') order by w.stage, m.channel, m.created_at desc))[1] as why
from notifications.expiry_warning as w
cross join lateral (
    select l.amount from points.lots(w.program_id, w.member_id) as l where l.expires_on = w.expires_on) as lot
left join notifications.message as m
    on m.program_id = w.program_id and m.member_id = w.member_id and m.created_at >= w.warned_at
    and m.template = 'points-expiring' and m.payload ->> 'warning_id' = w.warning_id::text
where w.stage <= 30 and w.expires_on >= points.today(w.program_id)
group by w.program_id, w.member_id, w.expires_on, lot.amount
having not bool_or(
    coalesce(m.state, 'queued') = 'delivered'
    or coalesce(m.channel = 'sms' and m.state = 'sent', false)
    or (coalesce(m.state, 'queued') in ('queued', 'sending', 'sent') and w.warned_at > clock.now() - interval '1 day'));

-- Those of a programme, soonest first.
create or replace function notifications.unwarned(program_id integer, most integer)
returns table (member_number text, expires_on date, amount bigint, warned_at timestamptz, why text)
language sql stable security definer set search_path = pg_catalog as $$
    select members.number_of(u.program_id, u.member_id), u.expires_on, u.amount, u.warned_at, u.why
    from notifications.unwarned_lot as u
    where u.program_id = unwarned.program_id
    order by u.expires_on, u.amount desc, u.member_id limit least(greatest(unwarned.most, 1), 500)
$$;

-- How it stands, over all programmes: messages that nobody knows of, that were refused, lots nobody was warned of.
create or replace function notifications.standing()
returns table (unknown bigint, failed bigint, unwarned bigint)
language sql stable security definer set search_path = pg_catalog as $$
    select (select count(*) from notifications.message as m
            where m.state = 'unknown' and m.created_at > clock.now() - interval '1 day'),
           (select count(*) from notifications.message as m
            where m.state = 'failed' and m.created_at > clock.now() - interval '1 day'),
           (select count(*) from (select from notifications.unwarned_lot as u
                                  where u.expires_on < (clock.now() + interval '7 days')::date limit 1000) as soon)
$$;
