-- What support sees of orders and may do to them. Each act locks the redemption's row and looks at the state again: what was possible
-- when a page was drawn may be over.

-- Internal: what an open redemption waits for and until when that is no surprise: release_delay, member (a confirmation or a
-- payment), person, payment, queue (Amazon's pace), amazon (its answer), machine. Of one that went well: delivery.
create or replace function redemptions.waits_for(r redemptions.redemption, out waits text, out until timestamptz)
language plpgsql stable set search_path = pg_catalog as $$
declare
    soon constant timestamptz := r.updated_at + interval '15 minutes';
    stands text;
begin
    case r.state
        when 'held' then
            waits := 'release_delay';
            until := greatest(r.release_at, soon);
        when 'step_up', 'review' then
            waits := case r.state when 'step_up' then 'member' else 'person' end;
            select p.deadline into until from redemptions.parking as p
            where p.program_id = r.program_id and p.redemption_id = r.redemption_id and p.result is null;
        when 'awaiting_payment' then
            select p.state into stands from payments.status_of(r.program_id, r.redemption_id) as p;
            waits := case when stands = 'authorised' then 'release_delay'
                          when stands in ('opened', 'awaiting_approval') then 'member' else 'payment' end;
            until := case waits when 'release_delay' then greatest(r.release_at, soon) when 'member' then r.approve_until
                                else soon end;
        when 'ordering' then
            stands := orders.state_of(r.program_id, r.redemption_id);
            waits := case when stands in ('planned', 'queued') then 'queue' when stands in ('sent', 'unknown') then 'amazon'
                          else 'machine' end;
            until := case waits when 'queue' then r.updated_at + interval '1 hour' else soon end;
        when 'closed' then
            if r.outcome in ('completed', 'partially_completed')
               and coalesce(orders.progress_word(r.program_id, r.redemption_id), '') not in ('delivered', 'cancelled') then
                waits := 'delivery';
            end if;
        else
            waits := case when r.money_minor > 0 then 'payment' else 'machine' end;
            until := soon;
    end case;
end
$$;

-- Internal: it should have gone on long ago, or the machine has given up and asked a person.
create or replace function redemptions.is_stuck(r redemptions.redemption) returns boolean
language sql stable set search_path = pg_catalog
return r.state <> 'closed' and (
    r.review_reason is not null
    or clock.now() > (select w.until from redemptions.waits_for(r) as w) + interval '15 minutes');

-- Internal: what support may do now.
create or replace function redemptions.actions(r redemptions.redemption) returns text[]
language sql stable set search_path = pg_catalog
return array_remove(array[
    case when r.state in ('held', 'step_up', 'review', 'awaiting_payment') then 'cancel' end,
    case when r.state in ('held', 'awaiting_payment') then 'change_address' end,
    case when redemptions.is_stuck(r) then 'try_again' end,
    case when r.state in ('settled', 'closed') and exists (
        select from redemptions.line as l
        where l.program_id = r.program_id and l.redemption_id = r.redemption_id
          and coalesce(l.accepted_quantity, 0) > l.given_back) then 'refund' end,
    case when r.state = 'closed' and r.outcome in ('completed', 'partially_completed') then 'send_again' end], null);

-- Internal: kept for whoever asks who it was.
create or replace function redemptions.note_act(r redemptions.redemption, kind text, reason text, actor text) returns void
language sql set search_path = pg_catalog
begin atomic
    insert into redemptions.staff_act(program_id, redemption_id, act_id, kind, reason, actor, done_at)
    values (r.program_id, r.redemption_id, clock.new_id(), note_act.kind, note_act.reason, note_act.actor, clock.now());
end;

-- As the member asks on the telephone: points return as after the member's own cancellation. Statuses as redemptions.cancel.
create or replace function redemptions.cancel_for_member(program_id integer, redemption_id uuid, reason text, actor text)
returns text language plpgsql security definer set search_path = pg_catalog as $$
declare
    redemption redemptions.redemption;
    said text;
begin
    select * into redemption from redemptions.redemption as r
    where r.program_id = cancel_for_member.program_id and r.redemption_id = cancel_for_member.redemption_id for no key update;
    said := redemptions.cancel_as(redemption, actor, '{}');
    if said = 'cancelled' then
        perform redemptions.note_act(redemption, 'cancelled', reason, actor);
    end if;
    return said;
end
$$;

-- To another of the member's addresses. Statuses as redemptions.change_address.
create or replace function redemptions.change_address_for_member(
    program_id integer, redemption_id uuid, address_id uuid, actor text
) returns text language plpgsql security definer set search_path = pg_catalog as $$
declare
    redemption redemptions.redemption;
    said text;
begin
    select * into redemption from redemptions.redemption as r
    where r.program_id = change_address_for_member.program_id
      and r.redemption_id = change_address_for_member.redemption_id for no key update;
    said := redemptions.change_address(redemption.program_id, redemption.member_id, redemption.redemption_id,
                                       change_address_for_member.address_id);
    if said = 'changed' then
        perform redemptions.note_act(redemption, 'address_changed', null, actor);
    end if;
    return said;
end
$$;

-- Another execution enters where the row stands, and an order that nobody knows of is looked up at once. The sweeper starts it within
-- a minute. Whatever the first one still does, each step happens once. Statuses: ok, not_found, over, not_stuck, too_soon (tried in the
-- last five minutes).
create or replace function redemptions.try_again(program_id integer, redemption_id uuid, actor text) returns text
language plpgsql security definer set search_path = pg_catalog as $$
declare
    redemption redemptions.redemption;
begin
    select * into redemption from redemptions.redemption as r
    where r.program_id = try_again.program_id and r.redemption_id = try_again.redemption_id for no key update;
    if not found then
        return 'not_found';
    elsif redemption.state = 'closed' then
        return 'over';
    elsif not redemptions.is_stuck(redemption) then
        return 'not_stuck';
    elsif exists (select from redemptions.staff_act as a
                  where a.program_id = redemption.program_id and a.redemption_id = redemption.redemption_id
                    and a.kind = 'tried_again' and a.done_at > clock.now() - interval '5 minutes') then
        return 'too_soon';
    end if;
    update redemptions.redemption as r
    set execution_number = r.execution_number + 1, execution_started_at = null, row_xid = pg_current_xact_id()
    where r.program_id = redemption.program_id and r.redemption_id = redemption.redemption_id
      and r.execution_started_at is not null;
    perform orders.look_now(redemption.program_id, redemption.redemption_id);
    perform redemptions.note_act(redemption, 'tried_again', null, actor);
    return 'ok';
end
$$;

-- What the member was told when it was ordered, once more. Statuses: ok, not_found, not_confirmed, too_many (three a day).
create or replace function redemptions.send_again(program_id integer, redemption_id uuid, actor text) returns text
language plpgsql security definer set search_path = pg_catalog as $$
declare
    redemption redemptions.redemption;
begin
    select * into redemption from redemptions.redemption as r
    where r.program_id = send_again.program_id and r.redemption_id = send_again.redemption_id for no key update;
    if not found then
        return 'not_found';
    elsif redemption.state <> 'closed' or redemption.outcome not in ('completed', 'partially_completed') then
        return 'not_confirmed';
    elsif (select count(*) from redemptions.staff_act as a
           where a.program_id = redemption.program_id and a.redemption_id = redemption.redemption_id
             and a.kind = 'sent_again' and a.done_at > clock.now() - interval '24 hours') >= 3 then
        return 'too_many';
    end if;
    perform outbox.emit(redemption.program_id, 'redemption.told_again', redemption.redemption_id::text, clock.new_id(),
                        jsonb_build_object('redemption_id', redemption.redemption_id, 'member_id', redemption.member_id,
                                           'outcome', redemption.outcome));
    perform redemptions.note_act(redemption, 'sent_again', null, actor);
    return 'ok';
end
$$;

-- Orders of the programme, newest first, those before one of them (null: from the newest). Filters, null for all: state, what it waits
-- for (a delivery: of the last sixty days), stuck, age in hours, a member with all that became part of the membership, a product,
-- with or without money. At most 200.
create or replace function redemptions.list_for_staff(
    program_id integer, before uuid, page_size integer, of_state text, of_waits text, only_stuck boolean, older_hours integer,
    of_members bigint[], of_asin text, with_money boolean
) returns table (
    redemption_id uuid, member_id bigint, state text, outcome text, review_reason text, waits_for text, waits_until timestamptz,
    stuck boolean, points bigint, money_minor bigint, currency text, created_at timestamptz, updated_at timestamptz,
    titles text[], progress text, payment_state text, settled_points bigint, released_points bigint
) language plpgsql stable security definer set search_path = pg_catalog set plan_cache_mode = force_custom_plan as $$
#variable_conflict use_column
begin
    return query
    select r.redemption_id, r.member_id, r.state, r.outcome, r.review_reason, w.waits, w.until, s.stuck, r.points, r.money_minor,
           r.currency, r.created_at, r.updated_at,
           array(select l.title from redemptions.line as l
                 where l.program_id = r.program_id and l.redemption_id = r.redemption_id order by l.line_number),
           orders.progress_word(r.program_id, r.redemption_id),
           (select p.state from payments.status_of(r.program_id, r.redemption_id) as p), r.settled_points, r.released_points
    from redemptions.redemption as r
    cross join lateral redemptions.waits_for(r) as w
    cross join lateral (select redemptions.is_stuck(r) as stuck) as s
    where r.program_id = list_for_staff.program_id
      and (list_for_staff.before is null or r.redemption_id < list_for_staff.before)
      and (list_for_staff.of_state is null or r.state = list_for_staff.of_state
           or list_for_staff.of_state = 'open' and r.state <> 'closed')
      and (list_for_staff.of_members is null or r.member_id = any (list_for_staff.of_members))
      and (list_for_staff.of_asin is null or exists (
              select from redemptions.line as l
              where l.program_id = r.program_id and l.asin = list_for_staff.of_asin and l.redemption_id = r.redemption_id))
      and (list_for_staff.with_money is null or (r.money_minor > 0) = list_for_staff.with_money)
      -- An id's time is its device's, and two days off at most.
      and (list_for_staff.older_hours is null
           or r.created_at < clock.now() - make_interval(hours => list_for_staff.older_hours)
              and r.redemption_id < clock.first_id(
                  clock.now() - make_interval(hours => list_for_staff.older_hours) + interval '2 days'))
      -- What is closed waits for nothing but its delivery, and is never stuck.
      and (list_for_staff.only_stuck is not true or r.state <> 'closed')
      and (list_for_staff.of_waits is null
           or list_for_staff.of_waits <> 'delivery' and r.state <> 'closed'
           or list_for_staff.of_waits = 'delivery' and r.redemption_id > clock.first_id(clock.now() - interval '60 days'))
      and (list_for_staff.of_waits is null or w.waits = list_for_staff.of_waits)
      and (list_for_staff.only_stuck is not true or s.stuck)
    order by r.redemption_id desc
    limit greatest(1, least(coalesce(list_for_staff.page_size, 50), 200));
end
$$;

grant execute on function
    redemptions.cancel_for_member(integer, uuid, text, text),
    redemptions.change_address_for_member(integer, uuid, uuid, text),
    redemptions.try_again(integer, uuid, text),
    redemptions.send_again(integer, uuid, text)
to manager_api;
