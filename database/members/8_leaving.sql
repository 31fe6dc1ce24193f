-- A member leaves. The closure room says when each of these may be done; nobody else calls them.

-- Internal: leaving, or (`p_leaving` false) staying after all.
create or replace function members.set_leaving(p_program_id integer, p_member_id bigint, p_leaving boolean) returns void
language sql set search_path = pg_catalog as $$
    update members.member
       set closing_since = case when p_leaving then clock.now() end, row_xid = pg_current_xact_id()
     where program_id = p_program_id and member_id = p_member_id
$$;

-- Internal: gone. The number stays taken for ever.
create or replace function members.close(p_program_id integer, p_member_id bigint) returns void
language sql set search_path = pg_catalog as $$
    update members.member set state = 'closed', closing_since = null, row_xid = pg_current_xact_id()
     where program_id = p_program_id and member_id = p_member_id
$$;

-- Internal: the sign-in of this membership alone that has nothing else here, in no programme; null: there is none to remove.
create or replace function members.sign_in_of_the_gone(p_program_id integer, p_member_id bigint) returns text
language sql stable set search_path = pg_catalog as $$
    select m.subject from members.member m
     where m.program_id = p_program_id and m.member_id = p_member_id and m.state = 'closed'
       and not exists (select from programme.program g
                         join members.member o on o.program_id = g.program_id and o.subject = m.subject
                        where g.program_id <> m.program_id and o.state <> 'closed')
$$;

-- Internal: what says who a closed membership was, and those that became part of it. Country, language and level say nobody's name and stay for the reports.
create or replace function members.erase(p_program_id integer, p_member_id bigint) returns void
language plpgsql set search_path = pg_catalog as $$
begin
    -- Forgotten here first, nobody would find it there any more.
    if cardinality(members.sign_ins_of_the_gone(p_program_id, p_member_id)) > 0 then
        raise exception 'member % can still sign in', p_member_id;
    end if;
    update members.member
       set email = '', phone = null, subject = null, claimed_at = null, default_address_id = null, request_hash = '\x',
           row_xid = pg_current_xact_id()
     where program_id = p_program_id and member_id = p_member_id and state = 'closed';
    if not found then raise exception 'member % is not closed', p_member_id; end if;
    delete from members.address where program_id = p_program_id and member_id = p_member_id;
    delete from members.past_contact where program_id = p_program_id and member_id = p_member_id;
    delete from members.phone_code where program_id = p_program_id and member_id = p_member_id;
    delete from members.claim where program_id = p_program_id and member_id = p_member_id;
    delete from members.claim_guard where program_id = p_program_id and member_id = p_member_id;
    update members.adjustment set note = null, row_xid = pg_current_xact_id()
     where program_id = p_program_id and member_id = p_member_id and note is not null;
    update members.block set reason = '', row_xid = pg_current_xact_id()
     where program_id = p_program_id and member_id = p_member_id and reason <> '';
    update members.legal_hold set reason = '(erased)', row_xid = pg_current_xact_id()
     where program_id = p_program_id and member_id = p_member_id and lifted_at is not null and reason <> '(erased)';
    perform members.erase(p_program_id, m.member_id) from members.member m
     where m.program_id = p_program_id and m.merged_into = p_member_id;
end;
$$;

-- Internal: whether anything is left of it.
create or replace function members.is_erased(p_program_id integer, p_member_id bigint) returns boolean
language sql stable set search_path = pg_catalog as $$
    select m.state = 'closed' and m.email = '' and m.phone is null and m.subject is null
           and not exists (select from members.member d
                            where d.program_id = p_program_id and d.merged_into = p_member_id
                              and (d.email <> '' or d.subject is not null))
           and not exists (select from members.address a where a.program_id = p_program_id and a.member_id = p_member_id)
           and not exists (select from members.past_contact c where c.program_id = p_program_id and c.member_id = p_member_id)
      from members.member m where m.program_id = p_program_id and m.member_id = p_member_id
$$;

-- Internal: why spending was stopped or allowed, or the membership blocked, in somebody's own words. How many went.
drop function if exists members.forget_words(integer, bigint);
create or replace function members.forget_words(p_program_id integer, p_member_id bigint) returns bigint
language sql set search_path = pg_catalog as $$
    with frozen as (
        update members.freeze set reason = '(erased)', row_xid = pg_current_xact_id()
         where program_id = p_program_id and member_id = p_member_id and reason <> '(erased)' returning 1
    ), blocked as (
        update members.block set reason = '(erased)', row_xid = pg_current_xact_id()
         where program_id = p_program_id and member_id = p_member_id and reason <> '(erased)' returning 1
    )
    select (select count(*) from frozen) + (select count(*) from blocked)
$$;
