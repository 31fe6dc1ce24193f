-- One schema a room, one role an entry point. Nobody may do anything that a room's SQL does not grant.
create schema clock;
create schema casework;
create schema programme;
create schema points;
create schema members;
create schema catalogue;
create schema payments;
create schema orders;
create schema redemptions;

-- Roles belong to the whole server, so they may exist already (a second database, a restore).
do $$
declare
    entry_point text;
begin
    foreach entry_point in array array[
        'member_api', 'quote_api', 'manager_api', 'partner_api', 'identity_trigger', 'engine_step',
        'order_information', 'sweeper', 'catalogue_sync', 'importer', 'payments_worker', 'orders_worker',
        'auditor'
    ] loop
        if not exists (select from pg_roles where rolname = entry_point) then
            execute format('create role %I login', entry_point);
        end if;
        if exists (select from pg_roles where rolname = 'rds_iam') then
            execute format('grant rds_iam to %I', entry_point);
        end if;
        execute format('grant usage on schema clock to %I', entry_point);
    end loop;
end
$$;

revoke all on schema public from public;
alter default privileges revoke execute on functions from public;
