-- Whether an invoice is ours to pay: its lines beside what was ordered, what has left, and what was invoiced before.
--
-- Whatever comes of it is a list of findings {code, field, detail}; `detail` is amounts and counts, what is there first and then
-- what is allowed. Codes that hold nothing up:
--   cheaper           a unit costs less than was ordered
--   refund_unknown    a credit memo for units of which nobody here knows that they came back or were lost
-- Codes that time may mend; looked at again for three days:
--   not_shipped       more units than are known to have left, though not more than were ordered
--   original_open     the invoice that a credit memo corrects is not through yet
--   unproven          Amazon's transactions, which are read once a day, do not say yet that there is an invoice of this number and day
-- Every other code needs a person.

create or replace function invoices.blocks(p_code text) returns boolean language sql immutable
return p_code not in ('cheaper', 'refund_unknown');
create or replace function invoices.may_mend(p_code text) returns boolean language sql immutable
return p_code in ('not_shipped', 'original_open', 'unproven', 'posting_off');

-- Internal: one at a time in a programme. What is compared with everything before it must not meet its like half-way, and an
-- invoice takes milliseconds. Whoever locks a row of this room or of the ERP's has taken this first, but for the gateway, which
-- locks its own document and then the one invoice.
create or replace function invoices.take_turn(p_program_id integer) returns void
language sql set search_path = pg_catalog as $$
    select pg_advisory_xact_lock(hashtextextended('invoices:' || p_program_id, 770770))
$$;

-- Internal: what the programme says about invoices; what it does not say.
create or replace function invoices.rules(p_program_id integer) returns jsonb language sql stable set search_path = pg_catalog
begin atomic
    select '{"total_difference_minor": 2, "price_difference_minor": 0, "vendor": {"name": "Amazon Business"}}'::jsonb
           || coalesce((select v.document -> 'invoices' from programme.current(p_program_id) as v), '{}');
end;

-- Internal: numbers as they are compared: what stands on paper is broken at the line's end.
create or replace function invoices.plain(p_text text) returns text language sql immutable set search_path = pg_catalog
return upper(regexp_replace(p_text, '\s', '', 'g'));

-- Internal: whether a printed number is ours: the same, or its beginning where the paper's column is narrower than it is.
create or replace function invoices.is_number(p_printed text, p_ours text) returns boolean language sql immutable
return p_printed = p_ours or length(p_printed) >= 16 and starts_with(p_ours, p_printed);

-- Internal: the lines of its content, written out anew. A line without an order is of the one order behind the paper's numbers, a line
-- without a product is of an order's only one; otherwise they stay without. Each item gets its order's line.
create or replace function invoices.write_lines(i invoices.invoice) returns void
language plpgsql set search_path = pg_catalog as $$
declare
    v_behind text[] := array(
        select distinct o from orders.behind(i.program_id, array(
            select invoices.plain(n) from jsonb_array_elements_text(i.content -> 'purchase_order_numbers') n)) o limit 2);
begin
    delete from invoices.line l where l.program_id = i.program_id and l.invoice_id = i.invoice_id;
    insert into invoices.line (
        program_id, invoice_id, line_number, kind, amazon_order_id, asin, quantity, unit_price_minor, amount_minor)
    select i.program_id, i.invoice_id, l.position - 1, l.line ->> 'kind',
           coalesce(l.line ->> 'amazon_order_id',
                    case when l.line ->> 'kind' = 'item' and cardinality(v_behind) = 1 then v_behind[1] end),
           l.line ->> 'asin', (l.line ->> 'quantity')::integer, (l.line ->> 'unit_price_minor')::bigint,
           (l.line ->> 'amount_minor')::bigint
    from jsonb_array_elements(i.content -> 'lines') with ordinality as l(line, position);

    with ordered as materialized (
        select o.amazon_order_id, o.redemption_id, o.line_number, o.asin from orders.lines_of(i.program_id, array(
            select distinct l.amazon_order_id from invoices.line l
            where l.program_id = i.program_id and l.invoice_id = i.invoice_id)) o
    ), found as (
        select l.line_number, o.*
        from invoices.line l
        cross join lateral (
            select c.asin, (array_agg(c.redemption_id order by c.redemption_id, c.line_number))[1] as redemption_id,
                   (array_agg(c.line_number order by c.redemption_id, c.line_number))[1] as order_line
            from ordered c
            where c.amazon_order_id = l.amazon_order_id
              and (c.asin = l.asin or l.asin is null and not exists (
                  select from ordered other where other.amazon_order_id = c.amazon_order_id and other.asin <> c.asin))
            group by c.asin) o
        where l.program_id = i.program_id and l.invoice_id = i.invoice_id and l.kind = 'item'
    )
    update invoices.line l
    set asin = f.asin, redemption_id = f.redemption_id, order_line = f.order_line, row_xid = pg_current_xact_id()
    from found f
    where l.program_id = i.program_id and l.invoice_id = i.invoice_id and l.line_number = f.line_number;
