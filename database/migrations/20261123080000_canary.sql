-- A redemption that nobody wants goes through everything every few minutes, so that somebody knows before members do. Its
-- orders are trials: Amazon answers and sends nothing. There is no cancel call, so an order of the canary's programme must
-- not be able to leave as a real one, and none of another's as a trial: said three times, by the programme, the order and
-- the order's name.
alter table programme.program add column trial boolean generated always as (code = 'canary') stored;
alter table programme.program add constraint program_trial unique (program_id, trial);

-- Programmes in which something is really bought: the others' are left out where programmes are added up or told outside.
create view programme.in_earnest as select p.program_id from programme.program as p where not p.trial;

alter table orders.placement add column trial boolean not null default false;
update orders.placement as p set trial = true, external_id = 'trial-' || p.external_id
from programme.program as g where g.program_id = p.program_id and g.trial;
alter table orders.placement
    add constraint placement_trial foreign key (program_id, trial) references programme.program (program_id, trial),
    add constraint placement_trial_name check (trial = starts_with(external_id, 'trial-'));
create index placement_trial on orders.placement (created_at) where trial;

create schema canary;

do $$
begin
    if not exists (select from pg_roles where rolname = 'canary') then create role canary login; end if;
    if exists (select from pg_roles where rolname = 'rds_iam') then grant rds_iam to canary; end if;
end
$$;

-- The member in whose name it is done: flagged, and nowhere but where orders are trials.
create table canary.member (
    program_id integer not null,
    member_id bigint not null,
    trial boolean generated always as (true) stored,
    since timestamptz not null,
    row_xid xid8 not null default pg_current_xact_id(),
    primary key (program_id, member_id),
    foreign key (program_id, member_id) references members.member (program_id, member_id),
    foreign key (program_id, trial) references programme.program (program_id, trial)
);
