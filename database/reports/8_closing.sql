-- A month's close: how the outstanding points, and what is deferred for them, got from its beginning to its end; and each figure
-- opened: into the books' movements, into members' lots, and a lot into its entries.

-- Internal: the first and the last day of a day's month.
create or replace function reports.month_of(p_day date, out first date, out last date) language sql immutable
    return (date_trunc('month', p_day::timestamp)::date,
        (date_trunc('month', p_day::timestamp) + interval '1 month')::date - 1);

-- Internal: what is deferred up to a day, as posted: by figure, in minor units; adjusted is given less taken back.
create or replace function reports.deferred_through(
    p_program_id int, p_day date, out issued bigint, out redeemed bigint, out breakage bigint, out adjusted bigint
) language sql stable
begin atomic
    select coalesce(sum(c.minor) filter (where c.event = 'opened'), 0),
        coalesce(sum(case c.event when 'redeemed' then c.minor when 'restored' then -c.minor end), 0),
        coalesce(sum(c.minor) filter (where c.event = 'breakage'), 0),
        coalesce(sum(case
            when c.event = 'granted' then c.minor
            when c.event in ('reversed', 'withdrawn', 'repaid_pending', 'repaid_transferred') then -c.minor end), 0)
    from (
        select t.event, reports.minor(t.micros, r.minor_micros) as minor
        from reports.cumulative(p_program_id, p_day) t cross join lateral reports.rate_on(p_program_id, p_day) r
        where t.book = 'deferred_revenue' and r.version is not null
    ) c;
end;

-- The month in points and in the money of the deferred revenue book, as posted (currency null: no rate yet); `waiting` rows of
-- the points journal are not in it yet. opening + issued - redeemed - expired + adjusted = closing, in money with breakage
-- for expired. `final`: its last day is locked. `opened`: every point of it has its entry. Its body is text, because a parsed one
-- would not let an upgrade replace reports.state.
create or replace function reports.month_close(
    p_program_id int, p_month date, out opening bigint, out issued bigint, out redeemed bigint, out expired bigint,
    out adjusted bigint, out closing bigint, out currency text, out accounting_model text, out opening_minor bigint,
    out issued_minor bigint, out redeemed_minor bigint, out breakage_minor bigint, out adjusted_minor bigint,
    out closing_minor bigint, out final boolean, out waiting bigint, out opened boolean
) language sql stable security definer set search_path = pg_catalog as $$
    with moved as (
        select coalesce(sum(f.outstanding * m.points) filter (where m.day < s.first), 0) as opening,
            coalesce(sum(m.points) filter (where m.day >= s.first and f.figure = 'issued'), 0) as issued,
            coalesce(sum(f.sign * m.points) filter (where m.day >= s.first and f.figure = 'redeemed'), 0) as redeemed,
            coalesce(sum(m.points) filter (where m.day >= s.first and f.figure = 'expired'), 0) as expired,
            coalesce(sum(f.sign * m.points) filter (where m.day >= s.first and f.figure = 'adjusted'), 0) as adjusted,
            coalesce(sum(f.outstanding * m.points), 0) as closing
        from reports.month_of(p_month) s
        join reports.movement m on m.program_id = p_program_id and m.day <= s.last
        join reports.figures() f using (event)
    )
    select m.opening, m.issued, m.redeemed, m.expired, m.adjusted, m.closing, r.currency, r.accounting_model,
        case when r.version is not null then b.issued - b.redeemed - b.breakage + b.adjusted end,
        case when r.version is not null then e.issued - b.issued end,
        case when r.version is not null then e.redeemed - b.redeemed end,
        case when r.version is not null then e.breakage - b.breakage end,
        case when r.version is not null then e.adjusted - b.adjusted end,
        case when r.version is not null then e.issued - e.redeemed - e.breakage + e.adjusted end,
        coalesce((select p.locked_through >= s.last from reports.period p where p.program_id = p_program_id), false),
        (select t.waiting from reports.state(p_program_id) t),
        not exists (
            select from reports.posted p where p.program_id = p_program_id and p.entries_after is distinct from 0)
    from moved m
    cross join reports.month_of(p_month) s
    cross join lateral reports.deferred_through(p_program_id, s.first - 1) b
    cross join lateral reports.deferred_through(p_program_id, s.last) e
    cross join lateral reports.rate_on(p_program_id, s.last) r;
$$;

-- A figure's movements, which add up to it: by day, event, month earned and funder, what takes off the figure below zero. Of
-- opening and closing: what was outstanding then, by month earned and funder (day and event null). `deferred_micros`: at the rate of
-- the month earned; of what is outstanding, what the deferred revenue book holds for it; of expired points null, because breakage
-- is recognised as it is expected.
create or replace function reports.close_movements(p_program_id int, p_month date, p_figure text)
returns table (day date, event text, lot_month date, funder text, points bigint, deferred_micros numeric)
language sql stable security definer set search_path = pg_catalog
begin atomic
    select * from (
        select m.day, m.event, m.lot_month, m.funder, f.sign * m.points,
            case when p_figure <> 'expired' then f.sign * m.points::numeric * r.deferred_micros end
        from reports.month_of(p_month) s
        join reports.movement m on m.program_id = p_program_id and m.day between s.first and s.last
        join reports.figures() f using (event)
        cross join lateral reports.rate_on(p_program_id, m.lot_month) r
        where f.figure = p_figure
        union all
        select null, null, v.lot_month, v.funder, v.outstanding::bigint,
            v.net * v.deferred_micros - v.recognised_micros
        from reports.month_of(p_month) s
        cross join lateral reports.valued(p_program_id, case p_figure when 'opening' then s.first - 1 else s.last end) v
        where p_figure in ('opening', 'closing') and v.outstanding <> 0
    ) x (day, event, lot_month, funder, points, deferred_micros)
    order by x.day, x.event collate "C", x.lot_month, x.funder collate "C";
