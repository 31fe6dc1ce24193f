-- The points ledger. This file is all of it that moves points; the tables are in the migrations, reads in reading.sql.
--
-- Rules
--  * One member row holds the balances and the lots. Every operation locks that row FIRST (FOR NO KEY UPDATE), then reads,
--    computes and writes. Everything else an operation touches (hold, pending, journal) belongs to the locked member, so
--    there is one lock order and no deadlock; whoever locks several members goes by ascending member_id. An accrual's
--    reference is the one key two members could fight for: it is inserted after the member locks, by ascending reference.
--  * A lot is all points of a member that lapse together. Its key sorts by expiry: twice the days since 2000-01-01, plus 1
--    unless the member has already extended it once. No expiry is the largest key. expires_on is the last good day
--    where the programme is (points.time_zone).
--  * A hold takes the soonest-expiring points and pins their lots: expiry never sees held points. Settling takes the
--    soonest of the hold; releasing gives back the latest, to the lots they came from.
--  * The return rule: points whose lot lapsed while they were held come back until `today + return_days`. If the member
--    caused it, the lot is marked as extended, and a marked lot that lapses in a hold again expires instead of coming
--    back. If we caused it, it is extended whatever the mark, and the mark stays as it is.
--  * The journal is append-only. A row moves points from account `dr` to account `cr` (points.account), a member's rows are
--    numbered 1..n, and each carries the SHA-256 of all its columns and of the row before.
--  * Lapsed points are nobody's: any operation that succeeds first writes off what has lapsed, as its own `expire` row. So
--    no result depends on when the expiry job last ran. An operation that is refused writes nothing at all.
--  * An operation is known by (program, member, op_id) with the hash of its request: again is `replay` with the first
--    answer, another request under the same key is `key_reuse`. Refusals are statuses; exceptions mean the ledger is broken
--    or, for a month without a partition, closed.
--  * Functions are SECURITY DEFINER with fully qualified names. No entry point's role can create an object, so the missing
--    search_path on the hot ones cannot be abused.

-- ---- lots -------------------------------------------------------------------------------------------------------

-- Where the programme's days begin and end; UTC until something is published.
-- PL/pgSQL keeps its plan; a SQL function would be planned anew by every operation.
create or replace function points.zone(p_program_id int) returns text language plpgsql stable as $$
begin
    return coalesce(
        (select p.time_zone from programme.published p
         where p.program_id = p_program_id order by p.version desc limit 1), 'UTC');
end $$;

create or replace function points.today(p_program_id int) returns date language sql stable
    return (clock.now() at time zone points.zone(p_program_id))::date;

create or replace function points.lot_key(p_expires_on date, p_extended boolean) returns int
language sql immutable parallel safe
    return case when p_expires_on is null or p_expires_on = 'infinity' then 2147483647
                else (p_expires_on - date '2000-01-01') * 2 + (not p_extended)::int end;

create or replace function points.lot_expires_on(p_key int) returns date language sql immutable parallel safe
    return case when p_key <> 2147483647 then date '2000-01-01' + p_key / 2 end;

create or replace function points.lot_extended(p_key int) returns boolean language sql immutable parallel safe
    return p_key % 2 = 0;

-- Part a list of lots: its first `p_first` points, and the rest.
create or replace function points.split(
    p_keys int[], p_amounts bigint[], p_first bigint,
    out first_keys int[], out first_amounts bigint[], out rest_keys int[], out rest_amounts bigint[]
) language plpgsql immutable parallel safe as $$
declare
    v_left bigint := p_first;
    i int := 0;
begin
    while v_left > 0 loop
        i := i + 1;
        if p_amounts[i] is null then raise exception 'the lots hold less than the balance'; end if;
        v_left := v_left - p_amounts[i];
    end loop;
    first_keys := p_keys[:i];
    first_amounts := p_amounts[:i];
    if v_left < 0 then
        first_amounts[i] := p_amounts[i] + v_left;
        rest_keys := p_keys[i:];
        rest_amounts := p_amounts[i:];
        rest_amounts[1] := -v_left;
    else
        rest_keys := p_keys[i + 1:];
        rest_amounts := p_amounts[i + 1:];
    end if;
end $$;

-- Add points to one lot (or take some, if negative) and keep the list sorted and free of empty lots.
create or replace function points.put(inout p_keys int[], inout p_amounts bigint[], p_key int, p_delta bigint)
language plpgsql immutable parallel safe as $$
declare
    i int := 1;