end
$$;

-- Internal: what was paid for an order beside its goods by what is approved or posted, but for this one.
create or replace function invoices.beside_before(p_program_id integer, p_amazon_order_id text, p_but uuid) returns bigint
language sql stable set search_path = pg_catalog as $$
    select coalesce(sum(h.shipping_minor), 0)::bigint
    from invoices.share h join invoices.invoice v using (program_id, invoice_id)
    where h.program_id = p_program_id and h.amazon_order_id = p_amazon_order_id and v.invoice_id <> p_but
      and v.state in ('approved', 'posted')
$$;

-- Internal: the same of its tax.
create or replace function invoices.tax_before(p_program_id integer, p_amazon_order_id text, p_but uuid) returns bigint
language sql stable set search_path = pg_catalog as $$
    select coalesce(sum(h.tax_minor), 0)::bigint
    from invoices.share h join invoices.invoice v using (program_id, invoice_id)
    where h.program_id = p_program_id and h.amazon_order_id = p_amazon_order_id and v.invoice_id <> p_but
      and v.state in ('approved', 'posted')
$$;

-- Internal: what falls to each order, to the cent: of what all so far are due, less what those before got. Tax goes with the goods.
-- Shipping goes to the orders that have still to pay some, and back to those that have; other than that, with the goods. Nothing,
-- while a line is of no order.
create or replace function invoices.write_shares(i invoices.invoice) returns void
language plpgsql set search_path = pg_catalog as $$
begin
    delete from invoices.share s where s.program_id = i.program_id and s.invoice_id = i.invoice_id;
    if exists (select from invoices.line l where l.program_id = i.program_id and l.invoice_id = i.invoice_id
                 and l.kind = 'item' and l.redemption_id is null) then
        return;
    end if;
    insert into invoices.share (program_id, invoice_id, amazon_order_id, redemption_id, goods_minor, shipping_minor, tax_minor)
    with goods as (
        select l.amazon_order_id, (array_agg(l.redemption_id order by l.redemption_id))[1] as redemption_id,
               sum(l.amount_minor) as minor, sum(abs(l.amount_minor)) as weight
        from invoices.line l
        where l.program_id = i.program_id and l.invoice_id = i.invoice_id and l.kind = 'item'
        group by l.amazon_order_id
    ), sums as (
        -- Fees and what rounding leaves are beside the goods: in sum it is the whole paper.
        select (i.content ->> 'tax_minor')::numeric as tax,
               i.total_minor - (i.content ->> 'tax_minor')::numeric - (select coalesce(sum(g.minor), 0) from goods g) as beside
    ), open as (
        select g.*, case
            when i.kind = 'invoice' and s.beside > 0 then greatest(0, b.before * -1 + (
                select sum(n.extra_minor) from orders.lines_of(i.program_id, array[g.amazon_order_id]) n))
            when i.kind = 'credit_memo' and s.beside < 0 then greatest(0, b.before) else 0 end as room
        from goods g
        cross join sums s
        cross join lateral (
            select invoices.beside_before(i.program_id, g.amazon_order_id, i.invoice_id) as before) b
    ), weighed as (
        select o.*, case when sum(o.room) over () > 0 then o.room else o.weight end as load from open o
    ), placed as (
        select w.*, sum(w.weight) over so_far as upto, sum(w.weight) over so_far - w.weight as before,
               greatest(sum(w.weight) over (), 1) as whole, sum(w.load) over so_far as loaded,
               sum(w.load) over so_far - w.load as loaded_before, greatest(sum(w.load) over (), 1) as loads,
               row_number() over so_far = count(*) over () as last
        from weighed w window so_far as (order by w.amazon_order_id)
    )
    select i.program_id, i.invoice_id, p.amazon_order_id, p.redemption_id, p.minor,
           case when p.last then s.beside else round(s.beside * p.loaded / p.loads) end - round(s.beside * p.loaded_before / p.loads),
           case when p.last then s.tax else round(s.tax * p.upto / p.whole) end - round(s.tax * p.before / p.whole)
    from placed p cross join sums s;
