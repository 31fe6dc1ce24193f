-- What a purchase was worth when it was granted: a partner's return of half of it takes back half of that.
create or replace function points.accrued(p_program_id int, p_partner text, p_partner_reference text)
returns table (amount bigint, reversed bigint) language sql stable security definer set search_path = pg_catalog
begin atomic
    select a.amount, coalesce((
               select sum(r.amount) from points.reversal r
               where r.program_id = a.program_id and r.accrual_op_id = a.op_id), 0)::bigint
    from points.accrual a
    where a.program_id = p_program_id and a.partner = p_partner and a.partner_reference = p_partner_reference;
end;

grant execute on function points.accrued(int, text, text) to partner_api;
