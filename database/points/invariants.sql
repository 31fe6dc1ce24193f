-- The ledger's invariants I1-I8: each must count nothing, always, also while operations run. One snapshot, no lock.
-- A function behind the view, so that the auditor needs no table.

create or replace function points.check_invariants() returns table (name text, violations bigint)
language plpgsql stable security definer set search_path = pg_catalog as $$
begin
    return query
    -- What left the programme's accounts is what the members have; what was issued and revoked is what partners were told.
    with moved as (
        select j.program_id, j.member_id, a.account, sum(a.amount) as amount
        from points.journal j, lateral (values (j.dr, -j.amount), (j.cr, j.amount)) a (account, amount)
        group by 1, 2, 3
    ), programmes as (
        select program_id,
            coalesce(sum(amount) filter (where account >= 10), 0) as programme,
            -coalesce(sum(amount) filter (where account = 10), 0) as issued,
            coalesce(sum(amount) filter (where account = 13), 0) as revoked,
            coalesce(sum(amount) filter (where account = 16), 0) as transferred,
            count(*) filter (where account not in (select k.account from points.account k)) as unknown_accounts
        from moved group by 1
    )
    select 'I1 conservation', count(*)
    from programmes p
    full join (
        select program_id, sum(available + held + pending - debt) as owned from points.member group by 1
    ) m using (program_id)
    where coalesce(p.programme, 0) + coalesce(m.owned, 0) <> 0
        or coalesce(p.unknown_accounts, 0) <> 0
        or coalesce(p.transferred, 0) <> 0
        or coalesce(p.issued, 0) <> coalesce((select sum(a.amount) from points.accrual a where a.program_id = p.program_id), 0)
        or coalesce(p.revoked, 0) <> coalesce((select sum(r.amount) from points.reversal r where r.program_id = p.program_id), 0);

    return query
    with moved as (
        select j.program_id, j.member_id, count(distinct j.sequence) as rows,
            sum(case when j.cr = 1 then j.amount when j.dr = 1 then -j.amount else 0 end) as available,
            sum(case when j.cr = 2 then j.amount when j.dr = 2 then -j.amount else 0 end) as held,
            sum(case when j.cr = 3 then j.amount when j.dr = 3 then -j.amount else 0 end) as pending,
            sum(case when j.dr = 4 then j.amount when j.cr = 4 then -j.amount else 0 end) as debt
        from points.journal j group by 1, 2
    ), last_row as (
        select distinct on (j.program_id, j.member_id) j.* from points.journal j
        order by j.program_id, j.member_id, j.sequence desc
    ), holds as (
        select program_id, member_id, sum(open) as open from points.hold group by 1, 2
    ), waiting as (
        select program_id, member_id, sum(amount) as amount from points.pending group by 1, 2
    ), own as (
        select program_id, member_id, sum(amount) as amount from points.lot group by 1, 2
    )
    select 'I2 cache is truth', count(*)
    from points.member m
    full join moved v using (program_id, member_id)
    left join last_row l using (program_id, member_id)
    left join holds h using (program_id, member_id)
    left join waiting w using (program_id, member_id)
    left join own o using (program_id, member_id)
    where m.member_id is null
        or (m.available, m.held, m.pending, m.debt, m.version) is distinct from (
            coalesce(v.available, 0), coalesce(v.held, 0), coalesce(v.pending, 0), coalesce(v.debt, 0), coalesce(v.rows, 0))
        or (m.version > 0 and (m.available, m.held, m.pending, m.debt, m.version) is distinct from (
            l.available_after, l.held_after, l.pending_after, l.debt_after, l.sequence))
        or m.held <> coalesce(h.open, 0)
        or m.pending <> coalesce(w.amount, 0)
        or m.available <> coalesce(o.amount, 0)
        -- A list of holds with another length than their lots adds up to something else, or to nothing.
        or cardinality(m.holds) <> 3 * cardinality(m.hold_ids) + 1;

    return query
    select 'I3 nothing below zero', (
        select count(*) from points.member m
        where least(m.available, m.held, m.pending, m.debt) < 0
    ) + (
        select count(*) from points.lot l where l.amount <= 0
    ) + (
        select count(*) from points.journal j
        where least(j.available_after, j.held_after, j.pending_after, j.debt_after) < 0 or j.amount <= 0
            or 0 >= any (j.lot_amounts)
    ) + (select count(*) from points.hold h where 0 >= any (h.lot_amounts));

    -- Every accrual, reversal and restoration has exactly its one operation, with its amount and its request's hash.
    return query
    with op as (
        select j.program_id, j.member_id, j.op_id, sum(j.amount) as amount, count(*) as legs, max(j.leg) as last_leg,
            min(j.request_hash) as request_hash, count(distinct j.request_hash) as hashes,
            max(j.sequence) - min(j.sequence) + 1 as spread
        from points.journal j group by 1, 2, 3
    ), recorded as (
        select program_id, member_id, op_id, amount, request_hash from points.accrual
        union all
        select r.program_id, a.member_id, r.op_id, r.amount, r.request_hash
        from points.reversal r
        join points.accrual a on a.program_id = r.program_id and a.op_id = r.accrual_op_id
        union all
        select program_id, member_id, op_id, amount, request_hash from points.restoration
    )
    select 'I4 at most once', (
        select count(*) from op o where o.hashes <> 1 or o.legs <> o.last_leg or o.legs <> o.spread
    ) + (
        select count(*) from recorded r left join op o using (program_id, member_id, op_id)
        where o.amount is distinct from r.amount or coalesce(o.request_hash <> r.request_hash, false)
    ) + (
        select count(*) from (
            select distinct j.program_id, j.member_id, j.op_id from points.journal j
            where (j.kind in ('accrue', 'repay') and j.dr = 10) or j.cr = 13 or j.dr = 11
        ) j left join recorded r using (program_id, member_id, op_id)
        where r.op_id is null
    ) + (
        -- What one member gave, one other got.
        select count(*) from (
            select from points.journal j where j.dr = 16 or j.cr = 16
            group by j.program_id, j.ref_op
            having sum(case when j.cr = 16 then j.amount else -j.amount end) <> 0 or count(distinct j.member_id) <> 2
        ) t
    );

    -- A hold's settled and released points and what is open are what was held, lot by lot, and never more on the way.
    return query
    with step as (
        select j.program_id, j.member_id, case when j.cr = 2 then j.op_id else j.ref_op end as hold_id, j.sequence, l.key,
            case when j.cr = 2 then l.amount else -l.amount end as change
        from points.journal j, unnest(j.lot_keys, j.lot_amounts) as l (key, amount)
        where j.cr = 2 or j.dr = 2
    ), rest as (
        select program_id, member_id, hold_id, key, sum(change) as open,
            min(running) as lowest
        from (
            select s.*, sum(s.change) over (
                partition by s.program_id, s.member_id, s.hold_id, s.key order by s.sequence) as running
            from step s
        ) s group by 1, 2, 3, 4
    ), pinned as (
        select h.program_id, h.member_id, h.hold_id, l.key, l.amount
        from points.hold h, unnest(h.lot_keys, h.lot_amounts) as l (key, amount)
    )
    select 'I5 a hold is resolved exactly once', (
        select count(*) from rest r full join pinned p using (program_id, member_id, hold_id, key)
        where coalesce(r.open, 0) <> coalesce(p.amount, 0) or coalesce(r.lowest, 0) < 0
    ) + (
        -- Of what was settled of a lot never more is restored.
        select count(*) from (
            select sum(case when j.cr = 11 then l.amount else -l.amount end) over (
                partition by j.program_id, j.member_id, j.ref_op, l.key order by j.sequence) as redeemed
            from points.journal j, unnest(j.lot_keys, j.lot_amounts) as l (key, amount)
            where 11 in (j.dr, j.cr)
        ) s where s.redeemed < 0
    );

    return query
    with change as (
        select j.program_id, j.member_id, coalesce(case when j.cr = 1 then l.moved_to end, l.key) as key,
            case when j.cr = 1 then l.amount else -l.amount end as amount
        from points.journal j, unnest(j.lot_keys, j.lot_amounts, j.lot_to) as l (key, amount, moved_to)
        where j.cr = 1 or j.dr = 1
    ), lot as (
        select program_id, member_id, key, sum(amount) as amount from change group by 1, 2, 3
    ), kept as (
        select m.program_id, m.member_id, m.key, m.amount
        from points.lot m
    )
    select 'I6 every lot adds up', (
        select count(*) from lot l full join kept k using (program_id, member_id, key)
        where coalesce(l.amount, 0) <> coalesce(k.amount, 0)
    ) + (
        select count(*) from points.journal j
        where (j.dr in (1, 2, 11) or j.cr in (1, 2))
            and j.amount is distinct from (select sum(x) from unnest(j.lot_amounts) x)
    );

    -- Drawn while good, expired only when lapsed and not held (unless the return rule says so, or the member has gone: then the
    -- row gives the reason), returned only as good.
    return query
    with zones as materialized (
        select program_id, time_zone, published_at as since,
            lead(published_at, 1, 'infinity') over (partition by program_id order by version) as until
        from programme.published
    )
    select 'I7 expiry', count(*)
    from points.journal j
    left join zones z on z.program_id = j.program_id and j.created_at >= z.since and j.created_at < z.until
    cross join unnest(j.lot_keys, j.lot_amounts, j.lot_to) as l (key, amount, moved_to)
    cross join lateral (
        select points.lot_key((j.created_at at time zone coalesce(z.time_zone, 'UTC'))::date, true) as first_good) t
    where (j.kind = 'hold' and l.key < t.first_good)
        or (j.kind = 'adjust' and j.dr = 1 and l.key < t.first_good)
        or (j.kind = 'transfer' and l.key < t.first_good)
        or (j.kind = 'expire' and l.key >= t.first_good and (j.dr <> 1 or j.reference is null))
        or (j.kind = 'expire' and j.dr in (2, 11) and not points.lot_extended(l.key))
        or (j.kind in ('release', 'restore') and coalesce(l.moved_to, l.key) < t.first_good)
        or (j.kind in ('release', 'restore') and l.moved_to <> l.key and l.key >= t.first_good)
        or (j.kind in ('release', 'restore') and j.reference = 'member' and l.moved_to <> l.key
            and (points.lot_extended(l.key) or not points.lot_extended(l.moved_to)));

    return query
    select 'I8 append-only chain', (
        select count(*) from (
            select j as entry, j.sequence, j.chain,
                lag(j.chain, 1, ''::bytea) over mine as before,
                lag(j.sequence, 1, 0::bigint) over mine as sequence_before
            from points.journal j window mine as (partition by j.program_id, j.member_id order by j.sequence)
        ) s
        where s.sequence <> s.sequence_before + 1 or s.chain <> points.link(s.before, s.entry)
    ) + (
        select count(*) from points.member m
        where m.chain <> coalesce((
            select j.chain from points.journal j
            where j.program_id = m.program_id and j.member_id = m.member_id and j.sequence = m.version), ''::bytea)
    ) + (
        -- The second wall stands on every table and partition.
        select count(*) from (
            select 'points.accrual'::regclass::oid as relation
            union all select 'points.reversal'::regclass::oid
            union all select 'points.restoration'::regclass::oid
            union all select relid from pg_partition_tree('points.journal')
        ) t
        where (
            select count(*) from pg_trigger g
            where g.tgrelid = t.relation and g.tgfoid = 'points.refuse_change'::regproc and g.tgenabled in ('O', 'A')
        ) <> 2
    );
end $$;

create or replace view points.invariants with (security_invoker = true) as
select name, violations from points.check_invariants();

grant usage on schema points to auditor;
grant execute on function points.check_invariants() to auditor;
grant select on points.invariants to auditor;
