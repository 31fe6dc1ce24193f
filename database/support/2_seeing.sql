-- One page of everything that is known of a member, and of one order.

-- Internal: the row that a number stands for, also of a membership that became part of another.
create or replace function support.whose(program_id integer, number text) returns members.member
language sql stable set search_path = pg_catalog as $$
    select s from members.member as m
    join members.member as s on s.program_id = m.program_id and s.member_id = coalesce(m.merged_into, m.member_id)
    where m.program_id = whose.program_id and m.number = whose.number
$$;

-- Internal: without what only the database needs.
create or replace function support.plain(given jsonb) returns jsonb language sql immutable
return given - array['program_id', 'member_id', 'row_xid', 'request_hash'];

-- Everything about one member; null where nobody has the number. Lists are newest first and end after twenty; redemptions and cases
-- are those of all memberships that became part of this one.
create or replace function support.overview(program_id integer, number text, order_sms boolean) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog as $$
declare
    m members.member := support.whose(overview.program_id, overview.number);
    family bigint[];
begin
    if m.member_id is null then
        return null;
    end if;
    family := members.family(m.program_id, m.member_id);
    return jsonb_build_object(
        'member', jsonb_build_object(
            'member_number', m.number, 'email', nullif(m.email, ''), 'phone', m.phone, 'country', m.country,
            'language', m.language, 'tier', m.tier, 'member_since', m.created_at, 'created_by', m.created_by,
            'state', (select t.state from support.told(m.program_id, array[m.member_id], null, null, 1) as t),
            'frozen_since', m.frozen_at, 'closing_since', m.closing_since, 'sign_in', m.subject is not null,
            'claimed_at', m.claimed_at,
            'claimable_from', case when m.subject is null then members.claimable_from(m.program_id, m.member_id) end,
            'also', (select coalesce(jsonb_agg(d.number order by d.member_id), '[]') from members.member as d
                     where d.program_id = m.program_id and d.member_id = any (family) and d.member_id <> m.member_id),
            'past_contacts', (select coalesce(jsonb_agg(support.plain(to_jsonb(c)) - 'change_id' order by c.changed_at desc), '[]')
                              from members.past_contact as c
                              where c.program_id = m.program_id and c.member_id = m.member_id)),
        'addresses', (select coalesce(jsonb_agg(support.plain(to_jsonb(a))
                                                || jsonb_build_object('is_default', a.address_id = m.default_address_id)
                                                order by a.removed_at nulls first, a.address_id desc), '[]')
                      from members.address as a
                      where a.program_id = m.program_id and a.member_id = m.member_id),
        'terms', (select coalesce(jsonb_agg(jsonb_build_object('version', a.version, 'accepted_at', a.accepted_at)
                                            order by a.accepted_at desc), '[]')
                  from members.acceptance as a where a.program_id = m.program_id and a.member_id = m.member_id),
        'consents', (select coalesce(jsonb_agg(to_jsonb(p)), '[]')
                     from notifications.preferences(m.program_id, m.member_id, overview.order_sms) as p),
        'points', (select to_jsonb(b) from points.balance(m.program_id, m.member_id) as b)
            || jsonb_build_object(
                'lots', (select coalesce(jsonb_agg(to_jsonb(l)), '[]') from points.lots(m.program_id, m.member_id) as l),
                'waiting', (select coalesce(jsonb_agg(jsonb_build_object(
                                'amount', w.amount, 'until', w.pending_until, 'partner', a.partner,
                                'partner_reference', a.partner_reference) order by w.pending_until), '[]')
                            from (select * from points.pending as w
                                  where w.program_id = m.program_id and w.member_id = any (family) and w.amount > 0
                                  order by w.pending_until limit 20) as w
                            left join points.accrual as a on a.program_id = w.program_id and a.op_id = w.accrual_op_id)),
        'redemptions', (select coalesce(jsonb_agg(to_jsonb(r) - 'member_id' || jsonb_build_object(
                            'member_number', members.number_of(m.program_id, r.member_id)) order by r.redemption_id desc), '[]')
                        from redemptions.list_for_staff(m.program_id, null, 20, null, null, null, null, family, null, null) as r),
        'cases', (select coalesce(jsonb_agg(jsonb_build_object(
                      'case_id', c.case_id, 'kind', c.kind, 'state', c.state, 'outcome', c.outcome, 'points', c.points,
                      'money_minor', c.money_minor, 'redemption_id', c.redemption_id, 'opened_at', c.opened_at,
                      'decided_at', c.decided_at, 'deadline', q.deadline) order by c.opened_at desc, c.case_id desc), '[]')
                  from (select * from cases.member_case as k
                        where k.program_id = m.program_id and k.member_id = any (family)
                        order by k.opened_at desc, k.case_id desc limit 20) as c
                  join casework.case as q on q.program_id = c.program_id and q.case_id = c.case_id),
        'messages', (select coalesce(jsonb_agg(support.message(n) order by n.created_at desc, n.message_id desc), '[]')
                     from (select n.* from notifications.message as n
                           where n.program_id = m.program_id and n.member_id = any (family)
                           order by n.created_at desc, n.message_id desc limit 20) as n),
        'standing', (select coalesce(jsonb_agg(jsonb_build_object(
                         'kind', h.kind, 'reason', h.reason, 'actor', h.actor, 'at', h.occurred_at)
                         order by h.occurred_at desc, h.event_id desc), '[]')
                     from (select f.kind, f.reason, f.actor, f.occurred_at, f.event_id from members.freeze as f
                           where f.program_id = m.program_id and f.member_id = any (family)
                           union all
                           select b.kind, b.reason, b.actor, b.occurred_at, b.event_id from members.block as b
                           where b.program_id = m.program_id and b.member_id = any (family)
                           order by occurred_at desc limit 20) as h),
        'screenings', (select coalesce(jsonb_agg(jsonb_build_object(
                           'redemption_id', s.redemption_id, 'action', s.action, 'points', s.points, 'hits', s.hits,
                           'decided_at', s.decided_at,
                           'results', (select coalesce(jsonb_agg(p.result order by p.parking_number), '[]')
                                       from redemptions.parking as p
                                       where p.program_id = s.program_id and p.redemption_id = s.redemption_id))
                           order by s.decided_at desc), '[]')
                       from (select s.* from redemptions.redemption as r
                             join redemptions.screening as s using (program_id, redemption_id)
                             where r.program_id = m.program_id and r.member_id = any (family)
                             order by s.redemption_id desc limit 20) as s),
        'adjustments', (select coalesce(jsonb_agg(support.plain(to_jsonb(a)) order by a.requested_at desc), '[]')
                        from (select * from members.adjustment as a
                              where a.program_id = m.program_id and a.member_id = any (family)
                              order by a.requested_at desc limit 20) as a),
        -- A device is known by the hash of what the portal keeps in it: whether it is the same one, and nothing else.
        'devices', (select coalesce(jsonb_agg(jsonb_build_object(
                        'device', d.device, 'redemptions', d.redemptions, 'first_at', d.first_at, 'last_at', d.last_at)
                        order by d.last_at desc), '[]')
                    from (select left(encode(r.device_hash, 'hex'), 8) as device, count(*) as redemptions,
                                 min(r.created_at) as first_at, max(r.created_at) as last_at
                          from redemptions.redemption as r
                          where r.program_id = m.program_id and r.member_id = any (family) and r.device_hash is not null
                          group by 1 order by 4 desc limit 20) as d),
        'merges', (select coalesce(jsonb_agg(support.merge_told(g) order by g.requested_at desc), '[]')
                   from support.merge as g
                   where g.program_id = m.program_id and (g.survivor_id = any (family) or g.duplicate_id = any (family))));
