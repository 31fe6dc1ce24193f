-- The points ledger. These files, in their order, are all of it that moves points; the tables are in the migrations (the
-- member's row and the journal in points_row.sql), reads in reading.sql.
--
-- Rules
--  * One member row holds the balances, the lots and the open holds. Every operation locks that row FIRST (FOR NO KEY UPDATE,
--    or by an UPDATE that reads nothing but that row), then reads, computes and writes. Everything else an operation touches
--    (pending, journal) belongs to the locked member, so there is one lock order and no deadlock; whoever locks several
--    members goes by ascending member_id. An accrual's reference is the one key two members could fight for: it is inserted
--    after the member locks, by ascending reference.
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

-- ---- the member's row -------------------------------------------------------------------------------------------
-- In the table the lot that is spent next stands by itself, the later ones and the holds as running sums: so the usual hold
-- touches four numbers and no list of lots, however many there are. Operations have the row in hand as points.standing.

-- The row of one member, locked; none if there is no such member.
-- Lots are taken apart in a variable: taken from the table's column, a long list would be unpacked for every one of them.
create or replace function points.locked(p_program_id int, p_member_id bigint) returns setof points.standing
language plpgsql as $$
declare
    r points.member;
    v_lots bigint[];
    v_keys int[] := '{}';
    v_amounts bigint[] := '{}';
begin
    select * into r from points.member w
    where w.program_id = p_program_id and w.member_id = p_member_id for no key update;
    if not found then return; end if;
    if r.head > 0 then
        v_lots := r.lots;
        v_keys := v_keys || r.head_key;
        v_amounts := v_amounts || r.head::bigint;
        for i in 2 .. cardinality(v_lots) by 2 loop
            v_keys := v_keys || v_lots[i]::int;
            v_amounts := v_amounts || (v_lots[i - 1] - v_lots[i + 1]);
        end loop;
    end if;
    return next row(r.program_id, r.member_id, r.available::bigint, r.held, r.pending::bigint, r.debt::bigint, r.version,
                    r.chain, v_keys, v_amounts, r.hold_ids, r.holds::bigint[])::points.standing;
end $$;

-- Put the row back. Whatever does not add up is refused by the table.
create or replace function points.store(m points.standing) returns void language plpgsql as $$
declare
    v_left bigint := m.available - coalesce(m.lot_amounts[1], 0);
    v_amounts bigint[] := m.lot_amounts;
    v_keys int[] := m.lot_keys;
    v_lots bigint[] := array[v_left];
begin
    for i in 2 .. greatest(cardinality(v_keys), cardinality(v_amounts)) loop
        v_left := v_left - v_amounts[i];
        v_lots := v_lots || v_keys[i]::bigint;
        v_lots := v_lots || v_left;
    end loop;
    update points.member
    set head_key = coalesce(m.lot_keys[1], 2147483647), head = coalesce(m.lot_amounts[1], 0), available = m.available,
        held = m.held, pending = m.pending, debt = m.debt, version = m.version, chain = m.chain, hold_ids = m.hold_ids,
        holds = m.holds, lots = v_lots
    where program_id = m.program_id and member_id = m.member_id;
end $$;

-- Every member's lots, for readers.
create or replace view points.lot as
select m.program_id, m.member_id, m.head_key as key, m.head::bigint as amount from points.member m where m.head > 0
union all
select m.program_id, m.member_id, m.lots[i]::int, m.lots[i - 1] - m.lots[i + 1]
from points.member m, generate_series(2, cardinality(m.lots), 2) i;

-- ---- open holds in the member's row -----------------------------------------------------------------------------
-- A lease is kept in microseconds since 1970.

create or replace function points.lease(p_until timestamptz) returns bigint language sql immutable parallel safe
    return (date_part('epoch', least(greatest(p_until, '1970-01-01+00'), '9999-12-31+00')) * 1000000)::bigint;

-- Every member's open holds, for readers and the sweeper.
create or replace view points.hold as
select m.program_id, m.member_id, h.hold_id, sum(m.holds[3 * h.i - 2] - m.holds[3 * h.i + 1])::bigint as open,
    array_agg(m.holds[3 * h.i - 1]::int order by m.holds[3 * h.i - 1]) as lot_keys,
    array_agg(m.holds[3 * h.i - 2] - m.holds[3 * h.i + 1] order by m.holds[3 * h.i - 1]) as lot_amounts,
    to_timestamp(max(m.holds[3 * h.i]) / 1000000.0::double precision) as lease_until
from points.member m, unnest(m.hold_ids) with ordinality as h (hold_id, i)
where m.held > 0
group by m.program_id, m.member_id, h.hold_id;

-- What is open of a hold; all null if nothing is.
create or replace function points.pinned_by(m points.standing, p_hold_id uuid) returns points.pinned
language plpgsql stable as $$
declare
    h points.pinned;
    v_holds bigint[] := m.holds;
begin
    for i in 1 .. cardinality(m.hold_ids) loop
        continue when m.hold_ids[i] <> p_hold_id;
        h.open := coalesce(h.open, 0) + v_holds[3 * i - 2] - v_holds[3 * i + 1];
        h.lot_keys := h.lot_keys || v_holds[3 * i - 1]::int;
        h.lot_amounts := h.lot_amounts || (v_holds[3 * i - 2] - v_holds[3 * i + 1]);
        h.lease_until := to_timestamp(v_holds[3 * i] / 1000000.0::double precision);
    end loop;
    return h;
end $$;

-- The row with these lots pinned by a hold and no others; none: the hold is closed and leaves.
create or replace function points.pin(
    m points.standing, p_hold_id uuid, p_keys int[], p_amounts bigint[], p_lease_until timestamptz
) returns points.standing language plpgsql stable as $$
declare
    v_ids uuid[] := '{}';
    v_holds bigint[] := '{0}';
    v_left bigint := 0;
begin
    -- From the oldest on, each before those that were there.
    for i in reverse cardinality(m.hold_ids) .. 1 loop
        continue when m.hold_ids[i] = p_hold_id;
        v_left := v_left + m.holds[3 * i - 2] - m.holds[3 * i + 1];
        v_ids := m.hold_ids[i] || v_ids;
        v_holds := array[v_left, m.holds[3 * i - 1], m.holds[3 * i]] || v_holds;
    end loop;
    -- The soonest lot of a hold comes first.
    for i in reverse cardinality(p_keys) .. 1 loop
        v_left := v_left + p_amounts[i];
        v_ids := p_hold_id || v_ids;
        v_holds := array[v_left, p_keys[i], points.lease(p_lease_until)] || v_holds;
    end loop;
    m.hold_ids := v_ids;
    m.holds := v_holds;
    return m;
end $$;
