-- A member is erased: that memberships were merged stays, why somebody thought so goes. The privacy room says when.

-- Internal: how many reasons went.
create or replace function support.forget(program_id integer, member_id bigint) returns bigint
language sql set search_path = pg_catalog as $$
    with gone as (
        update support.merge as g set reason = '(erased)', row_xid = pg_current_xact_id()
        where g.program_id = forget.program_id and forget.member_id in (g.duplicate_id, g.survivor_id) and g.reason <> '(erased)'
        returning 1
    )
    select count(*) from gone
$$;
