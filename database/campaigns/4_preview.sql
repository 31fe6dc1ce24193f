-- How many a campaign would reach and what it might cost, before anything is published. Exact where that is a look at one table;
-- else from a sample, which says how large it was. The sample is the same for the same members, so that numbers stand still.

-- Internal: whether the audience is counted already, and meant like this.
create or replace function campaigns.is_counted(p_program_id int, p_segment jsonb, p_conditions jsonb) returns boolean
language sql stable
    return exists (
        select from campaigns.audience a
        where a.program_id = p_program_id and a.audience = p_segment ->> 'audience' and a.counted_at is not null
            and a.conditions = p_conditions);

-- Members whom the segment names by level and country, and how many of them are in its audience; null: nobody has counted that.
create or replace function campaigns.reach(p_program_id int, p_segment jsonb, p_conditions jsonb)
returns table (named bigint, members bigint) language plpgsql stable security definer set search_path = pg_catalog as $$
begin
    select count(*) into named from members.member m
    where m.program_id = p_program_id and m.state = 'active' and campaigns.names(p_segment, m.tier, m.country);
    if p_conditions is null then
        members := named;
    elsif campaigns.is_counted(p_program_id, p_segment, p_conditions) then
        select count(*) into members from campaigns.audience_member a
        join members.member m on m.program_id = a.program_id and m.member_id = a.member_id
        where a.program_id = p_program_id and a.audience = p_segment ->> 'audience' and m.state = 'active'
            and campaigns.names(p_segment, m.tier, m.country);
    end if;
    return next;
end $$;

-- What so many percent of the members whom the segment names did in the last `p_days`, if they are in its audience (`members` of the
-- `looked`): for a bonus points of purchases, for a discount points of redeemed lines that it is about. `capped`: of the points that the campaign would add or save (`p_gain` for each, in `p_stretch`
-- times as long a time) what one member's cap lets through.
create or replace function campaigns.habits(
    p_program_id int, p_campaign jsonb, p_conditions jsonb, p_days int, p_percent real, p_gain numeric, p_stretch numeric
) returns table (looked bigint, members bigint, active bigint, points numeric, capped numeric, capped_squared numeric)
language plpgsql stable security definer set search_path = pg_catalog as $$
declare
    v_counted boolean := campaigns.is_counted(p_program_id, p_campaign -> 'segment', p_conditions);
    v_since timestamptz := clock.now() - make_interval(days => p_days);
    v_cap numeric := coalesce((p_campaign ->> 'member_cap_points')::numeric, 'infinity');
    s jsonb := coalesce(p_campaign -> 'segment', '{}');
    o jsonb := coalesce(p_campaign -> 'scope', '{}');
    -- Where the programme files what Amazon names otherwise.
    v_mapping jsonb := (select v.document -> 'catalogue' -> 'mapping' from programme.current(p_program_id) v);
    v_named bigint[];
    v_picked bigint[];
    v_bonus boolean := p_campaign ->> 'earn_multiplier_percent' is not null;
begin
    if v_counted then
        select coalesce(array_agg(m.member_id), '{}') into v_named
        from campaigns.audience_member a tablesample bernoulli (p_percent) repeatable (1)
        join members.member m on m.program_id = a.program_id and m.member_id = a.member_id
        where a.program_id = p_program_id and a.audience = s ->> 'audience' and m.state = 'active'
            and campaigns.names(s, m.tier, m.country);
    else
        select coalesce(array_agg(m.member_id), '{}') into v_named
        from members.member m tablesample bernoulli (p_percent) repeatable (1)
        where m.program_id = p_program_id and m.state = 'active' and campaigns.names(s, m.tier, m.country);
    end if;
    v_picked := v_named;
    if p_conditions is not null and not v_counted then
        select coalesce(array_agg(f.member_id), '{}') into v_picked
        from campaigns.meeting(p_program_id, v_named, p_conditions, clock.now()) f;
    end if;
    return query
    with did as (
        select p.member_id, coalesce(d.points, 0) as points, least(v_cap, coalesce(d.points, 0) * p_gain * p_stretch) as gained
        from unnest(v_picked) p (member_id)
        left join (
            select f.member_id, sum(f.points) as points from campaigns.purchases(p_program_id, v_picked, v_since) f
            where v_bonus group by 1
            union all
            select r.member_id, sum(l.quantity * l.unit_points)
            from redemptions.redemption r
            join redemptions.line l on l.program_id = r.program_id and l.redemption_id = r.redemption_id
            left join catalogue.product c on c.program_id = r.program_id and c.asin = l.asin
            left join catalogue.said t on t.program_id = r.program_id and t.asin = l.asin
            where not v_bonus and r.program_id = p_program_id and r.member_id = any (v_picked) and r.created_at >= v_since
                and r.state not in ('cancelled', 'failed')
                and coalesce(r.outcome, 'completed') in ('completed', 'partially_completed')
                and (coalesce(o -> 'categories', '[]') = '[]' or o -> 'categories' ? coalesce(t.category, v_mapping ->> c.category, c.category))
                and (coalesce(o -> 'asins', '[]') = '[]' or o -> 'asins' ? l.asin)
            group by 1
        ) d using (member_id)
    )
    select cardinality(v_named)::bigint, count(*), count(*) filter (where did.points > 0), coalesce(sum(did.points), 0), coalesce(sum(did.gained), 0),
        coalesce(sum(did.gained * did.gained), 0)
    from did;
end $$;
