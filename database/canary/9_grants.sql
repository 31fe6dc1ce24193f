-- Who may do what. The canary reaches nothing but its own member, and redemptions of which nothing is bought.
grant usage on schema canary to canary, sweeper, auditor;
grant execute on function canary.prepare(text, bigint), canary.reverse(uuid) to canary;
grant execute on function canary.sweep(integer) to sweeper;
grant select on all tables in schema canary to auditor;
