-- Redeem: one statement moves from a quote to held points, an open payment and a planned order, or does nothing.

-- Internal: one line of the timeline.
create or replace function redemptions.note(program_id integer, redemption_id uuid, kind text, detail jsonb default '{}')
returns void language sql set search_path = pg_catalog
begin atomic
    insert into redemptions.event(event_id, program_id, redemption_id, kind, detail, occurred_at)
    values (clock.new_id(), note.program_id, note.redemption_id, note.kind, note.detail, clock.now());
end;

-- The redemption row is also the outbox of the state machine's start. Statuses:
--   ok, replay             the redemption stands; `state` is where it is now
--   key_reuse              the key names another request, or somebody else's: which one is not told
--   key_time               the key's time is not now
--   quote_not_found, quote_expired, quote_used, quote_mismatch (points not offered, or other money than was shown)
--   address_removed        the member has removed the quote's address
--   money_too_little       the provider takes more money, or none
--   blocked, frozen        the member may not redeem; spending is stopped
--   closing                the member is leaving
--   insufficient           not enough points; `available` says how many there are
--   velocity               more points in 24 hours than the programme lets a member spend
--   over_cap               of one of the products the member has had as many as one member may
--   paused                 orders do not go through at the moment; nothing was held
--   redemption_off, money_off   the programme has switched redeeming, or paying a part in money, off for this member
-- `device_hash`: from which device, for screening; null: it was not named.
drop function if exists redemptions.redeem(integer, bigint, uuid, uuid, bigint, bigint, bytea, text);
create or replace function redemptions.redeem(
    program_id integer, member_id bigint, redemption_id uuid, quote_id uuid, points bigint, money_minor bigint,
    request_hash bytea, actor text, device_hash bytea default null
) returns table (status text, state text, available bigint, points_charged bigint, money_charged_minor bigint,
                 release_at timestamptz)
language plpgsql security definer set search_path = pg_catalog as $$
#variable_conflict use_variable
declare
    existing redemptions.redemption;
    quote record;
    policy jsonb;
    charged bigint;
    money bigint;
    answer text;
    standing text;
begin
    if num_nulls(program_id, member_id, redemption_id, quote_id, points, money_minor, request_hash, actor) > 0
       or points < 0 or money_minor < 0 then
        return query select 'quote_mismatch', null::text, null::bigint, null::bigint, null::bigint, null::timestamptz;
        return;
    end if;

    select * into existing from redemptions.redemption as r where r.redemption_id = redeem.redemption_id;
    if found then
        return query select * from redemptions.answer_again(existing, program_id, member_id, request_hash);
        return;
    end if;

    standing := members.spending_state(program_id, member_id);
    answer := case when not clock.key_is_fresh(redemption_id) then 'key_time'
                   when standing in ('frozen', 'closing') then standing
                   when standing <> 'active' then 'blocked' end;
    if answer is null then
        select * into quote from redemptions.quote as q
        where q.program_id = redeem.program_id and q.quote_id = redeem.quote_id and q.member_id = redeem.member_id;
        answer := case
            when not found then 'quote_not_found'
            when exists (select from redemptions.redemption as r
                         where r.program_id = redeem.program_id and r.quote_id = redeem.quote_id) then 'quote_used'
            when quote.expires_at <= clock.now() then 'quote_expired'
            when not members.owns_address(program_id, member_id, quote.address_id) then 'address_removed'
            when points not between quote.points_min and quote.points_max then 'quote_mismatch'
            when points % quote.points_step <> 0 and points <> quote.points_min and points <> quote.points_max
                then 'quote_mismatch'
            end;
    end if;
    if answer is null then
        select sum(s.quantity * s.unit_points), sum(s.quantity * s.unit_money_minor) into charged, money
        from redemptions.split(program_id, quote_id, points) as s;
        answer := case
            when money is distinct from money_minor or charged + money = 0 then 'quote_mismatch'
            when money between 1 and quote.money_min_minor - 1 then 'money_too_little'
            when exists (select from orders.connection_state(program_id) as c where c.state = 'paused') then 'paused'
            end;
    end if;
    if answer is null then
        select v.document into strict policy from programme.current(program_id) as v;
        answer := case
            when not programme.feature_on(policy, 'redemption', member_id) then 'redemption_off'
            -- Of a canary's orders nothing comes: nobody pays for them.
            when money > 0 and (not programme.feature_on(policy, 'money', member_id) or exists (
                select from programme.program as g where g.program_id = redeem.program_id and g.trial)) then 'money_off'
            end;
    end if;
    if answer is not null then
        -- Each of the looks above sees later commits than the one before: a twin of this request may be among them.
        select * into existing from redemptions.redemption as r where r.redemption_id = redeem.redemption_id;
        if found then
            return query select * from redemptions.answer_again(existing, program_id, member_id, request_hash);
        else
            return query select answer, null::text, null::bigint, null::bigint, null::bigint, null::timestamptz;
        end if;
        return;
    end if;

    begin
        answer := redemptions.write_down(
            program_id, quote_id, policy, redemption_id, points, charged, money, request_hash, actor, device_hash);
    exception when sqlstate 'RD001' then
        -- The points were not there: the block is rolled back as if the redemption had never been asked for.
        return query select sqlerrm, null::text, b.available, null::bigint, null::bigint, null::timestamptz
                     from points.balance(program_id, member_id) as b;
        return;
    end;
    if answer = 'lost' then
        -- Somebody else's commit came between: the same key, or the same quote with another key.
        select * into existing from redemptions.redemption as r where r.redemption_id = redeem.redemption_id;
        if found then
            return query select * from redemptions.answer_again(existing, program_id, member_id, request_hash);
        else
            return query select 'quote_used', null::text, null::bigint, null::bigint, null::bigint, null::timestamptz;
        end if;
        return;
    end if;
    return query select 'ok', r.state, b.available, r.points, r.money_minor, r.release_at
                 from redemptions.redemption as r, points.balance(program_id, member_id) as b
                 where r.program_id = redeem.program_id and r.redemption_id = redeem.redemption_id;
