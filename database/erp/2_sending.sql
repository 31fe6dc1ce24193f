-- From the table to the ERP: each document as the same text until somebody has said what became of it. The ERP knows a number
-- it has had, so sending twice books once.

-- Up to `p_most` open documents, the oldest first; they are the caller's for `p_seconds`. An invoice goes before the credit memo
-- that takes it back, a day of the journal before the next one. While the ERP fails it is one document, that which was tried least
-- lest one that always fails keeps the others back, and none before the ERP's pause is over. One whose text was made by somebody who
-- has not said what became of it may have arrived.
create or replace function erp.take(p_program_id int, p_taker uuid, p_most int, p_seconds int)
returns table (
    document_id uuid, kind text, vendor text, number text, idempotency_key text, content jsonb, format text, body text,
    state text, erp_document_id text
) language plpgsql security definer set search_path = pg_catalog as $$
#variable_conflict use_column
declare
    r erp.receiver;
begin
    select * into r from erp.receiver as one where one.program_id = p_program_id for update;
    if not found or r.failures > 0 and r.due_at > clock.now() then
        return;
    end if;
    if r.failures > 0 then
        update erp.receiver as one
        set due_at = clock.now() + make_interval(secs => p_seconds), row_xid = pg_current_xact_id()
        where one.program_id = p_program_id;
    end if;
    return query
    with heads as materialized (
        select d.document_id
        from erp.document as d
        where d.program_id = p_program_id and d.state in ('waiting', 'sent', 'accepted') and d.due_at <= clock.now()
          and (d.state = 'accepted' or not exists (
              select from erp.document as before
              where before.program_id = d.program_id and before.vendor = d.vendor
                and (d.kind = 'journal' and before.kind = 'journal' and before.number < d.number and before.state in ('waiting', 'sent')
                     or d.kind = 'credit_memo' and before.kind = 'invoice' and before.number = d.content ->> 'corrects'
                        -- Refused since: a person sees to it.
                        and (before.state in ('waiting', 'sent')
                             or before.state = 'refused' and before.ended_at > d.handed_over_at))))
        order by case when r.failures > 0 then d.attempts else 0 end, d.handed_over_at, d.document_id
        limit case when r.failures > 0 then 1 else least(greatest(p_most, 1), 100) end
        for no key update skip locked
    ), taken as (
        update erp.document as d
        set taken_by = p_taker, attempts = d.attempts + 1, first_tried_at = coalesce(d.first_tried_at, clock.now()),
            sent_at = case when d.taken_by is not null and d.body is not null then coalesce(d.sent_at, clock.now()) else d.sent_at end,
            state = case when d.state = 'waiting' and d.taken_by is not null and d.body is not null then 'sent' else d.state end,
            due_at = clock.now() + make_interval(secs => p_seconds), row_xid = pg_current_xact_id()
        from heads
        where d.program_id = p_program_id and d.document_id = heads.document_id
        returning d.*
    )
    select t.document_id, t.kind, t.vendor, t.number, t.idempotency_key, t.content, t.format, t.body, t.state, t.erp_document_id
    from taken as t order by t.handed_over_at, t.document_id;
end
$$;

-- Before it leaves: this is its text from now on. False: it is another's meanwhile.
create or replace function erp.prepare(p_program_id int, p_document_id uuid, p_taker uuid, p_format text, p_body text)
returns boolean language plpgsql security definer set search_path = pg_catalog as $$
begin
    update erp.document as d
    set format = p_format, body = p_body, row_xid = pg_current_xact_id()
    where d.program_id = p_program_id and d.document_id = p_document_id and d.taken_by = p_taker and d.body is null;
    return found;
end
$$;