begin
    while p_keys[i] < p_key loop i := i + 1; end loop;
    if p_keys[i] = p_key then
        p_amounts[i] := p_amounts[i] + p_delta;
        if p_amounts[i] = 0 then
            p_keys := p_keys[:i - 1] || p_keys[i + 1:];
            p_amounts := p_amounts[:i - 1] || p_amounts[i + 1:];
        end if;
    elsif p_delta <> 0 then
        p_keys := p_keys[:i - 1] || p_key || p_keys[i:];
        p_amounts := p_amounts[:i - 1] || p_delta || p_amounts[i:];
    end if;
end $$;

-- The points of a list of lots that lapsed before today.
create or replace function points.lapsed(p_keys int[], p_amounts bigint[], p_first_good_key int) returns bigint
language plpgsql immutable parallel safe as $$
declare
    v_total bigint := 0;
    i int := 1;
begin
    while p_keys[i] < p_first_good_key loop
        v_total := v_total + p_amounts[i];
        i := i + 1;
    end loop;
    return v_total;
end $$;

-- ---- journal ----------------------------------------------------------------------------------------------------

-- Months from two back (keys may be 48 hours old) to three ahead. There is no default partition: a missing month fails.
create or replace procedure points.ensure_partitions() language plpgsql security definer
set search_path = pg_catalog as $$
declare
    v_month timestamp;
    v_name text;
begin
    perform pg_advisory_xact_lock(7203115);
    for i in -2 .. 3 loop
        v_month := date_trunc('month', clock.now() at time zone 'UTC') + make_interval(months => i);
        v_name := 'journal_' || to_char(v_month, 'YYYYMM');
        continue when to_regclass('points.' || v_name) is not null;
        -- Created aside and attached, so that the ledger is not locked while it works.
        execute format('create table points.%I (like points.journal including all)', v_name);
        execute format(
            'alter table points.journal attach partition points.%I for values from (%L) to (%L)', v_name,
            clock.first_id(v_month at time zone 'UTC'),
            clock.first_id((v_month + interval '1 month') at time zone 'UTC'));
        execute format(
            'create trigger append_only_whole before truncate on points.%I execute function points.refuse_change()',
            v_name);
    end loop;
end $$;

create or replace function points.sealed(p_text text) returns bytea language sql stable parallel safe
    return int4send(coalesce(octet_length(convert_to(p_text, 'UTF8')), -1)) || coalesce(convert_to(p_text, 'UTF8'), '');

create or replace function points.sealed(p_list int[]) returns bytea language sql stable parallel safe
    return coalesce(array_send(p_list), '\xffffffff');

create or replace function points.sealed(p_list bigint[]) returns bytea language sql stable parallel safe
    return coalesce(array_send(p_list), '\xffffffff');

-- The link of a row: SHA-256 of the link before and of every column, each of fixed length or with its length in front.
-- Left out: chain itself, and txid, which says where this copy of the database wrote the row (a restored one has others).
create or replace function points.link(p_before bytea, j points.journal) returns bytea language sql stable parallel safe
    return sha256(
        p_before || int4send(j.program_id) || int8send(j.member_id) || uuid_send(j.op_id) || int2send(j.leg)
        || int8send(j.sequence) || points.sealed(j.kind::text) || int2send(j.dr) || int2send(j.cr) || int8send(j.amount)
        || int8send(j.available_after) || int8send(j.held_after) || int8send(j.pending_after) || int8send(j.debt_after)
        || points.sealed(j.lot_keys) || points.sealed(j.lot_amounts) || points.sealed(j.lot_to)
        || points.sealed(j.ref_op::text) || points.sealed(j.reference) || points.sealed(j.actor)
        || points.sealed(j.approver) || int4send(octet_length(j.request_hash)) || j.request_hash
        || timestamptz_send(j.occurred_at) || timestamptz_send(j.created_at));

-- Move points: the balances of the member in hand, and the next row of the journal. `j` carries what all legs share.
create or replace function points.post(
    m points.member, j points.journal, p_leg int, p_kind points.kind, p_dr int, p_cr int, p_amount bigint,
    p_lot_keys int[], p_lot_amounts bigint[], p_lot_to int[] default null
) returns points.member language plpgsql as $$
begin
    if p_dr = 1 then m.available := m.available - p_amount;
    elsif p_dr = 2 then m.held := m.held - p_amount;
    elsif p_dr = 3 then m.pending := m.pending - p_amount;
    elsif p_dr = 4 then m.debt := m.debt + p_amount;
    end if;
    if p_cr = 1 then m.available := m.available + p_amount;
    elsif p_cr = 2 then m.held := m.held + p_amount;
    elsif p_cr = 3 then m.pending := m.pending + p_amount;
    elsif p_cr = 4 then m.debt := m.debt - p_amount;
    end if;
    m.version := m.version + 1;
    j.program_id := m.program_id;
    j.member_id := m.member_id;
    j.leg := p_leg;
    j.sequence := m.version;
    j.kind := p_kind;
    j.dr := p_dr;
    j.cr := p_cr;
    j.amount := p_amount;
    j.available_after := m.available;
    j.held_after := m.held;
    j.pending_after := m.pending;
    j.debt_after := m.debt;
    j.lot_keys := p_lot_keys;
    j.lot_amounts := p_lot_amounts;
    j.lot_to := p_lot_to;
    j.txid := pg_current_xact_id();
    j.chain := points.link(m.chain, j);
    m.chain := j.chain;
    insert into points.journal values (j.*);
    return m;