end
$$;

-- Internal: its items beside the orders, by order and product: a product may be in several lines, of the paper and of the order.
create or replace function invoices.compared(i invoices.invoice)
returns table (
    line_number integer, amazon_order_id text, asin text, quantity bigint, unit_price_minor bigint, amount_minor bigint,
    known_order boolean, known_product boolean, redemption_id uuid, order_line integer, purchase_order_number text, currency text,
    ordered bigint, shipped bigint, ordered_price_minor bigint, ordered_tax_minor bigint, ordered_extra_minor bigint,
    invoiced bigint, credited bigint, invoiced_minor bigint, credited_minor bigint)
language sql stable set search_path = pg_catalog as $$
    with asked as materialized (
        select min(l.line_number) as line_number, l.amazon_order_id, l.asin,
               -- One line that does not say how many it is about, and nobody knows it of all.
               case when count(l.quantity) = count(*) then sum(l.quantity) end as quantity,
               max(greatest(l.unit_price_minor, ceil(abs(l.amount_minor)::numeric / greatest(l.quantity, 1))))::bigint as price,
               sum(abs(l.amount_minor))::bigint as amount
        from invoices.line l
        where l.program_id = i.program_id and l.invoice_id = i.invoice_id and l.kind = 'item'
        group by l.amazon_order_id, l.asin
    ), ordered as materialized (
        select o.* from orders.lines_of(i.program_id, array(select distinct a.amazon_order_id from asked a)) o
    )
    select a.line_number, a.amazon_order_id, a.asin, a.quantity, a.price, a.amount,
           exists (select from ordered o where o.amazon_order_id = a.amazon_order_id), p.quantity is not null, p.redemption_id,
           p.line_number, k.purchase_order_number, k.currency, p.quantity, p.shipped, p.price, p.tax, p.extra,
           coalesce(b.invoiced, 0), coalesce(b.credited, 0), coalesce(b.invoiced_minor, 0), coalesce(b.credited_minor, 0)
    from asked a
    left join lateral (
        select min(o.purchase_order_number) as purchase_order_number, min(o.currency) as currency from ordered o
        where o.amazon_order_id = a.amazon_order_id) k on true
    left join lateral (
        select (array_agg(o.redemption_id order by o.redemption_id, o.line_number))[1] as redemption_id,
               (array_agg(o.line_number order by o.redemption_id, o.line_number))[1] as line_number,
               sum(o.quantity)::bigint as quantity, sum(o.shipped)::bigint as shipped, max(o.unit_price_minor) as price,
               sum(o.tax_minor)::bigint as tax, sum(o.extra_minor)::bigint as extra
        from ordered o where o.amazon_order_id = a.amazon_order_id and o.asin = a.asin) p on true
    left join lateral (
        select sum(l.quantity) filter (where v.kind = 'invoice') as invoiced,
               sum(l.quantity) filter (where v.kind = 'credit_memo') as credited,
               sum(abs(l.amount_minor)) filter (where v.kind = 'invoice')::bigint as invoiced_minor,
               sum(abs(l.amount_minor)) filter (where v.kind = 'credit_memo')::bigint as credited_minor
        from invoices.line l
        join invoices.invoice v using (program_id, invoice_id)
        where l.program_id = i.program_id and l.amazon_order_id = a.amazon_order_id and l.asin = a.asin and l.kind = 'item'
          and v.state in ('approved', 'posted') and v.invoice_id <> i.invoice_id) b on true