end
$$;

-- Internal: a message without what was in it.
create or replace function support.message(n notifications.message) returns jsonb
language sql stable set search_path = pg_catalog
return jsonb_build_object(
    'message_id', n.message_id, 'channel', n.channel, 'template', n.template, 'state', n.state, 'reason', n.reason,
    'created_at', n.created_at, 'sent_at', n.sent_at);

-- Internal: a merge as staff read it.
create or replace function support.merge_told(g support.merge) returns jsonb language sql stable set search_path = pg_catalog
return jsonb_build_object(
    'merge_id', g.merge_id, 'duplicate', members.number_of(g.program_id, g.duplicate_id),
    'survivor', members.number_of(g.program_id, g.survivor_id), 'reason', g.reason, 'state', g.state,
    'requested_by', g.requested_by, 'requested_at', g.requested_at, 'decided_by', g.decided_by, 'decided_at', g.decided_at,
    'points', g.points, 'sign_in', g.sign_in);

-- Orders of the programme for staff: redemptions.list_for_staff with members' numbers; a member by any number. Null: no such member.
create or replace function support.orders(
    program_id integer, before uuid, page_size integer, of_state text, of_waits text, only_stuck boolean, older_hours integer,
    of_member text, of_asin text, with_money boolean
) returns jsonb language plpgsql stable security definer set search_path = pg_catalog as $$
declare
    family bigint[];