end $$;

create or replace function points.store(m points.member) returns void language plpgsql as $$
begin
    update points.member
    set available = m.available, held = m.held, pending = m.pending, debt = m.debt, version = m.version,
        chain = m.chain, lot_keys = m.lot_keys, lot_amounts = m.lot_amounts
    where program_id = m.program_id and member_id = m.member_id;
end $$;

-- Write off what has lapsed, in the hands of an operation that is about to succeed.
create or replace function points.expire_lapsed(m points.member, p_now timestamptz, p_op_id uuid, p_hash bytea, p_actor text)
returns points.member language plpgsql as $$
declare
    j points.journal;
    v_lapsed bigint := points.lapsed(m.lot_keys, m.lot_amounts, points.lot_key(points.today(m.program_id), true));
    v_parts record;
begin
    if v_lapsed = 0 then return m; end if;
    select * into v_parts from points.split(m.lot_keys, m.lot_amounts, v_lapsed);
    m.lot_keys := v_parts.rest_keys;
    m.lot_amounts := v_parts.rest_amounts;
    j.op_id := p_op_id;
    j.request_hash := p_hash;
    j.actor := p_actor;
    j.occurred_at := p_now;
    j.created_at := p_now;
    return points.post(m, j, 1, 'expire', 1, 12, v_lapsed, v_parts.first_keys, v_parts.first_amounts);
end $$;

-- ---- answers ----------------------------------------------------------------------------------------------------

create or replace function points.answer(p_status text, m points.member, p_op_id uuid, p_amount bigint)
returns points.outcome language sql stable
    return row(p_status, p_op_id, m.version, m.available, m.held, m.pending, m.debt, p_amount)::points.outcome;

create or replace function points.refusal(p_status text, p_op_id uuid, p_amount bigint) returns points.outcome
language sql immutable
    return row(p_status, p_op_id, null, null, null, null, null, p_amount)::points.outcome;

-- What this member's operation answered the first time; null if there was none. Only under the member's lock.
-- One plan for all keys: planning the month anew for each costs more than looking.
create or replace function points.replay(m points.member, p_op_id uuid, p_hash bytea) returns points.outcome
language plpgsql set plan_cache_mode = force_generic_plan as $$
declare
    v_hash bytea;
    v_first points.outcome;
begin
    select request_hash into v_hash from points.journal
    where program_id = m.program_id and member_id = m.member_id and op_id = p_op_id and leg = 1;
    if not found then return null; end if;
    if v_hash <> p_hash then return points.answer('key_reuse', m, p_op_id, 0); end if;
    select 'replay', p_op_id, sequence, available_after, held_after, pending_after, debt_after,
           sum(amount) over ()
    into v_first from points.journal
    where program_id = m.program_id and member_id = m.member_id and op_id = p_op_id
    order by leg desc limit 1;
    return v_first;
end $$;

-- Amounts are counted exactly by every reader, browsers included: up to 2^53 - 1.
create or replace function points.is_amount(p_amount bigint) returns boolean language sql immutable
    return coalesce(p_amount between 1 and 9007199254740991, false);

create or replace function points.is_key(p_op_id uuid) returns boolean language sql immutable
    return coalesce(get_byte(uuid_send(p_op_id), 6) >> 4 = 7, false);

create or replace function points.has_room(m points.member, p_amount bigint) returns boolean language sql immutable
    return m.available + m.held + m.pending + p_amount <= 9007199254740991;

create or replace function points.is_expiry(p_program_id int, p_expires_on date) returns boolean language sql stable
    return p_expires_on is null or p_expires_on = 'infinity'
        or p_expires_on between points.today(p_program_id) and date '9999-12-31';

create or replace function points.request(variadic p_parts text[]) returns bytea language sql immutable
    return sha256(convert_to(array_to_string(p_parts, '|', '-'), 'UTF8'));

-- ---- operations -------------------------------------------------------------------------------------------------

create or replace function points.open_account(p_program_id int, p_member_id bigint) returns void
language sql security definer set search_path = pg_catalog
begin atomic
    insert into points.member (program_id, member_id) values (p_program_id, p_member_id) on conflict do nothing;
end;

