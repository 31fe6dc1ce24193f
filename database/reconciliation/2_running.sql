-- A day's run: listed once, asked and compared in small pieces, so that it may be stopped anywhere and goes on.
--
-- fetching   until Amazon's transactions are read up to the run's instant
-- asking     the provider is asked about the charges of whatever is on the list
-- comparing  each redemption on the list gets its verdict
-- done       orphans have their tickets, the sums are fixed

-- Begin a day, or go on with it. A day that is done stays done, unless it is asked for `p_again`, or was done before it was over.
-- Returns the run's state; too_early for a day that has not begun.
create or replace function reconciliation.begin(p_program_id integer, p_day date, p_again boolean)
returns table (state text, as_of timestamptz) language plpgsql security definer set search_path = pg_catalog as $$
declare
    v_today date := points.today(p_program_id);
    v_end timestamptz := (p_day + 1)::timestamp at time zone points.zone(p_program_id);
begin
    if p_day > v_today then
        return query select 'too_early', null::timestamptz;
        return;
    end if;
    insert into reconciliation.run (program_id, day, as_of) values (p_program_id, p_day, clock.now())
    on conflict do nothing;
    update reconciliation.run r
    set state = 'fetching', attempt = r.attempt + 1, as_of = clock.now(), finished_at = null, row_xid = pg_current_xact_id()
    where r.program_id = p_program_id and r.day = p_day and r.state = 'done'
      and (p_again or (r.as_of < v_end and clock.now() >= v_end));
    if found then
        update reconciliation.item i
        set verdict = null, asked_at = null, compared_at = null, row_xid = pg_current_xact_id()
        where i.program_id = p_program_id and i.day = p_day;
    end if;
    return query select r.state, r.as_of from reconciliation.run r where r.program_id = p_program_id and r.day = p_day;
end $$;

-- Days to work on now: those begun and not done, and yesterday of every programme. Oldest first.
create or replace function reconciliation.due() returns table (program_id integer, day date)
language sql stable security definer set search_path = pg_catalog
begin atomic
    select d.program_id, d.day from (
        select r.program_id, r.day from reconciliation.run r where r.state <> 'done'
        union
        select g.program_id, points.today(g.program_id) - 1 from programme.in_earnest g
        where exists (select from programme.published p where p.program_id = g.program_id)
          and not exists (
            select from reconciliation.run r
            where r.program_id = g.program_id and r.day = points.today(g.program_id) - 1 and r.state = 'done'
              and r.as_of >= points.today(g.program_id)::timestamp at time zone points.zone(g.program_id))) d
    order by d.day, d.program_id;
end;

-- Amazon is read: write down what this run is about. Whatever moved since the last list (by transaction ids, so nothing is missed
-- that was under way then), and what was not at rest. Returns how many.
create or replace function reconciliation.list_items(p_program_id integer, p_day date) returns bigint
language plpgsql security definer set search_path = pg_catalog as $$
declare
    v_from xid8;
    v_below xid8 := pg_snapshot_xmin(pg_current_snapshot());
    v_told timestamptz;
    v_count bigint;
