-- What a member may still change, and what members and staff may read.

-- Possible while no order can exist. Before anything was asked of the payment provider the points return at once; while
-- a payment may be under way they return when it is closed. Returns cancelled, replay, too_late, not_found.
create or replace function redemptions.cancel(program_id integer, member_id bigint, redemption_id uuid)
returns text language plpgsql security definer set search_path = pg_catalog as $$
declare
    redemption redemptions.redemption;
begin
    select * into redemption from redemptions.redemption as r
    where r.program_id = cancel.program_id and r.redemption_id = cancel.redemption_id
      and r.member_id = cancel.member_id for no key update;
    return redemptions.cancel_as(redemption, 'member:' || cancel.member_id, '{}');
end
$$;

-- Internal: whoever wishes it; `redemption` is locked.
create or replace function redemptions.cancel_as(redemption redemptions.redemption, actor text, detail jsonb)
returns text language plpgsql set search_path = pg_catalog as $$
declare
    came_from text := redemption.state;
begin
    if redemption.redemption_id is null then
        return 'not_found';
    elsif redemption.outcome = 'cancelled' then
        return 'replay';
    elsif redemption.state not in ('held', 'step_up', 'review', 'awaiting_payment') then
        return 'too_late';
    end if;
    if came_from in ('step_up', 'review') then
        came_from := redemptions.end_parking(redemption, 'cancelled', cancel_as.actor);
    end if;
    perform orders.withdraw(redemption.program_id, redemption.redemption_id);
    update redemptions.redemption as r set outcome = 'cancelled'
    where r.program_id = redemption.program_id and r.redemption_id = redemption.redemption_id;
    perform redemptions.move(redemption.program_id, redemption.redemption_id, 'cancelled', 'cancelled', cancel_as.detail);
    if came_from = 'held' then
        perform redemptions.return_points(redemption, redemption.points, 'member');
        perform redemptions.return_discounts(array[redemption.redemption_id]);
    end if;
    return 'cancelled';
end
$$;

-- Another of the member's own addresses. Where the price holds the shipping and tax of the first address it must be in
-- the same region (country, state, first three characters of the postal code). Returns changed, replay, too_late,
-- not_found, address_not_found, not_delivered_there, other_price, screened (it was let through for the address it has).
create or replace function redemptions.change_address(
    program_id integer, member_id bigint, redemption_id uuid, address_id uuid
) returns text language plpgsql security definer set search_path = pg_catalog as $$
declare
    redemption redemptions.redemption;
    policy jsonb;
    old_address record;
    new_address record;
begin
    select * into redemption from redemptions.redemption as r
    where r.program_id = change_address.program_id and r.redemption_id = change_address.redemption_id
      and r.member_id = change_address.member_id for no key update;
    if not found then
        return 'not_found';
    elsif redemption.state not in ('held', 'awaiting_payment') then
        return 'too_late';
    elsif redemption.address_id = change_address.address_id then
        return 'replay';
    elsif not coalesce(members.owns_address(change_address.program_id, change_address.member_id,
                                            change_address.address_id), false) then
        return 'address_not_found';
    end if;
    select v.document into strict policy
    from programme.version(change_address.program_id, redemption.programme_version) as v;
    select a.country_code, a.state_or_region, left(a.postal_code, 3) as postal_region into strict old_address
    from members.shipping_address(change_address.program_id, change_address.member_id, redemption.address_id) as a;
    select a.country_code, a.state_or_region, left(a.postal_code, 3) as postal_region into strict new_address
    from members.shipping_address(change_address.program_id, change_address.member_id, change_address.address_id) as a;
    if not policy -> 'store' -> 'delivery_countries' ? new_address.country_code then
        return 'not_delivered_there';
    elsif policy -> 'pricing' ->> 'included' = 'charged' and old_address is distinct from new_address then
        return 'other_price';
    elsif redemption.screens
          and (exists (select from redemptions.screening as s
                       where s.program_id = redemption.program_id and s.redemption_id = redemption.redemption_id
                         and s.action <> 'allow')
               or (redemption.state = 'awaiting_payment'
                   and redemptions.weigh(redemption, change_address.address_id) ->> 'action' <> 'allow')) then
        return 'screened';
    elsif not orders.change_address(change_address.program_id, change_address.redemption_id,
                                    change_address.address_id) then
        return 'too_late';
    end if;
    update redemptions.redemption as r
    set address_id = change_address.address_id, updated_at = clock.now(), row_xid = pg_current_xact_id()
    where r.program_id = change_address.program_id and r.redemption_id = change_address.redemption_id;
    perform redemptions.note(change_address.program_id, change_address.redemption_id, 'address_changed');
    return 'changed';
