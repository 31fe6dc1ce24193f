-- What the sweeper asks: who was left standing. Every question is bounded, and asking it twice does no harm.

-- The state machine runs (or ran): StartExecution said so, or that the name is taken.
create or replace function redemptions.started(program_id integer, redemption_id uuid) returns void
language sql security definer set search_path = pg_catalog
begin atomic
    update redemptions.redemption as r
    set execution_started_at = clock.now(), execution_checked_at = clock.now(), row_xid = pg_current_xact_id()
    where r.program_id = started.program_id and r.redemption_id = started.redemption_id
      and r.execution_started_at is null;
end;

-- Redemptions whose execution nobody has seen start; the name is the one to start it with.
create or replace function redemptions.unstarted(most integer, older_than interval default interval '5 seconds')
returns table (program_id integer, redemption_id uuid, execution_name text)
language sql stable security definer set search_path = pg_catalog
begin atomic
    select r.program_id, r.redemption_id,
           r.redemption_id || case when r.execution_number = 0 then '' else '-' || r.execution_number end
    from redemptions.redemption as r
    where r.execution_started_at is null and r.state <> 'closed'
      and r.updated_at <= clock.now() - unstarted.older_than
    order by r.created_at
    limit unstarted.most;
end;

-- Open redemptions whose execution has not been looked at for a while; looking at them is noted. Those not looked at
-- for longest come first, so a queue of thousands is gone through in turns and a minute never asks more than `most`
-- questions. No sooner: what Step Functions says of an execution's first seconds may be out of date.
create or replace function redemptions.to_check(most integer, older_than interval default interval '2 minutes')
returns table (program_id integer, redemption_id uuid, execution_name text)
language sql volatile security definer set search_path = pg_catalog
begin atomic
    update redemptions.redemption as r
    set execution_checked_at = clock.now(), row_xid = pg_current_xact_id()
    where (r.program_id, r.redemption_id) in (
        select o.program_id, o.redemption_id from redemptions.redemption as o
        where o.state <> 'closed' and o.execution_started_at is not null
          and o.execution_checked_at <= clock.now() - to_check.older_than
        order by o.execution_checked_at
        limit to_check.most
        for no key update skip locked)
    returning r.program_id, r.redemption_id,
              r.redemption_id || case when r.execution_number = 0 then '' else '-' || r.execution_number end;
end;

-- The execution of this name has ended and the redemption has not: it needs another one. Each execution enters at the
-- state the row is in.
create or replace function redemptions.execution_died(program_id integer, redemption_id uuid, execution_name text)
returns void language sql security definer set search_path = pg_catalog
begin atomic
    update redemptions.redemption as r
    set execution_number = r.execution_number + 1, execution_started_at = null, row_xid = pg_current_xact_id()
    where r.program_id = execution_died.program_id and r.redemption_id = execution_died.redemption_id
      and r.state <> 'closed' and r.execution_started_at is not null
      and execution_died.execution_name
          = r.redemption_id || case when r.execution_number = 0 then '' else '-' || r.execution_number end;
end;

-- Redemptions that have not noticed for two hours what is decided (a review looks every hour): the answer went to a token
-- that nobody waits for, because a message was sent twice or came late. Another execution enters where the row stands;
-- the first one finds everything done when its time limit ends it.
create or replace function redemptions.overlooked(most integer)
returns table (program_id integer, redemption_id uuid, execution_name text)
language plpgsql stable security definer set search_path = pg_catalog as $$
declare
    long_ago timestamptz := clock.now() - interval '2 hours';
begin
    return query
        select r.program_id, r.redemption_id,
               r.redemption_id || case when r.execution_number = 0 then '' else '-' || r.execution_number end
        from redemptions.redemption as r
        left join orders.placement as o on o.program_id = r.program_id and o.redemption_id = r.redemption_id
        left join payments.payment as p on p.program_id = r.program_id and p.redemption_id = r.redemption_id
        where r.state <> 'closed' and r.execution_started_at <= long_ago and r.updated_at <= long_ago
          and case r.state
              when 'ordering' then o.concluded_at <= long_ago and o.answered_at is not null
              -- What is paid waits for the end of its release delay.
              when 'awaiting_payment' then p.task is null and p.updated_at <= long_ago
                  and (p.state <> 'authorised' or r.release_at <= long_ago) and p.state in ('authorised', 'declined', 'abandoned', 'voided')
              else p.task is null and p.updated_at <= long_ago
                  and p.state in ('captured', 'declined', 'abandoned', 'voided') end
        order by r.created_at
        limit overlooked.most;
end
$$;

-- Holds of redemptions that may have an order never lapse.
create or replace function redemptions.extend_leases(most integer)
returns bigint language plpgsql security definer set search_path = pg_catalog as $$
declare
    due record;
    extended bigint := 0;
begin
    for due in
        with found as materialized (
            select r.program_id, r.redemption_id, r.member_id, r.points from redemptions.redemption as r
            where r.state in ('ordering', 'settled') and r.lease_until <= clock.now() + interval '1 day'
            order by r.lease_until limit extend_leases.most for no key update skip locked)
        -- The ledger's lock order.
        select * from found as f order by f.program_id, f.member_id
    loop
        perform points.extend_lease(due.program_id, due.member_id, due.redemption_id, clock.now() + interval '3 days')
        where due.points > 0;
        update redemptions.redemption as r
        set lease_until = clock.now() + interval '3 days', row_xid = pg_current_xact_id()
        where r.program_id = due.program_id and r.redemption_id = due.redemption_id;
        extended := extended + 1;
    end loop;
    return extended;
end
$$;

-- Promises that nobody ever began to keep: held past the time in which the order could be sent, and no execution could
-- be started in all that time. The points return as our fault. Those whose lease is over and whose execution is said to
-- have started are found by to_check.
create or replace function redemptions.abandon(most integer)
returns bigint language plpgsql security definer set search_path = pg_catalog as $$
declare
    left_standing redemptions.redemption;
    abandoned uuid[] := '{}';
begin
    for left_standing in
        with found as materialized (
            select r.* from redemptions.redemption as r
            where r.execution_started_at is null and r.execution_number = 0 and r.place_before <= clock.now()
              and r.state in ('held', 'step_up', 'review', 'cancelled')
            order by r.created_at limit abandon.most for no key update skip locked)
        -- The ledger's lock order.
        select * from found as f order by f.program_id, f.member_id
    loop
        if left_standing.state <> 'cancelled' then
            perform redemptions.fail(left_standing, 'expired');
        end if;
        perform redemptions.release_points(left_standing.program_id, left_standing.redemption_id);
        abandoned := abandoned || left_standing.redemption_id;
    end loop;
    perform redemptions.return_discounts(abandoned);
    return cardinality(abandoned);
end
$$;

-- Members who did not approve their payment in time, and those who cancelled while it was open.
create or replace function redemptions.payments_to_abandon(most integer)
returns table (program_id integer, redemption_id uuid)
language plpgsql stable security definer set search_path = pg_catalog as $$
begin
    return query
        select r.program_id, r.redemption_id
        from redemptions.redemption as r
        cross join lateral payments.status_of(r.program_id, r.redemption_id) as p
        where r.state in ('awaiting_payment', 'cancelled') and r.execution_started_at is not null
          and (r.state = 'cancelled' or r.approve_until <= clock.now())
          and p.state in ('opened', 'awaiting_approval')
        order by r.approve_until
        limit payments_to_abandon.most;
end
$$;