end;

-- The members' lots of a figure, by member and row of the journal, after a member's row (null: from the first), at least p_most of
-- them or all; p_day null: of all its days. Of opening and closing what each lot had (sequence 0, day and event null).
create or replace function reports.close_lots(
    p_program_id int, p_month date, p_figure text, p_day date, p_after_number text, p_after_sequence bigint, p_most int
) returns table (
    member_number text, sequence bigint, day date, event text, lot_key int, lot_month date, funder text, points bigint,
    deferred_micros numeric
) language plpgsql stable security definer set search_path = pg_catalog as $$
declare
    s record;
    v_through bigint;
    v_rows bigint;
    v_found bigint := 0;
    v_members int := 1 + least(p_most, 1000) / 10;
    v_after bigint := coalesce((
        select m.member_id from members.member m where m.program_id = p_program_id and m.number = p_after_number), 0);
begin
    select * into s from reports.month_of(p_month);
    if p_figure in ('opening', 'closing') then
        -- Some members at a time: nobody's whole past is read for a page that he is not on; more at a time where few own anything.
        -- Of whom entries are kept only from some row on, the sum would be less than nothing: they are not told here.
        loop
            select max(p.member_id) into v_through from (
                select o.member_id from reports.posted o
                where o.program_id = p_program_id and o.member_id > v_after
                order by o.member_id limit v_members) p;
            exit when v_through is null;
            return query
            select m.number, 0::bigint, null::date, null::text, x.lot_key, x.lot_month, x.funder, x.points, null::numeric
            from (
                select e.member_id, e.lot_key, e.lot_month, e.funder, sum(f.outstanding * e.points)::bigint as points
                from reports.entry e join reports.figures() f using (event)
                join reports.posted o on o.program_id = e.program_id and o.member_id = e.member_id and o.entries_after = 0
                where e.program_id = p_program_id and e.member_id > v_after and e.member_id <= v_through
                    and e.day <= case p_figure when 'opening' then s.first - 1 else s.last end
                group by 1, 2, 3, 4 having sum(f.outstanding * e.points) <> 0
            ) x
            join members.member m on m.program_id = p_program_id and m.member_id = x.member_id
            order by x.member_id, x.lot_key, x.lot_month, x.funder collate "C";
            get diagnostics v_rows = row_count;
            v_found := v_found + v_rows;
            v_after := v_through;
            if v_rows = 0 then
                v_members := least(2 * v_members, 10000);
            end if;
            exit when v_found >= p_most;
        end loop;
        return;
    end if;
    return query
    select m.number, x.sequence, x.day, x.event, x.lot_key, x.lot_month, x.funder, x.sign * x.points,
        case when p_figure <> 'expired' then x.sign * x.points::numeric * r.deferred_micros end
    from (
        select e.*, f.sign
        from reports.entry e join reports.figures() f using (event)
        where e.program_id = p_program_id and e.day between coalesce(p_day, s.first) and coalesce(p_day, s.last)
            and e.day between s.first and s.last and f.figure = p_figure
            and (e.member_id, e.sequence) > (v_after, coalesce(p_after_sequence, 0))
        order by e.member_id, e.sequence fetch first greatest(1, least(p_most, 1000)) rows with ties
    ) x
    join members.member m on m.program_id = p_program_id and m.member_id = x.member_id
    cross join lateral reports.rate_on(p_program_id, x.lot_month) r
    order by x.member_id, x.sequence, x.event collate "C", x.lot_key, x.lot_month, x.funder collate "C";
end $$;

-- One lot of a member: everything that moved it, in the order of the journal. `points` is what it did to the lot, `through` the
-- lot afterwards; `before` is what was in it when the books began to keep entries.
create or replace function reports.lot_entries(p_program_id int, p_member_number text, p_lot_key int)
returns table (
    sequence bigint, day date, event text, figure text, kind text, op_id uuid, reference uuid, occurred_at timestamptz,
    booked_at timestamptz, lot_month date, funder text, points bigint, through bigint, before bigint
) language sql stable security definer set search_path = pg_catalog
begin atomic
    with own as (
        select m.member_id from members.member m where m.program_id = p_program_id and m.number = p_member_number
    ), moved as (
        select e.*, f.figure, (f.outstanding * e.points)::bigint as effect
        from own o
        join reports.entry e on e.program_id = p_program_id and e.member_id = o.member_id and e.lot_key = p_lot_key
        join reports.figures() f using (event)
    ), began as (
        select coalesce((
                select sum(s.points) from reports.source s, own o
                where s.program_id = p_program_id and s.member_id = o.member_id and s.lot_key = p_lot_key), 0)
            - coalesce((select sum(m.effect) from moved m), 0) as points
    )
    select m.sequence, m.day, m.event, m.figure, j.kind::text, j.op_id, j.ref_op, j.occurred_at, j.created_at, m.lot_month, m.funder,
        m.effect,
        (b.points + sum(m.effect) over (
            order by m.sequence, m.effect < 0, m.lot_month, m.funder collate "C" rows unbounded preceding))::bigint,
        b.points::bigint
    from moved m
    cross join began b
    join points.journal j on j.program_id = m.program_id and j.member_id = m.member_id and j.sequence = m.sequence
    order by m.sequence, m.effect < 0, m.lot_month, m.funder collate "C";
end;
