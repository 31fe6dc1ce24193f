-- A month is closed once: a snapshot of every member at its end, kept only if it follows from the snapshot before, row by
-- row. Balances as of any later time need no older row than that.
--
-- A member's state at the end of a month is that after the last row whose transaction began before the end.

-- Internal: what is wrong with the month's snapshot: {rule: count} of the rules that are broken, null if none.
create or replace function points.snapshot_violations(p_program_id int, p_month date) returns jsonb
language plpgsql stable as $$
begin
    return (
    with snapshot as materialized (
        select b.member_id, b.available, b.held, b.pending, b.debt, b.sequence, b.chain,
            coalesce(p.sequence, 0) as sequence_before, coalesce(p.chain, ''::bytea) as chain_before,
            coalesce(p.available, 0) as available_before, coalesce(p.held, 0) as held_before,
            coalesce(p.pending, 0) as pending_before, coalesce(p.debt, 0) as debt_before
        from points.month_balance b
        left join points.month_balance p on p.program_id = b.program_id and p.member_id = b.member_id
            and p.month = (b.month - interval '1 month')::date
        where b.program_id = p_program_id and b.month = p_month
    ), step as (
        select s.member_id, j.sequence, j.chain, j.dr, j.cr, j.amount,
            j.sequence - lag(j.sequence, 1, s.sequence_before) over mine as gap,
            points.link(lag(j.chain, 1, s.chain_before) over mine, j) as expected
        from snapshot s
        join points.journal j on j.program_id = p_program_id and j.member_id = s.member_id
            and j.sequence > s.sequence_before and j.sequence <= s.sequence
        window mine as (partition by j.member_id order by j.sequence)
    ), moved as (
        select member_id, count(*) as entries,
            count(*) filter (where gap <> 1 or chain <> expected) as broken,
            (array_agg(chain order by sequence desc))[1] as chain,
            sum((cr = 1)::int * amount - (dr = 1)::int * amount) as available,
            sum((cr = 2)::int * amount - (dr = 2)::int * amount) as held,
            sum((cr = 3)::int * amount - (dr = 3)::int * amount) as pending,
            sum((dr = 4)::int * amount - (cr = 4)::int * amount) as debt
        from step group by 1
    ), later as (
        select coalesce(sum((j.cr <= 4)::int * j.amount - (j.dr <= 4)::int * j.amount), 0) as owned
        from snapshot s
        join points.journal j on j.program_id = p_program_id and j.member_id = s.member_id and j.sequence > s.sequence
    ), counted as (
        select 'chain' as rule, count(*) as count
        from snapshot s left join moved m using (member_id)
        where coalesce(m.broken, 0) > 0 or coalesce(m.entries, 0) <> s.sequence - s.sequence_before
            or s.chain <> coalesce(m.chain, s.chain_before)
        union all
        select 'sums', count(*)
        from snapshot s left join moved m using (member_id)
        where (s.available - s.available_before, s.held - s.held_before, s.pending - s.pending_before,
               s.debt - s.debt_before)
            is distinct from (coalesce(m.available, 0), coalesce(m.held, 0), coalesce(m.pending, 0), coalesce(m.debt, 0))
        union all
        -- What all members had, and what was moved since, is what rollup and tail say there is.
        select 'rollup', count(*)
        from (select coalesce(sum(available + held + pending - debt), 0) as owned from snapshot) s, later l,
            (select coalesce(sum((f.cr <= 4)::int * f.amount - (f.dr <= 4)::int * f.amount), 0) as owned
             from points.figures(p_program_id, '-infinity', 'infinity') f) r
        where s.owned + l.owned <> r.owned
        union all
        -- Whoever was in the month before is in this one.
        select 'members', count(*)
        from points.month_balance p
        where p.program_id = p_program_id and p.month = (p_month - interval '1 month')::date
            and not exists (select from snapshot s where s.member_id = p.member_id)
    )
    select jsonb_object_agg(rule, count) from counted where count > 0);
end $$;

-- Statuses: closed, already_closed, too_early (not an hour since its end), earlier_open (the month before is not closed),
-- not_rolled_up (a transaction of the month has just ended or still runs: later), refused (what it found is kept).
create or replace function points.close_month(p_program_id int, p_month date, p_actor text) returns text
language plpgsql security definer set search_path = pg_catalog as $$
declare
    v_month date := date_trunc('month', p_month)::date;
    v_last date;
    v_from timestamptz;
    v_until timestamptz;
    v_violations jsonb;
