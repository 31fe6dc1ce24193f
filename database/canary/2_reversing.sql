-- What the canary redeemed is given back: all its points, and nothing else, because no money was in it.

-- Only of a programme whose orders are trials, as often as wanted. Statuses:
--   reversed   its points are back, now or before
--   cancelled  nothing was ordered: the state machine releases them
--   waiting    it is being ordered: ask again
--   not_found
create or replace function canary.reverse(p_redemption_id uuid) returns text
language plpgsql security definer set search_path = pg_catalog as $$
declare
    r redemptions.redemption;
    l record;
    v_status text;
begin
    select x.* into r from redemptions.redemption x
    where x.redemption_id = p_redemption_id
      and x.program_id in (select g.program_id from programme.program g where g.trial)
    for no key update;
    if not found then
        return 'not_found';
    elsif r.state in ('held', 'step_up', 'review', 'awaiting_payment') then
        perform redemptions.cancel_as(r, 'canary', '{}');
        return 'cancelled';
    elsif r.state not in ('settled', 'closed') then
        return 'waiting';
    end if;
    for l in
        select n.line_number, n.accepted_quantity - n.given_back as units from redemptions.line n
        where n.program_id = r.program_id and n.redemption_id = r.redemption_id and n.accepted_quantity > n.given_back
        order by n.line_number
    loop
        select t.status into v_status from redemptions.take_back(
            r.program_id, r.redemption_id, l.line_number, 'canary:' || l.units, l.units, 'ours', 'cancelled', 'canary') t;
        if v_status <> 'ok' then
            raise exception 'the canary''s points do not come back: %', v_status using errcode = '55000';
        end if;
    end loop;
    perform redemptions.return_discounts(array[r.redemption_id]);
    return 'reversed';
end
$$;

-- What nobody has reversed ten minutes after it could have been ordered, because who redeemed it died on the way. How many.
create or replace function canary.sweep(p_most integer) returns integer
language plpgsql security definer set search_path = pg_catalog as $$
declare
    v_left uuid;
    v_count integer := 0;
begin
    for v_left in
        select p.redemption_id from orders.placement p
        join redemptions.redemption r on r.program_id = p.program_id and r.redemption_id = p.redemption_id
        where p.trial and p.created_at > clock.now() - interval '30 days'
          and r.release_at < clock.now() - interval '10 minutes'
          and (r.state in ('held', 'step_up', 'review', 'awaiting_payment')
               or r.state in ('settled', 'closed') and exists (
                   select from redemptions.line l
                   where l.program_id = r.program_id and l.redemption_id = r.redemption_id
                     and l.accepted_quantity > l.given_back))
        order by p.created_at limit p_most
    loop
        perform canary.reverse(v_left);
        v_count := v_count + 1;
    end loop;
    return v_count;
end
$$;
