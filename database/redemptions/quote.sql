-- Quotes: written once, read back, and split between points and money by one formula, which is also
-- loyalty/redemptions/pricing.py's (a property test holds the two together).

create or replace function redemptions.refuse_change() returns trigger language plpgsql as $$
begin
    raise exception '%.% is append-only', tg_table_schema, tg_table_name using errcode = 'restrict_violation';
end;
$$;
create or replace trigger append_only before update on redemptions.quote
    for each row execute function redemptions.refuse_change();
create or replace trigger append_only before update on redemptions.quote_line
    for each row execute function redemptions.refuse_change();

-- What each line costs when `points` go into the whole quote: points and money of one unit, points rounded down
-- and money up, so that any number of accepted units costs exactly that many times one unit. It asks for no member:
-- only this room's functions may call it.
create or replace function redemptions.split(program_id integer, quote_id uuid, points bigint)
returns table (line_number integer, quantity integer, unit_points bigint, unit_money_minor bigint)
language sql stable set search_path = pg_catalog
begin atomic
    select l.line_number, l.quantity, u.points,
           l.unit_price_minor - div(l.unit_price_minor::numeric * u.points, l.unit_points_full::numeric)::bigint
    from redemptions.quote as q
    join redemptions.quote_line as l on l.program_id = q.program_id and l.quote_id = q.quote_id
    cross join lateral (
        select div(l.unit_points_full::numeric * split.points, q.points_full::numeric)::bigint as points) as u
    where q.program_id = split.program_id and q.quote_id = split.quote_id
    order by l.line_number;
end;

-- What a campaign pays of one unit into which `unit_points` go: the money those points cover with the campaign, less what they
-- would cover without. Whole minor units; and the points that covering as much would cost beyond them.
create or replace function redemptions.unit_discount(
    unit_price_minor bigint, unit_points_full bigint, unit_points_normal bigint, unit_points bigint
) returns bigint language sql immutable set search_path = pg_catalog
return (div(unit_price_minor::numeric * unit_points, unit_points_full::numeric)
        - div(unit_price_minor::numeric * unit_points, unit_points_normal::numeric))::bigint;

create or replace function redemptions.unit_saved(unit_points_full bigint, unit_points_normal bigint, unit_points bigint)
returns bigint language sql immutable set search_path = pg_catalog
return (div(unit_points_normal::numeric * unit_points, unit_points_full::numeric) - unit_points)::bigint;

-- The most that any split of a quote can cost each campaign: the discount before it is rounded grows with the points, and
-- rounding both of its parts down adds less than one minor unit.
create or replace function redemptions.largest_discounts(program_id integer, quote_id uuid)
returns table (campaign text, amount_minor bigint, points bigint) language sql stable set search_path = pg_catalog
begin atomic
    select l.campaign,
           sum(l.quantity * ceil(l.unit_price_minor::numeric * u.points * (l.unit_points_normal - l.unit_points_full)
                                 / (l.unit_points_full::numeric * l.unit_points_normal)))::bigint,
           sum(l.quantity * redemptions.unit_saved(l.unit_points_full, l.unit_points_normal, u.points))::bigint
    from redemptions.quote as q
    join redemptions.quote_line as l on l.program_id = q.program_id and l.quote_id = q.quote_id
    cross join lateral (
        select div(l.unit_points_full::numeric * q.points_max, q.points_full::numeric)::bigint as points) as u
    where q.program_id = largest_discounts.program_id and q.quote_id = largest_discounts.quote_id
      and l.campaign is not null
    group by l.campaign
    order by l.campaign collate "C";
end;

drop function if exists redemptions.create_quote(
    integer, uuid, bigint, uuid, integer, text, text, boolean, bytea, integer, bigint, bigint, bigint, timestamptz,
    timestamptz, jsonb);
drop function if exists redemptions.create_quote(
    integer, uuid, bigint, uuid, integer, text, text, boolean, bytea, integer, bigint, bigint, bigint, timestamptz,
    timestamptz, jsonb, jsonb);
drop function if exists redemptions.create_campaign_quote(
    integer, uuid, bigint, uuid, integer, text, text, boolean, bytea, integer, bigint, bigint, bigint, timestamptz,
    timestamptz, jsonb, jsonb);

