-- What must always hold; every row with violations above 0 is a fault.
create or replace function privacy.check_invariants() returns table (name text, violations bigint)
language sql stable security definer set search_path = pg_catalog as $$
    select 'P1 of who was erased nothing is left outside the books', count(*)
    from privacy.erasure as e
    where e.state = 'done' and (
        not members.is_erased(e.program_id, e.member_id)
        or exists (select from notifications.consent as c where c.program_id = e.program_id and c.member_id = e.member_id)
        or exists (select from wishes.wish as w where w.program_id = e.program_id and w.member_id = e.member_id)
        or exists (select from interactions.choice as c where c.program_id = e.program_id and c.member_id = e.member_id)
        or exists (select from interactions.viewer as v where v.program_id = e.program_id and v.member_id = e.member_id)
        or exists (select from recommendations.scored as s where s.program_id = e.program_id and s.member_id = e.member_id)
        or exists (select from cases.member_case as c join cases.message as m using (program_id, case_id)
                   where c.program_id = e.program_id and c.member_id = e.member_id and m.text <> '(erased)')
        or exists (select from privacy.export as x
                   where x.program_id = e.program_id and x.member_id = e.member_id and x.object_key is not null
                     and x.state <> 'expired'))
    union all
    select 'P2 an erasure was approved by another person than who asked for it', count(*)
    from privacy.erasure as e
    where e.state not in ('waiting', 'declined') and e.origin = 'request' and e.decided_by is not distinct from e.requested_by
    union all
    select 'P3 what is done has a receipt from every store', count(*)
    from privacy.erasure as e
    where e.state = 'done' and exists (
        select from privacy.stores() as s
        where not exists (select from privacy.receipt as r
                          where r.program_id = e.program_id and r.erasure_id = e.erasure_id and r.store = s.store
                            and r.state in ('done', 'kept', 'pending')))
    union all
    select 'P4 whoever is erased is in the list outside the database', count(*)
    from privacy.erasure as e
    where e.state = 'done' and not exists (
        select from privacy.listed as l where l.program_id = e.program_id and l.member_id = e.member_id)
$$;

create or replace view privacy.invariants as select * from privacy.check_invariants();
