-- What is held on a member, and what stands in the way of erasing it. Staff ask; the function `privacy` gathers and erases.

-- Made once, with the database: restored with it too.
insert into privacy.pepper(secret)
select sha256(string_agg(uuid_send(clock.new_id()), ''::bytea)) from generate_series(1, 8)
on conflict do nothing;

-- A member's name in lists outside the database: it says nothing to who does not have the pepper.
create or replace function privacy.erasure_key(program_id integer, member_id bigint) returns text
language sql stable set search_path = pg_catalog as $$
    select encode(sha256(p.secret || convert_to(erasure_key.program_id || ':' || erasure_key.member_id, 'UTF8')), 'hex')
    from privacy.pepper as p
$$;

-- Internal: codes of what has to end before a member may be erased. A block or a freeze does not: who may spend nothing
-- may still be forgotten.
create or replace function privacy.in_the_way(program_id integer, member_id bigint) returns text[]
language sql stable set search_path = pg_catalog as $$
    -- Memberships that were merged into this one are the same person.
    with them as (select unnest(members.family(in_the_way.program_id, in_the_way.member_id)) as member_id)
    select array(select code
                 from unnest(closure.in_the_way(in_the_way.program_id, in_the_way.member_id)) with ordinality as c(code, place)
                 where code in ('redemptions_open', 'points_held', 'cases_open') order by place)
           || array_remove(array[
        case when exists (select from payments.dispute as d
                          join redemptions.redemption as r using (program_id, redemption_id)
                          join them on them.member_id = r.member_id
                          where r.program_id = in_the_way.program_id and d.state = 'open')
             then 'disputes_open' end,
        case when exists (select from members.adjustment as a join them on them.member_id = a.member_id
                          where a.program_id = in_the_way.program_id and a.state = 'waiting')
             then 'adjustments_waiting' end,
        case when members.held(in_the_way.program_id, in_the_way.member_id) then 'legal_hold' end], null)
$$;

-- Internal: until when the law wants a document: ten years from the end of its year (loyalty/privacy/retention.py says so too).
create or replace function privacy.keep_document_until(issued_at timestamptz) returns date language sql immutable
return (date_trunc('year', issued_at at time zone 'UTC') + interval '11 years')::date;

-- Part of the member page: how a member stands here; null for a number nobody has.
create or replace function privacy.standing(program_id integer, number text) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog as $$
declare
    m members.member;
begin
    select * into m from members.member as one where one.program_id = standing.program_id and one.number = standing.number;
    if not found then
        return null;
    end if;
    return jsonb_build_object(
        'member_number', m.number, 'state', m.state,
        'obstacles', to_jsonb(privacy.in_the_way(m.program_id, m.member_id)),
        'available', b.available, 'pending', b.pending, 'debt', b.debt,
        'documents_kept', (select count(*) from documents.document as d
                           where d.program_id = m.program_id and d.member_id = m.member_id
                             and privacy.keep_document_until(d.issued_at) > clock.now()::date),
        'documents_until', (select max(privacy.keep_document_until(d.issued_at)) from documents.document as d
                            where d.program_id = m.program_id and d.member_id = m.member_id),
        'legal_holds', (select coalesce(jsonb_agg(jsonb_build_object(
                            'hold_id', h.hold_id, 'reason', h.reason, 'placed_by', h.placed_by, 'placed_at', h.placed_at,
                            'lifted_by', h.lifted_by, 'lifted_at', h.lifted_at) order by h.hold_id desc), '[]')
                        from members.legal_hold as h where h.program_id = m.program_id and h.member_id = m.member_id),
        'exports', (select coalesce(jsonb_agg(privacy.described_export(e) order by e.export_id desc), '[]')
                    from (select * from privacy.export as x
                          where x.program_id = m.program_id and x.member_id = m.member_id
                          order by x.export_id desc limit 20) as e),
        'erasures', (select coalesce(jsonb_agg(privacy.described_erasure(e) order by e.erasure_id desc), '[]')
                     from privacy.erasure as e where e.program_id = m.program_id and e.member_id = m.member_id))
    from closure.balance(m.program_id, m.member_id) as b;
end
$$;

-- Internal: as staff see them.
create or replace function privacy.described_export(e privacy.export) returns jsonb
language sql stable set search_path = pg_catalog as $$
    select jsonb_build_object(
        'kind', 'export', 'request_id', e.export_id, 'member_number', members.number_of(e.program_id, e.member_id),
        'state', case when e.state = 'ready' and e.expires_at <= clock.now() then 'expired' else e.state end,
        'requested_by', e.requested_by, 'requested_at', e.requested_at, 'size_bytes', e.size_bytes, 'files', e.files,
        'ready_at', e.ready_at, 'expires_at', e.expires_at, 'reason', e.reason, 'attempts', e.attempts,
        'downloads', (select coalesce(jsonb_agg(jsonb_build_object('actor', d.actor, 'at', d.downloaded_at)
                                                order by d.download_number), '[]')
                      from privacy.download as d where d.program_id = e.program_id and d.export_id = e.export_id))
$$;

