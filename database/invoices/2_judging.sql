-- From what was read to what becomes of it: into the books, or to a person.

create or replace function invoices.judge(p_program_id integer, p_document_id uuid, p_readings jsonb) returns jsonb
language plpgsql security definer set search_path = pg_catalog as $$
begin
    raise exception 'later';
end
$$;

create or replace function invoices.give_up(p_program_id integer, p_document_id uuid, p_reason text) returns jsonb
language plpgsql security definer set search_path = pg_catalog as $$
begin
    raise exception 'later';
end
$$;

-- What waited is looked at again; how many were.
create or replace function invoices.judge_again(p_most integer) returns integer
language plpgsql security definer set search_path = pg_catalog as $$
begin
    raise exception 'later';
end
$$;

create or replace function invoices.posted(p_program_id integer, p_invoice_id uuid, p_erp_document_id text) returns void
language plpgsql security definer set search_path = pg_catalog as $$
begin
    raise exception 'later';
end
$$;

create or replace function invoices.posting_refused(p_program_id integer, p_invoice_id uuid, p_reason text) returns void
language plpgsql security definer set search_path = pg_catalog as $$
begin
    raise exception 'later';
end
$$;