end
$$;

-- An address leaves the member's list. One that something was sent to, or may still be by a quote of the last hour, stays for
-- those who ask where. Returns removed, in_use (a redemption on its way to an order goes there), not_found.
create or replace function redemptions.remove_address(program_id integer, member_id bigint, address_id uuid) returns text
language plpgsql security definer set search_path = pg_catalog as $$
begin
    if exists (select from redemptions.redemption as r
               where r.program_id = remove_address.program_id and r.member_id = remove_address.member_id
                 and r.address_id = remove_address.address_id
                 and r.state in ('held', 'step_up', 'review', 'awaiting_payment', 'ordering')) then
        return 'in_use';
    end if;
    return case when members.remove_address(
        remove_address.program_id, remove_address.member_id, remove_address.address_id,
        exists (select from redemptions.redemption as r
                where r.program_id = remove_address.program_id and r.member_id = remove_address.member_id
                  and r.address_id = remove_address.address_id)
        or exists (select from redemptions.quote as q
                   where q.program_id = remove_address.program_id and q.member_id = remove_address.member_id
                     and q.address_id = remove_address.address_id and q.expires_at > clock.now() - interval '1 hour'))
        then 'removed' else 'not_found' end;
end
$$;

-- One redemption with its lines, parts, payment and timeline; null for anybody but its member. `member_id` null is for
-- staff (a function of its own, below, so that no door of members can leave it out).
create or replace function redemptions.described(program_id integer, member_id bigint, redemption_id uuid)
returns jsonb language plpgsql stable set search_path = pg_catalog as $$
begin
    return (
        select jsonb_build_object(
            'redemption_id', r.redemption_id, 'as_of', clock.now(), 'state', r.state, 'outcome', r.outcome, 'review_reason', r.review_reason,
            'points', r.points, 'money_minor', r.money_minor, 'currency', r.currency,
            'accepted_points', r.accepted_points, 'accepted_money_minor', r.accepted_money_minor,
            'settled_points', r.settled_points, 'released_points', r.released_points,
            'partial_policy', r.partial_policy, 'capture_at', r.capture_at, 'address_id', r.address_id,
            'created_at', r.created_at, 'updated_at', r.updated_at, 'release_at', r.release_at,
            'approve_until', r.approve_until, 'closed_at', r.closed_at, 'case_id', r.case_id,
            'may_change', r.state in ('held', 'awaiting_payment'),
            'may_cancel', r.state in ('held', 'step_up', 'review', 'awaiting_payment'),
            'confirm_until', case when r.state = 'step_up' then (
                select p.deadline from redemptions.parking as p
                where p.program_id = r.program_id and p.redemption_id = r.redemption_id and p.result is null) end,
            'order_state',
            orders.state_of(r.program_id, r.redemption_id),
            'lines', (select jsonb_agg(jsonb_build_object(
                          'line_number', l.line_number, 'asin', l.asin, 'title', l.title, 'image_url', l.image_url,
                          'quantity', l.quantity, 'unit_points', l.unit_points, 'unit_money_minor', l.unit_money_minor,
                          'accepted_quantity', l.accepted_quantity, 'given_back', l.given_back,
                          'reasons', l.reasons) order by l.line_number)
                      from redemptions.line as l
                      where l.program_id = r.program_id and l.redemption_id = r.redemption_id),
            'given_back', (select coalesce(jsonb_agg(to_jsonb(b)), '[]')
                           from redemptions.given_back(r.program_id, r.redemption_id) as b),
            'parts', (select coalesce(jsonb_agg(to_jsonb(o)), '[]') from orders.parts(r.program_id, r.redemption_id) as o),
            'progress', orders.progress_of(r.program_id, r.redemption_id),
            'queue', (select to_jsonb(w) from orders.expected_wait(r.program_id, r.redemption_id) as w),
            'payment', (select to_jsonb(p) from payments.status_of(r.program_id, r.redemption_id) as p),
            'events', (select jsonb_agg(jsonb_build_object('kind', e.kind, 'detail', e.detail, 'at', e.occurred_at)
                                        order by e.event_number)
                       from redemptions.event as e
                       where e.program_id = r.program_id and e.redemption_id = r.redemption_id))
        from redemptions.redemption as r
        where r.program_id = described.program_id and r.redemption_id = described.redemption_id
          and (described.member_id is null or r.member_id = described.member_id));
