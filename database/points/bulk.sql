-- The importer's path into the ledger: the rules of points.accrue row by row, but one transaction, one lock and one update
-- of the member for many rows.

-- Positions count from 1. Statuses: ok, replay, key_reuse, unknown_member, invalid; a refused row leaves the others alone.
create or replace function points.accrue_many(
    p_program_id int, p_partner text, p_funder text, p_unit_cost_micros bigint, p_actor text,
    p_member_ids bigint[], p_op_ids uuid[], p_amounts bigint[], p_expires_on date[], p_occurred_at timestamptz[],
    p_partner_references text[], p_request_hashes bytea[]
) returns table ("position" int, status text) language plpgsql security definer set search_path = pg_catalog as $$
declare
    v_now timestamptz := clock.now();
    v_new uuid[];
    m points.member;
    a points.accrual;
begin
    if num_nulls(p_program_id, p_partner, p_funder, p_unit_cost_micros, p_actor) > 0 then
        return query select i::int, 'invalid' from generate_subscripts(p_member_ids, 1) i;
        return;
    end if;
    -- The lock order of the ledger: members ascending, then references ascending.
    perform from points.member
    where program_id = p_program_id and member_id = any (p_member_ids)
    order by member_id for no key update;

    with given as (
        select g.*
        from unnest(p_member_ids, p_op_ids, p_amounts, p_expires_on, p_occurred_at, p_partner_references, p_request_hashes)
            with ordinality as g (member_id, op_id, amount, expires_on, occurred_at, reference, request_hash, place)
        where points.is_amount(g.amount) and points.is_key(g.op_id) and points.is_expiry(p_program_id, g.expires_on)
            and num_nulls(g.member_id, g.occurred_at, g.reference, g.request_hash) = 0
    ), first_of_each as (
        select distinct on (reference) * from given order by reference, place
    ), roomy as (
        select g.*, o.available + o.held + o.pending + sum(g.amount) over (partition by g.member_id order by g.place)
            <= 9007199254740991 as fits
        from first_of_each g
        join points.member o on o.program_id = p_program_id and o.member_id = g.member_id
        where not exists (
                select from points.journal j
                where j.program_id = p_program_id and j.member_id = g.member_id and j.op_id = g.op_id)
            and not exists (
                select from points.accrual k
                where k.program_id = p_program_id and k.partner = p_partner and k.partner_reference = g.reference)
    ), written as (
        insert into points.accrual
        select p_program_id, op_id, p_partner, reference, member_id, amount, expires_on, null, p_funder,
            p_unit_cost_micros, null, request_hash, p_actor, occurred_at, v_now
        from roomy where fits order by reference
        on conflict do nothing
        returning op_id
    )
    select coalesce(array_agg(op_id), '{}') into v_new from written;

    for a in
        select * from points.accrual where program_id = p_program_id and op_id = any (v_new)
        order by member_id, occurred_at, op_id
    loop
        if m.member_id is distinct from a.member_id then
            if m.member_id is not null then perform points.store(m); end if;
            select * into m from points.member where program_id = p_program_id and member_id = a.member_id;
            m := points.expire_lapsed(m, v_now, clock.new_id(), ''::bytea, 'ledger');
        end if;
        m := points.post_accrual(m, a);
    end loop;
    if m.member_id is not null then perform points.store(m); end if;

    return query
    select g.place::int, case
        when not (points.is_amount(g.amount) and points.is_key(g.op_id)
            and num_nulls(g.member_id, g.occurred_at, g.reference, g.request_hash) = 0) then 'invalid'
        when o.member_id is null then 'unknown_member'
        when k.op_id = any (v_new) and k.op_id = g.op_id
            and row_number() over (partition by g.reference, g.op_id order by g.place) = 1 then 'ok'
        when k.op_id is not null and k.member_id = g.member_id and k.request_hash = g.request_hash then 'replay'
        when k.op_id is not null or exists (
                select from points.journal j
                where j.program_id = p_program_id and j.member_id = g.member_id and j.op_id = g.op_id)
            or exists (select from points.accrual t where t.program_id = p_program_id and t.op_id = g.op_id) then 'key_reuse'
        else 'invalid'  -- lapsed already, or more points than a member can have
    end
    from unnest(p_member_ids, p_op_ids, p_amounts, p_expires_on, p_occurred_at, p_partner_references, p_request_hashes)
        with ordinality as g (member_id, op_id, amount, expires_on, occurred_at, reference, request_hash, place)
    left join points.member o on o.program_id = p_program_id and o.member_id = g.member_id
    left join points.accrual k
        on k.program_id = p_program_id and k.partner = p_partner and k.partner_reference = g.reference
    order by g.place;
end $$;

grant execute on function points.accrue_many(
    int, text, text, bigint, text, bigint[], uuid[], bigint[], date[], timestamptz[], text[], bytea[]
) to importer;