-- Internal: somebody has to look. One open case of a subject at a time.
create or replace function erp.open_case(d erp.document, p_subject text, p_reason text, p_status int, p_problem text)
returns void language plpgsql set search_path = pg_catalog as $$
begin
    if not exists (
        select from casework.case as c
        where c.program_id = d.program_id and c.kind = 'erp_given_up' and c.subject = p_subject and c.state = 'open') then
        perform casework.open_case(
            d.program_id, clock.new_id(), 'erp_given_up', p_subject, p_reason,
            jsonb_build_object('document_id', d.document_id, 'kind', d.kind, 'number', d.number, 'status', p_status,
                               'problem', p_problem),
            array['done'], array['finance', 'business-operator'], clock.now() + interval '7 days', 'erp');
    end if;
end
$$;

-- Internal: it has answered itself.
create or replace function erp.withdraw_case(p_program_id int, p_subject text, p_actor text) returns void
language sql set search_path = pg_catalog as $$
    select casework.withdraw_case(c.program_id, c.case_id, p_actor)
    from casework.case as c
    where c.program_id = p_program_id and c.kind = 'erp_given_up' and c.subject = p_subject and c.state = 'open'
$$;

-- What became of one attempt (`p_action` post or status). `p_outcome`:
--   posted, accepted   the ERP has it as `p_erp_document_id`; accepted: it says later what becomes of it, and is asked again
--   refused            it will not be taken as it is: back to the invoice's review, or a case for a day of the journal
--   again              no usable answer. `p_left`: the ERP may have it nevertheless. The next time after a pause that doubles from
--                      ten seconds to an hour, a part of it by chance of the id, or what the ERP asked for; for all documents
-- A document that has no end after `p_give_up_days` while others have one is given up; one that is still accepted, and an ERP that
-- answers nothing for so long, are told once and not given up. All three are a case. Returns the document's state.
create or replace function erp.tried(
    p_program_id int, p_document_id uuid, p_taker uuid, p_action text, p_outcome text, p_left boolean, p_status int, p_problem text,
    p_detail text, p_erp_document_id text, p_erp_status text, p_retry_after_seconds int, p_milliseconds int, p_give_up_days int
) returns text language plpgsql security definer set search_path = pg_catalog as $$
declare
    d erp.document;
    r erp.receiver;
    v_long_ago timestamptz := clock.now() - make_interval(days => p_give_up_days);
    v_pause interval;