-- New points of any origin pay debt first; what is left becomes available.
create or replace function points.credit(
    m points.member, j points.journal, p_kind points.kind, p_from int, p_amount bigint, p_key int
) returns points.member language plpgsql as $$
declare
    v_repaid bigint := least(m.debt, p_amount);
    v_lots record;
begin
    if v_repaid > 0 then
        m := points.post(m, j, 1, 'repay', p_from, 4, v_repaid, null, null);
    end if;
    if p_amount > v_repaid then
        select * into v_lots from points.put(m.lot_keys, m.lot_amounts, p_key, p_amount - v_repaid);
        m.lot_keys := v_lots.p_keys;
        m.lot_amounts := v_lots.p_amounts;
        m := points.post(
            m, j, case when v_repaid > 0 then 2 else 1 end, p_kind, p_from, 1, p_amount - v_repaid,
            array[p_key], array[p_amount - v_repaid]);
    end if;
    return m;
end $$;

-- An accrual that is already written down in points.accrual moves its points.
create or replace function points.post_accrual(m points.member, a points.accrual) returns points.member
language plpgsql as $$
declare
    j points.journal;
begin
    j.op_id := a.op_id;
    j.ref_op := a.op_id;
    j.reference := a.partner_reference;
    j.request_hash := a.request_hash;
    j.actor := a.actor;
    j.occurred_at := a.occurred_at;
    j.created_at := a.created_at;
    if a.pending_until is null then
        return points.credit(m, j, 'accrue', 10, a.amount, points.lot_key(a.expires_on, false));
    end if;
    insert into points.pending (program_id, member_id, accrual_op_id, amount, expires_on, pending_until)
    values (a.program_id, a.member_id, a.op_id, a.amount, a.expires_on, a.pending_until);
    return points.post(m, j, 1, 'accrue', 10, 3, a.amount, null, null);
end $$;

create or replace function points.accrue(
    p_program_id int, p_member_id bigint, p_op_id uuid, p_amount bigint, p_expires_on date, p_occurred_at timestamptz,
    p_partner text, p_partner_reference text, p_funder text, p_unit_cost_micros bigint, p_request_hash bytea,
    p_actor text, p_pending_until timestamptz default null, p_campaign text default null
) returns points.outcome language plpgsql security definer set search_path = pg_catalog as $$
declare
    v_now timestamptz := clock.now();
    m points.member;
    a points.accrual;
    v_known points.accrual;
    v_replay points.outcome;
begin
    if not points.is_amount(p_amount) or not points.is_key(p_op_id)
        or num_nulls(p_occurred_at, p_partner, p_partner_reference, p_funder, p_unit_cost_micros, p_request_hash, p_actor) > 0
    then
        return points.refusal('invalid', p_op_id, p_amount);
    end if;
    select * into m from points.member
    where program_id = p_program_id and member_id = p_member_id for no key update;
    if not found then return points.refusal('unknown_member', p_op_id, p_amount); end if;

    select * into v_known from points.accrual
    where program_id = p_program_id and partner = p_partner and partner_reference = p_partner_reference;
    if found then
        if v_known.member_id <> p_member_id then return points.refusal('key_reuse', p_op_id, 0); end if;
        return points.replay(m, v_known.op_id, p_request_hash);
    end if;
    v_replay := points.replay(m, p_op_id, p_request_hash);
    if v_replay.status is not null then return points.answer('key_reuse', m, p_op_id, 0); end if;
    if not points.has_room(m, p_amount) or not points.is_expiry(p_program_id, p_expires_on) then
        return points.answer('invalid', m, p_op_id, p_amount);
    end if;

    insert into points.accrual values (
        p_program_id, p_op_id, p_partner, p_partner_reference, p_member_id, p_amount, p_expires_on, p_pending_until,
        p_funder, p_unit_cost_micros, p_campaign, p_request_hash, p_actor, p_occurred_at, v_now)
    on conflict do nothing returning * into a;
    -- Another member's accrual took the reference or the key while we waited: it is not ours to show.
    if not found then return points.refusal('key_reuse', p_op_id, 0); end if;

    m := points.expire_lapsed(m, v_now, clock.new_id(), ''::bytea, 'ledger');
    m := points.post_accrual(m, a);
    perform points.store(m);
    return points.answer('ok', m, p_op_id, p_amount);
end $$;

-- The hot one, so it does by itself what post, split and store do for the others. Its journal row is the first thing it
-- writes: if the key is taken there, nothing has happened yet, and only then somebody looks what the key was.
create or replace function points.hold(
    p_program_id int, p_member_id bigint, p_op_id uuid, p_amount bigint, p_lease_until timestamptz,
    p_request_hash bytea, p_actor text
) returns points.outcome language plpgsql security definer as $$
declare
    v_now timestamptz := clock.now();
    -- Nowhere is it later: what is good until then need not know where the programme is.
    v_first_good int := points.lot_key(((clock.now() + interval '14 hours') at time zone 'UTC')::date, true);
    m points.member;
    j points.journal;
    v_replay points.outcome;
    v_lapsed bigint;
    v_parts record;
