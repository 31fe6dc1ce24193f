-- Where a person's memberships became one, there may be several sign-ins to remove.

-- Internal: the sign-ins that have nothing else here, of a membership and of all that became part of it.
create or replace function members.sign_ins_of_the_gone(p_program_id integer, p_member_id bigint) returns text[]
language sql stable set search_path = pg_catalog as $$
    select coalesce(array_agg(s.subject order by s.place), '{}')
      from (select members.sign_in_of_the_gone(p_program_id, f.member_id) as subject, f.place
              from unnest(members.family(p_program_id, p_member_id)) with ordinality f(member_id, place)) s
     where s.subject is not null
$$;

-- Internal: they are removed where people sign in, so nothing leads there any more.
create or replace function members.forget_sign_ins(p_program_id integer, p_member_id bigint, p_subjects text[]) returns void
language sql set search_path = pg_catalog as $$
    update members.member
       set subject = null, claimed_at = null, row_xid = pg_current_xact_id()
     where program_id = p_program_id and member_id = any (members.family(p_program_id, p_member_id))
       and subject = any (p_subjects) and state = 'closed'
$$;
