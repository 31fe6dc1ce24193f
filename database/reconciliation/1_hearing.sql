-- What Amazon has charged, page by page: kept once each, as it was told last, and joined to the order it is about.

-- The next page of a connection's transactions, or how long to wait. A pass is over when its last page was read and its range
-- reaches `p_until`; the next one begins some days before the end of the last, because transactions come late, and every
-- seventh reaches back `p_deep_days`. Null range: nothing to read now (`wait_seconds` 0: the pass is over).
create or replace function reconciliation.next_page(
    p_program_id integer, p_connection text, p_until timestamptz, p_overlap_days integer, p_deep_days integer,
    p_per_second double precision, p_burst integer
) returns table (wait_seconds numeric, range_start timestamptz, range_end timestamptz, next_token text)
language plpgsql security definer set search_path = pg_catalog as $$
declare
    f reconciliation.feed;
begin
    insert into reconciliation.feed (connection, range_start, range_end, started_at)
    values (p_connection, p_until - make_interval(days => p_deep_days), p_until, clock.now())
    on conflict do nothing;
    select * into strict f from reconciliation.feed x where x.connection = p_connection for no key update;
    if f.finished_at is not null and f.range_end < p_until then
        update reconciliation.feed x
        set range_start = f.range_end - make_interval(
                days => case when f.passes % 7 = 0 then p_deep_days else p_overlap_days end),
            range_end = p_until, next_token = null, started_at = clock.now(), finished_at = null, pages = 0,
            passes = f.passes + 1, row_xid = pg_current_xact_id()
        where x.connection = p_connection returning * into f;
    elsif f.finished_at is not null then
        return query select 0::numeric, null::timestamptz, null::timestamptz, null::text;
        return;
    end if;
    -- Those who place orders have other buckets: this one is the reconciliation's alone.
    wait_seconds := orders.take_token(p_program_id, p_connection, 'transactions', p_per_second::numeric, p_burst, 0);
    if wait_seconds = 0 then
        range_start := f.range_start;
        range_end := f.range_end;
        next_token := f.next_token;
    end if;
    return next;
end $$;

-- A page was read. `p_transactions`: [{type, id, transacted_at, feed_at, currency, amount_minor, raw, lines: [{position,
-- amazon_order_id, purchase_order_number, asin, seller, quantity, amount_minor, principal_minor}]}], amounts with our sign.
-- `p_unreadable`: entries that could not be understood. The page's range must be the one under way: a page that comes late
-- changes nothing about the pass, but what it says is kept. At most 100,000 pages: a token that leads nowhere ends.
create or replace function reconciliation.take_page(
    p_connection text, p_range_end timestamptz, p_transactions jsonb, p_unreadable jsonb, p_next_token text
) returns integer language plpgsql security definer set search_path = pg_catalog as $$
declare
    t record;
    v_known reconciliation.transaction;
    v_content bytea;
    v_news integer := 0;
