-- One event, at most one message on each channel. Planned by the choices of its moment, taken by one sender only, and what
-- it says of an account is read with the account's version.

-- Plan the messages of an event; again with the same event it answers what was planned. Returns those that may be sent.
-- `stale_hours`: later than that nobody wants to know. `sms`: whether there is such a text at all.
create or replace function notifications.plan(
    program_id integer, event_id uuid, member_id bigint, template text, kind text, about text, stage integer,
    occurred_at timestamptz, stale_hours integer, payload jsonb, sms boolean, order_sms boolean
) returns table (message_id uuid, channel text) language plpgsql security definer set search_path = pg_catalog as $$
#variable_conflict use_column
begin
    -- The events of one parcel or redemption are planned one after the other: each sees what was said before.
    if plan.about is not null then
        perform pg_advisory_xact_lock(hashtextextended(plan.program_id || ' ' || plan.about, 640641));
    end if;
    insert into notifications.message(program_id, message_id, member_id, event_id, channel, template, kind, about, stage,
                                      state, reason, payload, occurred_at, created_at)
    select plan.program_id, clock.new_id(), plan.member_id, plan.event_id, c.channel, plan.template, plan.kind, plan.about,
           plan.stage, case when why.not_sent is null then 'queued' else 'suppressed' end, why.not_sent, plan.payload,
           plan.occurred_at, clock.now()
    from (values ('email'), ('sms')) as c(channel)
    cross join lateral (
        select notifications.why_not(plan.program_id, plan.member_id, c.channel, plan.template, plan.kind, plan.about,
                                     plan.stage, plan.occurred_at, plan.stale_hours, plan.order_sms,
                                     plan.payload) as not_sent
    ) as why
    where c.channel = 'email' or plan.sms
    on conflict (program_id, event_id, channel) do nothing;
    return query
    select m.message_id, m.channel from notifications.message as m
    where m.program_id = plan.program_id and m.event_id = plan.event_id and m.member_id = plan.member_id
      and m.state = 'queued'
    order by m.channel;
end
$$;

-- Internal: why a message is not sent; null: it is. Security messages ask nobody's choice.
drop function if exists notifications.why_not(
    integer, bigint, text, text, text, text, integer, timestamptz, integer, boolean);
create or replace function notifications.why_not(
    program_id integer, member_id bigint, channel text, template text, kind text, about text, stage integer,
    occurred_at timestamptz, stale_hours integer, order_sms boolean, payload jsonb
) returns text language plpgsql stable set search_path = pg_catalog as $$
declare
    reach record;
    wanted_as text := case kind when 'cases' then 'orders' when 'wishes' then 'points' else kind end;
    orders_come boolean;
begin
    if coalesce(members.state_of(program_id, member_id), 'closed') = 'closed' and template <> 'membership-closed' then
        return 'closed';
    end if;
    select * into reach from notifications.reach(program_id, member_id, channel, kind, occurred_at);
    if reach.contact is null then return 'no_contact'; end if;
    if reach.suppressed is not null then return reach.suppressed; end if;
    if occurred_at < clock.now() - make_interval(hours => stale_hours)
       or clock.now() >= (payload ->> 'until')::timestamptz then return 'stale'; end if;
    if kind = 'security' then return null; end if;
    if not coalesce((notifications.choice(program_id, member_id, channel, wanted_as)).wanted,
                    notifications.by_default(channel, wanted_as, order_sms)) then
        return 'not_wanted';
    end if;
    -- An order's own message says what became of its points; whoever gets those needs no second one.
    if template in ('points-redeemed', 'points-returned') then
        orders_come := coalesce((notifications.choice(program_id, member_id, channel, 'orders')).wanted,
                                notifications.by_default(channel, 'orders', order_sms));
        if orders_come then return 'told_with_order'; end if;
    end if;
    -- What comes back for units was told with them; that its money is on the way is news only where that took long.
    if template = 'payment-refunded' and exists (
        select from notifications.message as m
        where m.program_id = why_not.program_id and m.member_id = why_not.member_id and m.channel = why_not.channel
          and m.template in ('units-cancelled', 'units-returned') and m.payload ->> 'redemption_id' = why_not.payload ->> 'redemption_id'
          and m.state not in ('suppressed', 'failed') and m.occurred_at > why_not.occurred_at - interval '1 day'
    ) then
        return 'told_with_order';
    end if;
    if about is not null and exists (
        select from notifications.message as m
        where m.program_id = why_not.program_id and m.about = why_not.about and m.channel = why_not.channel
          and m.member_id = why_not.member_id
          and m.state not in ('suppressed', 'failed')
          and ((m.stage > why_not.stage and why_not.stage > 0)
               or (m.template = why_not.template and why_not.stage > 0
                   -- Late once more is news, if it is a new day.
                   and (why_not.template <> 'shipment-delayed' or m.occurred_at > why_not.occurred_at
                        or m.payload ->> 'promised_to' is not distinct from why_not.payload ->> 'promised_to')))
    ) then
        return 'overtaken';
    end if;
    return null;
