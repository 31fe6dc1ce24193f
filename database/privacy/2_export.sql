-- Everything that is held on a member, section by section, for the function that makes a ZIP of it.

-- Statuses: ok, replay, key_reuse, key_time, unknown_member, erased, too_many (three wait or are ready already).
create or replace function privacy.ask_for_export(program_id integer, number text, export_id uuid, actor text)
returns text language plpgsql security definer set search_path = pg_catalog as $$
#variable_conflict use_variable
declare
    known privacy.export;
    m members.member;
begin
    select * into m from members.member as one
    where one.program_id = ask_for_export.program_id and one.number = ask_for_export.number for no key update;
    if not found then
        return 'unknown_member';
    end if;
    select * into known from privacy.export as e
    where e.program_id = ask_for_export.program_id and e.export_id = ask_for_export.export_id;
    if found then
        return case when (known.member_id, known.requested_by) = (m.member_id, actor) then 'replay' else 'key_reuse' end;
    elsif not clock.key_is_fresh(export_id) then
        return 'key_time';
    elsif exists (select from privacy.erasure as e where e.program_id = m.program_id and e.member_id = m.member_id
                                                   and e.state in ('running', 'stuck', 'done')) then
        return 'erased';
    elsif (select count(*) from privacy.export as e
           where e.program_id = m.program_id and e.member_id = m.member_id
             and (e.state = 'waiting' or e.state = 'ready' and e.expires_at > clock.now())) >= 3 then
        return 'too_many';
    end if;
    insert into privacy.export(program_id, export_id, member_id, requested_by, requested_at, due_at)
    values (program_id, export_id, m.member_id, actor, clock.now(), clock.now());
    return 'ok';
end
$$;

-- What is to be put together next, and nobody else's for `seconds`; the member's language and sign-ins with it, also those of
-- memberships that were merged into it.
drop function if exists privacy.take_export(integer);
create or replace function privacy.take_export(seconds integer)
returns table (program_id integer, export_id uuid, number text, language text, subjects text[], requested_at timestamptz, said_at timestamptz)
language sql security definer set search_path = pg_catalog as $$
    with next as (
        select e.program_id, e.export_id from privacy.export as e
        where e.state = 'waiting' and e.due_at <= clock.now() order by e.due_at limit 1 for no key update skip locked
    ), taken as (
        update privacy.export as e
        set due_at = clock.now() + make_interval(secs => take_export.seconds), attempts = e.attempts + 1,
            row_xid = pg_current_xact_id()
        from next where e.program_id = next.program_id and e.export_id = next.export_id
        returning e.*
    )
    select t.program_id, t.export_id, m.number, m.language,
           array(select o.subject from members.member as o
                 where o.program_id = t.program_id and o.member_id = any (members.family(t.program_id, t.member_id))
                   and o.subject is not null order by o.member_id <> t.member_id, o.member_id),
           t.requested_at, clock.now()
    from taken as t join members.member as m on m.program_id = t.program_id and m.member_id = t.member_id
$$;

-- Internal: a row as it is shown: without what only machines need.
create or replace function privacy.shown(a_row jsonb) returns jsonb language sql immutable
return a_row - array['program_id', 'member_id', 'row_xid', 'request_hash', 'salt', 'code_hash', 'task_token', 'device_hash', 'correlation_id',
                      'trace'];

-- One section of the export; null for a section there is not.
create or replace function privacy.section(program_id integer, export_id uuid, section text) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog as $$
#variable_conflict use_variable
declare
    whose bigint[];
    own bigint;