begin
    perform from reconciliation.run r
    where r.program_id = p_program_id and r.day = p_day and r.state = 'fetching' for update;
    if not found then
        return 0;
    end if;
    select coalesce(max(r.below), '0'), coalesce(max(r.as_of) filter (where r.below is not null) - interval '1 hour', '-infinity')
    into v_from, v_told from reconciliation.run r where r.program_id = p_program_id;
    insert into reconciliation.item (program_id, day, redemption_id)
    select p_program_id, p_day, x.redemption_id
    from (
        select r.redemption_id from redemptions.redemption r where r.program_id = p_program_id and r.row_xid >= v_from
        union
        select b.redemption_id from redemptions.units_back b where b.program_id = p_program_id and b.row_xid >= v_from
        union
        select p.redemption_id from payments.payment p where p.program_id = p_program_id and p.row_xid >= v_from
        union
        select f.redemption_id from payments.refund f where f.program_id = p_program_id and f.row_xid >= v_from
        union
        select u.redemption_id from orders.shipped_unit u where u.program_id = p_program_id and u.row_xid >= v_from
        union
        select l.redemption_id from reconciliation.transaction_line l
        where l.program_id = p_program_id and l.row_xid >= v_from
        union
        -- The provider told of something that may have moved none of our rows.
        select n.redemption_id from payments.notice n
        where n.program_id = p_program_id and n.received_at >= v_told
        union
        select a.redemption_id from reconciliation.adoption a where a.program_id = p_program_id and a.row_xid >= v_from
        union
        select s.redemption_id from reconciliation.subject s where s.program_id = p_program_id and not s.at_rest
    ) x
    -- A payment or an adoption may be of a redemption that this database does not know.
    where exists (select from redemptions.redemption r
                  where r.program_id = p_program_id and r.redemption_id = x.redemption_id)
    on conflict do nothing;
    get diagnostics v_count = row_count;
    update reconciliation.run r
    set state = 'asking', below = greatest(r.below, v_below), row_xid = pg_current_xact_id()
    where r.program_id = p_program_id and r.day = p_day;
    return v_count;
end $$;

-- Redemptions on the list whose charges are to be asked about; no row: all are asked, and the run compares.
create or replace function reconciliation.to_ask(p_program_id integer, p_day date, p_most integer)
returns table (redemption_id uuid, provider text, currency text, charge_ids text[])
language plpgsql security definer set search_path = pg_catalog as $$
begin
    -- Who has no charge at a provider is not asked about.
    update reconciliation.item i set asked_at = clock.now(), row_xid = pg_current_xact_id()
    where i.program_id = p_program_id and i.day = p_day and i.asked_at is null and not exists (
        select from payments.payment p
        where p.program_id = i.program_id and p.redemption_id = i.redemption_id and p.charge_id is not null);
    return query
        select i.redemption_id, p.provider, p.currency, (
            select array_agg(distinct c.id) from (
                select p.charge_id as id
                union all
                select k.charge_id from payments.capture k
                where k.program_id = i.program_id and k.redemption_id = i.redemption_id) c)
        from reconciliation.item i
        join payments.payment p on p.program_id = i.program_id and p.redemption_id = i.redemption_id
        where i.program_id = p_program_id and i.day = p_day and i.asked_at is null
        -- The newest first: charges of another account or key of before do not come before those that can be read.
        order by i.redemption_id desc limit p_most;
    if not found then
        update reconciliation.run r set state = 'comparing', row_xid = pg_current_xact_id()
        where r.program_id = p_program_id and r.day = p_day and r.state = 'asking';
    end if;
end $$;

-- A charge that the provider has answered about in this run; null: none. Asked about again it says whether the provider, or
-- another charge, is in trouble.
create or replace function reconciliation.readable_charge(p_program_id integer, p_day date, p_provider text) returns text
language sql stable security definer set search_path = pg_catalog
begin atomic
    select c.charge_id
    from reconciliation.run r
    join reconciliation.item i using (program_id, day)
    join reconciliation.charge c using (program_id, redemption_id)
    where r.program_id = p_program_id and r.day = p_day and i.asked_at is not null and c.provider = p_provider
      and c.asked_at >= r.as_of and c.state not in ('missing', 'unreadable')
    order by c.asked_at desc limit 1;
end;

-- What the provider said of a redemption's charges: [{charge_id, state, currency, authorised_minor, captured_minor,
-- refunded_minor}].
create or replace function reconciliation.answered(
    p_program_id integer, p_day date, p_redemption_id uuid, p_provider text, p_charges jsonb
) returns void language plpgsql security definer set search_path = pg_catalog as $$
begin
    insert into reconciliation.charge as k (
        provider, charge_id, program_id, redemption_id, state, currency, authorised_minor, captured_minor, refunded_minor,
        asked_at)
    select p_provider, c.charge_id, p_program_id, p_redemption_id, c.state, c.currency, c.authorised_minor,
           c.captured_minor, c.refunded_minor, clock.now()
    from jsonb_to_recordset(p_charges) as c(
        charge_id text, state text, currency text, authorised_minor bigint, captured_minor bigint, refunded_minor bigint)
    on conflict (provider, charge_id) do update
    set state = excluded.state, currency = excluded.currency, authorised_minor = excluded.authorised_minor,
        captured_minor = excluded.captured_minor, refunded_minor = excluded.refunded_minor, asked_at = excluded.asked_at,
        row_xid = pg_current_xact_id();
    update reconciliation.item i set asked_at = clock.now(), row_xid = pg_current_xact_id()
    where i.program_id = p_program_id and i.day = p_day and i.redemption_id = p_redemption_id;