begin
    if of_member is not null then
        family := members.family(orders.program_id, (support.whose(orders.program_id, orders.of_member)).member_id);
        if family[1] is null then
            return null;
        end if;
    end if;
    return (
        select coalesce(jsonb_agg(
            to_jsonb(r) - 'member_id' || jsonb_build_object(
                'member_number', members.number_of(orders.program_id, r.member_id)) order by r.redemption_id desc), '[]')
        from redemptions.list_for_staff(
            orders.program_id, orders.before, orders.page_size, orders.of_state, orders.of_waits, orders.only_stuck,
            orders.older_hours, family, orders.of_asin, orders.with_money) as r);
end
$$;

-- One order with everything around it: what may be done now, what staff did, cases, messages, how the money moved.
create or replace function support.one_order(program_id integer, redemption_id uuid) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog as $$
declare
    r redemptions.redemption;
    w record;
begin
    select * into r from redemptions.redemption as one
    where one.program_id = one_order.program_id and one.redemption_id = one_order.redemption_id;
    if not found then
        return null;
    end if;
    w := redemptions.waits_for(r);
    return redemptions.overview_for_staff(r.program_id, r.redemption_id) || jsonb_build_object(
        'member_number', members.number_of(r.program_id, r.member_id),
        'standing_for', members.number_of(r.program_id, members.standing_for(r.program_id, r.member_id)),
        'actions', redemptions.actions(r), 'waits_for', w.waits, 'waits_until', w.until, 'stuck', redemptions.is_stuck(r),
        'address', (select support.plain(to_jsonb(a)) from members.shipping_address(r.program_id, r.member_id, r.address_id) as a),
        'acts', (select coalesce(jsonb_agg(jsonb_build_object(
                     'kind', a.kind, 'reason', a.reason, 'actor', a.actor, 'at', a.done_at) order by a.done_at, a.act_id), '[]')
                 from redemptions.staff_act as a
                 where a.program_id = r.program_id and a.redemption_id = r.redemption_id),
        'cases', (select coalesce(jsonb_agg(jsonb_build_object(
                      'case_id', q.case_id, 'kind', q.kind, 'reason', q.reason, 'state', coalesce(c.state, q.state),
                      'outcome', coalesce(c.outcome, q.decision), 'opened_at', q.opened_at, 'deadline', q.deadline)
                      order by q.opened_at), '[]')
                  from casework.case as q
                  left join cases.member_case as c on c.program_id = q.program_id and c.case_id = q.case_id
                  where q.program_id = r.program_id
                    and q.kind = any (array['redemption', 'payment', 'shipment', 'screening', 'reconciliation', 'not_received',
                                            'damaged', 'wrong_item', 'changed_mind', 'other'])
                    and q.subject in (r.redemption_id::text, 'redemption:' || r.redemption_id)),
        'messages', (select coalesce(jsonb_agg(support.message(n) order by n.created_at), '[]')
                     from notifications.message as n
                     where n.program_id = r.program_id and n.member_id = r.member_id
                       and n.created_at >= r.created_at - interval '1 minute'
                       and n.payload ->> 'redemption_id' = r.redemption_id::text),
        'money', (select coalesce(jsonb_agg(to_jsonb(h)), '[]') from payments.history_of(r.program_id, r.redemption_id) as h));
end
$$;