$$;

-- Internal: all that is wrong with it beside what reading found. The caller has the turn, and its lines are written.
create or replace function invoices.match(i invoices.invoice) returns jsonb
language plpgsql stable set search_path = pg_catalog as $$
declare
    r jsonb := invoices.rules(i.program_id);
    v_rounding bigint := (r ->> 'total_difference_minor')::bigint;
    v_found jsonb;
begin
    select coalesce(jsonb_agg(jsonb_build_object('code', f.code, 'field', f.field, 'detail', f.detail)
                              order by f.field, f.code), '[]') into v_found
    from (
        select * from invoices.whole_paper(i, v_rounding)
        -- What is so for many products, such as another currency, is said once.
        union
        select m.* from invoices.compared(i) c
        cross join lateral (
            select * from invoices.of_item(i, c, (r ->> 'price_difference_minor')::bigint)
        ) m
        union
        select * from invoices.beside_goods(i, v_rounding)
    ) f;
    return v_found;
end
$$;

-- Internal: what one paper says of itself and of the others: its sums, its number, the numbers of our orders.
create or replace function invoices.whole_paper(i invoices.invoice, p_rounding bigint)
returns table (code text, field text, detail text) language sql stable set search_path = pg_catalog as $$
    with item as (
        select count(*) as lines, coalesce(sum(l.amount_minor) filter (where l.kind in ('item', 'fee')), 0) as minor,
               count(*) filter (where l.kind = 'item') as items
        from invoices.line l where l.program_id = i.program_id and l.invoice_id = i.invoice_id
    ), said as (
        select (i.content ->> 'subtotal_minor')::bigint as subtotal, coalesce((i.content ->> 'shipping_minor')::bigint, 0) as shipping,
               coalesce((i.content ->> 'discount_minor')::bigint, 0) as discount, (i.content ->> 'tax_minor')::bigint as tax
    ), printed as (
        -- What has no digit is a word beside the number.
        select array(select invoices.plain(n) from jsonb_array_elements_text(i.content -> 'purchase_order_numbers') n
                     where n ~ '[0-9]') as numbers
    ), ours as (
        select distinct invoices.plain(c.purchase_order_number) as number from invoices.compared(i) c where c.known_order
    )
    select 'total_differs', 'total_minor', i.total_minor || ' ' || (s.subtotal + s.shipping + s.discount + s.tax)
    from said s where abs(i.total_minor - s.subtotal - s.shipping - s.discount - s.tax) > p_rounding
    union all
    select 'total_differs', 'subtotal_minor', s.subtotal || ' ' || n.minor from said s, item n
    where abs(s.subtotal - n.minor) > p_rounding
    union all
    select 'negative_total', 'total_minor', i.total_minor::text
    where case i.kind when 'invoice' then i.total_minor < 0 else i.total_minor > 0 end
    union all
    select 'missing_field', 'lines', '' from item n where n.items = 0
    union all
    -- Of a day that is swapped with its month, or of another year.
    select 'unreadable', 'issued_on', i.issued_on::text
    from invoices.document d
    where d.program_id = i.program_id and d.document_id = i.document_id
      and (i.issued_on > d.received_at + interval '3 days' or i.issued_on < d.received_at - interval '2 years')
    union all
    select 'duplicate_number', 'number', ''
    where exists (select from invoices.invoice o
                  where o.program_id = i.program_id and o.number = i.number and o.invoice_id <> i.invoice_id
                    and o.state in ('waiting', 'review', 'approved', 'posted')
                    -- Of two in review the one that came first is not to blame.
                    and (o.state <> 'review' or o.invoice_id < i.invoice_id))
    union all
    -- We give every order a number of ours: a paper that has none is nobody's proof that we ordered.
    select 'missing_field', 'purchase_order_numbers', ''
    from printed p where i.kind = 'invoice' and cardinality(p.numbers) = 0 and exists (select from ours)
    union all
    select 'other_purchase_order', 'purchase_order_numbers', ''
    from printed p
    where cardinality(p.numbers) > 0 and exists (select from ours)
      and (exists (select from ours o where not exists (select from unnest(p.numbers) n where invoices.is_number(n, o.number)))
           or exists (select from unnest(p.numbers) n where not exists (select from ours o where invoices.is_number(n, o.number))))
    union all
    select case when o.open then 'original_open' else 'no_such_original' end, 'corrects', ''
    from (select coalesce(bool_or(v.state in ('approved', 'posted')), false) as through,
                 coalesce(bool_or(v.state in ('waiting', 'review')), false) as open
          from invoices.invoice v
          where v.program_id = i.program_id and v.number = i.corrects and v.kind = 'invoice') o
    where i.kind = 'credit_memo' and i.corrects is not null and not o.through
