-- A member is erased: payments keep ids, amounts and states; where the member approved them goes.

-- Internal: of these redemptions. How many pages.
create or replace function payments.forget(program_id integer, redemptions uuid[]) returns jsonb
language sql set search_path = pg_catalog as $$
    with gone as (
        update payments.payment as p set approval_url = null, row_xid = pg_current_xact_id()
        where p.program_id = forget.program_id and p.approval_url is not null and p.redemption_id = any (forget.redemptions)
        returning 1
    )
    select jsonb_build_object('approval_pages', count(*)) from gone
$$;
