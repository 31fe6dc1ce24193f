-- The importer's path into the ledger: the rules of points.accrue row by row, but one transaction, one lock and one update
-- of the member for many rows.

drop function if exists points.accrue_many(
    int, text, text, bigint, text, bigint[], uuid[], bigint[], date[], timestamptz[], text[], bytea[]);
drop function if exists points.accrue_many(
    int, text, text, bigint, text, bigint[], uuid[], bigint[], date[], timestamptz[], text[], bytea[], timestamptz[]);

-- Positions count from 1. Statuses: ok, replay, key_reuse, unknown_member, invalid; a refused row leaves the others alone.
-- Loops over index look-ups rather than joins: their plans do not depend on how large the tables are or when they were
-- last analysed.
create or replace function points.accrue_many(
    p_program_id int, p_partner text, p_funder text, p_unit_cost_micros bigint, p_actor text,
    p_member_ids bigint[], p_op_ids uuid[], p_amounts bigint[], p_expires_on date[], p_occurred_at timestamptz[],
    p_partner_references text[], p_request_hashes bytea[], p_pending_until timestamptz[] default null,
    p_campaign text default null
) returns table ("position" int, status text) language plpgsql security definer
set search_path = pg_catalog set plan_cache_mode = force_generic_plan as $$
declare
    v_now timestamptz := clock.now();
    v_today date := points.today(p_program_id);
    v_status text[] := '{}';
    v_order int[];
    v_granted numeric := 0;  -- of this call, to whomever: far below what one member may have unless the input is absurd
    v_owned bigint;
    i int;
    v_known record;
    m points.standing;
    a points.accrual;
begin
    -- The lock order of the ledger: members ascending, then references ascending.
    perform from points.member
    where program_id = p_program_id and member_id = any (p_member_ids)
    order by member_id for no key update;

    select array_agg(place order by reference, place) into v_order
    from unnest(p_partner_references) with ordinality as g (reference, place);
    foreach i in array coalesce(v_order, '{}') loop
        if not points.is_amount(p_amounts[i]) or not points.is_key(p_op_ids[i])
            or num_nulls(p_program_id, p_partner, p_funder, p_unit_cost_micros, p_actor, p_member_ids[i],
                p_occurred_at[i], p_partner_references[i], p_request_hashes[i]) > 0 then
            v_status[i] := 'invalid';
            continue;
        end if;
        select available + held + pending into v_owned from points.member
        where program_id = p_program_id and member_id = p_member_ids[i];
        if not found then
            v_status[i] := 'unknown_member';
            continue;
        end if;
        select member_id, request_hash into v_known from points.accrual
        where program_id = p_program_id and partner = p_partner and partner_reference = p_partner_references[i];
        if found then
            v_status[i] := case
                when v_known.request_hash = p_request_hashes[i]
                    and (v_known.member_id = p_member_ids[i]
                         or points.same_person(p_program_id, v_known.member_id, p_member_ids[i])) then 'replay'
                else 'key_reuse' end;
            continue;
        end if;
        perform from points.journal
        where program_id = p_program_id and member_id = p_member_ids[i] and op_id = p_op_ids[i] and leg = 1;
        if found then
            v_status[i] := 'key_reuse';
            continue;
        end if;
        if p_expires_on[i] not between v_today and date '9999-12-31' and p_expires_on[i] <> 'infinity'
            or v_owned + v_granted + p_amounts[i] > 9007199254740991 then
            v_status[i] := 'invalid';
            continue;
        end if;
        insert into points.accrual values (
            p_program_id, p_op_ids[i], p_partner, p_partner_references[i], p_member_ids[i], p_amounts[i], p_expires_on[i],
            p_pending_until[i], p_funder, p_unit_cost_micros, p_campaign, p_request_hashes[i], p_actor, p_occurred_at[i], v_now)
        on conflict do nothing;
        if found then
            v_status[i] := 'ok';
            v_granted := v_granted + p_amounts[i];
        else
            v_status[i] := 'key_reuse';
        end if;
    end loop;

    for i in
        select g.place from unnest(v_status, p_member_ids) with ordinality as g (status, member_id, place)
        where g.status = 'ok' order by g.member_id, g.place
    loop
        if m.member_id is distinct from p_member_ids[i] then
            if m.member_id is not null then perform points.store(m); end if;
            select * into m from points.locked(p_program_id, p_member_ids[i]);
            m := points.expire_lapsed(m, v_now, clock.new_id(), ''::bytea, 'ledger');
        end if;
        select * into a from points.accrual where program_id = p_program_id and op_id = p_op_ids[i];
        m := points.post_accrual(m, a);
    end loop;
    if m.member_id is not null then perform points.store(m); end if;

    return query select g.place::int, g.status from unnest(v_status) with ordinality as g (status, place) order by g.place;
end $$;

grant execute on function points.accrue_many(
    int, text, text, bigint, text, bigint[], uuid[], bigint[], date[], timestamptz[], text[], bytea[],
    timestamptz[], text
) to importer;