begin
    if not points.is_amount(p_amount) or not points.is_key(p_op_id)
        or num_nulls(p_lease_until, p_request_hash, p_actor) > 0 then
        return points.refusal('invalid', p_op_id, p_amount);
    end if;
    select * into m from points.member
    where program_id = p_program_id and member_id = p_member_id for no key update;
    if not found then return points.refusal('unknown_member', p_op_id, p_amount); end if;

    if m.available < p_amount or m.lot_keys[1] < v_first_good then
        v_replay := points.replay(m, p_op_id, p_request_hash);
        if v_replay.status is not null then return v_replay; end if;
        v_first_good := points.lot_key(points.today(p_program_id), true);
        v_lapsed := points.lapsed(m.lot_keys, m.lot_amounts, v_first_good);
        if m.available - v_lapsed < p_amount then
            m.available := m.available - v_lapsed;
            return points.answer('insufficient', m, p_op_id, p_amount);
        end if;
        m := points.expire_lapsed(m, v_now, clock.new_id(), ''::bytea, 'ledger');
    end if;

    if m.lot_amounts[1] > p_amount then
        j.lot_keys := m.lot_keys[:1];
        j.lot_amounts := array[p_amount];
        m.lot_amounts[1] := m.lot_amounts[1] - p_amount;
    else
        select * into v_parts from points.split(m.lot_keys, m.lot_amounts, p_amount);
        j.lot_keys := v_parts.first_keys;
        j.lot_amounts := v_parts.first_amounts;
        m.lot_keys := v_parts.rest_keys;
        m.lot_amounts := v_parts.rest_amounts;
    end if;
    j.program_id := p_program_id;
    j.member_id := p_member_id;
    j.op_id := p_op_id;
    j.leg := 1;
    j.sequence := m.version + 1;
    j.kind := 'hold';
    j.dr := 1;
    j.cr := 2;
    j.amount := p_amount;
    j.available_after := m.available - p_amount;
    j.held_after := m.held + p_amount;
    j.pending_after := m.pending;
    j.debt_after := m.debt;
    j.ref_op := p_op_id;
    j.request_hash := p_request_hash;
    j.actor := p_actor;
    j.occurred_at := v_now;
    j.created_at := v_now;
    j.txid := pg_current_xact_id();
    j.chain := points.link(m.chain, j);
    insert into points.journal values (j.*) on conflict do nothing;
    if not found then return points.replay(m, p_op_id, p_request_hash); end if;

    update points.member
    set available = j.available_after, held = j.held_after, version = j.sequence, chain = j.chain,
        lot_keys = m.lot_keys, lot_amounts = m.lot_amounts
    where program_id = p_program_id and member_id = p_member_id;
    insert into points.hold (program_id, member_id, hold_id, amount, open, lot_keys, lot_amounts, lease_until)
    values (p_program_id, p_member_id, p_op_id, p_amount, p_amount, j.lot_keys, j.lot_amounts, p_lease_until);
    return row('ok', p_op_id, j.sequence, j.available_after, j.held_after, m.pending, m.debt, p_amount)::points.outcome;
end $$;

create or replace function points.extend_lease(
    p_program_id int, p_member_id bigint, p_hold_id uuid, p_lease_until timestamptz
) returns boolean language plpgsql security definer set search_path = pg_catalog as $$
begin
    perform from points.member where program_id = p_program_id and member_id = p_member_id for no key update;
    update points.hold
    set lease_until = greatest(lease_until, p_lease_until), row_xid = pg_current_xact_id()
    where program_id = p_program_id and member_id = p_member_id and hold_id = p_hold_id and open > 0;
    return found;
end $$;

create or replace function points.settle(
    p_program_id int, p_member_id bigint, p_op_id uuid, p_hold_id uuid, p_amount bigint, p_actor text
) returns points.outcome language plpgsql security definer set search_path = pg_catalog as $$
declare
    v_now timestamptz := clock.now();
    v_hash bytea := points.request('settle', p_hold_id::text, p_amount::text);
    m points.member;
    h points.hold;
    j points.journal;
    v_replay points.outcome;
    v_parts record;
