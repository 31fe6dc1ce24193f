-- Work that nobody asks for: what the worker and the sweeper find by themselves.

-- A capture more than seven days after its authorisation may be refused, so it is renewed on the sixth. A permission takes
-- 25 charges: the later half is kept for shipments, which may take from an older reservation, or reserve when they come.
create or replace view payments.due_for_reauthorisation as
    select p.program_id, p.redemption_id, p.authorised_at, p.authorisation_expires_at
    from payments.payment as p
    where p.state = 'authorised' and p.void_requested_at is null and p.task is null
      and p.authorised_at <= clock.now() - interval '6 days' and p.charge_generation < 12;

-- Programmes with something to look at: the worker serves them all.
create or replace view payments.programs_at_work as
    select distinct w.program_id from (
        select p.program_id from payments.payment as p where p.next_look_at <= clock.now()
        union all select r.program_id from payments.refund as r where r.next_look_at <= clock.now()
        union all select c.program_id from payments.dispute as c where c.next_look_at <= clock.now()
        union all select d.program_id from payments.due_for_reauthorisation as d) as w;

-- At most `page_size` payments to look at now. Each is given out once in 20 seconds, whoever asks.
create or replace function payments.due(program_id integer, page_size integer)
returns table (redemption_id uuid, task text)
language sql security definer set search_path = pg_catalog
begin atomic
    with chosen as (
        select p.redemption_id, case
                when p.task = 'authorise' and p.state in ('opened', 'unknown') and p.session_id is null then 'authorise'
                when p.void_requested_at is not null then 'void'
                when p.capture_at = 'shipment' and p.capture_minor is not null
                     and p.state in ('authorised', 'completing', 'capturing', 'unknown', 'unpaid') then 'collect'
                when p.task = 'capture' or p.step = 'capture' then 'capture'
                when p.step = 'reauthorise' then 'reauthorise'
                when p.state in ('awaiting_approval', 'completing', 'unknown') or p.task = 'authorise' then 'complete'
                when p.state in ('captured', 'declined') then 'close'
                when p.state = 'authorised' and p.hinted then 'check'
            end as task
        from payments.payment as p
        where p.program_id = due.program_id and p.next_look_at <= clock.now()
        order by p.next_look_at limit due.page_size for update skip locked
    ), given as (
        update payments.payment as p
        set next_look_at = case when c.task is not null then clock.now() + interval '20 seconds' end
        from chosen as c
        where p.program_id = due.program_id and p.redemption_id = c.redemption_id
        returning p.redemption_id, c.task
    ), sent_back as (
        update payments.refund as r
        set next_look_at = clock.now() + interval '20 seconds', row_xid = pg_current_xact_id()
        where (r.program_id, r.redemption_id, r.refund_number) in (
            select o.program_id, o.redemption_id, o.refund_number from payments.refund as o
            where o.program_id = due.program_id and o.next_look_at <= clock.now()
            order by o.next_look_at limit due.page_size for update skip locked)
        returning r.redemption_id
    ), disputed as (
        update payments.dispute as c
        set next_look_at = clock.now() + interval '5 minutes', row_xid = pg_current_xact_id()
        where (c.program_id, c.redemption_id, c.dispute_id) in (
            select o.program_id, o.redemption_id, o.dispute_id from payments.dispute as o
            where o.program_id = due.program_id and o.next_look_at <= clock.now()
            order by o.next_look_at limit due.page_size for update skip locked)
        returning c.redemption_id
    )
    select g.redemption_id, g.task from given as g where g.task is not null
    union all
    (select distinct s.redemption_id, 'refund' from sent_back as s)
    union all
    (select distinct c.redemption_id, 'dispute' from disputed as c)
    union all
    (select d.redemption_id, 'reauthorise' from payments.due_for_reauthorisation as d
     where d.program_id = due.program_id order by d.authorised_at limit due.page_size);
end;

-- Nothing is left to do without being asked. A reservation rests only if its row has not moved since it was `seen`: a
-- shipment may have come meanwhile.
drop function if exists payments.at_rest(integer, uuid);
create or replace function payments.at_rest(program_id integer, redemption_id uuid, seen xid8) returns void
language sql security definer set search_path = pg_catalog
begin atomic
    update payments.payment as p set next_look_at = null, hinted = false
    where p.program_id = at_rest.program_id and p.redemption_id = at_rest.redemption_id 
      and p.task is null and (p.state in ('captured', 'voided', 'declined', 'abandoned')
                              or (p.state in ('authorised', 'unpaid') and p.row_xid = at_rest.seen));
end;
