-- Installed as owner over database/clock/clock.sql on the laptop and in tests: time may be shifted, never in the cloud.
create table if not exists clock.setting (
    only_row boolean primary key default true check (only_row),
    shift interval not null default interval '0'
);
insert into clock.setting default values on conflict do nothing;
grant select on clock.setting to public;

-- A session may stand at an instant of its own (`clock.at`): local/past lives a year there, while everybody else is in the
-- present.
create or replace function clock.now() returns timestamptz language sql stable parallel safe
    return coalesce(nullif(current_setting('clock.at', true), '')::timestamptz,
                    transaction_timestamp() + (select shift from clock.setting));