begin
    if not points.is_amount(p_amount) or not points.is_key(p_op_id) or p_actor is null then
        return points.refusal('invalid', p_op_id, p_amount);
    end if;
    select * into m from points.member
    where program_id = p_program_id and member_id = p_member_id for no key update;
    if not found then return points.refusal('unknown_member', p_op_id, p_amount); end if;
    v_replay := points.replay(m, p_op_id, v_hash);
    if v_replay.status is not null then return v_replay; end if;
    select * into h from points.hold
    where program_id = p_program_id and member_id = p_member_id and hold_id = p_hold_id and open > 0;
    if not found then return points.answer('hold_not_open', m, p_op_id, p_amount); end if;
    if p_amount > h.open then return points.answer('over_hold', m, p_op_id, p_amount); end if;

    m := points.expire_lapsed(m, v_now, clock.new_id(), ''::bytea, 'ledger');
    select * into v_parts from points.split(h.lot_keys, h.lot_amounts, p_amount);
    j.op_id := p_op_id;
    j.ref_op := p_hold_id;
    j.request_hash := v_hash;
    j.actor := p_actor;
    j.occurred_at := v_now;
    j.created_at := v_now;
    m := points.post(m, j, 1, 'settle', 2, 11, p_amount, v_parts.first_keys, v_parts.first_amounts);
    perform points.store(m);
    update points.hold
    set open = open - p_amount, lot_keys = v_parts.rest_keys, lot_amounts = v_parts.rest_amounts,
        row_xid = pg_current_xact_id()
    where program_id = p_program_id and member_id = p_member_id and hold_id = p_hold_id;
    return points.answer('ok', m, p_op_id, p_amount);
end $$;

create or replace function points.release(
    p_program_id int, p_member_id bigint, p_op_id uuid, p_hold_id uuid, p_amount bigint, p_caused_by text,
    p_return_days int, p_actor text
) returns points.outcome language plpgsql security definer set search_path = pg_catalog as $$
declare
    v_now timestamptz := clock.now();
    -- Not return_days: a retry after the policy changed is still the same request.
    v_hash bytea := points.request('release', p_hold_id::text, p_amount::text, p_caused_by);
    v_today date := points.today(p_program_id);
    v_first_good int := points.lot_key(points.today(p_program_id), true);
    m points.member;
    h points.hold;
    j points.journal;
    v_replay points.outcome;
    v_parts record;
    v_lots record;
    v_key int;
    v_back_keys int[] := '{}';
    v_back_amounts bigint[] := '{}';
    v_back_to int[] := '{}';
    v_gone_keys int[] := '{}';
    v_gone_amounts bigint[] := '{}';
    v_back bigint := 0;
begin
    if not points.is_amount(p_amount) or not points.is_key(p_op_id) or p_actor is null
        or p_caused_by is null or p_caused_by not in ('member', 'ours')
        or p_return_days is null or p_return_days not between 0 and 3660 then
        return points.refusal('invalid', p_op_id, p_amount);
    end if;
    select * into m from points.member
    where program_id = p_program_id and member_id = p_member_id for no key update;
    if not found then return points.refusal('unknown_member', p_op_id, p_amount); end if;
    v_replay := points.replay(m, p_op_id, v_hash);
    if v_replay.status is not null then return v_replay; end if;
    select * into h from points.hold
    where program_id = p_program_id and member_id = p_member_id and hold_id = p_hold_id and open > 0;
    if not found then return points.answer('hold_not_open', m, p_op_id, p_amount); end if;
    if p_amount > h.open then return points.answer('over_hold', m, p_op_id, p_amount); end if;

    m := points.expire_lapsed(m, v_now, clock.new_id(), ''::bytea, 'ledger');
    select * into v_parts from points.split(h.lot_keys, h.lot_amounts, h.open - p_amount);
    for i in 1 .. cardinality(v_parts.rest_keys) loop
        v_key := v_parts.rest_keys[i];
        if v_key < v_first_good and p_caused_by = 'member' and points.lot_extended(v_key) then
            v_gone_keys := v_gone_keys || v_key;
            v_gone_amounts := v_gone_amounts || v_parts.rest_amounts[i];
            continue;
        end if;
        v_back_keys := v_back_keys || v_key;
        v_back_amounts := v_back_amounts || v_parts.rest_amounts[i];
        v_back := v_back + v_parts.rest_amounts[i];
        if v_key < v_first_good then
            v_key := points.lot_key(v_today + p_return_days, p_caused_by = 'member' or points.lot_extended(v_key));
        end if;
        v_back_to := v_back_to || v_key;
        select * into v_lots from points.put(m.lot_keys, m.lot_amounts, v_key, v_parts.rest_amounts[i]);
        m.lot_keys := v_lots.p_keys;
        m.lot_amounts := v_lots.p_amounts;
    end loop;

    j.op_id := p_op_id;
    j.ref_op := p_hold_id;
    j.reference := p_caused_by;
    j.request_hash := v_hash;
    j.actor := p_actor;
    j.occurred_at := v_now;
    j.created_at := v_now;
    if v_back > 0 then
        m := points.post(
            m, j, 1, 'release', 2, 1, v_back, v_back_keys, v_back_amounts, nullif(v_back_to, v_back_keys));
    end if;
    if v_back < p_amount then
        m := points.post(
            m, j, case when v_back > 0 then 2 else 1 end, 'expire', 2, 12, p_amount - v_back, v_gone_keys, v_gone_amounts);
    end if;
    perform points.store(m);
    update points.hold
    set open = open - p_amount, lot_keys = v_parts.first_keys, lot_amounts = v_parts.first_amounts,
        row_xid = pg_current_xact_id()
    where program_id = p_program_id and member_id = p_member_id and hold_id = p_hold_id;
    return points.answer('ok', m, p_op_id, p_amount);