begin
    for t in
        select * from jsonb_to_recordset(p_transactions) as x(
            type text, id text, transacted_at timestamptz, feed_at timestamptz, currency text, amount_minor bigint,
            raw jsonb, lines jsonb)
        order by x.type, x.id
    loop
        v_content := sha256(convert_to(t.raw::text, 'UTF8'));
        insert into reconciliation.transaction (
            connection, transaction_type, transaction_id, transacted_at, feed_at, currency, amount_minor, raw, content,
            first_heard_at, last_heard_at)
        values (p_connection, t.type, t.id, t.transacted_at, t.feed_at, t.currency, t.amount_minor, t.raw, v_content,
                clock.now(), clock.now())
        on conflict do nothing;
        if not found then
            select * into strict v_known from reconciliation.transaction k
            where k.connection = p_connection and k.transaction_type = t.type and k.transaction_id = t.id for update;
            if v_known.content = v_content then
                update reconciliation.transaction k set last_heard_at = clock.now()
                where k.connection = p_connection and k.transaction_type = t.type and k.transaction_id = t.id;
                continue;
            end if;
            update reconciliation.transaction k
            set transacted_at = t.transacted_at, feed_at = t.feed_at, currency = t.currency, amount_minor = t.amount_minor,
                raw = t.raw, content = v_content, changes = k.changes + 1, last_heard_at = clock.now(),
                row_xid = pg_current_xact_id()
            where k.connection = p_connection and k.transaction_type = t.type and k.transaction_id = t.id;
            -- Lines that moved from one redemption to another are news for both.
            update reconciliation.subject s set at_rest = false, row_xid = pg_current_xact_id()
            from reconciliation.transaction_line l
            where l.connection = p_connection and l.transaction_type = t.type and l.transaction_id = t.id
              and s.program_id = l.program_id and s.redemption_id = l.redemption_id;
            delete from reconciliation.transaction_line l
            where l.connection = p_connection and l.transaction_type = t.type and l.transaction_id = t.id;
        end if;
        v_news := v_news + 1;
        insert into reconciliation.transaction_line (
            connection, transaction_type, transaction_id, position, amazon_order_id, purchase_order_number, asin, seller,
            quantity, currency, amount_minor, principal_minor)
        select p_connection, t.type, t.id, l.position, l.amazon_order_id, l.purchase_order_number, l.asin, l.seller,
               l.quantity, t.currency, l.amount_minor, l.principal_minor
        from jsonb_to_recordset(t.lines) as l(
            position integer, amazon_order_id text, purchase_order_number text, asin text, seller text, quantity integer,
            amount_minor bigint, principal_minor bigint);
    end loop;
    perform reconciliation.join_lines(p_connection);
    perform reconciliation.keep_unreadable(p_connection, p_unreadable);
    update reconciliation.feed f
    set next_token = p_next_token, pages = f.pages + 1,
        finished_at = case when p_next_token is null or f.pages >= 100000 then clock.now() end,
        row_xid = pg_current_xact_id()
    where f.connection = p_connection and f.range_end = p_range_end and f.finished_at is null;
    return v_news;
end $$;

-- Amazon does not take the token any more: from the first page again.
create or replace function reconciliation.feed_again(p_connection text) returns void
language sql security definer set search_path = pg_catalog
begin atomic
    update reconciliation.feed f set next_token = null, pages = 0, row_xid = pg_current_xact_id()
    where f.connection = p_connection and f.finished_at is null;
end;

-- Internal: lines that no redemption is known by yet: by Amazon's order, else by the number we gave the order. What the items
-- leave of a transaction goes to the redemption of its items, if they are of one.
create or replace function reconciliation.join_lines(p_connection text) returns void
language plpgsql set search_path = pg_catalog as $$
begin
    update reconciliation.transaction_line l
    set program_id = o.program_id, redemption_id = o.redemption_id, row_xid = pg_current_xact_id()
    from orders.order_part o
    where l.connection = p_connection and l.redemption_id is null and l.position > 0
      and o.amazon_order_id = l.amazon_order_id;
    update reconciliation.transaction_line l
    set program_id = r.program_id, redemption_id = r.redemption_id, row_xid = pg_current_xact_id()
    from redemptions.redemption r
    where l.connection = p_connection and l.redemption_id is null and l.position > 0
      and r.redemption_id = reconciliation.named(l.purchase_order_number);
    -- Orders that were found too late for their redemption are known by their adoption.
    update reconciliation.transaction_line l
    set program_id = a.program_id, redemption_id = a.redemption_id, row_xid = pg_current_xact_id()
    from reconciliation.adoption a
    where l.connection = p_connection and l.redemption_id is null and l.position > 0 and a.kind = 'late'
      and reconciliation.adopts(a.detail, l.amazon_order_id);
    update reconciliation.transaction_line l
    set program_id = o.program_id, redemption_id = o.redemption_id, row_xid = pg_current_xact_id()
    from (
        select i.transaction_type, i.transaction_id, min(i.program_id) as program_id,
               (array_agg(i.redemption_id))[1] as redemption_id
        from reconciliation.transaction_line i
        join reconciliation.transaction_line u on u.connection = i.connection and u.transaction_type = i.transaction_type
            and u.transaction_id = i.transaction_id and u.position = 0 and u.redemption_id is null
        where i.connection = p_connection and i.position > 0
        group by i.transaction_type, i.transaction_id
        having count(distinct i.redemption_id) = 1 and bool_and(i.redemption_id is not null)) o
    where l.connection = p_connection and l.redemption_id is null and l.position = 0
      and l.transaction_type = o.transaction_type and l.transaction_id = o.transaction_id;
