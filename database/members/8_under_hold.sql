-- Why nothing of a member may end or be erased for now. Staff place and lift it in the privacy room; every room may ask.

-- Internal: whether one stands. Memberships that became one are one person, so any of theirs does.
create or replace function members.held(p_program_id integer, p_member_id bigint) returns boolean
language sql stable set search_path = pg_catalog as $$
    select exists (
        select from members.legal_hold h
         where h.program_id = p_program_id and h.lifted_at is null
           and h.member_id = any (members.family(p_program_id, members.standing_for(p_program_id, p_member_id))))
$$;

-- Internal: all memberships of everybody of whom one stands.
create or replace function members.all_held() returns table (program_id integer, member_id bigint)
language sql stable set search_path = pg_catalog as $$
    select distinct h.program_id, f.member_id
      from members.legal_hold h
     cross join lateral unnest(members.family(h.program_id, members.standing_for(h.program_id, h.member_id))) f(member_id)
     where h.lifted_at is null
$$;

-- Internal (privacy.place_hold and privacy.lift_hold call these).
create or replace function members.place_hold(
    p_program_id integer, p_hold_id uuid, p_member_id bigint, p_reason text, p_actor text
) returns void language sql set search_path = pg_catalog as $$
    insert into members.legal_hold(program_id, hold_id, member_id, reason, placed_by, placed_at)
    values (p_program_id, p_hold_id, p_member_id, p_reason, p_actor, clock.now())
    on conflict do nothing
$$;

create or replace function members.lift_hold(p_program_id integer, p_hold_id uuid, p_actor text) returns void
language sql set search_path = pg_catalog as $$
    update members.legal_hold
       set lifted_by = p_actor, lifted_at = clock.now(), row_xid = pg_current_xact_id()
     where program_id = p_program_id and hold_id = p_hold_id and lifted_at is null
$$;
