-- The rate at which Amazon lets us call, kept by the database's clock for all who share a connection.

-- Takes one token, leaving at least `reserve` for those who matter more. Returns the seconds to wait; 0: taken.
-- The row is locked while counting, so no two callers ever share a token. A caller whose transaction began before the
-- last refill finds time going backwards and gets nothing for it. Tokens are not promised: who waits asks again.
create or replace function orders.take_token(
    program_id integer, connection text, operation text, per_second numeric, burst integer, reserve integer
) returns numeric language plpgsql security definer set search_path = pg_catalog as $$
declare
    bucket orders.bucket;
    instant timestamptz := clock.now();
    counted numeric;
begin
    if take_token.per_second <= 0 or take_token.burst < 1 or take_token.reserve not between 0 and take_token.burst - 1 then
        raise exception 'rate % burst % reserve % make no bucket', per_second, burst, reserve using errcode = '22023';
    end if;
    select * into bucket from orders.bucket as b
    where b.connection = take_token.connection and b.operation = take_token.operation for no key update;
    if not found then
        insert into orders.bucket(connection, operation, tokens, refilled_at)
        values (take_token.connection, take_token.operation, take_token.burst, instant)
        on conflict do nothing;
        select * into bucket from orders.bucket as b
        where b.connection = take_token.connection and b.operation = take_token.operation for no key update;
    end if;
    if bucket.closed_until > instant then
        return extract(epoch from bucket.closed_until - instant);
    end if;
    counted := least(take_token.burst, bucket.tokens
        + greatest(0, extract(epoch from instant - bucket.refilled_at)) * take_token.per_second);
    if counted < 1 + take_token.reserve then
        return (1 + take_token.reserve - counted) / take_token.per_second;
    end if;
    update orders.bucket as b
    set tokens = counted - 1,
        refilled_at = greatest(b.refilled_at, instant),
        row_xid = pg_current_xact_id()
    where b.connection = bucket.connection and b.operation = bucket.operation;
    return 0;
end
$$;

-- Amazon said 429: it counts differently, and it is right. Empty the bucket and keep it shut for a while.
drop function if exists orders.close_bucket(text, text, numeric);
create or replace function orders.close_bucket(connection text, operation text, seconds double precision) returns void
language sql security definer set search_path = pg_catalog
begin atomic
    update orders.bucket as b
    set tokens = 0,
        refilled_at = greatest(b.refilled_at, clock.now()),
        closed_until = greatest(b.closed_until,
                                clock.now() + make_interval(secs => least(close_bucket.seconds, 900))),
        row_xid = pg_current_xact_id()
    where b.connection = close_bucket.connection and b.operation = close_bucket.operation;
end;

-- What a programme says about its connection to Amazon.
drop function if exists orders.rate_of(integer);
create or replace function orders.rate_of(program_id integer)
returns table (connection text, per_second numeric, burst integer, purchase_order_prefix text)
language plpgsql stable security definer set search_path = pg_catalog as $$
begin
    return query
        select settings ->> 'connection', (settings ->> 'orders_per_second')::numeric, (settings ->> 'burst')::integer,
               coalesce(settings ->> 'purchase_order_prefix', '')
        from (select p.document -> 'integrations' -> 'amazon_business' as settings
              from programme.current(rate_of.program_id) as p) as current;
end
$$;