end $$;

-- Internal: whether an adoption's order is this one of Amazon's.
create or replace function reconciliation.adopts(p_detail jsonb, p_amazon_order_id text) returns boolean
language sql immutable set search_path = pg_catalog
return exists (select from jsonb_array_elements(p_detail -> 'lines') u where u -> 'amazon_order_ids' ? p_amazon_order_id);

-- The redemption that an order's number or name says: its last 36 characters, if they are an id. Orders asked for again have a
-- name that goes on after the id.
create or replace function reconciliation.named(p_text text) returns uuid language sql immutable set search_path = pg_catalog
return substring(lower(p_text) from '[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}')::uuid;

-- Internal: entries of a page that could not be understood: each is an orphan that a person looks at.
create or replace function reconciliation.keep_unreadable(p_connection text, p_unreadable jsonb) returns void
language plpgsql set search_path = pg_catalog as $$
declare
    v_program integer;
    v_entry jsonb;
begin
    if jsonb_array_length(p_unreadable) = 0 then
        return;
    end if;
    v_program := reconciliation.program_of(p_connection);
    for v_entry in select value from jsonb_array_elements(p_unreadable) loop
        perform reconciliation.see_orphan(
            v_program, 'amazon', 'unreadable:' || encode(sha256(convert_to(v_entry::text, 'UTF8')), 'hex'), 'unreadable',
            null, null, jsonb_build_object('connection', p_connection, 'entry', v_entry));
    end loop;
end $$;

-- Internal: in whose name something about a connection is said that no programme knows: the first one that uses it.
create or replace function reconciliation.program_of(p_connection text) returns integer
language sql stable set search_path = pg_catalog as $$
    select coalesce(
        (select min(g.program_id) from programme.program g cross join lateral orders.rate_of(g.program_id) r
         where r.connection = p_connection),
        (select min(g.program_id) from programme.program g))
$$;

-- Internal: something that no redemption knows, with a ticket; again changes nothing but a changed amount.
create or replace function reconciliation.see_orphan(
    p_program_id integer, p_source text, p_reference text, p_kind text, p_currency text, p_amount_minor bigint, p_detail jsonb
) returns void language plpgsql set search_path = pg_catalog as $$
declare
    v_case uuid := clock.new_id();
begin
    insert into reconciliation.orphan (
        program_id, source, reference, kind, currency, amount_minor, detail, case_id, first_seen_at)
    values (p_program_id, p_source, p_reference, p_kind, p_currency, p_amount_minor, p_detail, v_case, clock.now())
    on conflict do nothing;
    if not found then
        update reconciliation.orphan o set currency = p_currency, amount_minor = p_amount_minor, detail = p_detail,
               row_xid = pg_current_xact_id()
        where o.program_id = p_program_id and o.source = p_source and o.reference = p_reference
          and o.detail is distinct from p_detail;
        return;
    end if;
    perform casework.open_case(
        p_program_id, v_case, 'reconciliation', left(p_source || ' ' || p_reference, 200), 'orphan_' || p_kind,
        jsonb_strip_nulls(jsonb_build_object(
            'source', p_source, 'reference', p_reference, 'currency', p_currency, 'amount_minor', p_amount_minor))
            || p_detail,
        array['accepted', 'corrected'], array['business-operator'], clock.now() + interval '3 days', 'reconciliation');
end $$;

-- Internal: it has found its redemption: the ticket closes by itself.
create or replace function reconciliation.orphan_found(p_program_id integer, p_source text, p_reference text) returns void
language plpgsql set search_path = pg_catalog as $$
declare
    v_case uuid;
begin
    update reconciliation.orphan o set resolved_at = clock.now(), row_xid = pg_current_xact_id()
    where o.program_id = p_program_id and o.source = p_source and o.reference = p_reference and o.resolved_at is null
    returning o.case_id into v_case;
    if found then
        perform casework.withdraw_case(p_program_id, v_case, 'reconciliation');
    end if;
end $$;
