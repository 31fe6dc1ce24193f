-- Each row must say 0, after every step. Where time is named, a worker has had that long to finish.
create or replace view payments.invariants as
    select 'I9 captured at most what was approved' as name, count(*) as violations
    from payments.payment as p where p.captured_minor > p.amount_minor
    union all
    select 'I9 captured exactly what was intended and is still owed', count(*)
    from payments.payment as p
    where p.state = 'captured'
      and p.captured_minor is distinct from p.capture_minor - p.reduced_minor - p.written_off_minor
    union all
    select 'I9 at most one capture of what is taken at acceptance', count(*)
    from payments.payment as p where p.capture_at = 'acceptance' and p.captures > 1
    union all
    select 'I9 what was captured is the sum of its captures', count(*)
    from payments.payment as p
    left join lateral (
        select count(*) as captures, coalesce(sum(c.amount_minor), 0) as minor from payments.capture as c
        where c.program_id = p.program_id and c.redemption_id = p.redemption_id) as c on true
    where p.captured_minor <> c.minor or p.captures <> c.captures
    union all
    select 'I9 no capture is sent back more than once over', count(*)
    from (select from payments.capture as c
          join payments.refund as r using (program_id, redemption_id, capture_number)
          group by c.program_id, c.redemption_id, c.capture_number, c.amount_minor
          having sum(r.amount_minor) > c.amount_minor) as over
    union all
    select 'I9 money given back is not taken, sent back, or was never paid', count(*)
    from payments.payment as p
    join lateral (
        select sum(m.reduced_minor) as reduced, sum(m.refund_minor) as refund, sum(m.forgiven_minor) as forgiven
        from payments.money_back as m
        where m.program_id = p.program_id and m.redemption_id = p.redemption_id) as m on true
    left join lateral (
        select sum(r.amount_minor) as minor from payments.refund as r
        where r.program_id = p.program_id and r.redemption_id = p.redemption_id) as r on true
    where p.reduced_minor <> coalesce(m.reduced, 0) or coalesce(m.refund, 0) <> coalesce(r.minor, 0)
       or m.forgiven > p.written_off_minor
    union all
    -- Captured less sent back (or to be) is what the member owes, less what is open, or what the programme bears.
    select 'I9 captured less sent back is what the member owes', count(*)
    from payments.payment as p
    left join lateral (
        select sum(m.amount_minor) as returned, sum(m.forgiven_minor) as forgiven from payments.money_back as m
        where m.program_id = p.program_id and m.redemption_id = p.redemption_id) as m on true
    left join lateral (
        select sum(r.amount_minor) as minor from payments.refund as r
        where r.program_id = p.program_id and r.redemption_id = p.redemption_id) as r on true
    where p.state = 'captured'
      and p.captured_minor - coalesce(r.minor, 0) + p.written_off_minor - coalesce(m.forgiven, 0)
          <> p.capture_minor - coalesce(m.returned, 0)
    union all
    select 'I9 what was written off is on its account', count(*)
    from payments.payment as p
    left join lateral (
        select sum(h.amount_minor) as minor from payments.house as h
        where h.program_id = p.program_id and h.redemption_id = p.redemption_id
          and h.account in ('write_off', 'collected_elsewhere')
    ) as h on true
    where p.written_off_minor <> coalesce(h.minor, 0)
    union all
    select 'I12 money given back is decided within an hour', count(*)
    from payments.money_back as m
    join payments.payment as p using (program_id, redemption_id)
    where m.allocated_at is null and m.created_at < clock.now() - interval '1 hour' and p.state <> 'unknown'
    union all
    select 'I12 no refund in doubt is older than an hour', count(*)
    from payments.refund as r where r.state = 'sending' and r.begun_at < clock.now() - interval '1 hour'
    union all
    select 'I9 nothing captured of a payment given back', count(*)
    from payments.payment as p where p.void_requested_at is not null and p.captured_minor > 0
    union all
    select 'I13 nothing reserved for a payment that ended without money', count(*)
    from payments.payment as p
    where p.state in ('voided', 'declined', 'abandoned')
      and ((p.charge_id is not null and p.charge_cancelled_at is null) or p.captured_minor > 0)
    union all
    select 'I13 a payment to be given back is given back within an hour', count(*)
    from payments.payment as p
    where p.void_requested_at < clock.now() - interval '1 hour'
      and p.state not in ('voided', 'declined', 'abandoned')
    union all
    select 'I12 no unknown outcome is older than an hour', count(*)
    from payments.payment as p
    where p.state = 'unknown' and exists (
        select from payments.operation as o
        where o.program_id = p.program_id and o.redemption_id = p.redemption_id
          and o.concluded_at is null and o.begun_at < clock.now() - interval '1 hour')
    union all
    select 'I4 every call has a key of its own', count(*)
    from payments.operation as o
    where o.idempotency_key <> payments.idempotency_key(o.program_id, o.redemption_id, o.name);