end $$;

-- Charges that a provider's notices named and no payment knows, of the last days; they are asked about as well.
create or replace function reconciliation.unknown_charges(p_provider text, p_days integer, p_most integer)
returns table (charge_id text) language sql stable security definer set search_path = pg_catalog
begin atomic
    select distinct n.object_id from payments.notice n
    where n.provider = p_provider and n.redemption_id is null
      and n.received_at > clock.now() - make_interval(days => p_days)
      and n.kind not ilike '%session%' and n.kind not ilike '%permission%' and n.kind not ilike '%refund%'
      and n.kind not ilike '%dispute%' and n.kind not ilike '%chargeback%'
      and not exists (select from payments.payment p where p.provider = n.provider and p.charge_id = n.object_id)
      and not exists (select from reconciliation.orphan o
                      where o.source = n.provider and o.reference = n.object_id and o.resolved_at is not null)
    limit p_most;
end;

-- Internal: in whose name something at a provider is said that no redemption knows: the first programme that uses it.
create or replace function reconciliation.program_at(p_provider text) returns integer
language sql stable set search_path = pg_catalog as $$
    select min(g.program_id) from programme.program g cross join lateral programme.current(g.program_id) v
    where v.document -> 'integrations' -> 'payment' ->> 'provider' = p_provider
$$;

-- Internal: it is known, whoever's orphan it was.
create or replace function reconciliation.charge_known(p_provider text, p_charge_id text) returns void
language sql set search_path = pg_catalog as $$
    select reconciliation.orphan_found(o.program_id, o.source, o.reference) from reconciliation.orphan o
    where o.source = p_provider and o.reference = p_charge_id and o.resolved_at is null
$$;

-- A charge that the provider showed without being asked about it by us. `p_reference`: what we named it, if it says.
-- Returns known (one of ours), nothing (no money in it), orphan.
create or replace function reconciliation.see_charge(
    p_program_id integer, p_provider text, p_charge_id text, p_reference text, p_state text, p_currency text,
    p_authorised_minor bigint, p_captured_minor bigint, p_refunded_minor bigint
) returns text language plpgsql security definer set search_path = pg_catalog as $$
declare
    v_redemption uuid := reconciliation.named(p_reference);
    -- Every programme's run sees the provider's whole list: what no redemption names is one programme's, always the same.
    v_program integer := coalesce(
        (select r.program_id from redemptions.redemption r where r.redemption_id = v_redemption),
        (select min(o.program_id) from reconciliation.orphan o
         where o.source = p_provider and o.reference = p_charge_id and o.resolved_at is null),
        reconciliation.program_at(p_provider), p_program_id);
begin
    if exists (select from payments.payment p where p.provider = p_provider and p.charge_id = p_charge_id)
       or exists (select from payments.capture c join payments.payment p using (program_id, redemption_id)
                  where p.provider = p_provider and c.charge_id = p_charge_id) then
        perform reconciliation.charge_known(p_provider, p_charge_id);
        return 'known';
    elsif (p_state not in ('authorised', 'captured', 'pending') and p_captured_minor = 0)
       or p_captured_minor > 0 and p_captured_minor = p_refunded_minor
       -- The provider sees it before we have written it down.
       or exists (select from payments.payment p
                  where p.redemption_id = v_redemption and p.state in ('awaiting_approval', 'completing', 'unknown'))
       -- A person has it already.
       or exists (select from reconciliation.adoption a where a.subject = p_charge_id) then
        perform reconciliation.charge_known(p_provider, p_charge_id);
        return 'nothing';
    end if;
    perform reconciliation.see_orphan(
        v_program, p_provider, p_charge_id, 'charge', p_currency,
        case when p_captured_minor > 0 then p_captured_minor - p_refunded_minor else p_authorised_minor end,
        jsonb_strip_nulls(jsonb_build_object(
            'charge_id', p_charge_id, 'state', p_state, 'authorised_minor', p_authorised_minor,
            'captured_minor', p_captured_minor, 'refunded_minor', p_refunded_minor, 'redemption_id', v_redemption)));
    return 'orphan';
