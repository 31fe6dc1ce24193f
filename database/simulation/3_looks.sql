-- Balances, the shelf and purchases, as a simulation looks at them. Sums only; of members, no more than ten by their number.

-- Members by tier and by how much they have: `band` counts the thresholds (rising) that the balance reaches. Of the last tier
-- are all others. `example`: one of them.
create or replace function simulation.balances(p_program_id integer, p_tiers text[], p_thresholds bigint[])
returns table (
    tier integer, active boolean, band integer, members bigint, available numeric, held numeric, pending numeric, example bigint
) language plpgsql stable security definer set search_path = pg_catalog set plan_cache_mode = force_custom_plan as $$
begin
    return query
    select coalesce(array_position(p_tiers, m.tier), cardinality(p_tiers)), m.state = 'active' and m.closing_since is null,
           width_bucket(p.available::bigint, p_thresholds), count(*), sum(p.available::bigint), sum(p.held), sum(p.pending::bigint),
           min(m.member_id)
    from points.member p
    join members.member m on m.program_id = p.program_id and m.member_id = p.member_id
    where p.program_id = p_program_id and m.program_id = p_program_id
    group by 1, 2, 3;
end $$;

create or replace function simulation.examples(p_program_id integer, p_member_ids bigint[])
returns table (member_id bigint, number text, tier text, available bigint)
language sql stable security definer set search_path = pg_catalog
begin atomic
    select m.member_id, m.number, m.tier, p.available
    from members.member m
    join points.member p on p.program_id = m.program_id and p.member_id = m.member_id
    where m.program_id = p_program_id and m.member_id = any (p_member_ids[1:10]);
end;

-- What members redeem most, then what the catalogue itself ranks first.
create or replace function simulation.popular(p_program_id integer, p_limit integer) returns table (asin text)
language sql stable security definer set search_path = pg_catalog
begin atomic
    select x.asin from (
        (select p.asin, 1 as part, row_number() over (order by p.members desc, p.units desc, p.asin) as place
         from recommendations.popular p where p.program_id = p_program_id
         order by p.members desc, p.units desc, p.asin limit p_limit)
        union all
        (select c.asin, 2, row_number() over (order by c.popularity, c.asin) from catalogue.product c
         where c.program_id = p_program_id and c.refused_for is null and c.parent_asin is null
           and not exists (select from recommendations.popular p where p.program_id = c.program_id and p.asin = c.asin)
         order by c.popularity, c.asin limit p_limit)
    ) x order by x.part, x.place limit p_limit;
end;

-- Every product: the programme's category for it and whether members can have it, under each of the rules, which are shelf
-- rules (database/catalogue/2_shelf.sql); and whether it is the margin floor that keeps it off the draft's shelf.
drop function if exists simulation.products(integer, jsonb, jsonb, jsonb);
create or replace function simulation.products(p_program_id integer, p_before jsonb, p_after jsonb)
returns table (
    asin text, title text, category_before text, category_after text, shown_before boolean, shown_after boolean,
    below_floor boolean
) language sql stable security definer set search_path = pg_catalog
begin atomic
    select p.asin, p.title, coalesce(s.category, p_before -> 'mapping' ->> p.category, p.category),
           coalesce(s.category, p_after -> 'mapping' ->> p.category, p.category),
           b.asin is not null, coalesce(a.shown, false), coalesce(a.below_floor, false)
    from catalogue.product p
    left join catalogue.said s on s.program_id = p.program_id and s.asin = p.asin
    left join catalogue.sellable(p_program_id, p_before) b on b.asin = p.asin
    left join (
        select o.asin, bool_or(o.why is null) as shown, bool_or(o.why = 'margin-floor') as below_floor
        from catalogue.priced(p_program_id, p_after, null) o group by o.asin
    ) a on a.asin = p.asin
    where p.program_id = p_program_id
    order by p.asin;
end;

-- How many members have reached each level (counted from 1) in this period or the one before, by what their purchases count
-- and by these levels ({unit, window_months, levels [{qualifying_units}]}). Who reached none above the first is not here.
create or replace function simulation.levels(p_program_id integer, p_tiers jsonb, p_time_zone text)
returns table (level integer, members bigint)
language plpgsql stable security definer set search_path = pg_catalog set plan_cache_mode = force_custom_plan as $$
declare
    v_months int := coalesce((p_tiers ->> 'window_months')::int, 12);
    v_spend bool := p_tiers ->> 'unit' = 'spend_minor';
    v_units bigint[] := array(
        select (l.level ->> 'qualifying_units')::bigint
        from jsonb_array_elements(p_tiers -> 'levels') with ordinality l (level, place) order by l.place);
    v_this date := tiers.period((clock.now() at time zone p_time_zone)::date, v_months);
begin
    return query
    select best.level, count(*) from (
        select counted.member_id, max(width_bucket(counted.units, v_units)) as level
        from (
            select m.member_id, sum(case when v_spend then m.spend_minor else m.base_points end)::bigint as units
            from tiers.month m
            where m.program_id = p_program_id and m.month >= tiers.later(v_this, -v_months)
            group by m.member_id, m.month >= v_this
        ) counted
        group by 1
    ) best
    where best.level > 1
    group by 1;
end $$;

-- What purchases earned by themselves since then, by day and tier, and that at each purchase's price of a point.
create or replace function simulation.earned(p_program_id integer, p_since timestamptz, p_days timestamptz[], p_tiers text[])
returns table (day integer, tier integer, purchases bigint, points numeric, cost_micros numeric)
language plpgsql stable security definer set search_path = pg_catalog set plan_cache_mode = force_custom_plan as $$
begin
    return query
    select width_bucket(a.created_at, p_days), coalesce(array_position(p_tiers, m.tier), cardinality(p_tiers)), count(*),
           sum(a.amount), sum(a.amount::numeric * a.unit_cost_micros)
    from points.accrual a
    join members.member m on m.program_id = a.program_id and m.member_id = a.member_id
    where a.program_id = p_program_id and a.campaign is null and a.created_at > p_since
      and a.op_id >= clock.first_id(p_since - interval '49 hours')
    group by 1, 2;
end $$;
