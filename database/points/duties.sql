-- What falls due by itself: lapsed lots, pending points whose day has come. The sweeper calls these until they return 0.
-- Each passes over members somebody else is working on (skip locked) and may be stopped at any time.

-- Pending points of one accrual become available (or pay debt); the caller decides that their time or event has come.
create or replace function points.mature(
    p_program_id int, p_member_id bigint, p_op_id uuid, p_accrual_op_id uuid, p_actor text
) returns points.outcome language plpgsql security definer set search_path = pg_catalog as $$
declare
    v_now timestamptz := clock.now();
    v_hash bytea := points.request('mature', p_accrual_op_id::text);
    m points.standing;
    j points.journal;
    w points.pending;
    v_replay points.outcome;
begin
    if not points.is_key(p_op_id) or p_actor is null then return points.refusal('invalid', p_op_id, 0); end if;
    select * into m from points.locked(p_program_id, p_member_id);
    if not found then return points.refusal('unknown_member', p_op_id, 0); end if;
    v_replay := points.replay(m, p_op_id, v_hash);
    if v_replay.status is not null then return v_replay; end if;
    select * into w from points.pending
    where program_id = p_program_id and member_id = p_member_id and accrual_op_id = p_accrual_op_id;
    if not found then return points.refusal('unknown_accrual', p_op_id, 0); end if;
    if w.amount = 0 then return points.answer('ok', m, p_op_id, 0); end if;

    m := points.expire_lapsed(m, v_now, clock.new_id(), ''::bytea, 'ledger');
    j.op_id := p_op_id;
    j.ref_op := p_accrual_op_id;
    j.request_hash := v_hash;
    j.actor := p_actor;
    j.occurred_at := v_now;
    j.created_at := v_now;
    m := points.credit(m, j, 'mature', 3, w.amount, points.lot_key(w.expires_on, false));
    perform points.store(m);
    update points.pending set amount = 0, mature_op_id = p_op_id, row_xid = pg_current_xact_id()
    where program_id = p_program_id and member_id = p_member_id and accrual_op_id = p_accrual_op_id;
    return points.answer('ok', m, p_op_id, w.amount);
end $$;

-- The event that a purchase's points waited for has come, whatever its day. Again, or after the day came, is `replay`; points
-- that never waited, or were all taken back before, are `ok` with amount 0.
create or replace function points.mature_purchase(
    p_program_id int, p_op_id uuid, p_partner text, p_partner_reference text, p_actor text
) returns points.outcome language plpgsql security definer set search_path = pg_catalog as $$
declare
    m points.standing;
    w points.pending;
    v_member_id bigint;
    v_accrual uuid;
begin
    if not points.is_key(p_op_id) or num_nulls(p_partner, p_partner_reference, p_actor) > 0 then
        return points.refusal('invalid', p_op_id, 0);
    end if;
    select member_id, op_id into v_member_id, v_accrual from points.accrual
    where program_id = p_program_id and partner = p_partner and partner_reference = p_partner_reference;
    if not found then return points.refusal('unknown_accrual', p_op_id, 0); end if;
    select * into m from points.locked(p_program_id, v_member_id);
    select * into w from points.pending
    where program_id = p_program_id and member_id = v_member_id and accrual_op_id = v_accrual;
    if w.mature_op_id is not null then
        return points.replay(m, w.mature_op_id, points.request('mature', v_accrual::text));
    elsif w.accrual_op_id is null or w.amount = 0 then
        return points.answer('ok', m, p_op_id, 0);
    end if;
    return points.mature(p_program_id, v_member_id, p_op_id, v_accrual, p_actor);
end $$;

create or replace function points.mature_due(p_limit int, p_actor text) returns int
language plpgsql security definer set search_path = pg_catalog as $$
declare
    w record;
    v_count int := 0;
begin
    for w in
        select p.program_id, p.member_id, p.accrual_op_id
        from points.pending p
        join points.member m using (program_id, member_id)
        where p.amount > 0 and p.pending_until <= clock.now()
        order by p.pending_until limit p_limit
        for no key update of m skip locked
    loop
        perform points.mature(w.program_id, w.member_id, clock.new_id(), w.accrual_op_id, p_actor);
        v_count := v_count + 1;
    end loop;
    return v_count;
end $$;

create or replace function points.expire_due(p_limit int, p_actor text) returns int
language plpgsql security definer set search_path = pg_catalog as $$
declare
    due record;
    v_count int := 0;
begin
    for due in
        select m.program_id, m.member_id
        from programme.program g
        cross join lateral (select points.lot_key(points.today(g.program_id), true) as first_good) t
        join points.member m on m.program_id = g.program_id
        where m.head_key < t.first_good
        limit p_limit
        for no key update of m skip locked
    loop
        perform points.expire_member(due.program_id, due.member_id, clock.new_id(), p_actor);
        v_count := v_count + 1;
    end loop;
    return v_count;
end $$;

-- Open holds whose lease has run out. Whether one may be released is for the redemptions room to say. Found by reading all
-- members' rows: an index over leases would cost every hold more than the sweeper's look every minute costs.
create or replace view points.lapsed_holds as
select program_id, member_id, hold_id, open, lease_until from points.hold
where lease_until < clock.now();

drop function if exists points.purge_holds(int);

grant execute on function points.mature_purchase(int, uuid, text, text, text) to partner_api;
grant execute on function points.mature_due(int, text), points.expire_due(int, text) to sweeper;