$$;

-- Internal: what is wrong with one product of one order. Never more units than were ordered, and than have left; what was credited
-- may be invoiced again, unless the units themselves are gone. A credit memo takes back no more than was invoiced, neither units nor money.
create or replace function invoices.of_item(i invoices.invoice, c record, p_price_difference bigint)
returns table (code text, field text, detail text) language plpgsql stable set search_path = pg_catalog as $$
declare
    v_line text := 'lines.' || c.line_number;
    v_net bigint := c.invoiced - c.credited;
    v_used bigint;
    -- Of all units together, and of so many of them.
    v_paid bigint := least(c.invoiced_minor - c.credited_minor, ceil(c.invoiced_minor * c.quantity::numeric / nullif(c.invoiced, 0)));
begin
    if c.amazon_order_id is null then
        return query select 'missing_field', v_line || '.amazon_order_id', '';
        return;
    elsif not c.known_order then
        return query select 'unknown_order', v_line || '.amazon_order_id', '';
        return;
    elsif not c.known_product then
        return query select case when c.asin is null then 'missing_field' else 'unknown_product' end, v_line || '.asin', '';
        return;
    end if;
    if c.currency <> i.currency then
        return query select 'currency_differs', 'currency', i.currency || ' ' || c.currency;
    end if;
    if c.quantity is null or c.unit_price_minor is null then
        return query select 'missing_field', v_line || '.quantity', '';
        return;
    end if;
    if i.kind = 'credit_memo' then
        if c.invoiced = 0 then
            return query select case when exists (
                select from invoices.line l join invoices.invoice v using (program_id, invoice_id)
                where l.program_id = i.program_id and l.amazon_order_id = c.amazon_order_id and l.asin = c.asin
                  and v.kind = 'invoice' and v.state in ('waiting', 'review')) then 'original_open' else 'no_such_original' end,
                v_line || '.amazon_order_id', '';
        elsif c.quantity > v_net then
            return query select 'quantity_exceeds', v_line || '.quantity', c.quantity || ' ' || v_net;
        elsif c.amount_minor > v_paid then
            return query select 'price_differs', v_line || '.amount_minor', c.amount_minor || ' ' || v_paid;
        elsif c.credited + c.quantity > invoices.units_gone(i.program_id, c.amazon_order_id, c.asin) then
            return query select 'refund_unknown', v_line || '.quantity', '';
        end if;
        return;
    end if;
    if c.unit_price_minor > c.ordered_price_minor + p_price_difference then
        return query select 'price_differs', v_line || '.unit_price_minor', c.unit_price_minor || ' ' || c.ordered_price_minor;
    elsif c.unit_price_minor < c.ordered_price_minor then
        return query select 'cheaper', v_line || '.unit_price_minor', c.unit_price_minor || ' ' || c.ordered_price_minor;
    end if;
    -- What was credited because it is gone is not to be paid again.
    v_used := v_net + case when c.credited > 0 then least(
        c.credited, invoices.units_gone(i.program_id, c.amazon_order_id, c.asin)) else 0 end;
    if v_used + c.quantity > c.ordered then
        return query select 'quantity_exceeds', v_line || '.quantity', c.quantity || ' ' || greatest(c.ordered - v_used, 0);
    elsif v_used + c.quantity > c.shipped then
        return query select 'not_shipped', v_line || '.quantity', c.quantity || ' ' || greatest(c.shipped - v_used, 0);
    end if;
end
$$;

