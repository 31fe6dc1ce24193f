-- The journal: its months, its links, the one place that writes rows to it, and what it answers.

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
    m points.standing, j points.journal, p_leg int, p_kind points.kind, p_dr int, p_cr int, p_amount bigint,
    p_lot_keys int[], p_lot_amounts bigint[], p_lot_to int[] default null
) returns points.standing language plpgsql as $$
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
    j.txid := txid_current();
    j.chain := points.link(m.chain, j);
    m.chain := j.chain;
    insert into points.journal values (j.*);
    return m;
end $$;

-- Write off what has lapsed, in the hands of an operation that is about to succeed.
create or replace function points.expire_lapsed(m points.standing, p_now timestamptz, p_op_id uuid, p_hash bytea, p_actor text)
returns points.standing language plpgsql as $$
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

create or replace function points.answer(p_status text, m points.standing, p_op_id uuid, p_amount bigint)
returns points.outcome language sql stable
    return row(p_status, p_op_id, m.version, m.available, m.held, m.pending, m.debt, p_amount)::points.outcome;

create or replace function points.refusal(p_status text, p_op_id uuid, p_amount bigint) returns points.outcome
language sql immutable
    return row(p_status, p_op_id, null, null, null, null, null, p_amount)::points.outcome;

-- What this member's operation answered the first time; null if there was none. Only under the member's lock.
-- One plan for all keys: planning the month anew for each costs more than looking.
create or replace function points.replay(m points.standing, p_op_id uuid, p_hash bytea) returns points.outcome
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

create or replace function points.has_room(m points.standing, p_amount bigint) returns boolean language sql immutable
    return m.available + m.held + m.pending + p_amount <= 9007199254740991;

create or replace function points.is_expiry(p_program_id int, p_expires_on date) returns boolean language sql stable
    return p_expires_on is null or p_expires_on = 'infinity'
        or p_expires_on between points.today(p_program_id) and date '9999-12-31';

create or replace function points.request(variadic p_parts text[]) returns bytea language sql immutable
    return sha256(convert_to(array_to_string(p_parts, '|', '-'), 'UTF8'));

