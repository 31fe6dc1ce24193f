-- Who tells Amazon Personalize what members do.
do $$
begin
    if not exists (select from pg_roles where rolname = 'personalize_events') then
        create role personalize_events login;
    end if;
    if exists (select from pg_roles where rolname = 'rds_iam') then
        grant rds_iam to personalize_events;
    end if;
end
$$;