end
$$;

-- Internal: the answer to a key that is known.
create or replace function redemptions.answer_again(
    existing redemptions.redemption, program_id integer, member_id bigint, request_hash bytea
) returns table (status text, state text, available bigint, points_charged bigint, money_charged_minor bigint,
                 release_at timestamptz)
language plpgsql stable set search_path = pg_catalog as $$
begin
    if existing.program_id <> answer_again.program_id or existing.member_id <> answer_again.member_id
       or existing.request_hash <> answer_again.request_hash then
        return query select 'key_reuse', null::text, null::bigint, null::bigint, null::bigint, null::timestamptz;
        return;
    end if;
    return query select 'replay', existing.state, b.available, existing.points, existing.money_minor,
                        existing.release_at
                 from points.balance(answer_again.program_id, answer_again.member_id) as b;
end
$$;

-- Internal: the reservations of the redemption's quote become what its split costs each campaign. False if one of them has
-- lapsed since the quote was seen to be open.
create or replace function redemptions.spend_discounts(program_id integer, redemption_id uuid) returns boolean
language plpgsql set search_path = pg_catalog as $$
declare
    discount record;
begin
    for discount in
        select l.campaign, r.quote_id, r.currency, sum(l.quantity * l.unit_discount_minor)::bigint as amount_minor,
               sum(l.quantity * l.unit_saved_points)::bigint as points
        from redemptions.redemption as r
        join redemptions.line as l on l.program_id = r.program_id and l.redemption_id = r.redemption_id
        where r.program_id = spend_discounts.program_id and r.redemption_id = spend_discounts.redemption_id
          and l.campaign is not null
        group by l.campaign, r.quote_id, r.currency order by l.campaign collate "C"
    loop
        if points.spend_reserved(
               spend_discounts.program_id, discount.campaign, discount.quote_id,
               discount.amount_minor * points.minor_micros(discount.currency), discount.points) <> 'ok'
           and discount.amount_minor > 0 then
            return false;
        end if;
    end loop;
    return true;
end
$$;

-- Internal: of what redemptions cost their campaigns only the part of accepted units that stay is spent; nothing while none is.
-- Again changes nothing. Last in its transaction, like the spending; for several redemptions once, with all of them.
create or replace function redemptions.return_discounts(redemption_ids uuid[]) returns void
language plpgsql set search_path = pg_catalog as $$
declare
    discount record;
    pot text;
begin
    for discount in
        select r.program_id, l.campaign, r.quote_id, r.currency,
               sum((coalesce(l.accepted_quantity, 0) - l.given_back) * l.unit_discount_minor)::bigint as amount_minor,
               sum((coalesce(l.accepted_quantity, 0) - l.given_back) * l.unit_saved_points)::bigint as points
        from redemptions.redemption as r
        join redemptions.line as l on l.program_id = r.program_id and l.redemption_id = r.redemption_id
        where r.redemption_id = any (return_discounts.redemption_ids) and l.campaign is not null
        group by r.program_id, l.campaign, r.quote_id, r.currency
        order by r.program_id, l.campaign collate "C", r.quote_id
    loop
        if cardinality(return_discounts.redemption_ids) > 1 and pot is distinct from discount.campaign then
            perform points.lock_pot(discount.program_id, discount.campaign);
            pot := discount.campaign;
        end if;
        perform points.keep_spent(
            discount.program_id, discount.campaign, discount.quote_id,
            discount.amount_minor * points.minor_micros(discount.currency), discount.points);
    end loop;
end
$$;

-- Internal: everything that redeem writes. Returns ok, or lost (a unique key was taken meanwhile); raises RD001 with
-- the ledger's status as its message.
drop function if exists redemptions.write_down(integer, uuid, jsonb, uuid, bigint, bigint, bigint, bytea, text);
create or replace function redemptions.write_down(
    program_id integer, quote_id uuid, policy jsonb, redemption_id uuid, points_chosen bigint, points bigint,
    money_minor bigint, request_hash bytea, actor text, device_hash bytea
) returns text language plpgsql set search_path = pg_catalog as $$
#variable_conflict use_variable
declare
    instant timestamptz := clock.now();
    delay interval := make_interval(secs => (policy -> 'redemption' ->> 'release_delay_seconds')::integer);
    approval interval := make_interval(mins => (policy -> 'redemption' ->> 'approval_minutes')::integer);
    place_before timestamptz := instant + delay + approval + interval '1 day';
    quote record;
    frozen jsonb;
    campaigns boolean;
    -- Nothing is bought: what keeps thieves from it would only stand in the canary's way, who redeems all day.
    trial boolean;
    status text;
