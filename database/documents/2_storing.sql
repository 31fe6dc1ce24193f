-- From the row to the PDF: read by the function that draws it, marked when it is stored.

-- What is to be drawn, with the name and address that go into the PDF and nowhere else.
create or replace function documents.to_draw(program_id integer, document_id uuid)
returns table (
    redemption_id uuid, kind text, number text, programme_version integer, facts jsonb, object_key text, state text,
    member_number text, recipient jsonb
) language sql stable security definer set search_path = pg_catalog as $$
    select d.redemption_id, d.kind, d.number, d.programme_version, d.facts, d.object_key, d.state,
           members.number_of(d.program_id, d.member_id),
           (select jsonb_build_object(
                'full_name', a.full_name, 'line1', a.line1, 'line2', a.line2, 'line3', a.line3, 'city', a.city,
                'state_or_region', a.state_or_region, 'postal_code', a.postal_code, 'country_code', a.country_code)
            from members.shipping_address(d.program_id, d.member_id, (d.facts ->> 'address_id')::uuid) as a)
    from documents.document as d
    where d.program_id = to_draw.program_id and d.document_id = to_draw.document_id
$$;

-- It is in the store: the member is told, once. Returns whether this was the first time.
create or replace function documents.stored(program_id integer, document_id uuid, content_hash bytea, content_bytes integer)
returns boolean language plpgsql security definer set search_path = pg_catalog as $$
declare
    document documents.document;
begin
    select * into strict document from documents.document as d
    where d.program_id = stored.program_id and d.document_id = stored.document_id for no key update;
    if document.state = 'ready' then
        return false;
    end if;
    update documents.document as d
    set state = 'ready', reason = null, content_hash = stored.content_hash, content_bytes = stored.content_bytes,
        ready_at = clock.now(), row_xid = pg_current_xact_id()
    where d.program_id = stored.program_id and d.document_id = stored.document_id;
    perform outbox.emit(
        document.program_id, 'document.ready', document.redemption_id::text, document.document_id,
        jsonb_build_object('redemption_id', document.redemption_id, 'member_id', document.member_id,
                           'document_id', document.document_id, 'kind', document.kind));
    return true;
end
$$;

-- It cannot be drawn: the same facts will fail again until the software is another.
create or replace function documents.not_drawn(program_id integer, document_id uuid, reason text)
returns void language sql security definer set search_path = pg_catalog as $$
    update documents.document as d
    set state = 'failed', reason = left(not_drawn.reason, 100), row_xid = pg_current_xact_id()
    where d.program_id = not_drawn.program_id and d.document_id = not_drawn.document_id and d.state <> 'ready'
$$;
