-- Whether anybody ever redeemed: the store and its currency stand from then on.
create or replace function redemptions.any_yet(p_program_id integer) returns boolean
language sql stable security definer set search_path = pg_catalog as $$
    select exists (select from redemptions.redemption r where r.program_id = p_program_id)
$$;
grant execute on function redemptions.any_yet(integer) to manager_api, sweeper;

-- Internal: how long points that come back are good at least. An order keeps what it began with, unless more is published
-- meanwhile: what favours the member is for orders under way, too.
create or replace function redemptions.return_days(redemption redemptions.redemption) returns integer
language sql stable set search_path = pg_catalog as $$
    select greatest(redemption.return_days, (
        select (v.document -> 'points' ->> 'return_extension_days')::integer
        from programme.current(redemption.program_id) as v))
$$;
