-- Two memberships of one person become one. The support room says when; nobody else calls these.

-- Internal: the membership that stands for this one: itself, or what it was merged into.
create or replace function members.standing_for(p_program_id integer, p_member_id bigint) returns bigint
language sql stable set search_path = pg_catalog as $$
    select coalesce(m.merged_into, m.member_id) from members.member m
     where m.program_id = p_program_id and m.member_id = p_member_id
$$;

-- Internal: a membership and all that became part of it.
create or replace function members.family(p_program_id integer, p_member_id bigint) returns bigint[]
language sql stable set search_path = pg_catalog as $$
    select p_member_id || array(
        select m.member_id from members.member m
         where m.program_id = p_program_id and m.merged_into = p_member_id order by m.member_id)
$$;

-- Internal: the duplicate closes and leads to the survivor, and so does whatever was merged into it before. A sign-in that only the
-- duplicate has becomes the survivor's; where both have one, both lead to the survivor. Returns moved, both or none.
create or replace function members.merge(p_program_id integer, p_duplicate bigint, p_survivor bigint) returns text
language plpgsql set search_path = pg_catalog as $$
declare
    d members.member;
    s members.member;
begin
    perform from members.member
     where program_id = p_program_id and member_id in (p_duplicate, p_survivor) order by member_id for no key update;
    select * into strict d from members.member where program_id = p_program_id and member_id = p_duplicate;
    select * into strict s from members.member where program_id = p_program_id and member_id = p_survivor;
    update members.member set merged_into = p_survivor, row_xid = pg_current_xact_id()
     where program_id = p_program_id and merged_into = p_duplicate;
    update members.member
       set state = 'closed', merged_into = p_survivor, frozen_at = null,
           subject = case when s.subject is not null then subject end,
           claimed_at = case when s.subject is not null then claimed_at end, row_xid = pg_current_xact_id()
     where program_id = p_program_id and member_id = p_duplicate;
    if d.subject is not null and s.subject is null then
        update members.member set subject = d.subject, claimed_at = d.claimed_at, row_xid = pg_current_xact_id()
         where program_id = p_program_id and member_id = p_survivor;
    end if;
    -- Whoever had one of them accepted the terms.
    insert into members.acceptance(program_id, member_id, version, accepted_at)
    select a.program_id, p_survivor, a.version, a.accepted_at from members.acceptance a
     where a.program_id = p_program_id and a.member_id = p_duplicate
    on conflict do nothing;
    delete from members.claim where program_id = p_program_id and member_id in (p_duplicate, p_survivor);
    return case when d.subject is null then 'none' when s.subject is null then 'moved' else 'both' end;
end;
$$;
