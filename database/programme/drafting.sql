-- What is being prepared. Whoever saves or publishes names the revision that was looked at and the version behind it, under
-- the lock that publishing takes: nobody overwrites what nobody has seen.

create or replace function programme.draft_of(p_program_id integer)
returns table (revision integer, document jsonb, bases jsonb, saved_by text, saved_at timestamptz)
language sql stable security definer set search_path = pg_catalog as $$
    select d.revision, d.document, d.bases, d.saved_by, d.saved_at
      from programme.draft d where d.program_id = p_program_id
$$;

-- Internal: whether that is still the newest version and the draft's revision (0: there never was one).
create or replace function programme.still(p_program_id integer, p_based_on integer, p_revision integer) returns boolean
language plpgsql set search_path = pg_catalog as $$
begin
    perform 1 from programme.program where program_id = p_program_id for no key update;
    return coalesce((select max(p.version) from programme.published p where p.program_id = p_program_id), 0) = p_based_on
       and coalesce((select d.revision from programme.draft d where d.program_id = p_program_id), 0) = p_revision;
end;
$$;

-- Internal: the next revision, with what the draft holds if that is given.
create or replace function programme.move_draft(
    p_program_id integer, p_actor text, p_document jsonb default null, p_bases jsonb default null
) returns integer
language sql set search_path = pg_catalog as $$
    insert into programme.draft as d (program_id, document, bases, saved_by, saved_at)
    values (p_program_id, coalesce(p_document, '{}'), coalesce(p_bases, '{}'), p_actor, clock.now())
    on conflict (program_id) do update
       set document = coalesce(p_document, d.document), bases = coalesce(p_bases, d.bases), revision = d.revision + 1,
           saved_by = case when p_document is null then d.saved_by else p_actor end,
           saved_at = case when p_document is null then d.saved_at else clock.now() end,
           row_xid = pg_current_xact_id()
    returning d.revision
$$;

-- A section as it is to be; null: as it is published. Answers the new revision, null if the draft or the version has moved.
create or replace function programme.save_section(
    p_program_id integer, p_based_on integer, p_revision integer, p_section text, p_value jsonb, p_actor text
) returns integer
language plpgsql security definer set search_path = pg_catalog as $$
declare
    v_document jsonb;
    v_bases jsonb;
begin
    if not programme.still(p_program_id, p_based_on, p_revision) then
        return null;
    end if;
    select d.document, d.bases into v_document, v_bases from programme.draft d where d.program_id = p_program_id;
    v_document := coalesce(v_document, '{}') - p_section;
    v_bases := coalesce(v_bases, '{}') - p_section;
    if p_value is not null then
        v_document := v_document || jsonb_build_object(p_section, p_value);
        v_bases := v_bases || jsonb_build_object(p_section, p_based_on);
    end if;
    return programme.move_draft(p_program_id, p_actor, v_document, v_bases);
end;
$$;

-- False if the draft is another one by now; without a revision whatever there is.
create or replace function programme.discard_draft(p_program_id integer, p_revision integer, p_actor text) returns boolean
language plpgsql security definer set search_path = pg_catalog as $$
declare
    v_revision integer;
begin
    perform 1 from programme.program where program_id = p_program_id for no key update;
    select d.revision into v_revision from programme.draft d where d.program_id = p_program_id;
    if p_revision is not null and coalesce(v_revision, 0) <> p_revision then
        return false;
    end if;
    if v_revision is not null then
        perform programme.move_draft(p_program_id, p_actor, '{}', '{}');
    end if;
    return true;
end;
$$;

-- The draft becomes the next version and is gone; null if the draft or the version has moved.
create or replace function programme.publish_draft(
    p_program_id integer, p_based_on integer, p_revision integer, p_document jsonb, p_actor text, p_why text
) returns integer
language plpgsql security definer set search_path = pg_catalog as $$
declare
    v_version integer;
begin
    if not programme.still(p_program_id, p_based_on, p_revision) then
        return null;
    end if;
    v_version := programme.publish(p_program_id, p_based_on, p_document, p_actor, p_why);
    update programme.draft
       set document = '{}', bases = '{}', saved_by = p_actor, saved_at = clock.now(), row_xid = pg_current_xact_id()
     where program_id = p_program_id;
    return v_version;
end;
$$;

grant execute on function
    programme.draft_of(integer),
    programme.save_section(integer, integer, integer, text, jsonb, text),
    programme.discard_draft(integer, integer, text),
    programme.publish_draft(integer, integer, integer, jsonb, text, text)
to manager_api;
