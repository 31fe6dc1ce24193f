-- The only place that asks what time it is. The laptop and the tests put a settable version in its place (local/settable_clock.sql).

create or replace function clock.now() returns timestamptz language sql stable parallel safe
    return transaction_timestamp();

-- UUIDv7: 48 bits of milliseconds, then version and random bits; sorts by time and names its journal partition.
create or replace function clock.new_id() returns uuid language sql volatile parallel safe
    return encode(
        substring(int8send((extract(epoch from clock.now()) * 1000)::bigint) from 3)
        || set_byte(substring(uuid_send(gen_random_uuid()) from 7), 0,
                    112 | (get_byte(substring(uuid_send(gen_random_uuid()) from 7), 0) & 15)),
        'hex')::uuid;

-- The instant a UUIDv7 carries.
create or replace function clock.instant_of(id uuid) returns timestamptz language sql immutable parallel safe
    return to_timestamp(('x' || lpad(encode(substring(uuid_send(id) from 1 for 6), 'hex'), 16, '0'))::bit(64)::bigint / 1000.0);

-- The smallest UUIDv7 of an instant: where a partition begins.
create or replace function clock.first_id(instant timestamptz) returns uuid language sql immutable parallel safe
    return (lpad(to_hex((extract(epoch from instant) * 1000)::bigint), 12, '0') || '7000' || '8000000000000000')::uuid;

-- Keys minted outside are accepted 48 hours back and 5 minutes ahead, at the public door only.
create or replace function clock.key_is_fresh(id uuid) returns boolean language sql stable parallel safe
    return get_byte(uuid_send(id), 6) >> 4 = 7
       and clock.instant_of(id) between clock.now() - interval '48 hours' and clock.now() + interval '5 minutes';

do $$
declare
    entry_point text;
begin
    foreach entry_point in array array[
        'member_api', 'quote_api', 'manager_api', 'partner_api', 'identity_trigger', 'engine_step',
        'order_information', 'sweeper', 'catalogue_sync', 'importer', 'payments_worker', 'orders_worker', 'auditor'
    ] loop
        execute format('grant execute on all functions in schema clock to %I', entry_point);
    end loop;
end
$$;
