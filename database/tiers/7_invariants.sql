-- What must always hold between purchases, counters and levels; every row with violations above 0 is a fault.

-- Internal: counters that are not the sum of their purchases; both sides once through.
create or replace function tiers.miscounted() returns table (program_id int, member_id bigint, month date)
language sql stable set search_path = pg_catalog as $$
    select coalesce(m.program_id, p.program_id), coalesce(m.member_id, p.member_id), coalesce(m.month, p.month)
    from tiers.month m
    full join (
        select p.program_id, p.member_id, p.month, sum(p.base_points - p.base_returned) as base_points,
            sum(p.spend_minor - p.spend_returned) as spend_minor
        from tiers.purchase p group by 1, 2, 3
    ) p on p.program_id = m.program_id and p.member_id = m.member_id and p.month = m.month
    where (m.base_points, m.spend_minor) is distinct from (p.base_points, p.spend_minor)
$$;

-- Internal: members whose level is not the one the rules give them, of those that nothing is due for.
create or replace function tiers.misplaced() returns table (program_id int, member_id bigint)
language plpgsql stable set search_path = pg_catalog as $$
declare
    w tiers.programme;
    l tiers.ladder;
begin
    for w in select * from tiers.programme loop
        l := tiers.ladder_of(w.program_id);
        -- The sweeper is at it.
        continue when l.codes is null or w.version <> l.version;
        return query
        select s.program_id, s.member_id
        from tiers.standing s
        left join tiers.best(l, array(select o.member_id from tiers.standing o where o.program_id = w.program_id)) b
            on b.member_id = s.member_id
        where s.program_id = w.program_id and (s.due_at > clock.now() or s.due_at is null)
            and (s.tier, s.until, s.source)
                is distinct from (l.codes[coalesce(b.rank, 1)], b.drops_on - 1, coalesce(b.source, 'start'));
    end loop;
end $$;

-- Internal: members whose counter says a level, of this period, that nobody noted.
create or replace function tiers.unnoticed() returns table (program_id int, member_id bigint)
language plpgsql stable set search_path = pg_catalog as $$
declare
    w tiers.programme;
    l tiers.ladder;
    v_from date;
begin
    for w in select * from tiers.programme loop
        l := tiers.ladder_of(w.program_id);
        continue when l.codes is null or w.version <> l.version;
        v_from := tiers.period(l.today, l.months);
        return query
        select w.program_id, u.member_id
        from (select m.member_id, sum(case l.unit when 'spend_minor' then m.spend_minor else m.base_points end)::bigint as units
              from tiers.month m
              where m.program_id = w.program_id and m.month >= v_from and m.month < tiers.later(v_from, l.months)
              group by 1) u
        where width_bucket(u.units, l.thresholds) > 1 and not exists (
            select from tiers.reached r
            where r.program_id = w.program_id and r.member_id = u.member_id and r.starts_on = v_from
                and tiers.rank(l, r.tier) >= width_bucket(u.units, l.thresholds));
    end loop;
end $$;

create or replace function tiers.check_invariants() returns table (name text, violations bigint)
language sql stable security definer set search_path = pg_catalog as $$
    select 'T1 every purchase counts with its accrual, less the part of it that came back', count(*)
    from tiers.purchase p
    left join points.accrual a on a.program_id = p.program_id and a.op_id = p.op_id
    left join lateral (
        select coalesce(sum(r.amount), 0) as back from points.reversal r
        where r.program_id = p.program_id and r.accrual_op_id = p.op_id) r on true
    where a.op_id is null or a.campaign is not null
        or (p.base_returned, p.spend_returned)
            is distinct from (div(p.base_points * r.back, a.amount), div(p.spend_minor * r.back, a.amount))
    union all
    select 'T2 a counter is the sum of its purchases', count(*) from tiers.miscounted()
    union all
    select 'T3 every level follows from what was reached and given', count(*) from tiers.misplaced()
    union all
    select 'T4 what a counter says was noted as reached', count(*) from tiers.unnoticed()
    union all
    select 'T5 members have the level that is written down for them', count(*)
    from tiers.standing s
    join members.member m on m.program_id = s.program_id and m.member_id = s.member_id
    where m.tier <> s.tier
    union all
    select 'T6 the last change led to the level, and each began where the one before ended',
        (select count(*) from (
            select c.from_tier, lag(c.to_tier) over w as came_from from tiers.change c
            window w as (partition by c.program_id, c.member_id order by c.sequence)) h
         where h.came_from <> h.from_tier)
        + (select count(*) from tiers.standing s
           where s.tier <> (select c.to_tier from tiers.change c
                            where c.program_id = s.program_id and c.member_id = s.member_id
                            order by c.sequence desc limit 1))
$$;

create or replace view tiers.invariants as select * from tiers.check_invariants();
