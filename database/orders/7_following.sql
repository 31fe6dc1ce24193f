-- When to ask Amazon, and about what: one question at a time, leased to whoever asks, at the rate Amazon allows.
--
-- Pushes and hints come by themselves; bulk reports (30 orders a call) are the regular source and see every open order
-- every few hours; the order itself and the carrier are asked only when there was a hint or something is overdue.

-- Internal: a token for an operation, leaving some to those who place orders. Seconds to wait; 0: taken.
create or replace function orders.follow_token(program_id integer, connection text, operation text) returns numeric
language plpgsql set search_path = pg_catalog as $$
declare
    rate record;
begin
    select * into strict rate from orders.rate_of(follow_token.program_id);
    return orders.take_token(follow_token.program_id, follow_token.connection, follow_token.operation, rate.per_second,
                             rate.burst, least(3, rate.burst - 1));
end
$$;

-- The next question: `details` (the order itself), `track` (a package), `report` (up to 30 orders), or `wait`.
-- `instant` is what a synchronous answer is dated with.
create or replace function orders.next_question(connection text, lease_seconds integer, report_operations text[])
returns table (kind text, wait_seconds numeric, instant timestamptz, program_id integer, redemption_id uuid,
               external_id text, amazon_order_id text, shipment_id text, package_id text, order_ids text[],
               ordered_from timestamptz, ordered_to timestamptz, redemption_ids uuid[])
language plpgsql security definer set search_path = pg_catalog as $$
#variable_conflict use_column
declare
    now_ timestamptz := clock.now();
    lease_end timestamptz := now_ + make_interval(secs => next_question.lease_seconds);
    due record;
    operation text;
    seconds numeric;
begin
    kind := 'wait';
    wait_seconds := 30;
    instant := now_;
    -- Hinted ones first, then what is overdue.
    select f.program_id, f.redemption_id, p.external_id into due
    from orders.follow as f join orders.placement as p using (program_id, redemption_id)
    where f.connection = next_question.connection and f.state = 'open' and f.next_look_at <= now_
      and (f.lease_until is null or f.lease_until <= now_)
    order by f.hinted_at is null, f.next_look_at limit 1 for no key update of f skip locked;
    if found then
        seconds := orders.follow_token(due.program_id, next_question.connection, 'orderDetails');
        wait_seconds := least(wait_seconds, seconds);
        if seconds = 0 then
            update orders.follow as f set lease_until = lease_end, row_xid = pg_current_xact_id()
            where f.program_id = due.program_id and f.redemption_id = due.redemption_id;
            kind := 'details';
            program_id := due.program_id;
            redemption_id := due.redemption_id;
            external_id := due.external_id;
            return next;
            return;
        end if;
    end if;

    select k.program_id, k.redemption_id, k.shipment_key, k.package_key, k.package_id, s.amazon_order_id, s.shipment_id
    into due
    from orders.package as k
    join orders.shipment as s using (program_id, redemption_id, shipment_key)
    join orders.follow as f using (program_id, redemption_id)
    where k.next_track_at <= now_ and f.state = 'open' and f.connection = next_question.connection
      and s.shipment_id is not null
    order by k.next_track_at limit 1 for no key update of k skip locked;
    if found then
        seconds := orders.follow_token(due.program_id, next_question.connection, 'packageTracking');
        wait_seconds := least(wait_seconds, seconds);
        if seconds = 0 then
            -- Asked; if the answer is lost it is asked again, later each time.
            update orders.package as k
            set tracked_at = now_, tracks = k.tracks + 1, row_xid = pg_current_xact_id(),
                next_track_at = now_ + least(interval '12 hours' * 2 ^ least(k.tracks, 8), interval '7 days')
            where k.program_id = due.program_id and k.redemption_id = due.redemption_id
              and k.shipment_key = due.shipment_key and k.package_key = due.package_key;
            kind := 'track';
            program_id := due.program_id;
            redemption_id := due.redemption_id;
            amazon_order_id := due.amazon_order_id;
            shipment_id := due.shipment_id;
            package_id := due.package_id;
            return next;
            return;
        end if;
    end if;

    -- A connection's programmes share its buckets: any of them knows the rate.
    select array_agg(r.redemption_id), min(r.program_id) into redemption_ids, program_id
    from (select f.program_id, f.redemption_id from orders.follow as f
          where f.connection = next_question.connection and f.state = 'open' and f.next_report_at <= now_
            and (f.lease_until is null or f.lease_until <= now_)
          order by f.next_report_at limit 30 for no key update skip locked) as r;
    if redemption_ids is null then
        program_id := null;
        return next;
        return;
    end if;
    -- A batch needs all its reports: if one must wait, all wait.
    foreach operation in array next_question.report_operations loop
        seconds := orders.follow_token(program_id, next_question.connection, operation);
        if seconds > 0 then
            wait_seconds := least(wait_seconds, seconds);
            program_id := null;
            redemption_ids := null;
            return next;
            return;
        end if;
    end loop;
    -- At most 30 Amazon orders: a redemption that does not fit comes with the next batch, and of one that alone has more
    -- another thirty each time.
    select array_agg(one.amazon_order_id), min(one.ordered_at) - interval '1 day',
           least(max(one.ordered_at) + interval '1 day', now_), array_agg(distinct one.redemption_id)
    into order_ids, ordered_from, ordered_to, redemption_ids
    from (
        select o.amazon_order_id, f.ordered_at, f.redemption_id,
               row_number() over (order by f.next_report_at, f.redemption_id, md5(o.amazon_order_id || now_)) as place,
               count(*) over (order by f.next_report_at, f.redemption_id) as with_all_of_it,
               dense_rank() over (order by f.next_report_at, f.redemption_id) as redemption
        from orders.follow as f
        cross join lateral (
            select distinct p.amazon_order_id from orders.order_part as p
            where p.program_id = f.program_id and p.redemption_id = f.redemption_id
              and p.amazon_order_id is not null) as o
        where f.redemption_id = any (redemption_ids)) as one
    where one.place <= 30 and (one.with_all_of_it <= 30 or one.redemption = 1);
    if order_ids is null then
        -- Nothing that a report could be asked about.
        update orders.follow as f set next_report_at = now_ + interval '1 day', row_xid = pg_current_xact_id()
        where f.connection = next_question.connection and f.state = 'open' and f.next_report_at <= now_
          and not exists (select from orders.order_part as o
                          where o.program_id = f.program_id and o.redemption_id = f.redemption_id
                            and o.amazon_order_id is not null);
        wait_seconds := 0;
        return next;
        return;
    end if;
    update orders.follow as f set lease_until = lease_end, row_xid = pg_current_xact_id()
    where f.redemption_id = any (redemption_ids);
    kind := 'report';
    return next;
