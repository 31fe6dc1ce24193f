-- What people do with an invoice that did not pass by itself.

-- Another content, by a person who looked at this revision.
create or replace function invoices.correct(
    p_program_id integer, p_invoice_id uuid, p_revision integer, p_content jsonb, p_findings jsonb, p_actor text, p_groups text[]
) returns text language plpgsql security definer set search_path = pg_catalog as $$
begin
    raise exception 'later';
end
$$;

create or replace function invoices.decide(
    p_program_id integer, p_invoice_id uuid, p_decision text, p_reason text, p_actor text, p_groups text[]
) returns text language plpgsql security definer set search_path = pg_catalog as $$
begin
    raise exception 'later';
end
$$;
