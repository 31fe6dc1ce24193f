-- What must always hold between members and the rooms they lean on; every row with violations above 0 is a fault.
create or replace function members.check_invariants() returns table (name text, violations bigint)
language sql stable security definer set search_path = pg_catalog as $$
    select 'M1 every member has one points account', count(*) from members.member m
     where not exists (select from points.member p where p.program_id = m.program_id and p.member_id = m.member_id)
    union all
    select 'M2 every points account has its member', count(*) from points.member p
     where not exists (select from members.member m where m.program_id = p.program_id and m.member_id = p.member_id)
    union all
    select 'M3 an adjustment moved its points if and only if it was applied', count(*) from members.adjustment a
     where case when a.state = 'applied' then abs(a.amount) end is distinct from (
         select sum(j.amount)::bigint from points.journal j
          where j.program_id = a.program_id and j.member_id = a.member_id and j.op_id = a.adjustment_id)
    union all
    select 'M4 an adjustment waits if and only if its case is open', count(*) from members.adjustment a
     where (a.state = 'waiting') <> exists (
         select from casework.case c
          where c.program_id = a.program_id and c.case_id = a.adjustment_id and c.state = 'open')
    union all
    select 'M5 points move by hand only by an adjustment or a case, and nobody decides their own',
           (select count(*) from points.journal j
             where 14 in (j.dr, j.cr) and not exists (
                 select from members.adjustment a
                  where a.program_id = j.program_id and a.member_id = j.member_id and a.adjustment_id = j.op_id)
               and not exists (
                 select from casework.event e
                  where e.program_id = j.program_id and e.kind = 'decided' and e.detail ->> 'op_id' = j.op_id::text))
           + (select count(*) from members.adjustment a where a.decided_by = a.requested_by)
$$;

create or replace view members.invariants as select * from members.check_invariants();
grant usage on schema members to auditor;
grant execute on function members.check_invariants() to auditor;
grant select on members.invariants to auditor;
