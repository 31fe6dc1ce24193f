-- What a member and what staff see of levels.

-- Internal: how many units a member has in the period that begins then.
create or replace function tiers.units(l tiers.ladder, p_member_id bigint, p_starts_on date) returns bigint
language sql stable set search_path = pg_catalog as $$
    select coalesce(sum(case (l).unit when 'spend_minor' then m.spend_minor else m.base_points end), 0)::bigint
    from tiers.month m
    where m.program_id = (l).program_id and m.member_id = p_member_id and m.month >= p_starts_on
        and m.month < tiers.later(p_starts_on, (l).months)
$$;

-- A member's level, since when and why, the last day it is kept (null: for ever), and the counter of this period. Days are the last
-- ones. `secured`: it was reached in this period, or is kept through the next.
create or replace function tiers.of_member(p_program_id int, p_member_id bigint)
returns table (
    tier text, source text, since timestamptz, until date, reason_code text, unit text, period_from date, period_until date,
    units bigint, secured boolean
) language plpgsql stable security definer set search_path = pg_catalog as $$
declare
    l tiers.ladder := tiers.ladder_of(p_program_id);
    m members.member;
    s tiers.standing;
begin
    select * into m from members.member o where o.program_id = p_program_id and o.member_id = p_member_id;
    if not found or l.codes is null then return; end if;
    select * into s from tiers.standing o where o.program_id = p_program_id and o.member_id = p_member_id;
    tier := l.codes[tiers.rank(l, m.tier)];
    period_from := tiers.period(l.today, l.months);
    period_until := tiers.later(period_from, l.months) - 1;
    unit := l.unit;
    units := tiers.units(l, p_member_id, period_from);
    if s.member_id is not null then
        source := s.source;
        since := s.since;
        until := s.until;
        select g.reason_code into reason_code from tiers.granted g
        where g.program_id = p_program_id and g.grant_id = s.grant_id;
    else
        source := case when tier = l.codes[1] then 'start' else 'registered' end;
        since := m.created_at;
        if source = 'registered' then
            select tiers.later(tiers.period(
                (greatest(m.created_at, b.began_at) at time zone l.zone)::date, l.months), 2 * l.months) - 1
            into until from tiers.programme b where b.program_id = p_program_id;
        end if;
    end if;
    secured := until is null or until > period_until;
    return next;
end $$;

-- The counter by period, newest first, and the level reached in each (null: none above the first).
create or replace function tiers.periods(p_program_id int, p_member_id bigint, p_most int)
returns table (period_from date, period_until date, base_points bigint, spend_minor bigint, units bigint, reached text)
language plpgsql stable security definer set search_path = pg_catalog as $$
declare
    l tiers.ladder := tiers.ladder_of(p_program_id);
begin
    return query
    with counted as (
        select tiers.period(m.month, l.months) as starts_on, sum(m.base_points)::bigint as base_points,
            sum(m.spend_minor)::bigint as spend_minor
        from tiers.month m where m.program_id = p_program_id and m.member_id = p_member_id group by 1
    )
    select c.starts_on, tiers.later(c.starts_on, l.months) - 1, c.base_points, c.spend_minor,
        case l.unit when 'spend_minor' then c.spend_minor else c.base_points end,
        (select r.tier from tiers.reached r
         where r.program_id = p_program_id and r.member_id = p_member_id and r.starts_on = c.starts_on
             and r.source = 'earned'
         order by tiers.rank(l, r.tier) desc limit 1)
    from counted c order by c.starts_on desc limit least(greatest(p_most, 1), 100);
end $$;

create or replace function tiers.changes(p_program_id int, p_member_id bigint, p_most int)
returns table (
    change_id uuid, from_tier text, to_tier text, direction text, cause text, until date, reason_code text, actor text,
    changed_at timestamptz
) language sql stable security definer set search_path = pg_catalog as $$
    select c.change_id, c.from_tier, c.to_tier, c.direction, c.cause, c.until, g.reason_code, c.actor, c.changed_at
    from tiers.change c
    left join tiers.granted g on g.program_id = c.program_id and g.grant_id = c.grant_id
    where c.program_id = p_program_id and c.member_id = p_member_id
    order by c.sequence desc limit least(greatest(p_most, 1), 200)
$$;

-- What staff gave, newest first. `state`: active, ended, withdrawn.
create or replace function tiers.grants(p_program_id int, p_member_id bigint)
returns table (
    grant_id uuid, tier text, until date, reason_code text, state text, granted_by text, granted_at timestamptz,
    withdrawn_by text, withdrawn_at timestamptz
) language sql stable security definer set search_path = pg_catalog as $$
    select g.grant_id, g.tier, g.until, g.reason_code,
        case when g.withdrawn_at is not null then 'withdrawn'
             when g.until < points.today(p_program_id) then 'ended' else 'active' end,
        g.granted_by, g.granted_at, g.withdrawn_by, g.withdrawn_at
    from tiers.granted g
    where g.program_id = p_program_id and g.member_id = p_member_id
    order by g.granted_at desc, g.grant_id desc limit 200
$$;

-- Internal: who has at least nine tenths of what the next level takes, in this period.
create or replace function tiers.near(l tiers.ladder)
returns table (member_id bigint, rank int, units bigint) language sql stable set search_path = pg_catalog as $$
    select m.member_id, r.rank, u.units
    from (
        select o.member_id, sum(case (l).unit when 'spend_minor' then o.spend_minor else o.base_points end)::bigint as units
        from tiers.month o
        where o.program_id = (l).program_id and o.month >= tiers.period((l).today, (l).months)
        group by o.member_id
        having sum(case (l).unit when 'spend_minor' then o.spend_minor else o.base_points end) >= (l).thresholds[2] * 0.9
    ) u
    join members.member m on m.program_id = (l).program_id and m.member_id = u.member_id and m.state <> 'closed'
    cross join lateral (select tiers.rank(l, m.tier) as rank) r
    where u.units >= (l).thresholds[r.rank + 1] * 0.9 and u.units < (l).thresholds[r.rank + 1]
$$;

-- How many members have each level, from low to high, and how many of them are near the next one.
create or replace function tiers.distribution(p_program_id int)
returns table (tier text, members bigint, near_next bigint)
language plpgsql stable security definer set search_path = pg_catalog as $$
declare
    l tiers.ladder := tiers.ladder_of(p_program_id);
begin
    return query
    with placed as (
        select tiers.rank(l, g.code) as rank, sum(g.members)::bigint as members
        from (select m.tier as code, count(*) as members from members.member m
              where m.program_id = p_program_id and m.state <> 'closed' group by m.tier) g
        group by 1
    ), near as (
        select n.rank, count(*) as members from tiers.near(l) n group by 1
    )
    select c.code, coalesce(h.members, 0), coalesce(n.members, 0)
    from unnest(l.codes) with ordinality c (code, rank)
    left join placed h on h.rank = c.rank
    left join near n on n.rank = c.rank
    order by c.rank;
end $$;

-- Members near the next level, those with the least to go first.
create or replace function tiers.nearest(p_program_id int, p_most int)
returns table (member_number text, tier text, next_tier text, units bigint, units_to_go bigint)
language plpgsql stable security definer set search_path = pg_catalog as $$
declare
    l tiers.ladder := tiers.ladder_of(p_program_id);
begin
    return query
    select members.number_of(p_program_id, n.member_id), l.codes[n.rank], l.codes[n.rank + 1], n.units,
        l.thresholds[n.rank + 1] - n.units
    from tiers.near(l) n
    order by 5, n.member_id limit least(greatest(p_most, 1), 200);
end $$;
