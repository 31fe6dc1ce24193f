-- A month's sums: what was invoiced and credited, what the ERP has, what Amazon charged, and which orders explain the difference.
create or replace function invoices.months(p_program_id integer, p_month date) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog as $$
begin
    raise exception 'later';
end
$$;
