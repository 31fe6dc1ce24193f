-- The last redemptions priced again, by two documents at once: the current one (1) and the draft (2). Nothing is written and
-- no row leaves: only sums do, by day, tier and campaigns.
--
-- The arithmetic is loyalty/redemptions/pricing.py's and loyalty/catalogue/prices.py's, in whole numbers; a property test
-- holds them together. Which factor applies is not decided here: the lists `factors`, `normals` and `campaigns` of each side
-- say what the product's own functions said, one entry for each (epoch, tier, doors, kind of product). A door is a campaign
-- that is not for everybody: whom it lets in is looked up for each member, one bit a door.

-- Internal: a × b ÷ c rounded down or up, exact whatever the size. Inlined where the arguments are columns.
create or replace function simulation.down(a bigint, b bigint, c bigint) returns bigint
language sql immutable parallel safe
return case when a < 2147483648 and b < 2147483648 then a * b / c else div(a::numeric * b, c::numeric)::bigint end;

create or replace function simulation.up(a bigint, b bigint, c bigint) returns bigint
language sql immutable parallel safe
return case when a < 2147483648 and b < 2147483648 then (a * b + c - 1) / c
            else div(a::numeric * b + c - 1, c::numeric)::bigint end;

-- How many redemptions were made since then, to cut them into parts of a size.
create or replace function simulation.redemptions_since(p_program_id integer, p_since timestamptz) returns bigint
language sql stable security definer set search_path = pg_catalog
begin atomic
    select count(*) from redemptions.redemption r
    where r.program_id = p_program_id and r.quote_id >= clock.first_id(p_since);
end;

drop function if exists simulation.replay(integer, timestamptz, timestamptz, timestamptz, jsonb);

