-- Reading and publishing programme documents. A published version never changes; two that publish at once take turns.

create or replace function programme.current(p_program_id integer)
returns table (version integer, document jsonb, content_hash bytea)
language sql stable security definer set search_path = pg_catalog as $$
    select p.version, p.document, p.content_hash
      from programme.published p
     where p.program_id = p_program_id
     order by p.version desc
     limit 1
$$;

create or replace function programme.version(p_program_id integer, p_version integer)
returns table (version integer, document jsonb, content_hash bytea)
language sql stable security definer set search_path = pg_catalog as $$
    select p.version, p.document, p.content_hash
      from programme.published p
     where p.program_id = p_program_id and p.version = p_version
$$;

-- Newest first, below `p_before` if it is given; at most 200.
drop function if exists programme.history(integer);
create or replace function programme.history(p_program_id integer, p_before integer, p_page_size integer)
returns table (
    version integer, content_hash bytea, published_at timestamptz, published_by text, why text, origin text,
    restored_version integer
)
language sql stable security definer set search_path = pg_catalog as $$
    select p.version, p.content_hash, p.published_at, p.published_by, p.why, p.origin, p.restored_version
      from programme.published p
     where p.program_id = p_program_id and (p_before is null or p.version < p_before)
     order by p.version desc
     limit greatest(1, least(coalesce(p_page_size, 50), 200))
$$;

-- Publish the next version and answer its number; null when `p_based_on` is no longer the newest (0: there is none yet).
-- A draft stays and follows the new version; its revision moves, for what it would publish has moved.
drop function if exists programme.publish(integer, integer, jsonb, text, text);
create or replace function programme.publish(
    p_program_id integer, p_based_on integer, p_document jsonb, p_actor text, p_why text,
    p_origin text default 'publication', p_restored_version integer default null
) returns integer
language plpgsql security definer set search_path = pg_catalog as $$
declare
    v_newest integer;
begin
    -- Not `for update`: whoever writes a row that refers to the programme need not wait.
    perform 1 from programme.program where program_id = p_program_id for no key update;
    if not found then
        raise exception 'no programme %', p_program_id using errcode = 'foreign_key_violation';
    end if;
    select coalesce(max(p.version), 0) into v_newest from programme.published p where p.program_id = p_program_id;
    if v_newest <> p_based_on then
        return null;
    end if;
    -- The ledger asks for this with every operation: a zone that only Python knows must not come that far.
    perform clock.now() at time zone (p_document -> 'points' ->> 'time_zone');
    insert into programme.published(program_id, version, document, content_hash, published_at, published_by, why, origin,
                                    restored_version)
    values (p_program_id, v_newest + 1, p_document, sha256(convert_to(p_document::text, 'UTF8')), clock.now(), p_actor, p_why,
            p_origin, p_restored_version);
    if v_newest > 0 then
        perform programme.move_draft(p_program_id, p_actor);
        if p_origin <> 'change' then
            perform programme.dismiss(p_program_id, p_actor);
        end if;
    end if;
    return v_newest + 1;
end;
$$;

create or replace function programme.id_of(p_code text) returns integer
language sql stable security definer set search_path = pg_catalog as $$
    select program_id from programme.program where code = p_code
$$;

create or replace function programme.partner_of(p_program_id integer, p_client_id text) returns text
language sql stable security definer set search_path = pg_catalog as $$
    select partner from programme.partner where program_id = p_program_id and client_id = p_client_id
$$;

create or replace function programme.refuse_change() returns trigger language plpgsql as $$
begin
    raise exception 'programme.published is append-only' using errcode = 'restrict_violation';
end;
$$;
create or replace trigger append_only before update or delete on programme.published
    for each row execute function programme.refuse_change();
create or replace trigger append_only_whole before truncate on programme.published
    execute function programme.refuse_change();

do $$
declare
    entry_point text;
begin
    foreach entry_point in array array[
        'member_api', 'quote_api', 'manager_api', 'partner_api', 'identity_trigger', 'engine_step',
        'order_information', 'sweeper', 'catalogue_sync', 'importer', 'payments_worker', 'orders_worker'
    ] loop
        execute format('grant usage on schema programme to %I', entry_point);
        execute format('grant execute on function programme.current(integer), programme.version(integer, integer) to %I',
                       entry_point);
    end loop;
end;
$$;
grant execute on function programme.history(integer, integer, integer) to manager_api;
grant execute on function programme.publish(integer, integer, jsonb, text, text, text, integer) to manager_api;
grant execute on function programme.partner_of(integer, text) to partner_api;
grant execute on function programme.id_of(text) to importer;
grant usage on schema programme to auditor;
grant select on programme.program, programme.published to auditor;
