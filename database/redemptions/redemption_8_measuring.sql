-- What operators see of redemptions: how each ended, and how those stand that are under way. The canary's are not counted:
-- nobody wanted them.

-- How a redemption ended; no row while it has not. `waited_seconds`: from the last instant at which it had to wait for a
-- person (to change their mind, to pay, to confirm, to look at it) to its end.
create or replace function redemptions.ended(program_id integer, redemption_id uuid)
returns table (outcome text, points bigint, money_minor bigint, currency text, waited_seconds double precision)
language sql stable security definer set search_path = pg_catalog
begin atomic
    select r.outcome, r.settled_points, coalesce(r.accepted_money_minor, 0), r.currency,
           extract(epoch from greatest(interval '0', r.closed_at - greatest(
               r.release_at,
               (select max(e.occurred_at) from redemptions.event as e
                where e.program_id = r.program_id and e.redemption_id = r.redemption_id
                  and e.kind in ('confirmed', 'approved', 'not_confirmed', 'not_approved', 'cancelled',
                                 'payment_declined', 'payment_abandoned')),
               -- Renewals of a reservation come later.
               (select min(t.created_at) from payments.transition as t
                where t.program_id = r.program_id and t.redemption_id = r.redemption_id
                  and t.to_state = 'authorised'))))::double precision
    from redemptions.redemption as r
    join programme.in_earnest as p on p.program_id = r.program_id
    where r.program_id = ended.program_id and r.redemption_id = ended.redemption_id and r.state = 'closed';
end;

-- All that are under way: how many there are and hold points, how many points, and how many have neither moved for
-- `minutes` nor wait for a person.
create or replace function redemptions.standing(minutes integer)
returns table (open bigint, holds bigint, points_held bigint, overdue bigint)
language sql stable security definer set search_path = pg_catalog
begin atomic
    select count(*), count(*) filter (where r.points > r.settled_points + r.released_points),
           coalesce(sum(r.points - r.settled_points - r.released_points), 0)::bigint,
           count(*) filter (where r.state not in ('step_up', 'review', 'awaiting_payment')
                              and greatest(r.release_at, r.updated_at) < clock.now() - make_interval(mins => standing.minutes))
    from redemptions.redemption as r
    join programme.in_earnest as p on p.program_id = r.program_id
    where r.state <> 'closed';
end;