begin
    select e.member_id, members.family(e.program_id, e.member_id) into strict own, whose from privacy.export as e
    where e.program_id = section.program_id and e.export_id = section.export_id and e.state = 'waiting';
    return case section
    when 'person' then (
        select privacy.shown(to_jsonb(m)) || jsonb_build_object('merged_into_this', (
            select coalesce(jsonb_agg(privacy.shown(to_jsonb(d)) - 'merged_into' order by d.created_at), '[]')
            from members.member as d where d.program_id = program_id and d.member_id = any (whose) and d.member_id <> own))
        from members.member as m where m.program_id = program_id and m.member_id = own)
    when 'past_contacts' then (
        select coalesce(jsonb_agg(privacy.shown(to_jsonb(c)) order by c.changed_at), '[]')
        from members.past_contact as c where c.program_id = program_id and c.member_id = any (whose))
    when 'addresses' then (
        select coalesce(jsonb_agg(privacy.shown(to_jsonb(a)) order by a.created_at), '[]')
        from members.address as a where a.program_id = program_id and a.member_id = any (whose))
    when 'terms' then (
        select coalesce(jsonb_agg(privacy.shown(to_jsonb(a)) order by a.accepted_at), '[]')
        from members.acceptance as a where a.program_id = program_id and a.member_id = any (whose))
    when 'consents' then (
        select coalesce(jsonb_agg(one order by one ->> 'given_at', one ->> 'entry'), '[]') from (
            select privacy.shown(to_jsonb(c)) as one from notifications.consent as c
            where c.program_id = program_id and c.member_id = any (whose)
            union all
            select privacy.shown(to_jsonb(s)) || jsonb_build_object('kind', 'all', 'given_at', s.noted_at)
            from notifications.suppression as s where s.program_id = program_id and s.member_id = any (whose)) as both_kinds)
    when 'balance' then (
        select to_jsonb(b) || jsonb_build_object('lots', (
            select coalesce(jsonb_agg(to_jsonb(l)), '[]') from points.lots(program_id, own) as l))
        from points.balance(program_id, own) as b)
    when 'points' then (
        select coalesce(jsonb_agg(jsonb_build_object(
            'member_number', members.number_of(j.program_id, j.member_id), 'sequence', j.sequence, 'kind', j.kind, 'amount', j.amount, 'available_after', j.available_after,
            'held_after', j.held_after, 'pending_after', j.pending_after, 'debt_after', j.debt_after,
            'occurred_at', j.occurred_at, 'booked_at', j.created_at, 'reference', j.reference,
            'partner', a.partner, 'partner_reference', a.partner_reference) order by j.member_id, j.sequence), '[]')
        from points.journal as j
        left join points.accrual as a on a.program_id = j.program_id and a.op_id = j.ref_op and a.member_id = j.member_id
        where j.program_id = program_id and j.member_id = any (whose))
    when 'adjustments' then (
        select coalesce(jsonb_agg(privacy.shown(to_jsonb(a)) - array['requested_by', 'decided_by'] order by a.requested_at), '[]')
        from members.adjustment as a where a.program_id = program_id and a.member_id = any (whose))
    when 'redemptions' then (
        select coalesce(jsonb_agg(redemptions.described(r.program_id, r.member_id, r.redemption_id)
                                  || jsonb_build_object('address_id', r.address_id) order by r.created_at), '[]')
        from redemptions.redemption as r where r.program_id = program_id and r.member_id = any (whose))
    when 'screening' then (
        select coalesce(jsonb_agg(privacy.shown(to_jsonb(s)) order by s.decided_at), '[]')
        from redemptions.screening as s join redemptions.redemption as r using (program_id, redemption_id)
        where r.program_id = program_id and r.member_id = any (whose))
    when 'payments' then (
        select coalesce(jsonb_agg(jsonb_build_object(
            'redemption_id', p.redemption_id, 'provider', p.provider, 'state', p.state, 'currency', p.currency,
            'amount_minor', p.amount_minor, 'captured_minor', p.captured_minor, 'session_id', p.session_id,
            'permission_id', p.permission_id, 'charge_id', p.charge_id, 'created_at', p.created_at) order by p.created_at), '[]')
        from payments.payment as p join redemptions.redemption as r using (program_id, redemption_id)
        where r.program_id = program_id and r.member_id = any (whose))
    when 'messages' then (
        select coalesce(jsonb_agg(privacy.shown(to_jsonb(m)) order by m.created_at), '[]')
        from notifications.message as m where m.program_id = program_id and m.member_id = any (whose))
    when 'cases' then (
        select coalesce(jsonb_agg(cases.described(c.program_id, c.member_id, c.case_id) order by c.opened_at), '[]')
        from cases.member_case as c where c.program_id = program_id and c.member_id = any (whose))
    when 'documents' then (
        select coalesce(jsonb_agg(jsonb_build_object(
            'document_id', d.document_id, 'redemption_id', d.redemption_id, 'kind', d.kind, 'number', d.number,
            'issued_at', d.issued_at, 'state', d.state, 'facts', d.facts,
            'object_key', case when d.state = 'ready' and not exists (
                select from privacy.removed_document as x
                where x.program_id = d.program_id and x.document_id = d.document_id) then d.object_key end)
            order by d.issued_at), '[]')
        from documents.document as d where d.program_id = program_id and d.member_id = any (whose))
    when 'wishes' then (
        select coalesce(jsonb_agg(privacy.shown(to_jsonb(w)) order by w.added_at), '[]')
        from wishes.wish as w where w.program_id = program_id and w.member_id = any (whose))
    when 'interactions' then jsonb_build_object(
        'choices', (select coalesce(jsonb_agg(privacy.shown(to_jsonb(c)) order by c.entry), '[]')
                    from interactions.choice as c where c.program_id = program_id and c.member_id = any (whose)),
        'looked_at', (select coalesce(jsonb_agg(jsonb_build_object(
                          'asin', v.asin, 'came_from', v.came_from, 'seen_at', v.seen_at) order by v.seen_at, v.event_key), '[]')
                      from interactions.viewer as w
                      join interactions.catalogue_view as v on v.program_id = w.program_id and v.viewer_key = w.viewer_key
                      where w.program_id = program_id and w.member_id = any (whose)),
        'chosen_for', (select coalesce(jsonb_agg(jsonb_build_object(
                           'asin', u.asin, 'because', nullif(u.because, ''), 'score', u.score, 'chosen_at', s.scored_at)
                           order by s.member_id, u.place), '[]')
                       from recommendations.scored as s
                       cross join lateral unnest(s.asins, s.because, s.scores)
                           with ordinality as u(asin, because, score, place)
                       where s.program_id = program_id and s.member_id = any (whose)))
    when 'deliveries' then (
        select coalesce(jsonb_agg(jsonb_build_object(
            'webhook', d.code, 'topic', d.topic, 'data', d.payload - array['member_id', 'duplicate_id'], 'state', d.state,
            'occurred_at', d.occurred_at, 'ended_at', d.ended_at) order by d.occurred_at, d.delivery_id), '[]')
        from integrations.delivery as d
        where d.program_id = program_id and d.order_key = any (array(select 'member:' || w from unnest(whose) as w)))
    when 'levels' then jsonb_build_object(
        'now', (select coalesce(jsonb_agg(privacy.shown(to_jsonb(t))), '[]')
                from tiers.standing as t where t.program_id = program_id and t.member_id = any (whose)),
        'changes', (select coalesce(jsonb_agg(privacy.shown(to_jsonb(t)) - 'actor' order by t.changed_at), '[]')
                    from tiers.change as t where t.program_id = program_id and t.member_id = any (whose)),
        'granted', (select coalesce(jsonb_agg(privacy.shown(to_jsonb(t)) - array['granted_by', 'withdrawn_by'] order by t.granted_at), '[]')
                    from tiers.granted as t where t.program_id = program_id and t.member_id = any (whose)))
    when 'campaigns' then jsonb_build_object(
        'audiences', (select coalesce(jsonb_agg(a.audience order by a.audience), '[]')
                      from campaigns.audience_member as a where a.program_id = program_id and a.member_id = any (whose)),
        'takes_part', (select coalesce(jsonb_agg(jsonb_build_object('campaign', p.campaign, 'held_out', p.held_out) order by p.campaign), '[]')
                       from campaigns.participant as p where p.program_id = program_id and p.member_id = any (whose)))
    when 'account' then jsonb_build_object(
        'freezes', (select coalesce(jsonb_agg(privacy.shown(to_jsonb(f)) - 'actor' order by f.occurred_at), '[]')
                    from members.freeze as f where f.program_id = program_id and f.member_id = any (whose)),
        'blocks', (select coalesce(jsonb_agg(privacy.shown(to_jsonb(b)) - 'actor' order by b.occurred_at), '[]')
                   from members.block as b where b.program_id = program_id and b.member_id = any (whose)),
        'closures', (select coalesce(jsonb_agg(privacy.shown(to_jsonb(c)) order by c.started_at), '[]')
                     from closure.closure as c where c.program_id = program_id and c.member_id = any (whose)),
        'earlier_exports', (select coalesce(jsonb_agg(jsonb_build_object('requested_at', e.requested_at, 'state', e.state)
                                                      order by e.requested_at), '[]')
                            from privacy.export as e where e.program_id = program_id and e.member_id = any (whose)))
    end;