end $$;

-- Give verdicts to so many of the list; how many are left. Each in its own right: what cannot be compared stops nobody else.
create or replace function reconciliation.compare_some(p_program_id integer, p_day date, p_most integer) returns bigint
language plpgsql security definer set search_path = pg_catalog as $$
declare
    v_redemption uuid;
begin
    for v_redemption in
        select i.redemption_id from reconciliation.item i
        where i.program_id = p_program_id and i.day = p_day and i.verdict is null and i.asked_at is not null
        order by i.redemption_id limit p_most for update skip locked
    loop
        begin
            perform reconciliation.compare(p_program_id, p_day, v_redemption);
        exception when others then
            -- What passes (locks, connections, space) is tried again; what does not is a person's.
            if substr(sqlstate, 1, 2) in ('08', '40', '53', '55', '57', '58') then
                raise;
            end if;
            perform reconciliation.conclude(r, p_day, jsonb_build_array(jsonb_build_object(
                'leg', 'points', 'kind', 'not_comparable', 'explained', false, 'points', 0, 'sqlstate', sqlstate)))
            from redemptions.redemption r where r.program_id = p_program_id and r.redemption_id = v_redemption;
        end;
    end loop;
    return (select count(*) from reconciliation.item i
            where i.program_id = p_program_id and i.day = p_day and i.verdict is null);
end $$;

-- Internal: lines of transactions that no redemption knows, of the connections that are a programme's to speak for. `ours`: they
-- have a number that we give to orders, or are what the items leave of a transaction with such an item. All others are what
-- others of the company have bought: that is nobody's to look into.
create or replace function reconciliation.unknown_lines(p_program_id integer)
returns table (
    connection text, transaction_type text, transaction_id text, currency text, amount_minor bigint, amazon_order_id text,
    purchase_order_number text, ours boolean
) language plpgsql stable set search_path = pg_catalog as $$
#variable_conflict use_column
declare
    v_connections text[] := array(
        select f.connection from reconciliation.feed f where reconciliation.program_of(f.connection) = p_program_id);
    v_numbers text[] := array(
        select r.purchase_order_prefix || '%' from programme.program g cross join lateral orders.rate_of(g.program_id) r
        where r.purchase_order_prefix <> '');
begin
    return query
    select l.connection, l.transaction_type, l.transaction_id, l.currency, l.amount_minor, l.amazon_order_id,
           l.purchase_order_number,
           coalesce(reconciliation.named(l.purchase_order_number) is not null or l.purchase_order_number like any (v_numbers),
                    false)
           or l.position = 0 and exists (
               select from reconciliation.transaction_line i
               where i.connection = l.connection and i.transaction_type = l.transaction_type
                 and i.transaction_id = l.transaction_id and i.position > 0
                 and (i.redemption_id is not null or reconciliation.named(i.purchase_order_number) is not null
                      or i.purchase_order_number like any (v_numbers)))
    from reconciliation.transaction_line l
    where l.redemption_id is null and l.amount_minor <> 0 and l.connection = any (v_connections);
end $$;

-- All is compared: list what nobody knows, close what was found, fix the sums. False: it is not so far.
create or replace function reconciliation.finish(p_program_id integer, p_day date) returns boolean
language plpgsql security definer set search_path = pg_catalog as $$
declare
    o record;
