-- Of tiers named, those that a member is in: they cannot simply leave the programme.
create or replace function members.tiers_in_use(p_program_id integer, p_tiers text[]) returns text[]
language sql stable security definer set search_path = pg_catalog as $$
    select coalesce(array_agg(t), '{}') from unnest(p_tiers) t
     where exists (select from members.member m where m.program_id = p_program_id and m.tier = t)
$$;
grant usage on schema members to sweeper;
grant execute on function members.tiers_in_use(integer, text[]) to manager_api, sweeper;