begin
    select * into strict quote from redemptions.quote as q
    where q.program_id = write_down.program_id and q.quote_id = write_down.quote_id;
    -- The quote froze the programme's version: what may drift and what is screened was decided there.
    select v.document into strict frozen from programme.version(quote.program_id, quote.programme_version) as v;
    select g.trial into strict trial from programme.program as g where g.program_id = quote.program_id;
    insert into redemptions.redemption(
        program_id, redemption_id, member_id, quote_id, programme_version, address_id, request_hash, points,
        money_minor, currency, partial_policy, capture_at, return_days, settle_op_id, release_op_id, release_at,
        approve_until, place_before, lease_until, actor, created_at, updated_at, screens, device_hash)
    values (
        quote.program_id, redemption_id, quote.member_id, quote.quote_id, quote.programme_version, quote.address_id,
        request_hash, points, money_minor, quote.currency, quote.partial_policy,
        policy -> 'integrations' -> 'payment' ->> 'capture_at',
        (policy -> 'points' ->> 'return_extension_days')::integer, clock.new_id(), clock.new_id(), instant + delay,
        instant + delay + approval, place_before, place_before + interval '1 day', actor, instant, instant,
        not trial and coalesce(jsonb_array_length(nullif(frozen #> '{screening,rules}', '[]')), 0) > 0, device_hash)
    on conflict do nothing;
    if not found then
        return 'lost';
    end if;

    with written as (
        insert into redemptions.line(program_id, redemption_id, line_number, asin, title, image_url, quantity,
                                     unit_points, unit_money_minor, campaign, unit_discount_minor, unit_saved_points)
        select quote.program_id, redemption_id, l.line_number, l.asin, l.title, l.image_url, l.quantity,
               s.unit_points, s.unit_money_minor, l.campaign,
               coalesce(redemptions.unit_discount(l.unit_price_minor, l.unit_points_full, l.unit_points_normal,
                                                  s.unit_points), 0),
               coalesce(redemptions.unit_saved(l.unit_points_full, l.unit_points_normal, s.unit_points), 0)
        from redemptions.quote_line as l
        join redemptions.split(quote.program_id, quote.quote_id, points_chosen) as s on s.line_number = l.line_number
        where l.program_id = quote.program_id and l.quote_id = quote.quote_id
        returning campaign)
    select bool_or(w.campaign is not null) into campaigns from written as w;
    if redemptions.passes_a_cap(quote.program_id, quote.member_id, redemption_id) then
        raise exception using errcode = 'RD001', message = 'over_cap';
    end if;

    perform orders.plan(
        quote.program_id, redemption_id, quote.member_id, quote.address_id, frozen -> 'store' ->> 'region',
        quote.currency, (frozen -> 'conversion' ->> 'drift_tolerance_basis_points')::integer, not quote.estimated,
        (select jsonb_agg(jsonb_build_object(
            'line_number', l.line_number, 'asin', l.asin, 'offer_id', l.offer_id, 'quantity', l.quantity,
            'expected_unit_price_minor', l.expected_unit_price_minor,
            'expected_shipping_minor', l.expected_shipping_minor, 'expected_tax_minor', l.expected_tax_minor))
         from redemptions.quote_line as l
         where l.program_id = quote.program_id and l.quote_id = quote.quote_id));

    if money_minor > 0 then
        status := payments.open(quote.program_id, redemption_id, policy -> 'integrations' -> 'payment' ->> 'provider',
                                money_minor, quote.currency, actor,
                                policy -> 'integrations' -> 'payment' ->> 'capture_at', quote.member_id);
        if status <> 'ok' then
            raise exception 'payment not opened: %', status;
        end if;
    end if;
    if points > 0 then
        select h.status into status
        from points.hold_within(
            quote.program_id, quote.member_id, redemption_id, points, place_before + interval '1 day', request_hash,
            actor, case when not trial then (policy -> 'points' ->> 'held_daily_limit')::bigint end) as h;
        if status <> 'ok' then
            raise exception using errcode = 'RD001', message = status;
        end if;
    end if;
    -- Last, and after the member: nobody waits for anything with a campaign's money in hand.
    if campaigns and not redemptions.spend_discounts(quote.program_id, redemption_id) then
        raise exception using errcode = 'RD001', message = 'quote_expired';
    end if;
    perform redemptions.note(quote.program_id, redemption_id, 'redeemed',
                             jsonb_build_object('points', points, 'money_minor', money_minor));
    perform outbox.emit(quote.program_id, 'security.redeemed', redemption_id::text, redemption_id,
                        jsonb_build_object('redemption_id', redemption_id, 'member_id', quote.member_id));
    return 'ok';
end
$$;
