-- Each row must say 0, after every step. Where time is named, a worker has had that long to finish.
create or replace view payments.invariants as
    select 'I9 captured at most what was authorised' as name, count(*) as violations
    from payments.payment as p where p.captured_minor > p.authorised_minor
    union all
    select 'I9 captured exactly what was intended', count(*)
    from payments.payment as p
    where p.state = 'captured' and p.captured_minor is distinct from p.capture_minor
    union all
    select 'I9 at most one capture a redemption', count(*)
    from (select from payments.transition as t where t.to_state = 'captured'
          group by t.program_id, t.redemption_id having count(*) > 1) as twice
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
