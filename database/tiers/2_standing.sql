-- Which level members have: reached, kept, given.

-- Internal: nobody else changes the level of these members. Members before their accounts, like everybody who needs both.
create or replace function tiers.lock(p_program_id int, p_member_ids bigint[]) returns void language plpgsql
set search_path = pg_catalog as $$
begin
    perform from members.member m where m.program_id = p_program_id and m.member_id = any (p_member_ids)
    order by m.member_id for no key update;
    perform from points.member p where p.program_id = p_program_id and p.member_id = any (p_member_ids)
    order by p.member_id for no key update;
end $$;

-- Internal: those of them that can be locked by who has their accounts already, without waiting; the others are left to the sweeper.
create or replace function tiers.lock_or_leave(l tiers.ladder, p_member_ids bigint[]) returns bigint[] language plpgsql
set search_path = pg_catalog as $$
declare
    v_mine bigint[];
begin
    select array_agg(k.member_id) into v_mine
    from (select m.member_id from members.member m
          where m.program_id = l.program_id and m.member_id = any (p_member_ids)
          order by m.member_id for no key update skip locked) k;
    if cardinality(v_mine) = cardinality(p_member_ids) then return v_mine; end if;
    perform tiers.adopt(l, p_member_ids);
    insert into tiers.standing as s (program_id, member_id, tier, source, since, due_at, version)
    select l.program_id, m.member_id, m.tier, 'start', clock.now(), clock.now(), l.version
    from members.member m
    where m.program_id = l.program_id and m.member_id = any (p_member_ids) and not m.member_id = any (coalesce(v_mine, '{}'))
    order by m.member_id
    on conflict (program_id, member_id) do update set due_at = clock.now(), row_xid = pg_current_xact_id();
    return v_mine;
end $$;

-- Internal: the level somebody was registered with is one reached in that period.
create or replace function tiers.adopt(l tiers.ladder, p_member_ids bigint[]) returns void language plpgsql
set search_path = pg_catalog as $$
begin
    insert into tiers.reached (program_id, member_id, starts_on, ends_on, source, tier, reached_at)
    select l.program_id, m.member_id, p.starts_on, tiers.later(p.starts_on, 2 * l.months), 'registered', m.tier,
        m.created_at
    from members.member m
    join tiers.programme b on b.program_id = m.program_id
    cross join lateral (
        select tiers.period((greatest(m.created_at, b.began_at) at time zone l.zone)::date, l.months) as starts_on) p
    where m.program_id = l.program_id and m.member_id = any (p_member_ids) and tiers.rank(l, m.tier) > 1
        -- What a merged membership was registered with went with it.
        and m.merged_into is null
        and not exists (select from tiers.standing s where s.program_id = m.program_id and s.member_id = m.member_id)
    on conflict do nothing;
end $$;

-- Internal: note the levels that members have reached in the periods of these months, and answer who reached something.
create or replace function tiers.reach(l tiers.ladder, p_member_ids bigint[], p_months date[]) returns bigint[]
language plpgsql set search_path = pg_catalog set plan_cache_mode = force_generic_plan as $$
declare
    v_risen bigint[];
begin
    with touched as (
        select distinct u.member_id, tiers.period(u.month, l.months) as starts_on
        from unnest(p_member_ids, p_months) u (member_id, month)
    ), total as (
        select t.member_id, t.starts_on, width_bucket(
            sum(case l.unit when 'spend_minor' then m.spend_minor else m.base_points end)::bigint, l.thresholds) as rank
        from touched t
        join tiers.month m on m.program_id = l.program_id and m.member_id = t.member_id
            and m.month >= t.starts_on and m.month < tiers.later(t.starts_on, l.months)
        group by t.member_id, t.starts_on
    ), risen as (
        insert into tiers.reached as r (program_id, member_id, starts_on, ends_on, source, tier, reached_at)
        select l.program_id, t.member_id, t.starts_on, tiers.later(t.starts_on, 2 * l.months), 'earned', l.codes[t.rank],
            clock.now()
        from total t
        where t.rank > 1 and not exists (
            select from tiers.reached k
            where k.program_id = l.program_id and k.member_id = t.member_id and k.starts_on = t.starts_on
                and k.ends_on = tiers.later(t.starts_on, 2 * l.months) and k.source = 'earned'
                and tiers.rank(l, k.tier) >= t.rank)
        order by t.member_id, t.starts_on
        on conflict do nothing
        returning r.member_id
    )
    select array_agg(distinct member_id) into v_risen from risen;
    return v_risen;
end $$;