-- Internal: units of a product of an order that were lost on their way or came back, as far as anybody here knows.
create or replace function invoices.units_gone(p_program_id integer, p_amazon_order_id text, p_asin text) returns bigint
language sql stable set search_path = pg_catalog as $$
    select coalesce(sum(greatest(
        orders.lost_units(p_program_id, o.redemption_id, o.line_number),
        (select coalesce(sum(b.quantity), 0) from redemptions.units_back b
         where b.program_id = p_program_id and b.redemption_id = o.redemption_id and b.line_number = o.line_number))), 0)::bigint
    from orders.lines_of(p_program_id, array[p_amazon_order_id]) o where o.asin = p_asin
$$;

-- Internal: shipping, fees and tax. What is beside the goods may be all that the orders said and that was not invoiced yet: Amazon
-- takes an order's shipping with the first parcel or spread over all. Tax goes with the units; each line's may be a cent
-- off, because a part of a rounded sum is rounded again. Only if shipping comes before its units, its tax does too. A credit memo
-- gives back no more of what is beside the goods, and no more tax, than was invoiced.
create or replace function invoices.beside_goods(i invoices.invoice, p_rounding bigint)
returns table (code text, field text, detail text) language plpgsql stable set search_path = pg_catalog as $$
declare
    v_tax bigint := abs((i.content ->> 'tax_minor')::bigint);
    v_beside bigint;
    v_beside_allowed bigint;
    v_tax_allowed numeric;
    s record;
begin
    v_beside := coalesce((i.content ->> 'shipping_minor')::bigint, 0) + coalesce((i.content ->> 'discount_minor')::bigint, 0)
        + (select coalesce(sum(l.amount_minor), 0) from invoices.line l
           where l.program_id = i.program_id and l.invoice_id = i.invoice_id and l.kind = 'fee');
    select count(*) as lines, bool_and(c.known_product) as known, bool_and(c.invoiced > 0) as invoiced,
           sum(c.ordered_tax_minor * c.quantity::numeric / greatest(c.ordered, 1)) as tax,
           sum(c.ordered_extra_minor * c.quantity::numeric / greatest(c.ordered, 1)) as extra,
           max(c.ordered_tax_minor / greatest(c.ordered_price_minor * c.ordered, 1)::numeric) as rate into s
    from invoices.compared(i) c;
    if s.known is not true then
        return;
    end if;
    -- An order that said less than its goods cost was promised a discount: that goes with the units.
    select sum(case when i.kind = 'credit_memo' then greatest(o.before, 0)
                    when o.extra > 0 then greatest(o.extra - o.before, 0) else floor(o.extra * o.part) end)::bigint
    into v_beside_allowed
    from (
        select (select sum(n.extra_minor) from orders.lines_of(i.program_id, array[c.amazon_order_id]) n) as extra,
               sum(c.ordered_price_minor * c.quantity) / greatest((
                   select sum(n.unit_price_minor * n.quantity)
                   from orders.lines_of(i.program_id, array[c.amazon_order_id]) n), 1) as part,
               invoices.beside_before(i.program_id, c.amazon_order_id, i.invoice_id) as before
        from invoices.compared(i) c
        group by c.amazon_order_id) o;
    -- A credit memo gives back no more than was paid; one whose invoice is not in the books says so by its goods.
    if (case i.kind when 'invoice' then v_beside else -v_beside end) > v_beside_allowed + p_rounding
       and (i.kind = 'invoice' or s.invoiced) then
        return query select 'shipping_differs', 'shipping_minor', v_beside || ' ' || v_beside_allowed;
    end if;
    v_tax_allowed := ceil(s.tax) + ceil(greatest(abs(v_beside) - abs(s.extra), 0) * s.rate) + p_rounding + s.lines;
    if i.kind = 'credit_memo' and s.invoiced then
        v_tax_allowed := least(v_tax_allowed, p_rounding + s.lines + (
            select sum(greatest(invoices.tax_before(i.program_id, o.amazon_order_id, i.invoice_id), 0))
            from (select distinct c.amazon_order_id from invoices.compared(i) c) o));
    end if;
    if v_tax > v_tax_allowed then
        return query select 'tax_exceeds', 'tax_minor', v_tax || ' ' || v_tax_allowed;
    end if;
end
$$;