end $$;

-- Nothing lapsed is `ok` with amount 0 and leaves no row.
create or replace function points.expire_member(p_program_id int, p_member_id bigint, p_op_id uuid, p_actor text)
returns points.outcome language plpgsql security definer set search_path = pg_catalog as $$
declare
    v_hash bytea := points.request('expire');
    m points.member;
    v_before bigint;
    v_replay points.outcome;
begin
    if not points.is_key(p_op_id) or p_actor is null then return points.refusal('invalid', p_op_id, 0); end if;
    select * into m from points.member
    where program_id = p_program_id and member_id = p_member_id for no key update;
    if not found then return points.refusal('unknown_member', p_op_id, 0); end if;
    v_replay := points.replay(m, p_op_id, v_hash);
    if v_replay.status is not null then return v_replay; end if;
    v_before := m.available;
    m := points.expire_lapsed(m, clock.now(), p_op_id, v_hash, p_actor);
    if m.available < v_before then perform points.store(m); end if;
    return points.answer('ok', m, p_op_id, v_before - m.available);
end $$;

create or replace function points.adjust(
    p_program_id int, p_member_id bigint, p_op_id uuid, p_amount bigint, p_expires_on date, p_reason text,
    p_request_hash bytea, p_actor text, p_approver text
) returns points.outcome language plpgsql security definer set search_path = pg_catalog as $$
declare
    v_now timestamptz := clock.now();
    m points.member;
    j points.journal;
    v_replay points.outcome;
    v_lapsed bigint;
    v_parts record;
begin
    -- abs() of the smallest bigint does not exist, so the sign is looked at first.
    if p_amount is null or p_amount < -9007199254740991 or not points.is_amount(abs(p_amount))
        or not points.is_key(p_op_id) or num_nulls(p_reason, p_request_hash, p_actor) > 0 then
        return points.refusal('invalid', p_op_id, p_amount);
    end if;
    select * into m from points.member
    where program_id = p_program_id and member_id = p_member_id for no key update;
    if not found then return points.refusal('unknown_member', p_op_id, p_amount); end if;
    v_replay := points.replay(m, p_op_id, p_request_hash);
    if v_replay.status is not null then
        v_replay.amount := sign(p_amount) * v_replay.amount;
        return v_replay;
    end if;
    if p_amount > 0 and not (points.has_room(m, p_amount) and points.is_expiry(p_program_id, p_expires_on)) then
        return points.answer('invalid', m, p_op_id, p_amount);
    end if;
    v_lapsed := points.lapsed(m.lot_keys, m.lot_amounts, points.lot_key(points.today(p_program_id), true));
    if m.available - v_lapsed < -p_amount then
        m.available := m.available - v_lapsed;
        return points.answer('insufficient', m, p_op_id, p_amount);
    end if;

    m := points.expire_lapsed(m, v_now, clock.new_id(), ''::bytea, 'ledger');
    j.op_id := p_op_id;
    j.reference := p_reason;
    j.request_hash := p_request_hash;
    j.actor := p_actor;
    j.approver := p_approver;
    j.occurred_at := v_now;
    j.created_at := v_now;
    if p_amount > 0 then
        m := points.credit(m, j, 'adjust', 14, p_amount, points.lot_key(p_expires_on, false));
    else
        select * into v_parts from points.split(m.lot_keys, m.lot_amounts, -p_amount);
        m.lot_keys := v_parts.rest_keys;
        m.lot_amounts := v_parts.rest_amounts;
        m := points.post(m, j, 1, 'adjust', 1, 14, -p_amount, v_parts.first_keys, v_parts.first_amounts);
    end if;
    perform points.store(m);
    return points.answer('ok', m, p_op_id, p_amount);
end $$;