-- Internal: what speaks for a level of these members today: its rank, and the day from which it counts less.
create or replace function tiers.claims(l tiers.ladder, p_member_ids bigint[])
returns table (member_id bigint, rank int, drops_on date, source text, grant_id uuid)
language sql stable set search_path = pg_catalog as $$
    select r.member_id, tiers.rank(l, r.tier) - s.steps,
        case s.steps when 0 then r.ends_on else tiers.later(r.ends_on, s.steps * (l).months) end,
        case s.steps when 0 then r.source else 'stepped_down' end, null::uuid
    from tiers.reached r
    cross join lateral (select tiers.steps(r.ends_on, (l).today, (l).months) as steps) s
    where r.program_id = (l).program_id and r.member_id = any (p_member_ids)
    union all
    select g.member_id, tiers.rank(l, g.tier), g.until + 1, 'granted', g.grant_id
    from tiers.granted g
    where g.program_id = (l).program_id and g.member_id = any (p_member_ids) and g.withdrawn_at is null
        and g.until >= (l).today
$$;

-- Internal: of those the highest; of several the one that lasts longest, earned before given. No row: where everybody begins.
create or replace function tiers.best(l tiers.ladder, p_member_ids bigint[])
returns table (member_id bigint, rank int, drops_on date, source text, grant_id uuid)
language sql stable set search_path = pg_catalog as $$
    select distinct on (c.member_id) c.*
    from tiers.claims(l, p_member_ids) c
    where c.rank > 1
    order by c.member_id, c.rank desc, c.drops_on desc, c.source = 'granted', c.source, c.grant_id
$$;

-- Internal: give members, who are locked, the level they have by the rules, and answer those whose level changed. Each change is
-- written down and told once. `p_cause`: reached, time, programme, granted or grant_withdrawn.
create or replace function tiers.settle(l tiers.ladder, p_member_ids bigint[], p_cause text, p_actor text)
returns table (member_id bigint, tier text) language plpgsql set search_path = pg_catalog as $$
#variable_conflict use_column
declare
    v_ids bigint[];
    v_tiers text[];
    v_told bigint;
begin
    perform tiers.adopt(l, p_member_ids);
    with due as materialized (
        select m.member_id, m.tier as was, s.tier as stood, s.source as stood_by, coalesce(b.rank, 1) as rank,
            l.codes[coalesce(b.rank, 1)] as tier, coalesce(b.source, 'start') as source, b.drops_on, b.grant_id
        from members.member m
        left join tiers.standing s on s.program_id = m.program_id and s.member_id = m.member_id
        left join tiers.best(l, p_member_ids) b on b.member_id = m.member_id
        where m.program_id = l.program_id and m.member_id = any (p_member_ids)
    ), stand as (
        insert into tiers.standing as s (program_id, member_id, tier, source, since, until, due_at, grant_id, version)
        select l.program_id, d.member_id, d.tier, d.source, clock.now(), d.drops_on - 1,
            d.drops_on::timestamp at time zone l.zone, d.grant_id, l.version
        from due d
        where d.rank > 1 or d.stood is not null or d.was <> d.tier
        order by d.member_id
        on conflict (program_id, member_id) do update
        set tier = excluded.tier, source = excluded.source, until = excluded.until, due_at = excluded.due_at,
            since = case when s.tier = excluded.tier then s.since else excluded.since end, grant_id = excluded.grant_id,
            version = excluded.version, row_xid = pg_current_xact_id()
        where (s.tier, s.source, s.until, s.due_at, s.grant_id)
            is distinct from (excluded.tier, excluded.source, excluded.until, excluded.due_at, excluded.grant_id)
    ), changed as (
        insert into tiers.change as c (
            program_id, change_id, member_id, from_tier, to_tier, direction, cause, until, grant_id, actor, changed_at)
        select l.program_id, clock.new_id(), d.member_id, d.was, d.tier,
            case when tiers.rank(l, d.was) < d.rank then 'up' when tiers.rank(l, d.was) > d.rank then 'down' else 'same' end,
            case when p_cause <> 'time' then p_cause when tiers.rank(l, d.was) < d.rank then 'reached' when d.stood_by = 'granted' then 'grant_ended' else 'period_ended' end,
            d.drops_on - 1, d.grant_id, p_actor, clock.now()
        from due d
        where d.was <> d.tier
        returning c.*
    ), told as (
        select c.member_id, c.to_tier, outbox.emit(
            l.program_id, 'member.tier_changed', c.member_id::text, c.change_id,
            jsonb_build_object(
                'member_id', c.member_id, 'change_id', c.change_id, 'from', c.from_tier, 'to', c.to_tier,
                'direction', c.direction, 'cause', c.cause, 'kept_until', c.until))::text as emitted
        from (select * from changed order by member_id) c
    )
    select array_agg(t.member_id), array_agg(t.to_tier), count(t.emitted) into v_ids, v_tiers, v_told from told t;

    if v_ids is not null then
        perform members.set_tiers(l.program_id, v_ids, v_tiers);
        return query select g.member_id, g.tier from unnest(v_ids, v_tiers) g (member_id, tier);
    end if;
end $$;