end
$$;

-- It is in the store until `days` from now.
create or replace function privacy.export_ready(
    program_id integer, export_id uuid, object_key text, size_bytes bigint, files integer, days integer
) returns boolean language sql security definer set search_path = pg_catalog as $$
    with done as (
        update privacy.export as e
        set state = 'ready', object_key = export_ready.object_key, size_bytes = export_ready.size_bytes,
            files = export_ready.files, ready_at = clock.now(), reason = null,
            expires_at = clock.now() + make_interval(days => export_ready.days),
            due_at = clock.now() + make_interval(days => export_ready.days), row_xid = pg_current_xact_id()
        where e.program_id = export_ready.program_id and e.export_id = export_ready.export_id and e.state = 'waiting'
        returning 1
    )
    select exists (select from done)
$$;

-- It could not be put together: again after a pause that doubles; after `most` tries a person must look.
create or replace function privacy.export_failed(program_id integer, export_id uuid, reason text, most integer)
returns void language plpgsql security definer set search_path = pg_catalog as $$
declare
    e privacy.export;
begin
    update privacy.export as one
    set state = case when one.attempts >= export_failed.most then 'failed' else 'waiting' end,
        due_at = clock.now() + least(60, 2 ^ one.attempts) * interval '1 minute', reason = left(export_failed.reason, 100),
        row_xid = pg_current_xact_id()
    where one.program_id = export_failed.program_id and one.export_id = export_failed.export_id and one.state = 'waiting'
    returning * into e;
    if e.state = 'failed' then
        perform casework.open_case(
            e.program_id, clock.new_id(), 'export_stuck', 'export:' || e.export_id, 'export_failed',
            jsonb_build_object('export_id', e.export_id, 'member_id', e.member_id, 'problem', e.reason),
            array['done'], array['support', 'business-operator'], clock.now() + interval '7 days', 'privacy');
    end if;
