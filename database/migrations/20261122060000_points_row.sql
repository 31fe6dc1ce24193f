-- A member's open holds move into his row, so that a hold writes one row of the ledger and one of the journal. What they mean,
-- and every rule, is in database/points/. The journal is laid out anew: columns by alignment, keys by time.
-- Everything that is written stays as it is, links included. SQL that depends on these tables is applied again after this.

-- ---- the member's row --------------------------------------------------------------------------------------------

create domain points.amount as bigint check (value >= 0);
create domain points.some_points as bigint check (value > 0);

-- Lists of running sums: an amount is the difference of two neighbours, so that the sum of all is the first number.
-- [points in these lots, key, points in those after it, key, ..., 0]: keys rise, every lot has points.
create function points.lots_rise(p_lots bigint[]) returns boolean language plpgsql immutable parallel safe as $$
declare
    v_key bigint := -2147483649;
    v_left bigint := p_lots[1];
begin
    for i in 3 .. cardinality(p_lots) by 2 loop
        if p_lots[i - 1] > v_key and p_lots[i] < v_left then
            v_key := p_lots[i - 1];
            v_left := p_lots[i];
        else
            return false;
        end if;
    end loop;
    return v_left = 0 and cardinality(p_lots) % 2 = 1;
end $$;
create domain points.later_lots as bigint[]
    check ((case cardinality(value) when 1 then value[1] = 0 else points.lots_rise(value) end) is true);

-- [points in these, key, lease, points in those after it, key, lease, ..., 0]: every pinned lot has points.
create function points.holds_fall(p_holds bigint[]) returns boolean language plpgsql immutable parallel safe as $$
declare
    v_left bigint := p_holds[1];
begin
    for i in 4 .. cardinality(p_holds) by 3 loop
        if p_holds[i] < v_left then v_left := p_holds[i]; else return false; end if;
    end loop;
    return v_left = 0 and cardinality(p_holds) % 3 = 1;
end $$;
-- Nearly every member has none or one.
create domain points.open_holds as bigint[] check ((
    case cardinality(value) when 1 then value[1] = 0 when 4 then value[4] = 0 and value[1] > 0
        else points.holds_fall(value) end) is true);

create table points.member_before as table points.member;
create table points.hold_before as select * from points.hold where open > 0;
drop table points.hold cascade;
drop table points.member cascade;
drop function points.lots_agree(bigint, int[], bigint[]) cascade;

-- One row a member, the only row that operations compete for. No row_xid here: the lake reads the journal's txid.
create table points.member (
    program_id int not null,
    -- The lot that is spent next, and what is left of it; the largest key and nothing if there is none.
    head_key int not null default 2147483647,
    member_id bigint not null,
    head points.amount not null default 0,
    available points.amount not null default 0,
    held bigint not null default 0,
    pending points.amount not null default 0,
    debt points.amount not null default 0,
    version bigint not null default 0,
    chain bytea not null default '\x',
    -- Open holds, newest first: whose the lots in `holds` are.
    hold_ids uuid[] not null default '{}',
    holds points.open_holds not null default '{0}',
    -- Last, because what does not change at a row's end costs an update nothing to write down.
    lots points.later_lots not null default '{0}',
    primary key (program_id, member_id),
    -- One short constraint: PostgreSQL parses it anew for every statement. The domains' are parsed once.
    constraint available_is_the_sum_of_its_lots check (
        available = head + lots[1] and held = holds[1] and head_key < lots[2])
) with (fillfactor = 50);
-- Who has lapsed points. Updates stay heap-only as long as the lot that is spent next is the same.
create index member_next_expiry on points.member (head_key);

insert into points.member (
    program_id, head_key, member_id, head, available, held, pending, debt, version, chain, hold_ids, holds, lots)
select m.program_id, coalesce(m.lot_keys[1], 2147483647), m.member_id, coalesce(m.lot_amounts[1], 0), m.available, m.held,
    m.pending, m.debt, m.version, m.chain, coalesce(h.ids, '{}'), coalesce(h.lots, '{}') || 0::bigint,
    coalesce(l.lots, '{0}')