begin
    insert into erp.attempt (program_id, document_id, tried_at, action, status, problem, detail, milliseconds)
    values (p_program_id, p_document_id, clock.now(), p_action, p_status, left(p_problem, 100), left(p_detail, 500), p_milliseconds);
    -- In the order of erp.take: the receiver first.
    select * into r from erp.receiver as o where o.program_id = p_program_id for update;
    select * into strict d from erp.document as o
    where o.program_id = p_program_id and o.document_id = p_document_id for update;
    v_pause := least(3600, greatest(p_retry_after_seconds, 5 * 2 ^ least(greatest(d.attempts, 1), 12))) * interval '1 second'
               * (0.5 + (hashtextextended(d.document_id::text, d.attempts) & 1023) / 2048.0);
    if p_outcome = 'again' then
        update erp.receiver as o
        set failures = o.failures + 1, failing_since = coalesce(o.failing_since, clock.now()), row_xid = pg_current_xact_id(),
            due_at = clock.now() + least(3600, greatest(p_retry_after_seconds, 5 * 2 ^ least(o.failures + 1, 12)))
                     * interval '1 second' * (0.5 + (hashtextextended(d.document_id::text, o.failures) & 1023) / 2048.0)
        where o.program_id = p_program_id returning * into r;
    elsif p_status is not null then
        update erp.receiver as o
        set failures = 0, failing_since = null, answered_at = clock.now(), due_at = clock.now(), row_xid = pg_current_xact_id()
        where o.program_id = p_program_id;
        perform erp.withdraw_case(p_program_id, 'erp', 'erp');
    end if;

    if p_outcome in ('posted', 'accepted') then
        return erp.booked(d, p_outcome, p_erp_document_id, p_erp_status, v_pause, v_long_ago);
    elsif d.taken_by is distinct from p_taker or d.state not in ('waiting', 'sent', 'accepted') then
        -- Whoever took it over says what becomes of it.
        return d.state;
    elsif p_outcome = 'refused' then
        return erp.refuse(d, p_status, left(p_problem, 100), left(p_detail, 500), p_erp_status);
    end if;
    update erp.document as o
    set taken_by = null, due_at = clock.now() + v_pause, problem = left(p_problem, 100), detail = left(p_detail, 500),
        sent_at = case when p_left then coalesce(o.sent_at, clock.now()) else o.sent_at end,
        state = case when o.state = 'waiting' and p_left then 'sent' else o.state end, row_xid = pg_current_xact_id()
    where o.program_id = d.program_id and o.document_id = d.document_id
    returning * into d;
    if d.state <> 'accepted' and d.first_tried_at < v_long_ago and r.answered_at > d.first_tried_at then
        update erp.document as o
        set state = 'given_up', ended_at = clock.now(), row_xid = pg_current_xact_id()
        where o.program_id = d.program_id and o.document_id = d.document_id;
        perform erp.open_case(d, 'erp:' || d.document_id, 'no_answer', p_status, left(p_problem, 100));
        return 'given_up';
    elsif d.state = 'accepted' and d.first_tried_at < v_long_ago and r.answered_at > d.first_tried_at then
        -- Those who had it do not know what became of it.
        perform erp.open_case(d, 'erp:' || d.document_id, 'not_posted', p_status, left(p_problem, 100));
    elsif r.failing_since < v_long_ago then
        perform erp.open_case(d, 'erp', 'no_answer', p_status, left(p_problem, 100));
    end if;
    return d.state;
end
$$;

-- Internal: the ERP has it, whoever asked.
create or replace function erp.booked(
    d erp.document, p_outcome text, p_erp_document_id text, p_erp_status text, p_pause interval, p_long_ago timestamptz
) returns text language plpgsql set search_path = pg_catalog as $$
begin
    if d.state = 'posted' then
        return 'posted';
    end if;
    update erp.document as o
    set state = p_outcome, erp_document_id = left(p_erp_document_id, 100), erp_status = left(p_erp_status, 40), taken_by = null,
        sent_at = coalesce(o.sent_at, clock.now()), ended_at = case when p_outcome = 'posted' then clock.now() end,
        due_at = clock.now() + p_pause, problem = null, detail = null, row_xid = pg_current_xact_id()
    where o.program_id = d.program_id and o.document_id = d.document_id;
    if p_outcome = 'accepted' then
        if d.first_tried_at < p_long_ago then
            perform erp.open_case(d, 'erp:' || d.document_id, 'not_posted', null, left(p_erp_status, 40));
        end if;
        return 'accepted';
    end if;
    perform erp.withdraw_case(d.program_id, 'erp:' || d.document_id, 'erp');
    if d.subject is not null then
        perform invoices.posted(d.program_id, d.subject, left(p_erp_document_id, 100));
    end if;
    return 'posted';
end
$$;

-- Internal: it is not taken as it is, by the ERP or by our own check.
create or replace function erp.refuse(d erp.document, p_status int, p_problem text, p_detail text, p_erp_status text)
returns text language plpgsql set search_path = pg_catalog as $$
begin
    update erp.document as o
    set state = 'refused', ended_at = clock.now(), taken_by = null, problem = p_problem, detail = p_detail,
        erp_status = left(p_erp_status, 40), row_xid = pg_current_xact_id()
    where o.program_id = d.program_id and o.document_id = d.document_id;
    if d.subject is null then
        perform erp.open_case(d, 'erp:' || d.document_id, 'refused', p_status, p_problem);
    else
        perform invoices.posting_refused(d.program_id, d.subject, p_problem);
    end if;
    return 'refused';
end
$$;
