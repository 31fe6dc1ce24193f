-- A member is erased: what was concluded from their behaviour goes; sums of campaigns stay.

-- Internal: how many audiences they were in.
create or replace function campaigns.forget(program_id integer, member_id bigint) returns bigint
language sql set search_path = pg_catalog as $$
    with gone as (
        delete from campaigns.audience_member as a
        where a.program_id = forget.program_id and a.member_id = forget.member_id
        returning 1
    )
    select count(*) from gone
$$;