-- Sums over the redemptions whose quotes were made in [p_from, p_until), of those that were redeemed after p_since and in which
-- something was accepted or still may be, less what was given back.
-- p_rules: {tiers [], asins [], kinds [], kind_count, epochs [], days [], minor_per_major, doors [{campaign, countries [],
-- audience, holdout_percent}], sides [{charged, free_delivery [],
-- factors [], normals [], campaigns [], hidden [], least_percent, most_percent, step, tolerance}]}. The last tier and the last
-- kind are for all others. `campaign`: a number of the list, 0 for none that made it cheaper.
-- `paid`: what Amazon was paid (expected, while it is not recorded), `drift` of it beyond the quote; `stopped`: units that the
-- draft's tolerance for drift would not have let through; `hidden`: units of products that the draft would not show.
create function simulation.replay(
    p_program_id integer, p_from timestamptz, p_until timestamptz, p_since timestamptz, p_rules jsonb
) returns table (
    day integer, tier integer, campaign_1 integer, campaign_2 integer, redemptions bigint, units bigint, hidden_units bigint,
    stopped_units bigint, recorded_points numeric, recorded_money numeric, paid numeric, drift numeric,
    points_1 numeric, points_2 numeric, money_1 numeric, money_2 numeric, discount_1 numeric, discount_2 numeric,
    saved_1 numeric, saved_2 numeric
) language plpgsql stable security definer set search_path = pg_catalog
-- Reading a stretch of every table once is quicker than looking up row by row, and no plan can go astray.
set plan_cache_mode = force_custom_plan set enable_nestloop = off as $$
declare
    b jsonb := p_rules -> 'sides' -> 0;
    a jsonb := p_rules -> 'sides' -> 1;
    v_tiers text[] := array(select jsonb_array_elements_text(p_rules -> 'tiers'));
    v_asins text[] := array(select jsonb_array_elements_text(p_rules -> 'asins'));
    v_kinds int[] := array(select x::int from jsonb_array_elements_text(p_rules -> 'kinds') x);
    v_epochs timestamptz[] := array(select x::timestamptz from jsonb_array_elements_text(p_rules -> 'epochs') x);
    v_days timestamptz[] := array(select x::timestamptz from jsonb_array_elements_text(p_rules -> 'days') x);
    v_per_major bigint := (p_rules ->> 'minor_per_major')::bigint;
    v_tier_count int := cardinality(v_tiers);
    v_kind_count int := (p_rules ->> 'kind_count')::int;
    v_door_codes text[] := array(select d ->> 'campaign' from jsonb_array_elements(p_rules -> 'doors') d);
    v_door_countries jsonb := jsonb_path_query_array(p_rules, '$.doors[*].countries');
    v_door_audiences text[] := array(select d ->> 'audience' from jsonb_array_elements(p_rules -> 'doors') d);
    v_door_holdouts int[] := array(select (d ->> 'holdout_percent')::int from jsonb_array_elements(p_rules -> 'doors') d);
    v_doors int := cardinality(v_door_codes);
    v_classes int := 1 << v_doors;
    v_charged_1 bool := (b ->> 'charged')::bool;
    v_free_1 bool[] := array(select x::bool from jsonb_array_elements_text(b -> 'free_delivery') x);
    v_factors_1 bigint[] := array(select x::bigint from jsonb_array_elements_text(b -> 'factors') x);
    v_normals_1 bigint[] := array(select x::bigint from jsonb_array_elements_text(b -> 'normals') x);
    v_campaigns_1 int[] := array(select x::int from jsonb_array_elements_text(b -> 'campaigns') x);
    v_least_1 bigint := (b ->> 'least_percent')::bigint;
    v_most_1 bigint := (b ->> 'most_percent')::bigint;
    v_step_1 bigint := (b ->> 'step')::bigint;
    v_charged_2 bool := (a ->> 'charged')::bool;
    v_free_2 bool[] := array(select x::bool from jsonb_array_elements_text(a -> 'free_delivery') x);
    v_factors_2 bigint[] := array(select x::bigint from jsonb_array_elements_text(a -> 'factors') x);
    v_normals_2 bigint[] := array(select x::bigint from jsonb_array_elements_text(a -> 'normals') x);
    v_campaigns_2 int[] := array(select x::int from jsonb_array_elements_text(a -> 'campaigns') x);
    v_least_2 bigint := (a ->> 'least_percent')::bigint;
    v_most_2 bigint := (a ->> 'most_percent')::bigint;
    v_step_2 bigint := (a ->> 'step')::bigint;
    v_hidden bool[] := array(select x::bool from jsonb_array_elements_text(a -> 'hidden') x);
    v_tolerance bigint := 10000 + (a ->> 'tolerance')::bigint;
    v_first uuid := clock.first_id(p_from);
    v_last uuid := clock.first_id(p_until);
    v_first_key uuid;
    v_last_key uuid;
    v_members bigint[];