-- A new quote with its lines ([{asin, offer_id, title, image_url, quantity, unit_price_minor, unit_points_full, campaign and
-- unit_points_normal where a campaign makes it cheaper, expected_unit_price_minor, expected_shipping_minor,
-- expected_tax_minor, delivery_free where the delivery is on the programme}] in order). The totals follow from them. `campaigns_left_out`: {code: why}, told with the quote.
-- `money_min_minor`: the least money that can be paid, if any is.
-- Lines of campaigns go through create_campaign_quote.
create or replace function redemptions.create_quote(
    program_id integer, quote_id uuid, member_id bigint, address_id uuid, programme_version integer, currency text,
    partial_policy text, estimated boolean, basket_hash bytea, minutes integer, points_min bigint, points_max bigint,
    points_step bigint, delivery_earliest timestamptz, delivery_latest timestamptz, lines jsonb,
    campaigns_left_out jsonb default null, money_min_minor bigint default 0
) returns void language sql security definer set search_path = pg_catalog
begin atomic
    insert into redemptions.quote(
        program_id, quote_id, member_id, address_id, programme_version, currency, partial_policy, estimated,
        basket_hash, created_at, expires_at, total_minor, points_full, points_min, points_max, points_step,
        shipping_total_minor, tax_total_minor, delivery_earliest, delivery_latest, campaigns_left_out, money_min_minor,
        delivery_free)
    select create_quote.program_id, create_quote.quote_id, create_quote.member_id, create_quote.address_id,
           create_quote.programme_version, create_quote.currency, create_quote.partial_policy, create_quote.estimated,
           create_quote.basket_hash, clock.now(), clock.now() + make_interval(mins => create_quote.minutes),
           sum((l ->> 'quantity')::bigint * (l ->> 'unit_price_minor')::bigint),
           sum((l ->> 'quantity')::bigint * (l ->> 'unit_points_full')::bigint),
           create_quote.points_min, create_quote.points_max, create_quote.points_step,
           sum((l ->> 'expected_shipping_minor')::bigint), sum((l ->> 'expected_tax_minor')::bigint),
           create_quote.delivery_earliest, create_quote.delivery_latest, create_quote.campaigns_left_out,
           create_quote.money_min_minor, coalesce(bool_or((l ->> 'delivery_free')::boolean), false)
    from jsonb_array_elements(create_quote.lines) as l;
    insert into redemptions.quote_line(
        program_id, quote_id, line_number, asin, offer_id, title, image_url, quantity, unit_price_minor,
        unit_points_full, campaign, unit_points_normal, expected_unit_price_minor, expected_shipping_minor,
        expected_tax_minor)
    select create_quote.program_id, create_quote.quote_id, l.line_number, l.line ->> 'asin', l.line ->> 'offer_id',
           l.line ->> 'title', l.line ->> 'image_url', (l.line ->> 'quantity')::integer,
           (l.line ->> 'unit_price_minor')::bigint, (l.line ->> 'unit_points_full')::bigint,
           l.line ->> 'campaign', (l.line ->> 'unit_points_normal')::bigint,
           (l.line ->> 'expected_unit_price_minor')::bigint, (l.line ->> 'expected_shipping_minor')::bigint,
           (l.line ->> 'expected_tax_minor')::bigint
    from jsonb_array_elements(create_quote.lines) with ordinality as l (line, line_number);
end;

-- A quote with campaigns: each one's largest discount is reserved until the quote runs out. Returns {} or, when one campaign
-- cannot (exhausted, capped, open_quotes), {code: why}; then nothing was written: price it without that campaign.
create or replace function redemptions.create_campaign_quote(
    program_id integer, quote_id uuid, member_id bigint, address_id uuid, programme_version integer, currency text,
    partial_policy text, estimated boolean, basket_hash bytea, minutes integer, points_min bigint, points_max bigint,
    points_step bigint, delivery_earliest timestamptz, delivery_latest timestamptz, lines jsonb, campaigns_left_out jsonb,
    money_min_minor bigint default 0
) returns jsonb language plpgsql security definer set search_path = pg_catalog as $$
#variable_conflict use_variable
declare
    discount record;
    answer text;
    refused text;
begin
    perform redemptions.create_quote(
        program_id, quote_id, member_id, address_id, programme_version, currency, partial_policy, estimated, basket_hash,
        minutes, points_min, points_max, points_step, delivery_earliest, delivery_latest, lines, campaigns_left_out,
        money_min_minor);
    for discount in select * from redemptions.largest_discounts(program_id, quote_id) loop
        refused := discount.campaign;
        answer := points.reserve_discount(
            program_id, discount.campaign, quote_id, member_id,
            discount.amount_minor * points.minor_micros(currency), discount.points,
            (select q.expires_at from redemptions.quote as q
             where q.program_id = create_campaign_quote.program_id and q.quote_id = create_campaign_quote.quote_id));
        if answer <> 'ok' then
            -- Caught below: what was written and reserved is undone.
            raise exception using errcode = 'QC001';
        end if;
    end loop;
    return '{}';
