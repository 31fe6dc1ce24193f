-- What pgaudit logs beyond the cluster's own setting (changes of schema, roles and grants by anybody): what the few read
-- and write who come to tables directly. Everybody else comes by functions, and what staff look at those write down.

-- Says 'watched', or 'not loaded' where the server knows no pgaudit (the laptop's). The migration calls it each time: the
-- library is loaded by a restart, which may come after the statements of this version. In this database only.
create or replace function audit.watch_statements() returns text
language plpgsql set search_path = pg_catalog as $$
declare
    v_role text;
begin
    if current_setting('pgaudit.log', true) is null then
        return 'not loaded';
    end if;
    if exists (select from pg_available_extensions where name = 'pgaudit') then
        create extension if not exists pgaudit;
    end if;
    foreach v_role in array array[current_user::text, 'lake_reader', 'auditor'] loop
        execute format('alter role %I in database %I set pgaudit.log to %L',
            v_role, current_database(), 'ddl,role,read,write');
    end loop;
    return 'watched';
end;
$$;