end
$$;

-- Internal: the contact for a message, and why it is not written to. What concerns safety goes to the contact of three days
-- before, so that whoever took over a membership is not the one who is told.
create or replace function notifications.reach(
    program_id integer, member_id bigint, channel text, kind text, occurred_at timestamptz
) returns table (contact text, suppressed text) language sql stable set search_path = pg_catalog as $$
    select c.contact, notifications.suppressed_for(reach.program_id, reach.member_id, reach.channel, c.since, c.until)
    from members.contact_at(
        reach.program_id, reach.member_id, reach.channel,
        case when reach.kind = 'security' then reach.occurred_at - interval '72 hours'
             else 'infinity'::timestamptz end) as c
$$;

-- Take a queued message: from now on it is sent at most once. No row: somebody has it, or nothing is left to say.
-- `contact` is for the sender only. `facts` holds what the text may say; balances are of the version that is with them.
create or replace function notifications.begin_sending(program_id integer, message_id uuid)
returns table (contact text, language text, template text, kind text, facts jsonb, payload jsonb)
language plpgsql security definer set search_path = pg_catalog as $$
#variable_conflict use_column
declare
    m notifications.message;
    reached record;
    told jsonb;
    why text;
begin
    select * into m from notifications.message as one
    where one.program_id = begin_sending.program_id and one.message_id = begin_sending.message_id
      and one.state = 'queued'
    for no key update skip locked;
    if not found then return; end if;
    select * into reached from notifications.reach(m.program_id, m.member_id, m.channel, m.kind, m.occurred_at);
    told := notifications.facts_of(m);
    why := case when reached.contact is null then 'no_contact'
                when reached.suppressed is not null then reached.suppressed
                when told ? 'nothing_left' then 'spent' end;
    update notifications.message as one
    set state = case when why is null then 'sending' else 'suppressed' end, reason = why, facts = told - array['what', 'missing'],
        attempts = one.attempts + 1, sending_at = clock.now(),
        language = members.language_of(m.program_id, m.member_id), row_xid = pg_current_xact_id()
    where one.program_id = m.program_id and one.message_id = m.message_id;
    if why is not null then return; end if;
    return query select reached.contact::text, members.language_of(m.program_id, m.member_id), m.template, m.kind, told,
                        m.payload;
end
$$;

-- Internal: a line's title, with how many where that is only a part of it.
create or replace function notifications.units_of(title text, units integer, of_units integer) returns text
language sql immutable set search_path = pg_catalog
return case when units < of_units then units || ' × ' || title else title end;

-- Internal: what a message may say, read now and in one statement for the account.
create or replace function notifications.facts_of(m notifications.message) returns jsonb
language plpgsql stable set search_path = pg_catalog as $$
declare
    found jsonb := '{}';
    redemption record;
    left_of_lot bigint;
    wished jsonb;
