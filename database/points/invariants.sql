-- The ledger's invariants: each must count nothing, always. A function behind the view, so that the auditor needs no table.
create or replace function points.check_invariants() returns table (name text, violations bigint)
language plpgsql stable security definer set search_path = pg_catalog as $$
begin
    return query select 'I3 no balance below zero', count(*) from points.member m
    where least(m.available, m.held, m.pending, m.debt) < 0;
end $$;

create or replace view points.invariants with (security_invoker = true) as
select name, violations from points.check_invariants();

grant execute on function points.check_invariants() to auditor;
grant select on points.invariants to auditor;