create or replace function privacy.described_erasure(e privacy.erasure) returns jsonb
language sql stable set search_path = pg_catalog as $$
    select jsonb_build_object(
        'kind', 'erasure', 'request_id', e.erasure_id, 'member_number', members.number_of(e.program_id, e.member_id),
        'state', e.state, 'reason', e.reason, 'origin', e.origin, 'requested_by', e.requested_by,
        'requested_at', e.requested_at, 'decided_by', e.decided_by, 'decided_at', e.decided_at, 'done_at', e.done_at,
        'forfeited', e.forfeited,
        -- As they were shown to whoever asked.
        'points', (select c.evidence -> 'points' from casework.case as c
                   where c.program_id = e.program_id and c.case_id = e.erasure_id),
        'waits_for', case when e.state not in ('running', 'stuck') then '[]'
                          when e.forfeited is null then to_jsonb(privacy.in_the_way(e.program_id, e.member_id))
                          when members.held(e.program_id, e.member_id) then '["legal_hold"]' else '[]' end,
        'receipts', (select coalesce(jsonb_agg(jsonb_build_object(
                        'store', r.store, 'state', r.state, 'removed', r.removed, 'until', r.until, 'at', r.at,
                        'attempts', r.attempts, 'problem', r.problem) order by r.place), '[]')
                     from privacy.receipt as r where r.program_id = e.program_id and r.erasure_id = e.erasure_id))
$$;

-- Requests of both kinds, newest first, those before one of them. Filters, null for all. At most 200 a page.
create or replace function privacy.requests(
    program_id integer, of_kind text, of_state text, before uuid, page_size integer
) returns table (told jsonb) language plpgsql stable security definer set search_path = pg_catalog as $$
begin
    return query
    select one.told from (
        (select e.export_id as id, privacy.described_export(e) as told from privacy.export as e
         where e.program_id = requests.program_id and coalesce(requests.of_kind, 'export') = 'export'
           and (requests.of_state is null or e.state = requests.of_state)
           and (requests.before is null or e.export_id < requests.before)
         order by e.export_id desc limit greatest(1, least(requests.page_size, 200)))
        union all
        (select e.erasure_id, privacy.described_erasure(e) from privacy.erasure as e
         where e.program_id = requests.program_id and coalesce(requests.of_kind, 'erasure') = 'erasure'
           and (requests.of_state is null or e.state = requests.of_state)
           and (requests.before is null or e.erasure_id < requests.before)
         order by e.erasure_id desc limit greatest(1, least(requests.page_size, 200)))
    ) as one order by one.id desc limit greatest(1, least(requests.page_size, 200));
end
$$;

-- One request of either kind; null: the programme has none.
create or replace function privacy.one(program_id integer, request_id uuid) returns jsonb
language sql stable security definer set search_path = pg_catalog as $$
    select coalesce(
        (select privacy.described_export(e) from privacy.export as e
         where e.program_id = one.program_id and e.export_id = one.request_id),
        (select privacy.described_erasure(e) from privacy.erasure as e
         where e.program_id = one.program_id and e.erasure_id = one.request_id))
$$;

-- Statuses: ok, unknown_member, key_reuse, key_time, on_hold (one stands already). Lifting: ok, unknown_hold, lifted.
create or replace function privacy.place_hold(program_id integer, number text, hold_id uuid, reason text, actor text)
returns text language plpgsql security definer set search_path = pg_catalog as $$
declare
    whose bigint;
    known members.legal_hold;
begin
    select m.member_id into whose from members.member as m
    where m.program_id = place_hold.program_id and m.number = place_hold.number for no key update;
    if not found then
        return 'unknown_member';
    end if;
    select * into known from members.legal_hold as h
    where h.program_id = place_hold.program_id and h.hold_id = place_hold.hold_id;
    if found then
        return case when (known.member_id, known.reason, known.placed_by) = (whose, place_hold.reason, place_hold.actor)
                    then 'ok' else 'key_reuse' end;
    elsif not clock.key_is_fresh(place_hold.hold_id) then
        return 'key_time';
    elsif exists (select from members.legal_hold as h where h.program_id = place_hold.program_id and h.member_id = whose
                                                       and h.lifted_at is null) then
        return 'on_hold';
    end if;
    perform members.place_hold(place_hold.program_id, place_hold.hold_id, whose, place_hold.reason, place_hold.actor);
    return 'ok';
end
$$;

create or replace function privacy.lift_hold(program_id integer, number text, hold_id uuid, actor text) returns text
language plpgsql security definer set search_path = pg_catalog as $$
declare
    h members.legal_hold;
begin
    select one.* into h from members.legal_hold as one
    join members.member as m using (program_id, member_id)
    where one.program_id = lift_hold.program_id and one.hold_id = lift_hold.hold_id and m.number = lift_hold.number
    for update of one;
    if not found then
        return 'unknown_hold';
    elsif h.lifted_at is not null then
        return case when h.lifted_by = lift_hold.actor then 'ok' else 'lifted' end;
    end if;
    perform members.lift_hold(lift_hold.program_id, lift_hold.hold_id, lift_hold.actor);
    return 'ok';
end
$$;
