-- The simulation's own things in its database: a clock that stands until it is moved, ids that follow from the seed, and
-- what would come next by itself. Installed as owner over database/clock; never anywhere but in a test's database.
create schema if not exists storm;
grant usage on schema storm to public;
create unlogged table storm.world(only_row boolean primary key default true, seed bigint not null);
insert into storm.world(seed) values (0);
grant select on storm.world to public;
create sequence storm.ids;
grant usage on sequence storm.ids to public;

-- The simulation writes the time into a file beside the data: it moves far more often than anybody asks for it.
create or replace function clock.now() returns timestamptz language sql stable parallel safe security definer
    return pg_read_file('storm.' || current_database(), 0, 32)::timestamptz;

-- UUIDv7 of the simulated instant; the rest is drawn from the seed, one after the other.
create or replace function clock.new_id() returns uuid language sql volatile parallel safe
    return (
        select encode(
            substring(int8send((extract(epoch from clock.now()) * 1000)::bigint) from 3)
            || set_byte(set_byte(drawn.bytes, 0, 112 | (get_byte(drawn.bytes, 0) & 15)),
                        2, 128 | (get_byte(drawn.bytes, 2) & 63)), 'hex')::uuid
        from (select substring(decode(md5(w.seed || '.' || nextval('storm.ids')), 'hex') from 1 for 10) as bytes
              from storm.world as w) as drawn);

-- When each of the platform's own loops would next find something to do (null: nothing is in sight), so that the
-- simulation can leave out the looks that find nothing. `p_dead`: executions that are over, for the sweeper's sake;
-- `p_travelling`: redemptions whose orders are followed to their end.
create function storm.agenda(p_dead text[], p_travelling uuid[]) returns table(
    orders timestamptz, payments timestamptz, following timestamptz, sweeper timestamptz
) language plpgsql stable as $$
declare
    travels boolean := cardinality(p_travelling) > 0 and exists (
        select from orders.follow as f
        where f.redemption_id = any (p_travelling) and f.state = 'open'
          and (f.progress not in ('delivered', 'cancelled') or f.all_due_at is null));
begin
    return query select
        (select least(
            min(case when c.state = 'paused' then greatest(p.due_at, c.next_probe_at) else p.due_at end)
                filter (where p.state in ('queued', 'sent', 'unknown')),
            min(c.next_probe_at) filter (where c.state = 'paused'),
            min(timestamptz '2000-01-01 00:00+00') filter (
                where p.task_token is not null and p.answered_at is null
                  and (p.concluded_at is not null or p.given_up_at is not null or p.state = 'withdrawn')))
         from orders.placement as p join orders.connection as c using (connection)),
        (select least(
            -- What was refused again and again is a person's.
            (select least(min(p.next_look_at) filter (where p.unpaid_attempts <= 2),
                          min(p.authorised_at) filter (where p.state = 'authorised' and p.void_requested_at is null
                              and p.task is null and p.charge_generation < 12) + interval '6 days')
             from payments.payment as p),
            (select min(r.next_look_at) from payments.refund as r))),
        case when travels then (select least(
            (select min(greatest(least(f.next_look_at, f.next_report_at), f.lease_until))
             from orders.follow as f
             where f.state = 'open' and (f.next_look_at is not null or f.next_report_at is not null)),
            (select min(k.next_track_at) from orders.package as k),
            (select min(c.first_said_at) + interval '1 day' from orders.cancelled_order as c
             where c.first_said_at > clock.now() - interval '2 days'),
            (select timestamptz '2000-01-01 00:00+00' from orders.owed('default', 1)))) end,
        (select min(least(
            case when r.execution_started_at is null then r.updated_at + interval '5 seconds' end,
            case when r.state in ('ordering', 'settled') then r.lease_until - interval '1 day' end,
            case when r.state in ('awaiting_payment', 'cancelled') and p.state in ('opened', 'awaiting_approval')
                 then case when r.state = 'cancelled' then clock.now() else r.approve_until end end,
            case when r.execution_started_at is not null
                  and r.redemption_id || case when r.execution_number = 0 then '' else '-' || r.execution_number end
                      = any (p_dead)
                 then r.execution_checked_at + interval '15 minutes' end,
            case when r.execution_started_at is not null then interval '2 hours' + greatest(
                r.execution_started_at, r.updated_at, case
                    when r.state = 'ordering' then case when o.answered_at is not null then o.concluded_at
                                                        else timestamptz '9999-01-01 00:00+00' end
                    when p.task is null and p.state in ('authorised', 'captured', 'declined', 'abandoned', 'voided')
                         and (p.state = 'authorised') <= (r.state = 'awaiting_payment') then p.updated_at
                    else timestamptz '9999-01-01 00:00+00' end) end))
         from redemptions.redemption as r
         left join orders.placement as o using (program_id, redemption_id)
         left join payments.payment as p using (program_id, redemption_id)
         where r.state <> 'closed');
end
$$;
