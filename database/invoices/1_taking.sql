-- Mail and papers as they come: each once, with what was wrong with it.

-- Internal: whatever somebody calls it, as a code.
create or replace function invoices.code_of(p_text text) returns text language sql immutable set search_path = pg_catalog
return nullif(left(btrim(regexp_replace(lower(p_text), '[^a-z0-9]+', '_', 'g'), '_0123456789'), 60), '');

-- Internal: one PDF, known by its content. `p_document`: {document_id, sha256 (hex), name, bytes, pages, object_key, reason}.
create or replace function invoices.keep_document(p_program_id integer, p_mail_id uuid, p_source text, p_document jsonb)
returns invoices.document language plpgsql set search_path = pg_catalog as $$
declare
    d invoices.document;
    v_reason text := invoices.code_of(p_document ->> 'reason');
begin
    insert into invoices.document (
        program_id, document_id, sha256, mail_id, source, object_key, name, bytes, pages, state, reason, received_at, ended_at)
    values (
        p_program_id, (p_document ->> 'document_id')::uuid, decode(p_document ->> 'sha256', 'hex'), p_mail_id, p_source,
        p_document ->> 'object_key',
        coalesce(nullif(left(btrim(regexp_replace(p_document ->> 'name', '[^A-Za-z0-9._-]+', '_', 'g'), '._'), 60), ''),
                 'document.pdf'),
        (p_document ->> 'bytes')::bigint, (p_document ->> 'pages')::integer,
        case when v_reason is null then 'received' else 'refused' end, v_reason, clock.now(),
        case when v_reason is not null then clock.now() end)
    on conflict on constraint document_program_id_sha256_key do nothing
    returning * into d;
    if not found then
        select * into strict d from invoices.document o
        where o.program_id = p_program_id and o.sha256 = decode(p_document ->> 'sha256', 'hex') for update;
        -- Refused when there was no time or room to look at it, and now it is good: from here on it is as if it had just come.
        if v_reason is null and d.state = 'refused' and d.object_key is null then
            update invoices.document o
            set object_key = p_document ->> 'object_key', pages = (p_document ->> 'pages')::integer, state = 'received',
                reason = null, received_at = clock.now(), ended_at = null, row_xid = pg_current_xact_id()
            where o.program_id = d.program_id and o.document_id = d.document_id
            returning * into d;
        end if;
    end if;
    return d;
end
$$;

-- A mail and its PDFs. `p_mail`: {object_key, message_id, sender, recipient, received_at, bytes, spf, dkim, dmarc, virus, spam,
-- outcome taken | refused, reason}; `p_documents`: as above, with a reason: refused. Answers the documents, in order: `fresh`:
-- this mail brought it first. The same object again answers the same. `p_program_id` null: nobody's mail, kept with the first
-- programme.
create or replace function invoices.take_mail(p_program_id integer, p_mail_id uuid, p_mail jsonb, p_documents jsonb)
returns table (document_id uuid, state text, fresh boolean)
language plpgsql security definer set search_path = pg_catalog as $$
#variable_conflict use_column
declare
    v_program integer := coalesce(p_program_id, (select min(g.program_id) from programme.program g));
    v_mail uuid;
    v_sender text := lower(btrim(p_mail ->> 'sender', ' <>'));
    one jsonb;
    d invoices.document;
begin
    insert into invoices.mail (
        program_id, mail_id, object_key, message_hash, sender_domain, recipient, bytes, spf, dkim, dmarc, virus, spam, outcome,
        reason, received_at, taken_at)
    values (
        v_program, p_mail_id, p_mail ->> 'object_key', sha256(convert_to(p_mail ->> 'message_id', 'UTF8')),
        nullif(left(regexp_replace(v_sender, '^.*@', ''), 253), ''),
        -- What is no programme's code may be somebody's name.
        (select g.code from programme.program g
         where g.program_id = v_program and g.code = split_part(lower(p_mail ->> 'recipient'), '@', 1)),
        coalesce((p_mail ->> 'bytes')::bigint, 0), left(p_mail ->> 'spf', 20), left(p_mail ->> 'dkim', 20),
        left(p_mail ->> 'dmarc', 20), left(p_mail ->> 'virus', 20), left(p_mail ->> 'spam', 20), p_mail ->> 'outcome',
        case when p_mail ->> 'outcome' = 'refused' then coalesce(invoices.code_of(p_mail ->> 'reason'), 'refused') end,
        coalesce((p_mail ->> 'received_at')::timestamptz, clock.now()), clock.now())
    on conflict on constraint mail_program_id_object_key_key do nothing
    returning mail_id into v_mail;
    if not found then
        select m.mail_id into strict v_mail from invoices.mail m
        where m.program_id = v_program and m.object_key = p_mail ->> 'object_key';
    end if;
    for one in select value from jsonb_array_elements(coalesce(p_documents, '[]')) loop
        d := invoices.keep_document(v_program, v_mail, 'mail', one);
        return query select d.document_id, d.state, d.mail_id is not distinct from v_mail;
    end loop;
