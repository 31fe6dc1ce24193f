-- A member is erased: orders keep ids, amounts and times. Where they went is with the members; here are the codes that confirmed
-- them and the devices they came from.

-- Internal: how many of each went.
create or replace function redemptions.forget(program_id integer, member_id bigint) returns jsonb
language plpgsql set search_path = pg_catalog as $$
declare
    codes bigint;
    devices bigint;
begin
    delete from redemptions.step_up_code as c
    where c.program_id = forget.program_id and c.member_id = forget.member_id;
    get diagnostics codes = row_count;
    update redemptions.redemption as r set device_hash = null, row_xid = pg_current_xact_id()
    where r.program_id = forget.program_id and r.member_id = forget.member_id and r.device_hash is not null;
    get diagnostics devices = row_count;
    return jsonb_build_object('codes', codes, 'devices', devices);
end
$$;
