-- The importer's path into the ledger: the same rules as points.accrue, one transaction and one lock a member for many rows.

create or replace function points.accrue_many(
    p_program_id int, p_partner text, p_funder text, p_unit_cost_micros bigint, p_actor text,
    p_member_ids bigint[], p_op_ids uuid[], p_amounts bigint[], p_expires_on date[], p_occurred_at timestamptz[],
    p_partner_references text[], p_request_hashes bytea[]
) returns table ("position" int, status text) language plpgsql security definer set search_path = pg_catalog as $$
declare
    v_answer points.outcome;
begin
    -- Until the set-based form: member rows first and in order, then row by row.
    perform from points.member
    where program_id = p_program_id and member_id = any (p_member_ids)
    order by member_id for no key update;
    for i in 1 .. coalesce(cardinality(p_member_ids), 0) loop
        v_answer := points.accrue(
            p_program_id, p_member_ids[i], p_op_ids[i], p_amounts[i], p_expires_on[i], p_occurred_at[i], p_partner,
            p_partner_references[i], p_funder, p_unit_cost_micros, p_request_hashes[i], p_actor);
        "position" := i;
        status := v_answer.status;
        return next;
    end loop;
end $$;

grant execute on function points.accrue_many(
    int, text, text, bigint, text, bigint[], uuid[], bigint[], date[], timestamptz[], text[], bytea[]
) to importer;