begin
    perform from reconciliation.run r
    where r.program_id = p_program_id and r.day = p_day and r.state = 'comparing' for update;
    if not found or exists (select from reconciliation.item i
                            where i.program_id = p_program_id and i.day = p_day and i.verdict is null) then
        return false;
    end if;
    -- What a lost redemption's adoption explains has its case already.
    for o in
        select l.connection, l.transaction_type, l.transaction_id, l.currency, sum(l.amount_minor)::bigint as amount_minor,
               array_agg(distinct l.amazon_order_id) filter (where l.amazon_order_id is not null) as amazon_orders,
               array_agg(distinct l.purchase_order_number) filter (where l.purchase_order_number is not null) as numbers
        from reconciliation.unknown_lines(p_program_id) l
        where l.ours and not exists (select from reconciliation.adoption a
                          where a.kind = 'lost' and (a.redemption_id = reconciliation.named(l.purchase_order_number)
                                                     or reconciliation.adopts(a.detail, l.amazon_order_id)))
        group by 1, 2, 3, 4
    loop
        perform reconciliation.see_orphan(
            p_program_id, 'amazon', o.transaction_type || ' ' || o.transaction_id, 'transaction', o.currency, o.amount_minor,
            jsonb_strip_nulls(jsonb_build_object(
                'transaction_id', o.transaction_id, 'transaction_type', o.transaction_type,
                'amazon_order_ids', to_jsonb(o.amazon_orders), 'purchase_order_numbers', to_jsonb(o.numbers))));
    end loop;
    for o in
        select x.source, x.reference from reconciliation.orphan x
        where x.program_id = p_program_id and x.kind = 'transaction' and x.resolved_at is null and x.reference not in (
            select l.transaction_type || ' ' || l.transaction_id from reconciliation.unknown_lines(p_program_id) l
            where l.ours)
    loop
        perform reconciliation.orphan_found(p_program_id, o.source, o.reference);
    end loop;
    -- A person has said what it was.
    update reconciliation.orphan x set resolved_at = clock.now(), row_xid = pg_current_xact_id()
    from casework.case c
    where x.program_id = p_program_id and x.resolved_at is null and c.program_id = x.program_id and c.case_id = x.case_id
      and c.state = 'decided';
    update reconciliation.run r
    set state = 'done', finished_at = clock.now(), row_xid = pg_current_xact_id(),
        matched = k.matched, explained = k.explained, tickets = k.tickets,
        orphans = (select count(*) from reconciliation.orphan x
                   where x.program_id = p_program_id and x.resolved_at is null)
    from (select count(*) filter (where i.verdict = 'matched') as matched,
                 count(*) filter (where i.verdict = 'explained') as explained,
                 count(*) filter (where i.verdict = 'ticket') as tickets
          from reconciliation.item i where i.program_id = p_program_id and i.day = p_day) k
    where r.program_id = p_program_id and r.day = p_day;
    return true;
end $$;

-- For metrics, of all programmes: unmatched redemptions and orphans with the age of the oldest in hours, and how many hours ago
-- yesterday ended if it is not done.
create or replace function reconciliation.watch()
returns table (unmatched bigint, oldest_hours bigint, orphans bigint, behind_hours bigint)
language sql stable security definer set search_path = pg_catalog
begin atomic
    select
        (select count(*) from reconciliation.subject s where s.verdict = 'ticket'),
        coalesce((select floor(extract(epoch from clock.now() - min(x.since)) / 3600) from (
            select min(s.unmatched_since) as since from reconciliation.subject s where s.verdict = 'ticket'
            union all
            select min(o.first_seen_at) from reconciliation.orphan o where o.resolved_at is null) x), 0)::bigint,
        (select count(*) from reconciliation.orphan o where o.resolved_at is null),
        coalesce((
            select floor(max(extract(epoch from clock.now() - (d.day + 1)::timestamp at time zone points.zone(d.program_id))) / 3600)
            from reconciliation.due() d where d.day < points.today(d.program_id)), 0)::bigint;
end;

-- The day it is where a programme is.
create or replace function reconciliation.today(p_program_id integer) returns date
language sql stable security definer set search_path = pg_catalog
return points.today(p_program_id);