end
$$;

create or replace function redemptions.overview(program_id integer, member_id bigint, redemption_id uuid)
returns jsonb language plpgsql stable security definer set search_path = pg_catalog as $$
begin
    if overview.member_id is null then
        return null;
    end if;
    return redemptions.described(overview.program_id, overview.member_id, overview.redemption_id);
end
$$;

create or replace function redemptions.overview_for_staff(program_id integer, redemption_id uuid)
returns jsonb language plpgsql stable security definer set search_path = pg_catalog as $$
begin
    return redemptions.described(overview_for_staff.program_id, null, overview_for_staff.redemption_id)
           || jsonb_build_object(
               'screening', (select to_jsonb(s) - array['program_id', 'redemption_id', 'row_xid']
                             from redemptions.screening as s
                             where s.program_id = overview_for_staff.program_id
                               and s.redemption_id = overview_for_staff.redemption_id),
               'parkings', (select coalesce(jsonb_agg(to_jsonb(p) - array['program_id', 'redemption_id', 'row_xid']
                                                      order by p.parking_number), '[]')
                            from redemptions.parking as p
                            where p.program_id = overview_for_staff.program_id
                              and p.redemption_id = overview_for_staff.redemption_id));
end
$$;

drop function if exists redemptions.list(integer, bigint, uuid, integer);
-- A member's redemptions, newest first, those before one of them (null: from the newest). At most 100 a page.
create or replace function redemptions.list(program_id integer, member_id bigint, before uuid, page_size integer)
returns table (redemption_id uuid, state text, outcome text, review_reason text, points bigint, money_minor bigint,
               currency text, settled_points bigint, released_points bigint, accepted_money_minor bigint,
               created_at timestamptz, closed_at timestamptz, titles text[], image_url text, progress text,
               payment_state text)
language sql stable security definer set search_path = pg_catalog
begin atomic
    select r.redemption_id, r.state, r.outcome, r.review_reason, r.points, r.money_minor, r.currency, r.settled_points,
           r.released_points, r.accepted_money_minor, r.created_at, r.closed_at, l.titles, l.image_url,
           orders.progress_word(r.program_id, r.redemption_id),
           case when r.state = 'awaiting_payment' then
               (select p.state from payments.status_of(r.program_id, r.redemption_id) as p) end
    from redemptions.redemption as r
    cross join lateral (
        select array_agg(line.title order by line.line_number) as titles,
               (array_agg(line.image_url order by line.line_number))[1] as image_url
        from redemptions.line as line
        where line.program_id = r.program_id and line.redemption_id = r.redemption_id
    ) as l
    where r.program_id = list.program_id and r.member_id = list.member_id
      and (list.before is null or (r.created_at, r.redemption_id) < (
          select b.created_at, b.redemption_id from redemptions.redemption as b
          where b.program_id = list.program_id and b.member_id = list.member_id and b.redemption_id = list.before))
    order by r.created_at desc, r.redemption_id desc
    limit greatest(1, least(coalesce(list.page_size, 20), 100));
end;

-- The money part of a member's own redemption, before it is asked to be completed.
create or replace function redemptions.state_for_member(program_id integer, member_id bigint, redemption_id uuid)
returns table (state text, money_minor bigint, payment_state text)
language plpgsql stable security definer set search_path = pg_catalog as $$
begin
    return query
        select r.state, r.money_minor, p.state
        from redemptions.redemption as r
        left join lateral payments.status_of(r.program_id, r.redemption_id) as p on true
        where r.program_id = state_for_member.program_id and r.redemption_id = state_for_member.redemption_id
          and r.member_id = state_for_member.member_id;
end
$$;