from points.member_before m
left join lateral (
    select array[m.available - m.lot_amounts[1]] || array_agg(e.part order by e.place, e.number) as lots
    from (
        select k.place, p.number, p.part
        from (
            select place, key,
                m.available - sum(amount) over (order by place) as left_after
            from unnest(m.lot_keys, m.lot_amounts) with ordinality as u (key, amount, place)
        ) k, lateral (values (1, k.key::bigint), (2, k.left_after::bigint)) p (number, part)
        where k.place > 1
    ) e
) l on m.lot_keys <> '{}'
left join lateral (
    select array_agg(k.hold_id order by k.place desc) filter (where p.number = 1) as ids,
        array_agg(p.part order by k.place desc, p.number) as lots
    from (
        select h.hold_id, u.key, h.lease_until,
            row_number() over (order by h.hold_id, u.key desc) as place,
            sum(u.amount) over (order by h.hold_id, u.key desc) as left_here
        from points.hold_before h, unnest(h.lot_keys, h.lot_amounts) as u (key, amount)
        where h.program_id = m.program_id and h.member_id = m.member_id
    ) k, lateral (values (1, k.left_here::bigint), (2, k.key::bigint),
        (3, (date_part('epoch', k.lease_until) * 1000000)::bigint)) p (number, part)
) h on true;
drop table points.member_before, points.hold_before;

-- A member's row as operations have it in hand: all lots as two lists, the one that is spent next first.
create type points.standing as (
    program_id int, member_id bigint, available bigint, held bigint, pending bigint, debt bigint, version bigint, chain bytea,
    lot_keys int[], lot_amounts bigint[], hold_ids uuid[], holds bigint[]
);
-- What is open of one hold.
create type points.pinned as (open bigint, lot_keys int[], lot_amounts bigint[], lease_until timestamptz);

-- ---- the journal -------------------------------------------------------------------------------------------------

create table points.journal_before as table points.journal;
drop table points.journal cascade;

-- Append-only. Partitions by month of the operation's UUIDv7, so that a key is unique for ever and a month can leave.
create table points.journal (
    op_id uuid not null,
    member_id bigint not null,
    sequence bigint not null,
    amount points.some_points not null,
    available_after bigint not null,
    held_after bigint not null,
    pending_after bigint not null,
    debt_after bigint not null,
    occurred_at timestamptz not null,
    created_at timestamptz not null,
    -- The number of the transaction that wrote the row: a bigint, because xid8 has no summary index.
    txid bigint not null,
    program_id int not null,
    kind points.kind not null,
    leg smallint not null,
    dr smallint not null,
    cr smallint not null,
    chain bytea not null,
    request_hash bytea not null,
    actor text not null,
    lot_keys int[],
    lot_amounts bigint[],
    lot_to int[],
    -- What the row is about, where that is not its own operation's new hold.
    ref_op uuid,
    reference text,
    approver text,
    -- Keys rise with time, so new rows go to the end of the index.
    primary key (op_id, member_id, program_id, leg),
    check (dr <> cr)
) partition by range (op_id);
create index journal_statement on points.journal (program_id, member_id, sequence);
-- The workers read what was written since they last looked.
create index journal_txid on points.journal using brin (txid) with (autosummarize = on);
create trigger append_only before update or delete on points.journal
    for each row execute function points.refuse_change();
create trigger append_only_whole before truncate on points.journal execute function points.refuse_change();

-- The months of the rows there are; the others are made where all are (points.ensure_partitions).
do $$
declare
    v_month timestamp;
    v_name text;
begin
    for v_month in
        select distinct date_trunc('month', to_timestamp(
            ('x' || lpad(substring(replace(op_id::text, '-', '') for 12), 16, '0'))::bit(64)::bigint / 1000.0) at time zone 'UTC')
        from points.journal_before
    loop
        v_name := 'journal_' || to_char(v_month, 'YYYYMM');
        execute format(
            'create table points.%I partition of points.journal for values from (%L) to (%L)', v_name,
            clock.first_id(v_month at time zone 'UTC'),
            clock.first_id((v_month + interval '1 month') at time zone 'UTC'));
        execute format(
            'create trigger append_only_whole before truncate on points.%I execute function points.refuse_change()',
            v_name);
    end loop;
end $$;
insert into points.journal (
    program_id, member_id, op_id, leg, sequence, kind, dr, cr, amount, available_after, held_after, pending_after, debt_after,
    lot_keys, lot_amounts, lot_to, ref_op, reference, actor, approver, request_hash, occurred_at, created_at, txid, chain)
select program_id, member_id, op_id, leg, sequence, kind, dr, cr, amount, available_after, held_after, pending_after, debt_after,
    lot_keys, lot_amounts, lot_to, ref_op, reference, actor, approver, request_hash, occurred_at, created_at,
    (txid::text)::bigint, chain
from points.journal_before
order by (txid::text)::bigint, member_id, sequence;
drop table points.journal_before;
