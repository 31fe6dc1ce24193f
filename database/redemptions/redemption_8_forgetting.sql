-- A member is erased: orders keep ids, amounts and times. Where they went is with the members; here are the codes that confirmed
-- them, the devices they came from, and what staff wrote about them.

-- Internal: how many of each went.
create or replace function redemptions.forget(program_id integer, member_id bigint) returns jsonb
language plpgsql set search_path = pg_catalog as $$
declare
    codes bigint;
    devices bigint;
    words bigint;
    looks bigint;
begin
    delete from redemptions.step_up_code as c
    where c.program_id = forget.program_id and c.member_id = forget.member_id;
    get diagnostics codes = row_count;
    update redemptions.redemption as r set device_hash = null, row_xid = pg_current_xact_id()
    where r.program_id = forget.program_id and r.member_id = forget.member_id and r.device_hash is not null;
    get diagnostics devices = row_count;
    update redemptions.staff_act as a set reason = '(erased)', row_xid = pg_current_xact_id()
    from redemptions.redemption as r
    where r.program_id = forget.program_id and r.member_id = forget.member_id
      and a.program_id = r.program_id and a.redemption_id = r.redemption_id and a.reason <> '(erased)';
    get diagnostics words = row_count;
    -- Why somebody let an order go on, or not.
    update redemptions.event as e set detail = e.detail - 'reason', row_xid = pg_current_xact_id()
    from redemptions.redemption as r
    where r.program_id = forget.program_id and r.member_id = forget.member_id
      and e.program_id = r.program_id and e.redemption_id = r.redemption_id and e.kind = 'looked_at' and e.detail ? 'reason';
    get diagnostics looks = row_count;
    return jsonb_build_object('codes', codes, 'devices', devices, 'words', words + looks);
end
$$;