end
$$;

-- The order itself was asked: `answered` true, or false and it is asked again, later each time. Looked at unhinted again
-- while units that should have left have not, once a day.
create or replace function orders.looked(program_id integer, redemption_id uuid, answered boolean, asked_at timestamptz)
returns void language plpgsql security definer set search_path = pg_catalog as $$
begin
    update orders.follow as f
    set lease_until = null,
        looked_at = clock.now(),
        look_failures = case when looked.answered then 0 else f.look_failures + 1 end,
        -- A hint that came while we were asking is not answered by that.
        hinted_at = case when looked.answered and f.hinted_at <= looked.asked_at then null else f.hinted_at end,
        next_look_at = case
            when not looked.answered
                then clock.now() + least(interval '30 seconds' * 2 ^ least(f.look_failures, 10), interval '6 hours')
            when f.hinted_at > looked.asked_at then clock.now() + interval '1 minute'
            when f.units_shipped + f.units_lost < f.units then clock.now() + interval '1 day' end,
        row_xid = pg_current_xact_id()
    where f.program_id = looked.program_id and f.redemption_id = looked.redemption_id;
end
$$;

-- These orders were in a batch of reports; answered or not, they come again.
create or replace function orders.reported(redemption_ids uuid[], answered boolean, every_seconds integer) returns void
language sql security definer set search_path = pg_catalog
begin atomic
    update orders.follow as f
    set lease_until = null,
        reported_at = case when reported.answered then clock.now() else f.reported_at end,
        next_report_at = clock.now() + case when reported.answered then make_interval(secs => reported.every_seconds)
                                            else interval '2 minutes' end,
        row_xid = pg_current_xact_id()
    where f.redemption_id = any (reported.redemption_ids);
end;

-- The daily pass over the last days' orders, whoever follows them: a page, with the token it goes on with. Null: no
-- pass is due, or there is no token; `wait_seconds` says when to come again.
create or replace function orders.next_report_page(connection text, report text, days integer)
returns table (wait_seconds numeric, instant timestamptz, range_start timestamptz, range_end timestamptz, next_token text)
language plpgsql security definer set search_path = pg_catalog as $$
#variable_conflict use_column
declare
    pass orders.report_pass;
    now_ timestamptz := clock.now();
    any_program integer;
