-- What must always hold; every row with violations above 0 is a fault.
create or replace function closure.check_invariants() returns table (name text, violations bigint)
language sql stable security definer set search_path = pg_catalog as $$
    select 'C1 who is leaving, and nobody else, is marked so', count(*)
    from members.member as m
    full join (select c.program_id, c.member_id from closure.closure as c where c.state = 'closing') as c
        using (program_id, member_id)
    where (m.closing_since is not null) <> (c.member_id is not null)
    union all
    select 'C2 a membership is closed if and only if its closure says so', count(*)
    from closure.closure as c
    join members.member as m using (program_id, member_id)
    where (m.state = 'closed') <> (c.state in ('closed', 'erased')) and c.state <> 'undone'
    union all
    select 'C3 only who has gone lost points by going', count(*)
    from (select distinct j.program_id, j.member_id from points.journal as j
          where j.reference = 'closure' and (j.dr, j.cr) in ((1, 12), (15, 4))) as j
    join members.member as m using (program_id, member_id)
    where m.state <> 'closed'
    union all
    select 'C4 of who was erased nothing is left', count(*)
    from closure.closure as c
    where c.state = 'erased' and not members.is_erased(c.program_id, c.member_id)
$$;

create or replace view closure.invariants as select * from closure.check_invariants();
