-- What staff see of the gateway, and the one thing they may do: send again.

-- How it stands, of programmes that have an ERP: the age of the oldest that is not in the ERP's hands, in seconds; how many of
-- those; how many the ERP has not posted yet; how many nobody tries any more; how many ERPs give no usable answer.
create or replace function erp.standing()
returns table (oldest_seconds bigint, waiting bigint, accepted bigint, given_up bigint, failing bigint)
language sql stable security definer set search_path = pg_catalog as $$
    select coalesce(extract(epoch from clock.now() - min(d.handed_over_at) filter (where d.state in ('waiting', 'sent')))::bigint, 0),
           count(*) filter (where d.state in ('waiting', 'sent')), count(*) filter (where d.state = 'accepted'),
           (select count(*) from erp.receiver as g
            join erp.document as e on e.program_id = g.program_id and e.state in ('refused', 'given_up')
            where e.state = 'given_up' or e.subject is null),
           (select count(*) from erp.receiver as f where f.failures > 0)
    from erp.receiver as r
    join erp.document as d on d.program_id = r.program_id and d.state in ('waiting', 'sent', 'accepted')
$$;

-- Newest first, those before one of them. Filters, null for all. At most 200 a page.
create or replace function erp.documents(
    p_program_id int, p_kind text, p_state text, p_number text, p_before uuid, p_page_size int
) returns table (
    document_id uuid, kind text, subject uuid, vendor text, number text, state text, handed_over_at timestamptz, attempts int,
    due_at timestamptz, erp_document_id text, erp_status text, problem text, ended_at timestamptz
) language sql stable security definer set search_path = pg_catalog as $$
    select d.document_id, d.kind, d.subject, d.vendor, d.number, d.state, d.handed_over_at, d.attempts,
           case when d.ended_at is null then d.due_at end, d.erp_document_id, d.erp_status, d.problem, d.ended_at
    from erp.document as d
    where d.program_id = p_program_id and (p_kind is null or d.kind = p_kind) and (p_state is null or d.state = p_state)
      and (p_number is null or d.number = p_number) and (p_before is null or d.document_id < p_before)
    order by d.document_id desc
    limit greatest(1, least(p_page_size, 200))
$$;

-- One with its text and its last fifty attempts; null: there is none.
create or replace function erp.document_of(p_program_id int, p_document_id uuid) returns jsonb
language sql stable security definer set search_path = pg_catalog as $$
    select jsonb_build_object(
        'document_id', d.document_id, 'kind', d.kind, 'subject', d.subject, 'vendor', d.vendor, 'number', d.number,
        'state', d.state, 'handed_over_at', d.handed_over_at, 'attempts', d.attempts,
        'due_at', case when d.ended_at is null then d.due_at end, 'erp_document_id', d.erp_document_id,
        'erp_status', d.erp_status, 'problem', d.problem, 'detail', d.detail, 'ended_at', d.ended_at,
        'idempotency_key', d.idempotency_key, 'format', d.format, 'body', d.body,
        'tries', (select coalesce(jsonb_agg(jsonb_build_object(
                      'at', a.tried_at, 'action', a.action, 'status', a.status, 'problem', a.problem, 'detail', a.detail,
                      'milliseconds', a.milliseconds) order by a.attempt_number desc), '[]')
                  from (select * from erp.attempt as x
                        where x.program_id = d.program_id and x.document_id = d.document_id
                        order by x.attempt_number desc limit 50) as a))
    from erp.document as d
    where d.program_id = p_program_id and d.document_id = p_document_id
$$;

-- Try it now, also one that was given up, or a day of the journal that was refused. The case it had is closed. Statuses: ok,
-- unknown_document, posted, in_review (a refused invoice is sent again by approving it), no_erp.
create or replace function erp.send_again(p_program_id int, p_document_id uuid, p_actor text) returns text
language plpgsql security definer set search_path = pg_catalog as $$
declare
    d erp.document;
begin
    perform from erp.receiver as o where o.program_id = p_program_id for update;
    if not found then
        return case when exists (select from erp.document as o
                                 where o.program_id = p_program_id and o.document_id = p_document_id)
                    then 'no_erp' else 'unknown_document' end;
    end if;
    select * into d from erp.document as o
    where o.program_id = p_program_id and o.document_id = p_document_id for update;
    if not found then
        return 'unknown_document';
    elsif d.state = 'posted' then
        return 'posted';
    elsif d.state = 'refused' and d.subject is not null then
        return 'in_review';
    end if;
    perform erp.try_now(d, p_actor);
    return 'ok';
end
$$;

-- Internal: what was refused is nowhere, and is made anew; whatever may have arrived stays the same text.
create or replace function erp.try_now(d erp.document, p_actor text) returns void
language plpgsql set search_path = pg_catalog as $$
begin
    update erp.document as o
    set state = case when d.state = 'accepted' then d.state
                     when d.state <> 'refused' and d.sent_at is not null then 'sent' else 'waiting' end,
        sent_at = case when d.state <> 'refused' then d.sent_at end,
        format = case when d.state <> 'refused' then d.format end, body = case when d.state <> 'refused' then d.body end,
        first_tried_at = null, attempts = 0, ended_at = null, due_at = clock.now(), row_xid = pg_current_xact_id()
    where o.program_id = d.program_id and o.document_id = d.document_id;
    update erp.receiver as o set due_at = clock.now(), row_xid = pg_current_xact_id() where o.program_id = d.program_id;
    perform erp.withdraw_case(d.program_id, 'erp:' || d.document_id, p_actor);
end
$$;

-- For operators: what nobody tries any more, oldest first; and all or some of that tried again. How many.
create or replace function erp.parked(p_most int)
returns table (program_id int, document_id uuid, kind text, number text, state text, ended_at timestamptz, problem text)
language sql stable security definer set search_path = pg_catalog as $$
    select d.program_id, d.document_id, d.kind, d.number, d.state, d.ended_at, d.problem
    from erp.document as d
    where d.state in ('refused', 'given_up') and (d.state = 'given_up' or d.subject is null)
    order by d.document_id limit least(greatest(p_most, 1), 1000)
$$;
create or replace function erp.redrive(p_documents uuid[]) returns int
language plpgsql security definer set search_path = pg_catalog as $$
declare
    d erp.document;
    v_count int := 0;
begin
    perform from erp.receiver as o for update;
    for d in
        select * from erp.document as o
        where o.state in ('refused', 'given_up') and (o.state = 'given_up' or o.subject is null)
          and (p_documents is null or o.document_id = any (p_documents))
        order by o.document_id for update
    loop
        perform erp.try_now(d, 'operator');
        v_count := v_count + 1;
    end loop;
    return v_count;
end
$$;