begin
    instant := now_;
    wait_seconds := 600;
    select min(f.program_id) into any_program from orders.follow as f
    where f.connection = next_report_page.connection and f.state = 'open';
    if any_program is null then
        return next;
        return;
    end if;
    insert into orders.report_pass(connection, report, range_start, range_end, started_at, next_pass_at)
    values (next_report_page.connection, next_report_page.report,
            now_ - make_interval(days => next_report_page.days), now_, now_, now_ + interval '1 day')
    on conflict do nothing;
    select * into pass from orders.report_pass as r
    where r.connection = next_report_page.connection and r.report = next_report_page.report
    for no key update skip locked;
    if not found then
        return next;
        return;
    elsif pass.finished_at is not null and pass.next_pass_at > now_ then
        wait_seconds := least(600, extract(epoch from pass.next_pass_at - now_));
        return next;
        return;
    elsif pass.finished_at is not null then
        update orders.report_pass as r
        set range_start = now_ - make_interval(days => next_report_page.days), range_end = now_, next_token = null,
            started_at = now_, finished_at = null, next_pass_at = now_ + interval '1 day', pages = 0,
            row_xid = pg_current_xact_id()
        where r.connection = pass.connection and r.report = pass.report
        returning r.* into pass;
    end if;
    wait_seconds := orders.follow_token(any_program, next_report_page.connection, next_report_page.report);
    if wait_seconds = 0 then
        range_start := pass.range_start;
        range_end := pass.range_end;
        next_token := pass.next_token;
    end if;
    return next;
end
$$;

-- A page was read: go on with its token, or the pass is done. At most 10,000 pages: a token that leads nowhere ends.
create or replace function orders.report_page_read(connection text, report text, range_end timestamptz, next_token text)
returns void language sql security definer set search_path = pg_catalog
begin atomic
    update orders.report_pass as r
    set next_token = report_page_read.next_token, pages = r.pages + 1,
        finished_at = case when report_page_read.next_token is null or r.pages >= 10000 then clock.now() end,
        row_xid = pg_current_xact_id()
    where r.connection = report_page_read.connection and r.report = report_page_read.report
      and r.range_end = report_page_read.range_end and r.finished_at is null;
end;

-- Amazon does not take the token any more: from the first page again.
create or replace function orders.report_pass_again(connection text, report text) returns void
language sql security definer set search_path = pg_catalog
begin atomic
    update orders.report_pass as r set next_token = null, row_xid = pg_current_xact_id()
    where r.connection = report_pass_again.connection and r.report = report_pass_again.report;
end;

-- What needs no question, a few orders at a time: cancellations that a report told a day ago and nothing denies; orders
-- that have arrived (or not) long enough ago leave the list; of those that are silent for too long a person is told.
-- Returns how many orders were touched.
create or replace function orders.tidy_following(connection text, most integer, kept_days integer, silent_days integer)
returns integer language plpgsql security definer set search_path = pg_catalog as $$
declare
    one record;
    changed integer;
    touched integer := 0;
