-- What staff see of invoices.

-- A page of them, newest first, those before one. Filters, null for all.
create or replace function invoices.page(
    p_program_id integer, p_state text, p_number text, p_before uuid, p_page_size integer
) returns table (
    invoice_id uuid, document_id uuid, state text, kind text, number text, issued_on date, currency text, total_minor bigint,
    vendor text, codes text[], received_at timestamptz, erp_document_id text, case_id uuid)
language plpgsql stable security definer set search_path = pg_catalog as $$
begin
    raise exception 'later';
end
$$;

-- One with everything; null: there is none.
create or replace function invoices.one(p_program_id integer, p_invoice_id uuid) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog as $$
begin
    raise exception 'later';
end
$$;

-- Mail and PDFs, newest first: what came and was refused, too.
create or replace function invoices.mails(p_program_id integer, p_outcome text, p_before uuid, p_page_size integer)
returns setof jsonb language plpgsql stable security definer set search_path = pg_catalog as $$
begin
    raise exception 'later';
end
$$;

-- Labelled samples of some days, one a row.
create or replace function invoices.samples(p_program_id integer, p_from date, p_to date, p_most integer)
returns table (
    document_id uuid, invoice_id uuid, revision integer, field text, printed text, confidence real, read jsonb, corrected jsonb,
    corrected_by text, corrected_at timestamptz)
language plpgsql stable security definer set search_path = pg_catalog as $$
begin
    raise exception 'later';
end
$$;