-- The purchase came back: its points go, pending ones first, then those of its lot, and what is spent becomes debt.
create or replace function points.reverse_accrual(
    p_program_id int, p_op_id uuid, p_partner text, p_partner_reference text, p_reversal_reference text,
    p_amount bigint, p_debt_policy text, p_request_hash bytea, p_actor text
) returns points.outcome language plpgsql security definer set search_path = pg_catalog as $$
declare
    v_now timestamptz := clock.now();
    m points.member;
    a points.accrual;
    r points.reversal;
    j points.journal;
    v_replay points.outcome;
    v_key int;
    v_leg int := 0;
    v_left bigint := p_amount;
    v_part bigint;
    v_lots record;
begin
    if not points.is_amount(p_amount) or not points.is_key(p_op_id) or p_debt_policy is null
        or p_debt_policy not in ('debt', 'write_off')
        or num_nulls(p_partner, p_partner_reference, p_reversal_reference, p_request_hash, p_actor) > 0 then
        return points.refusal('invalid', p_op_id, p_amount);
    end if;
    select * into a from points.accrual
    where program_id = p_program_id and partner = p_partner and partner_reference = p_partner_reference;
    if not found then return points.refusal('unknown_accrual', p_op_id, p_amount); end if;
    select * into m from points.member
    where program_id = p_program_id and member_id = a.member_id for no key update;
    if not found then return points.refusal('unknown_member', p_op_id, p_amount); end if;

    select * into r from points.reversal
    where program_id = p_program_id and partner = p_partner and partner_reference = p_partner_reference
        and reversal_reference = p_reversal_reference;
    if found then return points.replay(m, r.op_id, p_request_hash); end if;
    v_replay := points.replay(m, p_op_id, p_request_hash);
    if v_replay.status is not null then return points.answer('key_reuse', m, p_op_id, 0); end if;
    if p_amount > a.amount - (
        select coalesce(sum(amount), 0) from points.reversal
        where program_id = p_program_id and accrual_op_id = a.op_id) then
        return points.answer('over_accrual', m, p_op_id, p_amount);
    end if;

    insert into points.reversal values (
        p_program_id, p_op_id, p_partner, p_partner_reference, p_reversal_reference, a.op_id, p_amount, p_request_hash, v_now)
    on conflict do nothing;
    if not found then return points.refusal('key_reuse', p_op_id, 0); end if;
    m := points.expire_lapsed(m, v_now, clock.new_id(), ''::bytea, 'ledger');
    j.op_id := p_op_id;
    j.ref_op := a.op_id;
    j.reference := p_reversal_reference;
    j.request_hash := p_request_hash;
    j.actor := p_actor;
    j.occurred_at := v_now;
    j.created_at := v_now;

    select amount into v_part from points.pending
    where program_id = p_program_id and member_id = a.member_id and accrual_op_id = a.op_id and amount > 0;
    if found then
        v_part := least(v_part, v_left);
        update points.pending set amount = amount - v_part, row_xid = pg_current_xact_id()
        where program_id = p_program_id and member_id = a.member_id and accrual_op_id = a.op_id;
        v_leg := v_leg + 1;
        v_left := v_left - v_part;
        m := points.post(m, j, v_leg, 'reverse', 3, 13, v_part, null, null);
    end if;

    v_key := points.lot_key(a.expires_on, false);
    v_part := least(m.lot_amounts[array_position(m.lot_keys, v_key)], v_left);
    if array_position(m.lot_keys, v_key) is not null and v_part > 0 then
        select * into v_lots from points.put(m.lot_keys, m.lot_amounts, v_key, -v_part);
        m.lot_keys := v_lots.p_keys;
        m.lot_amounts := v_lots.p_amounts;
        v_leg := v_leg + 1;
        v_left := v_left - v_part;
        m := points.post(m, j, v_leg, 'reverse', 1, 13, v_part, array[v_key], array[v_part]);
    end if;

    if v_left > 0 then
        m := points.post(
            m, j, v_leg + 1, case p_debt_policy when 'debt' then 'reverse' else 'write_off' end::points.kind,
            case p_debt_policy when 'debt' then 4 else 15 end, 13, v_left, null, null);
    end if;
    perform points.store(m);
    return points.answer('ok', m, p_op_id, p_amount);
end $$;

-- ---- who may call what ------------------------------------------------------------------------------------------
-- Nobody touches a table. Holds and adjustments are made by the redemptions and members rooms, whose functions run as the
-- owner: an entry point that called points.adjust itself could pass by the second pair of eyes.

grant usage on schema points to member_api, quote_api, manager_api, partner_api, importer, sweeper, auditor;
grant execute on function points.accrue(
    int, bigint, uuid, bigint, date, timestamptz, text, text, text, bigint, bytea, text, timestamptz, text
) to partner_api;
grant execute on function points.reverse_accrual(int, uuid, text, text, text, bigint, text, bytea, text) to partner_api;
grant execute on procedure points.ensure_partitions() to sweeper;

call points.ensure_partitions();