exception when sqlstate 'QC001' then
    return jsonb_build_object(refused, answer);
end
$$;

-- One member's quote with its lines; no row for anybody else's. `open` while it has not run out.
drop function if exists redemptions.quote_of(integer, bigint, uuid);
create function redemptions.quote_of(program_id integer, member_id bigint, quote_id uuid)
returns table (
    quote_id uuid, member_id bigint, address_id uuid, programme_version integer, currency text, partial_policy text,
    estimated boolean, created_at timestamptz, expires_at timestamptz, open boolean, total_minor bigint,
    points_full bigint, points_min bigint, points_max bigint, points_step bigint, shipping_total_minor bigint,
    tax_total_minor bigint, delivery_earliest timestamptz, delivery_latest timestamptz, lines jsonb,
    campaigns_left_out jsonb, money_min_minor bigint, delivery_free boolean
) language sql stable security definer set search_path = pg_catalog
begin atomic
    select q.quote_id, q.member_id, q.address_id, q.programme_version, q.currency, q.partial_policy, q.estimated,
           q.created_at, q.expires_at, q.expires_at > clock.now(), q.total_minor, q.points_full, q.points_min,
           q.points_max, q.points_step, q.shipping_total_minor, q.tax_total_minor, q.delivery_earliest,
           q.delivery_latest,
           -- A line without a campaign says nothing of campaigns: what was signed before there were any still is.
           (select jsonb_agg(to_jsonb(l) - array['program_id', 'quote_id', 'row_xid']
                             - case when l.campaign is null then array['campaign', 'unit_points_normal'] else '{}' end
                             order by l.line_number)
            from redemptions.quote_line as l where l.program_id = q.program_id and l.quote_id = q.quote_id),
           q.campaigns_left_out, q.money_min_minor, q.delivery_free
    from redemptions.quote as q
    where q.program_id = quote_of.program_id and q.member_id = quote_of.member_id and q.quote_id = quote_of.quote_id;
end;

-- The member's exact quote for the same basket, if it still has most of its time and was not redeemed.
create or replace function redemptions.same_quote(program_id integer, member_id bigint, basket_hash bytea) returns uuid
language sql stable security definer set search_path = pg_catalog
begin atomic
    select q.quote_id
    from redemptions.quote as q
    where q.program_id = same_quote.program_id and q.member_id = same_quote.member_id
      and q.basket_hash = same_quote.basket_hash and not q.estimated
      and q.expires_at - (q.expires_at - q.created_at) / 3 > clock.now()
      and not exists (select from redemptions.redemption as r
                      where r.program_id = q.program_id and r.quote_id = q.quote_id)
    order by q.created_at desc
    limit 1;
end;

-- Whether the caller now holds the connection's cart, for at most so many seconds.
create or replace function redemptions.take_cart(connection text, seconds integer) returns boolean
language plpgsql security definer set search_path = pg_catalog as $$
begin
    insert into redemptions.cart_turn(connection, held_until)
    values (take_cart.connection, clock.now() + make_interval(secs => take_cart.seconds))
    on conflict on constraint cart_turn_pkey do update
        set held_until = excluded.held_until, row_xid = pg_current_xact_id()
        where cart_turn.held_until <= clock.now();
    return found;
end
$$;

create or replace function redemptions.give_cart_back(connection text) returns void
language sql security definer set search_path = pg_catalog
begin atomic
    update redemptions.cart_turn as t set held_until = clock.now(), row_xid = pg_current_xact_id()
    where t.connection = give_cart_back.connection;
end;

grant usage on schema redemptions to quote_api, member_api;
grant execute on function
    redemptions.create_quote(integer, uuid, bigint, uuid, integer, text, text, boolean, bytea, integer, bigint, bigint,
                             bigint, timestamptz, timestamptz, jsonb, jsonb, bigint),
    redemptions.create_campaign_quote(integer, uuid, bigint, uuid, integer, text, text, boolean, bytea, integer, bigint,
                                      bigint, bigint, timestamptz, timestamptz, jsonb, jsonb, bigint),
    redemptions.same_quote(integer, bigint, bytea),
    redemptions.take_cart(text, integer),
    redemptions.give_cart_back(text)
to quote_api;
grant execute on function redemptions.quote_of(integer, bigint, uuid) to quote_api, member_api;