begin
    for one in
        select f.program_id, f.redemption_id from orders.follow as f
        where f.connection = tidy_following.connection and f.state = 'open' and exists (
            select from orders.cancelled_order as c
            where c.program_id = f.program_id and c.redemption_id = f.redemption_id
              and c.first_said_at <= clock.now() - interval '1 day'
              and not exists (select from orders.shipment as s
                              where s.program_id = c.program_id and s.redemption_id = c.redemption_id
                                and s.amazon_order_id = c.amazon_order_id)
              and exists (select from orders.order_part as o
                          where o.program_id = c.program_id and o.redemption_id = c.redemption_id
                            and o.amazon_order_id = c.amazon_order_id and o.quantity > coalesce((
                                select sum(l.quantity) from orders.lost_unit as l
                                where l.program_id = o.program_id and l.redemption_id = o.redemption_id
                                  and l.line_number = o.line_number), 0)))
        limit tidy_following.most for no key update skip locked
    loop
        insert into orders.lost_unit as u (program_id, redemption_id, line_number, cause, cause_key, quantity,
                                           first_heard_at)
        select o.program_id, o.redemption_id, o.line_number, 'cancelled', '', sum(o.quantity), clock.now()
        from orders.order_part as o
        join orders.cancelled_order as c using (program_id, redemption_id, amazon_order_id)
        where o.program_id = one.program_id and o.redemption_id = one.redemption_id and o.quantity > 0
          and c.first_said_at <= clock.now() - interval '1 day'
          and not exists (select from orders.shipment as s
                          where s.program_id = c.program_id and s.redemption_id = c.redemption_id
                            and s.amazon_order_id = c.amazon_order_id)
        group by 1, 2, 3
        on conflict on constraint lost_unit_pkey do update
        set quantity = greatest(u.quantity, excluded.quantity), row_xid = pg_current_xact_id();
        perform orders.derive(one.program_id, one.redemption_id);
        touched := touched + 1;
    end loop;

    update orders.follow as f
    set state = 'closed', closed_at = clock.now(), lease_until = null, next_look_at = null,
        close_reason = case when f.progress = 'delivered' then 'delivered' else 'cancelled' end,
        row_xid = pg_current_xact_id()
    where (f.program_id, f.redemption_id) in (
        select c.program_id, c.redemption_id from orders.follow as c
        where c.connection = tidy_following.connection and c.state = 'open'
          and ((c.progress = 'delivered' and c.delivered_at <= clock.now() - make_interval(days => tidy_following.kept_days))
               or (c.progress = 'cancelled' and c.heard_at <= clock.now() - make_interval(days => tidy_following.kept_days)))
        limit tidy_following.most for no key update skip locked);
    get diagnostics changed = row_count;
    touched := touched + changed;

    for one in
        select f.program_id, f.redemption_id from orders.follow as f
        where f.connection = tidy_following.connection and f.state = 'open'
          and f.heard_at <= clock.now() - make_interval(days => tidy_following.silent_days)
          and f.progress not in ('delivered', 'cancelled')
          -- Not before it was promised to be there.
          and not exists (select from orders.order_part as o
                          where o.program_id = f.program_id and o.redemption_id = f.redemption_id
                            and o.delivery_latest > clock.now() - interval '7 days')
        limit tidy_following.most for no key update skip locked
    loop
        perform orders.open_case(one.program_id, one.redemption_id, 'nothing_heard',
                                 array['points_back', 'leave_as_it_is'], '{}');
        update orders.follow as f
        set state = 'closed', closed_at = clock.now(), close_reason = 'silent', lease_until = null, next_look_at = null,
            row_xid = pg_current_xact_id()
        where f.program_id = one.program_id and f.redemption_id = one.redemption_id;
        touched := touched + 1;
    end loop;
    return touched;
end
$$;

-- How following stands: for metrics. `unseen`: open for a day, and no report or look has answered about it for a day.
create or replace function orders.following(connection text)
returns table (open bigint, hinted bigint, unseen bigint, strays bigint)
language sql stable security definer set search_path = pg_catalog
begin atomic
    select count(*), count(*) filter (where f.hinted_at is not null),
           count(*) filter (where f.ordered_at <= clock.now() - interval '1 day'
                              and coalesce(greatest(f.reported_at, f.looked_at), '-infinity')
                                  <= clock.now() - interval '1 day'),
           (select count(*) from orders.stray as s where s.resolved_at is null)
    from orders.follow as f
    where f.connection = following.connection and f.state = 'open';
end;

-- Orders of which something is owed: a shipment's money not yet asked for, lost units not yet given back. The redemption
-- was not settled when it was heard.
create or replace function orders.owed(connection text, most integer)
returns table (program_id integer, redemption_id uuid)
language sql stable security definer set search_path = pg_catalog
begin atomic
    select f.program_id, f.redemption_id from orders.follow as f
    where f.connection = owed.connection
      and (exists (select from orders.lost_unit as l
                   where l.program_id = f.program_id and l.redemption_id = f.redemption_id
                     and l.given_back < l.quantity and l.refused is null)
           or exists (select from orders.shipped_unit as u
                      join orders.shipment as s using (program_id, redemption_id, shipment_key)
                      where u.program_id = f.program_id and u.redemption_id = f.redemption_id
                        and u.collected < u.quantity and s.shipped_at is not null
                        and not orders.is_lost(s.program_id, s.redemption_id, s.shipment_key))
           or (f.all_due_at is null and f.units_shipped + f.units_lost >= f.units))
    order by f.heard_at
    limit owed.most;
end;

-- Strays are kept for 90 days.
create or replace function orders.purge_strays(most integer) returns integer
language sql security definer set search_path = pg_catalog as $$
    with gone as (
        delete from orders.stray as s
        where s.stray_id in (select o.stray_id from orders.stray as o
                             where o.received_at <= clock.now() - interval '90 days'
                             limit purge_strays.most)
        returning 1)
    select count(*)::integer from gone
$$;