end
$$;

-- The document with this content (hex), if there is one.
create or replace function invoices.known_document(p_program_id integer, p_sha256 text)
returns table (document_id uuid, state text, object_key text)
language sql stable security definer set search_path = pg_catalog
begin atomic
    select d.document_id, d.state, d.object_key from invoices.document d
    where d.program_id = p_program_id and d.sha256 = decode(p_sha256, 'hex');
end;

-- What lies there and nobody has begun for five minutes, or was begun a day ago and has not ended; oldest first. `starts`: so often
-- it was begun: an execution that has ended needs another name.
create or replace function invoices.to_start(p_most integer)
returns table (program_id integer, document_id uuid, starts integer)
language sql stable security definer set search_path = pg_catalog
begin atomic
    select d.program_id, d.document_id, d.starts from invoices.document d
    where d.state in ('received', 'reading')
      and case when d.begun_at is null then d.received_at < clock.now() - interval '5 minutes'
               else d.begun_at < clock.now() - interval '1 day' end
    order by d.received_at, d.document_id
    limit greatest(1, least(p_most, 1000));
end;

-- Its execution was started.
create or replace function invoices.begun(p_program_id integer, p_document_id uuid) returns void
language sql security definer set search_path = pg_catalog
begin atomic
    update invoices.document d set begun_at = clock.now(), starts = d.starts + 1, row_xid = pg_current_xact_id()
    where d.program_id = p_program_id and d.document_id = p_document_id and d.state in ('received', 'reading')
      and (d.begun_at is null or d.begun_at < clock.now() - interval '1 minute');
end;

-- ---- reading -----------------------------------------------------------------------------------------------------------

-- Takes one call of Textract's from the account's bucket: the seconds to wait, 0: taken. The row is locked while counting.
create or replace function invoices.take_reading_token(p_per_second numeric, p_burst integer) returns numeric
language plpgsql security definer set search_path = pg_catalog as $$
declare
    b invoices.bucket;
    v_instant timestamptz := clock.now();
    v_counted numeric;
begin
    if p_per_second <= 0 or p_burst < 1 then
        raise exception 'rate % burst % make no bucket', p_per_second, p_burst using errcode = '22023';
    end if;
    insert into invoices.bucket (operation, tokens, refilled_at) values ('textract', p_burst, v_instant) on conflict do nothing;
    select * into strict b from invoices.bucket x where x.operation = 'textract' for no key update;
    v_counted := least(p_burst, b.tokens + greatest(0, extract(epoch from v_instant - b.refilled_at)) * p_per_second);
    if v_counted < 1 then
        return (1 - v_counted) / p_per_second;
    end if;
    update invoices.bucket x
    set tokens = v_counted - 1, refilled_at = greatest(x.refilled_at, v_instant), row_xid = pg_current_xact_id()
    where x.operation = 'textract';
    return 0;
end
$$;

create or replace function invoices.reading_facts(p_program_id integer, p_document_id uuid)
returns table (object_key text, sha256 text, state text, job_id text, reason text)
language sql stable security definer set search_path = pg_catalog
begin atomic
    select d.object_key, encode(d.sha256, 'hex'), d.state, d.job_id, d.reason from invoices.document d
    where d.program_id = p_program_id and d.document_id = p_document_id;
end;

-- It is being read, under this name of Textract's.
create or replace function invoices.being_read(p_program_id integer, p_document_id uuid, p_job_id text) returns void
language sql security definer set search_path = pg_catalog
begin atomic
    update invoices.document d
    set state = 'reading', job_id = p_job_id, reason = null, begun_at = coalesce(d.begun_at, clock.now()),
        row_xid = pg_current_xact_id()
    where d.program_id = p_program_id and d.document_id = p_document_id and d.state in ('received', 'reading');
end;

-- It cannot be read, and why: whoever gives it up tells a person.
create or replace function invoices.not_readable(p_program_id integer, p_document_id uuid, p_reason text) returns void
language sql security definer set search_path = pg_catalog
begin atomic
    update invoices.document d
    set state = 'reading', reason = coalesce(invoices.code_of(p_reason), 'unreadable'),
        begun_at = coalesce(d.begun_at, clock.now()), row_xid = pg_current_xact_id()
    where d.program_id = p_program_id and d.document_id = p_document_id and d.state in ('received', 'reading');
end;