end
$$;

-- Where a ready file is, and who took it. Null: there is none, or not any more.
create or replace function privacy.download(program_id integer, export_id uuid, actor text) returns text
language plpgsql security definer set search_path = pg_catalog as $$
declare
    place text;
begin
    select e.object_key into place from privacy.export as e
    where e.program_id = download.program_id and e.export_id = download.export_id and e.state = 'ready'
      and e.expires_at > clock.now();
    if found then
        insert into privacy.download(program_id, export_id, actor, downloaded_at)
        values (download.program_id, download.export_id, download.actor, clock.now());
    end if;
    return place;
end
$$;

-- Files whose time is over.
create or replace function privacy.expired_exports(most integer)
returns table (program_id integer, export_id uuid, object_key text) language sql stable security definer
set search_path = pg_catalog as $$
    select e.program_id, e.export_id, e.object_key from privacy.export as e
    where e.state = 'ready' and e.due_at <= clock.now() order by e.due_at limit most
$$;

create or replace function privacy.export_gone(program_id integer, export_id uuid) returns void
language sql security definer set search_path = pg_catalog as $$
    update privacy.export as e set state = 'expired', row_xid = pg_current_xact_id()
    where e.program_id = export_gone.program_id and e.export_id = export_gone.export_id and e.state = 'ready'
$$;