begin
    select jsonb_build_object('available', b.available, 'version', b.version, 'lapsed', p.available - b.available,
                              'as_of', clock.now(),
                              'time_zone', points.zone_at(m.program_id, clock.now()))
    into found
    from points.member as p
    cross join lateral points.balance(p.program_id, p.member_id) as b
    where p.program_id = m.program_id and p.member_id = m.member_id;
    found := coalesce(found, '{}');
    if m.payload ? 'redemption_id' then
        -- Once Amazon has answered, what it accepted is the order: the rest is not there and not paid for.
        select coalesce(r.accepted_points, r.points) as points, r.currency,
               coalesce(r.accepted_money_minor, r.money_minor) as money_minor,
               r.points - r.accepted_points as back_points, r.money_minor - r.accepted_money_minor as back_money_minor,
               (select jsonb_agg(notifications.units_of(l.title, coalesce(l.accepted_quantity, l.quantity), l.quantity)
                                 order by l.line_number)
                from redemptions.line as l
                where l.program_id = r.program_id and l.redemption_id = r.redemption_id
                  and coalesce(l.accepted_quantity, l.quantity) > 0
                  and (not m.payload ? 'line_number' or l.line_number = (m.payload ->> 'line_number')::integer)
                  -- Of a parcel what is in its shipment, as far as that is known.
                  and (not exists (
                           select from orders.shipped_unit as u
                           where u.program_id = r.program_id and u.redemption_id = r.redemption_id
                             and u.shipment_key = m.payload ->> 'shipment_key')
                       or exists (
                           select from orders.shipped_unit as u
                           where u.program_id = r.program_id and u.redemption_id = r.redemption_id
                             and u.shipment_key = m.payload ->> 'shipment_key' and u.line_number = l.line_number))
               ) as what,
               (select jsonb_agg(notifications.units_of(l.title, l.quantity - l.accepted_quantity, l.quantity)
                                 order by l.line_number)
                from redemptions.line as l
                where l.program_id = r.program_id and l.redemption_id = r.redemption_id
                  and l.accepted_quantity < l.quantity) as missing
        into redemption
        from redemptions.redemption as r
        where r.program_id = m.program_id and r.redemption_id = (m.payload ->> 'redemption_id')::uuid
          and r.member_id = m.member_id;
        found := found || jsonb_build_object('points', redemption.points, 'money_minor', redemption.money_minor,
                                             'currency', redemption.currency, 'what', redemption.what);
        if m.template = 'order-partly-confirmed' then
            found := found || jsonb_build_object('missing', redemption.missing, 'back_points', redemption.back_points,
                                                 'back_money_minor', redemption.back_money_minor);
        end if;
    end if;
    if m.template = 'wish-available' then
        -- What is still wished for and can still be had.
        select jsonb_agg(coalesce(said.texts -> members.language_of(m.program_id, m.member_id) ->> 'title',
                                  nullif(p.title, ''), w.title) order by w.added_at desc, w.asin) into wished
        from wishes.wish as w
        join wishes.product as seen on seen.program_id = w.program_id and seen.asin = w.asin and seen.available
        left join catalogue.product as p on p.program_id = w.program_id and p.asin = w.asin
        cross join lateral catalogue.said_of(w.program_id, w.asin, p.parent_asin) as said
        where w.program_id = m.program_id and w.member_id = m.member_id and m.payload -> 'asins' ? w.asin;
        found := found || jsonb_build_object('what', wished);
        if wished is null then found := found || '{"nothing_left": true}'; end if;
    end if;
    if m.template = 'points-expiring' then
        select l.amount into left_of_lot from points.lots(m.program_id, m.member_id) as l
        where l.expires_on = (m.payload ->> 'expires_on')::date;
        found := found || jsonb_build_object('amount', left_of_lot,
                                             'tier', members.tier_of(m.program_id, m.member_id));
        if left_of_lot is null then found := found || '{"nothing_left": true}'; end if;
    end if;
    return found;
end
$$;

-- The provider has it.
create or replace function notifications.sent(program_id integer, message_id uuid, parts integer) returns void
language sql security definer set search_path = pg_catalog as $$
    update notifications.message as m
    set state = 'sent', sent_at = clock.now(), parts = sent.parts, row_xid = pg_current_xact_id()
    where m.program_id = sent.program_id and m.message_id = sent.message_id and m.state in ('sending', 'unknown')
$$;

-- It was not sent. `state`: queued (certainly not, and it may be tried again), failed (refused for good), unknown (nobody
-- can say). An SMS that the network refuses because the member said STOP there is a STOP.
create or replace function notifications.not_sent(program_id integer, message_id uuid, state text, reason text)
returns void language plpgsql security definer set search_path = pg_catalog as $$
#variable_conflict use_column
declare
    m notifications.message;
begin
    if not_sent.state not in ('queued', 'failed', 'unknown') then
        raise exception 'a message that was not sent is not %', not_sent.state using errcode = '22023';
    end if;
    update notifications.message as one
    set state = not_sent.state, reason = left(not_sent.reason, 100), row_xid = pg_current_xact_id()
    where one.program_id = not_sent.program_id and one.message_id = not_sent.message_id and one.state = 'sending'
    returning one.* into m;
    if m.channel = 'sms' and not_sent.reason = 'opted_out' then
        insert into notifications.suppression(program_id, member_id, channel, suppressed, reason, about_at, noted_at)
        values (m.program_id, m.member_id, 'sms', true, 'opted_out', clock.now(), clock.now());
    end if;
end
$$;

-- Whoever was sending died at it: it may have been sent, so it is not sent again. How many.
create or replace function notifications.give_up(minutes integer) returns integer
language sql security definer set search_path = pg_catalog as $$
    with lost as (
        update notifications.message as m
        set state = 'unknown', reason = 'interrupted', row_xid = pg_current_xact_id()
        where m.state = 'sending' and m.sending_at < clock.now() - make_interval(mins => give_up.minutes)
        returning 1
    )
    select count(*)::integer from lost
$$;

-- What was not sent and will not be, or nobody knows; newest first.
create or replace function notifications.lost(program_id integer, most integer)
returns table (message_id uuid, member_number text, channel text, template text, state text, reason text, at timestamptz)
language sql stable security definer set search_path = pg_catalog as $$
    select m.message_id, members.number_of(m.program_id, m.member_id), m.channel, m.template, m.state, m.reason,
           coalesce(m.sending_at, m.created_at)
    from notifications.message as m
    where m.program_id = lost.program_id and m.state in ('unknown', 'failed')
    order by m.created_at desc limit least(greatest(lost.most, 1), 500)
$$;