begin
    -- Keys are minted just before, so those of a stretch lie close together: the lines are read from there only.
    select k.ids[1], k.ids[cardinality(k.ids)], coalesce(k.members, '{}') into v_first_key, v_last_key, v_members
    from (
        select array_agg(r.redemption_id order by r.redemption_id) as ids, array_agg(distinct r.member_id) as members
        from redemptions.redemption r
        where r.program_id = p_program_id and r.quote_id >= v_first and r.quote_id < v_last
    ) k;
    return query
    with product as (
        select u.asin, u.kind, u.place::int from unnest(v_asins, v_kinds) with ordinality as u (asin, kind, place)
    ), base as (
        select r.redemption_id, l.line_number, l.quantity::bigint as quantity,
               -- The only line of its redemption: others would cost something too.
               r.points = l.quantity * l.unit_points and r.money_minor = l.quantity * l.unit_money_minor as alone,
               (coalesce(l.accepted_quantity, l.quantity) - l.given_back)::bigint as units,
               q.unit_points_full as recorded_full, l.unit_points as recorded_points, l.unit_money_minor as recorded_money,
               q.expected_unit_price_minor as goods, q.expected_shipping_minor as delivery, q.expected_tax_minor as tax,
               p.accepted_quantity::bigint as accepted, p.charged_minor as charged, p.variance_minor as variance,
               p.limit_shipping_minor is not null as exact, width_bucket(r.created_at, v_days) as day,
               coalesce(array_position(v_tiers, m.tier), v_tier_count) as tier, coalesce(k.place, 0) as place,
               (((case when cardinality(v_epochs) = 1 then 0 else greatest(width_bucket(r.created_at, v_epochs), 1) - 1 end)
                   * v_tier_count + coalesce(array_position(v_tiers, m.tier), v_tier_count) - 1) * v_classes
                   + case when v_doors = 0 then 0 else (
                       select coalesce(bit_or(1 << (d.place::int - 1)), 0)
                       from unnest(v_door_codes, v_door_audiences, v_door_holdouts)
                           with ordinality as d (campaign, audience, holdout_percent, place)
                       where (v_door_countries -> (d.place::int - 1) = '[]' or v_door_countries -> (d.place::int - 1) ? m.country)
                         and (d.audience is null or exists (
                             select from campaigns.audience_member g
                             where g.program_id = p_program_id and g.member_id = m.member_id and g.audience = d.audience))
                         and not campaigns.held_out(d.campaign, m.member_id, d.holdout_percent)) end) * v_kind_count
                   + coalesce(k.kind, v_kind_count) as entry
        from redemptions.redemption r
        join redemptions.line l on l.program_id = r.program_id and l.redemption_id = r.redemption_id
        join redemptions.quote_line q
            on q.program_id = r.program_id and q.quote_id = r.quote_id and q.line_number = l.line_number
        join members.member m on m.program_id = r.program_id and m.member_id = r.member_id
        left join orders.placement_line p
            on p.program_id = l.program_id and p.redemption_id = l.redemption_id and p.line_number = l.line_number
            and p.accepted_quantity > 0 and p.charged_minor is not null
            and p.program_id = p_program_id and p.redemption_id between v_first_key and v_last_key
        left join product k on k.asin = l.asin
        where r.program_id = p_program_id and r.quote_id >= v_first and r.quote_id < v_last
          and l.program_id = p_program_id and l.redemption_id between v_first_key and v_last_key
          and q.program_id = p_program_id and q.quote_id >= v_first and q.quote_id < v_last
          and m.program_id = p_program_id and m.member_id = any (v_members)
          and r.created_at > p_since and (r.outcome is null or r.outcome in ('completed', 'partially_completed'))
        offset 0
    ), priced as (
        -- Nothing was ever quoted for nothing.
        select f.*,
               greatest(1, (f.goods * f.quantity + case when not v_charged_1 then 0 when v_free_1[f.tier] then f.tax
                                                        else f.tax + f.delivery end + f.quantity - 1) / f.quantity) as price_1,
               greatest(1, (f.goods * f.quantity + case when not v_charged_2 then 0 when v_free_2[f.tier] then f.tax
                                                        else f.tax + f.delivery end + f.quantity - 1) / f.quantity) as price_2,
               case when f.accepted > 0 then f.charged * f.units / f.accepted
                    else f.goods * f.units + (f.delivery + f.tax) * f.units / f.quantity end as paid
        from base f
        offset 0
    ), unit as (
        select f.*,
               simulation.up(f.price_1, v_factors_1[f.entry], v_per_major) as full_1,
               case when v_campaigns_1[f.entry] = 0 then 0
                    else simulation.up(f.price_1, v_normals_1[f.entry], v_per_major) end as normal_1,
               simulation.up(f.price_2, v_factors_2[f.entry], v_per_major) as full_2,
               case when v_campaigns_2[f.entry] = 0 then 0
                    else simulation.up(f.price_2, v_normals_2[f.entry], v_per_major) end as normal_2
        from priced f
        offset 0
    ), asked as (
        select f.*, f.quantity * f.recorded_full as recorded_quote,
               f.quantity * f.full_1 as quote_1,
               f.quantity * f.full_2 as quote_2,
               -- What was asked for is not recorded; the fewest points that give the recorded split are as good.
               f.quantity * f.recorded_points as asked
        from unit f where f.alone
        union all
        select f.*, max(simulation.up(f.recorded_points, f.recorded_quote, f.recorded_full)) over (partition by f.redemption_id)
        from (
            select f.*, (sum(f.quantity * f.recorded_full) over w)::bigint as recorded_quote,
                   (sum(f.quantity * f.full_1) over w)::bigint as quote_1,
                   (sum(f.quantity * f.full_2) over w)::bigint as quote_2
            from unit f where not f.alone window w as (partition by f.redemption_id)
        ) f
    ), ends as (
        select f.*,
               simulation.up(f.asked, f.quote_1, f.recorded_quote) as wanted_1,
               case when v_most_1 = 100 or f.quote_1 * v_most_1 / 100 = f.quote_1 then f.quote_1
                    else f.quote_1 * v_most_1 / 100 / v_step_1 * v_step_1 end as most_1,
               simulation.up(f.asked, f.quote_2, f.recorded_quote) as wanted_2,
               case when v_most_2 = 100 or f.quote_2 * v_most_2 / 100 = f.quote_2 then f.quote_2
                    else f.quote_2 * v_most_2 / 100 / v_step_2 * v_step_2 end as most_2
        from asked f
        offset 0
    ), placed as (
        -- The same share in points or the next that the document allows: the first step that is not less, within both ends.
        select f.*,
               least((greatest(f.wanted_1, (f.quote_1 * v_least_1 + 99) / 100) + v_step_1 - 1) / v_step_1 * v_step_1, f.most_1)
                   as points_1,
               least((greatest(f.wanted_2, (f.quote_2 * v_least_2 + 99) / 100) + v_step_2 - 1) / v_step_2 * v_step_2, f.most_2)
                   as points_2
        from ends f
        offset 0
    ), split as (
        select f.*,
               simulation.down(f.full_1, f.points_1, f.quote_1) as unit_1,
               case when f.normal_1 > f.full_1 then v_campaigns_1[f.entry] else 0 end as campaign_1,
               simulation.down(f.full_2, f.points_2, f.quote_2) as unit_2,
               case when f.normal_2 > f.full_2 then v_campaigns_2[f.entry] else 0 end as campaign_2
        from placed f
        offset 0
    ), done as (
        select f.*,
               simulation.down(f.price_1, f.unit_1, f.full_1) as covered_1,
               simulation.down(f.price_2, f.unit_2, f.full_2) as covered_2
        from split f
        offset 0
    )
    select f.day, f.tier, f.campaign_1, f.campaign_2, count(*) filter (where f.line_number = 1), sum(f.units)::bigint,
           coalesce(sum(f.units) filter (where v_hidden[f.place]), 0)::bigint,
           coalesce(sum(f.units) filter (where f.variance > 0 and f.exact
               and f.charged > f.accepted * (f.goods * v_tolerance / 10000)
                   + ((f.delivery + f.tax) * v_tolerance + 9999) / 10000 + 1), 0)::bigint,
           sum(f.units * f.recorded_points), sum(f.units * f.recorded_money), sum(f.paid),
           coalesce(sum(f.variance * f.units / f.accepted) filter (where f.variance <> 0), 0),
           sum(f.units * f.unit_1),
           sum(f.units * f.unit_2),
           sum(f.units * (f.price_1 - f.covered_1)),
           sum(f.units * (f.price_2 - f.covered_2)),
           coalesce(sum(f.units * (f.covered_1 - simulation.down(f.price_1, f.unit_1, f.normal_1)))
               filter (where f.campaign_1 > 0), 0),
           coalesce(sum(f.units * (f.covered_2 - simulation.down(f.price_2, f.unit_2, f.normal_2)))
               filter (where f.campaign_2 > 0), 0),
           coalesce(sum(f.units * (simulation.down(f.normal_1, f.unit_1, f.full_1) - f.unit_1))
               filter (where f.campaign_1 > 0), 0),
           coalesce(sum(f.units * (simulation.down(f.normal_2, f.unit_2, f.full_2) - f.unit_2))
               filter (where f.campaign_2 > 0), 0)
    from done f
    group by 1, 2, 3, 4;
end $$;
