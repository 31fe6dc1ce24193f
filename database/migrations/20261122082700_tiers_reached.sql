-- Every level reached in a period is noted, not only the highest: one that leaves the programme may come back.
alter table tiers.reached drop constraint reached_pkey;
alter table tiers.reached add primary key (program_id, member_id, starts_on, ends_on, source, tier);