begin
    perform pg_advisory_xact_lock(7203116, p_program_id);
    if exists (
        select from points.month_close c
        where c.program_id = p_program_id and c.month = v_month and c.state = 'closed') then
        return 'already_closed';
    end if;
    select max(c.month) into v_last from points.month_close c where c.program_id = p_program_id and c.state = 'closed';
    select c.until into v_from from points.month_close c where c.program_id = p_program_id and c.month = v_last;
    v_from := coalesce(v_from, v_month::timestamp at time zone points.zone(p_program_id));
    v_until := (v_month + interval '1 month')::timestamp at time zone points.zone(p_program_id);
    if clock.now() < v_until + interval '1 hour' then return 'too_early'; end if;
    if v_month <> coalesce((v_last + interval '1 month')::date, v_month) or v_last is null and exists (
        select from points.journal j where j.program_id = p_program_id and j.created_at < v_from) then
        return 'earlier_open';
    end if;
    if exists (
        select from points.rollup_mark k, points.journal j
        where j.txid >= (k.below::text)::bigint and j.program_id = p_program_id
            and j.created_at < v_until) then
        return 'not_rolled_up';
    end if;
    begin
        insert into points.month_balance
        select p_program_id, v_month, m.member_id,
            coalesce(l.available_after, b.available, 0), coalesce(l.held_after, b.held, 0),
            coalesce(l.pending_after, b.pending, 0), coalesce(l.debt_after, b.debt, 0),
            coalesce(l.sequence, b.sequence, 0), coalesce(l.chain, b.chain, ''::bytea)
        from points.member m
        left join points.month_balance b
            on b.program_id = m.program_id and b.member_id = m.member_id and b.month = v_last
        left join lateral (
            select j.* from points.journal j
            where j.program_id = m.program_id and j.member_id = m.member_id and j.sequence > coalesce(b.sequence, 0)
                and j.created_at < v_until
            order by j.sequence desc limit 1
        ) l on true
        where m.program_id = p_program_id;
        v_violations := points.snapshot_violations(p_program_id, v_month);
        if v_violations is not null then
            raise exception 'the month does not add up' using errcode = 'ZC001';
        end if;
    exception when sqlstate 'ZC001' then
        -- The snapshot is gone again; what was wrong with it is kept.
        null;
    end;
    insert into points.month_close as c (
        program_id, month, until, state, members, entries, available, held, pending, debt, head, violations, attempted_by,
        attempted_at)
    select p_program_id, v_month, v_until, case when v_violations is null then 'closed' else 'refused' end,
        count(*), coalesce(sum(b.sequence - coalesce(p.sequence, 0)), 0), coalesce(sum(b.available), 0),
        coalesce(sum(b.held), 0), coalesce(sum(b.pending), 0), coalesce(sum(b.debt), 0),
        sha256(coalesce(string_agg(int8send(b.member_id) || b.chain, ''::bytea order by b.member_id), ''::bytea)),
        v_violations, p_actor, clock.now()
    from points.month_balance b
    left join points.month_balance p
        on p.program_id = b.program_id and p.member_id = b.member_id and p.month = v_last
    where b.program_id = p_program_id and b.month = v_month
    on conflict (program_id, month) do update
    set until = excluded.until, state = excluded.state, members = excluded.members, entries = excluded.entries,
        available = excluded.available, held = excluded.held, pending = excluded.pending, debt = excluded.debt,
        head = excluded.head, violations = excluded.violations, attempted_by = excluded.attempted_by,
        attempted_at = excluded.attempted_at, row_xid = pg_current_xact_id();
    return case when v_violations is null then 'closed' else 'refused' end;
end $$;

-- The next month of each programme whose time has come; one that was refused is tried again after an hour.
create or replace function points.close_due_months(p_actor text)
returns table (program_id int, month date, status text) language plpgsql security definer set search_path = pg_catalog as $$
declare
    due record;
begin
    for due in
        select g.program_id, n.month
        from programme.program g
        cross join lateral (
            select coalesce(
                (select (max(c.month) + interval '1 month')::date from points.month_close c
                 where c.program_id = g.program_id and c.state = 'closed'),
                (select date_trunc('month', min(r.booked_day))::date from points.rollup r
                 where r.program_id = g.program_id)) as month
        ) n
        where (n.month + interval '1 month')::timestamp at time zone points.zone(g.program_id)
                <= clock.now() - interval '1 hour'
            and not exists (
                select from points.month_close c
                where c.program_id = g.program_id and c.month = n.month and c.attempted_at > clock.now() - interval '1 hour')
        order by g.program_id
    loop
        return query select due.program_id, due.month, points.close_month(due.program_id, due.month, p_actor);
    end loop;
end $$;

-- What was tried of each month, newest first.
create or replace function points.closes(p_program_id int)
returns table (
    month date, until timestamptz, state text, members bigint, entries bigint, available numeric, held numeric,
    pending numeric, debt numeric, head bytea, violations jsonb, attempted_by text, attempted_at timestamptz
) language sql stable security definer set search_path = pg_catalog
begin atomic
    select c.month, c.until, c.state, c.members, c.entries, c.available, c.held, c.pending, c.debt, c.head, c.violations,
        c.attempted_by, c.attempted_at
    from points.month_close c where c.program_id = p_program_id order by c.month desc;
end;

-- A closed month once more: its snapshot against the journal, and its head and sums against the snapshot. Returns what does
-- not agree, {rule: count}; '{}' if all does; null if the month is not closed.
create or replace function points.verify_close(p_program_id int, p_month date) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog as $$
declare
    c points.month_close;
    v_wrong jsonb;
begin
    select * into c from points.month_close k
    where k.program_id = p_program_id and k.month = p_month and k.state = 'closed';
    if not found then return null; end if;
    v_wrong := coalesce(points.snapshot_violations(p_program_id, p_month), '{}');
    if (c.members, c.available, c.held, c.pending, c.debt, c.head) is distinct from (
        select (count(*), coalesce(sum(b.available), 0), coalesce(sum(b.held), 0), coalesce(sum(b.pending), 0),
            coalesce(sum(b.debt), 0),
            sha256(coalesce(string_agg(int8send(b.member_id) || b.chain, ''::bytea order by b.member_id), ''::bytea)))
        from points.month_balance b where b.program_id = p_program_id and b.month = p_month) then
        v_wrong := v_wrong || '{"head": 1}';
    end if;
    return v_wrong;
end $$;

grant execute on function points.closes(int), points.verify_close(int, date) to manager_api;
grant execute on function points.close_due_months(text) to sweeper;
