-- The journal's sums by day, account pair and funder: what the programme's accounts would be if they were rows.
--
-- A worker adds to the rollup what was written since its mark. It never asks for the time: rows are read by the id of the
-- transaction that wrote them, up to the oldest one still running, so a transaction that began early and ends late is
-- counted once, when it has ended. Figures of this moment are the rollup and the journal's tail above the mark, in one
-- statement and therefore one snapshot.
-- After a restore into another server transaction ids begin anew: empty the rollup and set its mark to 0 by hand.

-- The time zone of the programme at an instant: a booked row's days never change, also if the programme moves.
create or replace function points.zone_at(p_program_id int, p_instant timestamptz) returns text
language plpgsql stable as $$
begin
    return coalesce(
        (select p.time_zone from programme.published p
         where p.program_id = p_program_id and p.published_at <= p_instant order by p.version desc limit 1), 'UTC');
end $$;

-- Internal: the journal's sums over transactions from `p_from` (included) to `p_below` (excluded; null: all there are).
create or replace function points.sums(p_from xid8, p_below xid8)
returns table (
    program_id int, booked_day date, business_day date, dr smallint, cr smallint, funder text, amount bigint, entries bigint
) language sql stable
begin atomic
    select j.program_id, (j.created_at at time zone z.zone)::date, (j.occurred_at at time zone z.zone)::date, j.dr, j.cr,
        coalesce(a.funder, ''), sum(j.amount)::bigint, count(*)
    from points.journal j
    cross join lateral (select points.zone_at(j.program_id, j.created_at) as zone) z
    left join points.accrual a on a.program_id = j.program_id and a.op_id = j.ref_op and a.member_id = j.member_id
        and j.kind in ('accrue', 'repay', 'mature', 'reverse', 'write_off')
    where j.txid >= (p_from::text)::bigint
        and (p_below is null or j.txid < (p_below::text)::bigint)
    group by 1, 2, 3, 4, 5, 6;
end;

-- Internal: where a worker that begins at `p_from` stops this time: before the oldest transaction that still runs, or
-- earlier, after about `p_most` rows. Nothing below it can appear any more.
create or replace function points.readable_below(p_from xid8, p_most int) returns xid8
language sql volatile
begin atomic
    select case when count(*) < p_most then pg_snapshot_xmin(pg_current_snapshot())
                else (max(t.txid) + 1)::text::xid8 end
    from (
        select j.txid from points.journal j
        where j.txid >= (p_from::text)::bigint
            and j.txid < (pg_snapshot_xmin(pg_current_snapshot())::text)::bigint
        order by j.txid limit p_most
    ) t;
end;

-- Add what has been written since the last time, about `p_most` rows of it. Returns how many; 0 when there is no more.
create or replace function points.roll_up(p_most int) returns bigint
language plpgsql security definer set search_path = pg_catalog as $$
declare
    v_from xid8;
    v_below xid8;
    v_entries bigint;
begin
    -- Two workers take turns; the second begins where the first ended.
    select below into v_from from points.rollup_mark for update;
    v_below := points.readable_below(v_from, p_most);
    if v_below <= v_from then return 0; end if;
    with found as materialized (
        select * from points.sums(v_from, v_below)
    ), added as (
        insert into points.rollup as r (program_id, booked_day, business_day, dr, cr, funder, amount, entries)
        select * from found
        on conflict (program_id, booked_day, business_day, dr, cr, funder) do update
        set amount = r.amount + excluded.amount, entries = r.entries + excluded.entries, row_xid = pg_current_xact_id()
    )
    select coalesce(sum(entries), 0) into v_entries from found;
    if v_entries = 0 then return 0; end if;
    update points.rollup_mark set below = v_below;
    return v_entries;
end $$;

-- What was booked from one day to another (both included), this moment's rows among it.
create or replace function points.figures(p_program_id int, p_from date, p_until date)
returns table (
    booked_day date, business_day date, dr smallint, cr smallint, funder text, amount bigint, entries bigint
) language sql stable security definer set search_path = pg_catalog
begin atomic
    select f.booked_day, f.business_day, f.dr, f.cr, f.funder, sum(f.amount)::bigint, sum(f.entries)::bigint
    from (
        select r.program_id, r.booked_day, r.business_day, r.dr, r.cr, r.funder, r.amount, r.entries from points.rollup r
        union all
        select t.* from points.rollup_mark m, points.sums(m.below, null) t
    ) f
    where f.program_id = p_program_id and f.booked_day between p_from and p_until
    group by 1, 2, 3, 4, 5;
end;

-- Each must count nothing, always, also while operations and the worker run.
create or replace function points.check_rollup() returns table (name text, violations bigint)
language sql stable security definer set search_path = pg_catalog
begin atomic
    with figure as (
        select f.program_id, f.booked_day, f.business_day, f.dr, f.cr, f.funder,
            sum(f.amount) as amount, sum(f.entries) as entries
        from (
            select r.program_id, r.booked_day, r.business_day, r.dr, r.cr, r.funder, r.amount, r.entries from points.rollup r
            union all
            select t.* from points.rollup_mark m, points.sums(m.below, null) t
        ) f
        group by 1, 2, 3, 4, 5, 6
    ), owned as (
        select program_id, sum(available) as available, sum(held) as held, sum(pending) as pending, sum(debt) as debt
        from points.member group by 1
    ), moved as (
        select program_id,
            coalesce(sum(amount) filter (where cr = 1), 0) - coalesce(sum(amount) filter (where dr = 1), 0) as available,
            coalesce(sum(amount) filter (where cr = 2), 0) - coalesce(sum(amount) filter (where dr = 2), 0) as held,
            coalesce(sum(amount) filter (where cr = 3), 0) - coalesce(sum(amount) filter (where dr = 3), 0) as pending,
            coalesce(sum(amount) filter (where dr = 4), 0) - coalesce(sum(amount) filter (where cr = 4), 0) as debt
        from figure group by 1
    )
    select 'R1 rollup and tail are the journal', count(*)
    from figure f
    full join points.sums('0', null) s using (program_id, booked_day, business_day, dr, cr, funder)
    where (f.amount, f.entries) is distinct from (s.amount::numeric, s.entries::numeric)
    union all
    select 'R2 rollup and tail are the members', count(*)
    from owned o full join moved m using (program_id)
    where coalesce(o.available, 0) <> coalesce(m.available, 0) or coalesce(o.held, 0) <> coalesce(m.held, 0)
        or coalesce(o.pending, 0) <> coalesce(m.pending, 0) or coalesce(o.debt, 0) <> coalesce(m.debt, 0);
end;

grant execute on function points.roll_up(int) to sweeper;
grant execute on function points.check_rollup(), points.figures(int, date, date) to auditor;
