-- One redemption: what each party says, what explains the differences, and the verdict. Points are counted, money is minor units of
-- the redemption's currency; amounts in another currency are never added to it.
--
-- A difference is {leg, kind, explained, amount_minor | points, asin?, seller?}; its amount is what is there less what should be.
-- Those that only need time are explained until their time is over.

-- How long Amazon has to charge what has left, to refund what came back, and we to hear why it refunded.
create or replace function reconciliation.patience() returns table (charge interval, refund interval, early interval)
language sql immutable set search_path = pg_catalog
begin atomic
    select interval '7 days', interval '30 days', interval '3 days';
end;

-- Internal: a difference; null when there is none.
create or replace function reconciliation.difference(
    p_leg text, p_kind text, p_explained boolean, p_amount_minor bigint, p_more jsonb default '{}'
) returns jsonb language sql immutable set search_path = pg_catalog
return case when p_amount_minor <> 0 then jsonb_build_object(
    'leg', p_leg, 'kind', p_kind, 'explained', p_explained,
    case when p_leg = 'points' then 'points' else 'amount_minor' end, p_amount_minor) || p_more end;

-- Internal: those there are.
create or replace function reconciliation.listed(variadic p_differences jsonb[]) returns jsonb
language sql immutable set search_path = pg_catalog
return coalesce((select jsonb_agg(d) from unnest(p_differences) d where d is not null), '[]');

-- Internal: points spent and not given back, against accepted units that stayed, at their frozen points.
create or replace function reconciliation.points_leg(r redemptions.redemption) returns jsonb
language plpgsql stable set search_path = pg_catalog as $$
declare
    v_owed bigint := coalesce((
        select sum((l.accepted_quantity - l.given_back) * l.unit_points) from redemptions.line l
        where l.program_id = r.program_id and l.redemption_id = r.redemption_id and r.accepted_points is not null), 0);
    v_spent record;
begin
    select * into v_spent from points.redeemed_of(r.program_id, r.member_id, r.redemption_id);
    return reconciliation.listed(reconciliation.difference('points', 'points', false, v_spent.redeemed - v_owed));
end $$;

-- Internal: what our payments say, against the money of accepted units that stayed.
create or replace function reconciliation.money_leg(r redemptions.redemption, s payments.standing) returns jsonb
language plpgsql stable set search_path = pg_catalog as $$
declare
    v_owed bigint := coalesce((
        select sum((l.accepted_quantity - l.given_back) * l.unit_money_minor) from redemptions.line l
        where l.program_id = r.program_id and l.redemption_id = r.redemption_id and r.accepted_money_minor > 0), 0);
    v_waiting bigint := coalesce((
        select sum(m.amount_minor) from payments.money_back m
        where m.program_id = r.program_id and m.redemption_id = r.redemption_id and m.allocated_at is null), 0);
    v_open bigint := coalesce(s.open_minor, 0);
    v_pending bigint := coalesce(s.refund_pending_minor, 0) + v_waiting;
    v_failed bigint := coalesce(s.refund_failed_minor, 0);
    v_off bigint := coalesce(s.written_off_minor - s.forgiven_minor, 0);
    v_kept bigint := coalesce(s.captured_minor - s.refunded_minor, 0);
begin
    return reconciliation.listed(
        reconciliation.difference(
            'money', case when s.state in ('unpaid', 'declined') then 'unpaid' else 'not_collected' end, true, -v_open),
        reconciliation.difference('money', 'refund_pending', true, v_pending),
        reconciliation.difference('money', 'refund_failed', true, v_failed),
        reconciliation.difference('money', 'written_off', true, -v_off),
        reconciliation.difference('money', 'chargeback', true, -coalesce(s.chargeback_minor, 0)),
        reconciliation.difference('money', 'money', false, v_kept - v_owed + v_open - v_pending - v_failed + v_off));
end $$;

-- Internal: what the provider said, against our payments. It was asked a moment ago: what has moved since is looked at again.
create or replace function reconciliation.provider_leg(
    r redemptions.redemption, s payments.standing, p_asked_at timestamptz
) returns jsonb language plpgsql stable set search_path = pg_catalog as $$
declare
    k record;
    v_moved boolean;
    v_refund bigint;
begin
    if s.provider is null then
        return '[]';
    end if;
    select count(*) filter (where c.state = 'missing') as missing,
           count(*) filter (where c.state = 'unreadable') as unreadable, count(*) filter (where c.currency <> s.currency) as elsewhere,
           coalesce(sum(c.captured_minor) filter (where c.currency = s.currency), 0)::bigint as captured,
           coalesce(sum(c.refunded_minor) filter (where c.currency = s.currency), 0)::bigint as refunded,
           coalesce(sum(c.authorised_minor - c.captured_minor)
               filter (where c.currency = s.currency and c.state = 'authorised'), 0)::bigint as reserved
    into k
    from reconciliation.charge c
    where c.program_id = r.program_id and c.redemption_id = r.redemption_id and c.provider = s.provider;
    v_moved := exists (
        select from payments.payment p
        where p.program_id = r.program_id and p.redemption_id = r.redemption_id
          and (p.captured_at > p_asked_at or p.state in ('completing', 'capturing', 'voiding', 'unknown')))
        or exists (
        select from payments.refund f
        where f.program_id = r.program_id and f.redemption_id = r.redemption_id
          and (f.ended_at > p_asked_at or f.begun_at > p_asked_at));
    -- Nothing is known of its amounts, so nothing is compared.
    if k.unreadable > 0 then
        return reconciliation.listed(
            reconciliation.difference('provider', 'provider_unreadable', false, k.unreadable::bigint));
    end if;
    v_refund := k.refunded - s.refunded_minor;
    -- The provider counts a refund while we wait for its outcome.
    if v_refund > 0 and v_refund <= s.refund_pending_minor then
        v_refund := 0;
    end if;
    return reconciliation.listed(
        reconciliation.difference('provider', 'provider_missing', false, k.missing::bigint),
        reconciliation.difference('provider', 'currency', false, k.elsewhere::bigint),
        reconciliation.difference('provider', case when v_moved then 'moved_meanwhile' else 'provider_captured' end, v_moved,
                                  k.captured - s.captured_minor),
        reconciliation.difference('provider', case when v_moved then 'moved_meanwhile' else 'provider_refunded' end, v_moved,
                                  v_refund),
        reconciliation.difference('provider', case when v_moved then 'moved_meanwhile' else 'reserved_left' end, v_moved,
            case when s.state in ('voided', 'declined', 'abandoned', 'captured') then k.reserved else 0 end));
end $$;

-- Internal: each product of the redemption: units and money that were expected, and what Amazon charged and refunded for it.
create or replace function reconciliation.products(r redemptions.redemption)
returns table (
    asin text, seller text, accepted bigint, given_back bigint, shipped bigint, shipped_long_ago bigint, charged bigint,
    refunded bigint, entries bigint, unit_price numeric, expected numeric, said numeric, most numeric, actual bigint,
    actual_principal bigint, last_given_back timestamptz, last_refund timestamptz
) language sql stable set search_path = pg_catalog
begin atomic
    with line as (
        select l.asin, sum(coalesce(a.accepted_quantity, 0)) as accepted, sum(l.given_back) as given_back,
               sum(coalesce(a.accepted_quantity, 0) * a.expected_unit_price_minor)::numeric as principal,
               sum((a.expected_shipping_minor + a.expected_tax_minor)::numeric * coalesce(a.accepted_quantity, 0) / a.quantity)
                   as rest,
               sum(coalesce(a.charged_minor, 0))::numeric as said,
               -- The most that was let be taken; an estimate sets no bounds to shipping and tax but what Amazon then said.
               sum(coalesce(a.accepted_quantity, 0) * a.limit_unit_price_minor
                   + coalesce((a.limit_shipping_minor + a.limit_tax_minor)::numeric * coalesce(a.accepted_quantity, 0) / a.quantity,
                              a.charged_minor - coalesce(a.accepted_quantity, 0) * a.expected_unit_price_minor, 0)) as most
        from redemptions.line l
        join orders.placement_line a using (program_id, redemption_id, line_number)
        where l.program_id = r.program_id and l.redemption_id = r.redemption_id
        group by l.asin
    ), left_us as (
        select l.asin, sum(u.quantity) as shipped,
               sum(u.quantity) filter (
                   where s.shipped_at <= clock.now() - (select p.charge from reconciliation.patience() p)) as long_ago
        from orders.shipped_unit u
        join orders.shipment s using (program_id, redemption_id, shipment_key)
        join redemptions.line l using (program_id, redemption_id, line_number)
        where u.program_id = r.program_id and u.redemption_id = r.redemption_id and s.shipped_at is not null
        group by l.asin
    ), billed as (
        select t.asin, min(t.seller) as seller, sum(greatest(t.quantity, 0)) as charged, -sum(least(t.quantity, 0)) as refunded,
               count(*) as entries, sum(t.amount_minor)::bigint as actual, sum(t.principal_minor)::bigint as principal,
               max(h.first_heard_at) filter (where t.quantity < 0) as last_refund
        from reconciliation.transaction_line t
        join reconciliation.transaction h using (connection, transaction_type, transaction_id)
        where t.program_id = r.program_id and t.redemption_id = r.redemption_id and t.position > 0
          and t.currency = r.currency
        group by t.asin
    ), back as (
        select l.asin, max(b.given_back_at) as at
        from redemptions.units_back b join redemptions.line l using (program_id, redemption_id, line_number)
        where b.program_id = r.program_id and b.redemption_id = r.redemption_id group by l.asin
    )
    select l.asin, coalesce(b.seller, ''), l.accepted, l.given_back, coalesce(s.shipped, 0), coalesce(s.long_ago, 0),
           coalesce(b.charged, 0), coalesce(b.refunded, 0), coalesce(b.entries, 0),
           l.principal / nullif(l.accepted, 0), l.principal + l.rest, l.said, l.most, coalesce(b.actual, 0),
           coalesce(b.principal, 0), k.at, b.last_refund
    from line l
    left join left_us s on s.asin = l.asin
    left join billed b on b.asin = l.asin
    left join back k on k.asin = l.asin
    order by l.asin collate "C";
end;

-- Internal: what Amazon charged less what it refunded, against the price of accepted units; and whether every unit that left was
-- charged, every unit that came back refunded.
create or replace function reconciliation.amazon_leg(r redemptions.redemption) returns jsonb
language plpgsql stable set search_path = pg_catalog as $$
declare
    g record;
    v_found jsonb := '[]';
    v_rest record;
begin
    for g in select * from reconciliation.products(r) loop
        v_found := v_found || reconciliation.product_price(g.asin, g.seller, g.accepted, g.charged - g.refunded, g.entries,
                                                           g.unit_price, g.expected, g.said, g.most, g.actual,
                                                           g.actual_principal)
                           || reconciliation.product_units(g.asin, g.accepted, g.given_back, g.shipped, g.shipped_long_ago,
                                                           g.charged, g.refunded, g.expected, g.last_given_back, g.last_refund);
    end loop;
    -- What is no product of the redemption, or beside the items; a minor unit for each entry is rounding.
    select coalesce(sum(t.amount_minor) filter (where t.currency = r.currency), 0)::bigint as other,
           count(*) as entries, count(*) filter (where t.currency <> r.currency) as elsewhere
    into v_rest
    from reconciliation.transaction_line t
    where t.program_id = r.program_id and t.redemption_id = r.redemption_id
      and (t.position = 0 or t.currency <> r.currency or not exists (
            select from redemptions.line l
            where l.program_id = r.program_id and l.redemption_id = r.redemption_id and l.asin = t.asin));
    return v_found || reconciliation.listed(
        reconciliation.difference('amazon', 'amazon_other', false,
            case when abs(v_rest.other) > v_rest.entries then v_rest.other else 0 end),
        reconciliation.difference('amazon', 'currency', false, v_rest.elsewhere::bigint));
end $$;

-- Internal: the money of a product's charged units. Explained is what lies between the quote and what Amazon said when it accepted,
-- with the tolerance that the order was placed with on both sides; a minor unit an entry is rounding.
create or replace function reconciliation.product_price(
    p_asin text, p_seller text, p_accepted bigint, p_units bigint, p_entries bigint, p_unit_price numeric, p_expected numeric,
    p_said numeric, p_most numeric, p_actual bigint, p_principal bigint
) returns jsonb language plpgsql immutable set search_path = pg_catalog as $$
declare
    v_share numeric := case when p_accepted > 0 then p_units::numeric / p_accepted else 0 end;
    v_expected bigint := round(p_expected * v_share);
    v_tolerance numeric := greatest(0, p_most - p_expected) * greatest(v_share, 0);
    v_difference bigint := p_actual - v_expected;
    v_price bigint := case when p_accepted > 0 then round(p_principal - p_units * p_unit_price) else 0 end;
    v_what jsonb := jsonb_build_object('asin', p_asin, 'seller', p_seller);
begin
    if p_accepted = 0 then
        return reconciliation.listed(
            reconciliation.difference('amazon', 'charged_without_order', false, p_actual, v_what));
    elsif p_actual between floor(least(p_expected * v_share, p_said * v_share) - v_tolerance) - p_entries
                       and ceil(greatest(p_expected * v_share + v_tolerance, p_said * v_share)) + p_entries then
        return reconciliation.listed(
            reconciliation.difference('amazon', 'price_drift', true, v_price, v_what),
            reconciliation.difference('amazon', 'shipping_tax', true, v_difference - v_price, v_what));
    end if;
    return reconciliation.listed(reconciliation.difference('amazon', 'amazon_total', false, v_difference, v_what));
end $$;

-- Internal: the units of a product. Their amount is what they were expected to cost.
create or replace function reconciliation.product_units(
    p_asin text, p_accepted bigint, p_given_back bigint, p_shipped bigint, p_shipped_long_ago bigint, p_charged bigint,
    p_refunded bigint, p_expected numeric, p_last_given_back timestamptz, p_last_refund timestamptz
) returns jsonb language plpgsql stable set search_path = pg_catalog as $$
declare
    v_patience record;
    v_each numeric := case when p_accepted > 0 then p_expected / p_accepted else 0 end;
    v_what jsonb := jsonb_build_object('asin', p_asin);
    v_due bigint := greatest(0, least(p_shipped, p_accepted) - p_charged);
    v_late boolean := least(p_shipped_long_ago, p_accepted) > p_charged;
    v_unshipped bigint := greatest(0, p_accepted - p_given_back - greatest(p_shipped, p_charged));
    v_twice bigint := greatest(0, p_charged - p_accepted);
    -- Charged, given back, and not refunded; refunded, and not given back.
    v_unrefunded bigint := greatest(0, least(p_charged, p_accepted) - p_refunded - (p_accepted - p_given_back));
    v_unasked bigint := greatest(0, p_refunded - p_given_back);
    v_old boolean;
    v_unheard boolean;
begin
    select * into v_patience from reconciliation.patience();
    v_old := coalesce(p_last_given_back <= clock.now() - v_patience.refund, false);
    v_unheard := coalesce(p_last_refund <= clock.now() - v_patience.early, true);
    return reconciliation.listed(
        reconciliation.difference('amazon', case when v_late then 'charge_missing' else 'charge_due' end, not v_late,
                                  -round(v_due * v_each)::bigint, v_what),
        reconciliation.difference('amazon', 'not_shipped', true, -round(v_unshipped * v_each)::bigint, v_what),
        reconciliation.difference('amazon', 'charged_twice', false, round(v_twice * v_each)::bigint, v_what),
        reconciliation.difference('amazon', case when v_old then 'refund_missing' else 'refund_due' end, not v_old,
                                  round(v_unrefunded * v_each)::bigint, v_what),
        reconciliation.difference('amazon', case when v_unheard then 'refund_unexpected' else 'refund_early' end,
                                  not v_unheard, -round(v_unasked * v_each)::bigint, v_what));
end $$;

-- Internal: compare one redemption and keep the verdict: matched, explained or ticket.
create or replace function reconciliation.compare(p_program_id integer, p_day date, p_redemption_id uuid) returns text
language plpgsql set search_path = pg_catalog as $$
declare
    r redemptions.redemption;
    s payments.standing;
    v_found jsonb;
    v_late boolean;
begin
    -- Whoever moves points, money or units of it holds one of these rows: the legs are of one instant.
    select * into strict r from redemptions.redemption x
    where x.program_id = p_program_id and x.redemption_id = p_redemption_id for share;
    perform from payments.payment p where p.program_id = p_program_id and p.redemption_id = p_redemption_id for share;
    select * into s from payments.standing x where x.program_id = p_program_id and x.redemption_id = p_redemption_id;
    if r.state not in ('settled', 'closed') then
        return reconciliation.conclude(r, p_day, jsonb_build_array(jsonb_build_object(
            'leg', 'points', 'kind', 'in_progress', 'explained', true, 'points', r.points)));
    end if;
    v_found := reconciliation.amazon_leg(r);
    -- An order that was found after its redemption had been turned back: its adoption says what was done.
    v_late := exists (select from reconciliation.adoption a where a.redemption_id = r.redemption_id and a.kind = 'late');
    if v_late then
        v_found := (select coalesce(jsonb_agg(d || '{"kind": "late_order", "explained": true}'), '[]')
                    from jsonb_array_elements(v_found) d);
    end if;
    v_found := reconciliation.points_leg(r) || reconciliation.money_leg(r, s) || reconciliation.provider_leg(r, s, (
        select i.asked_at from reconciliation.item i
        where i.program_id = p_program_id and i.day = p_day and i.redemption_id = p_redemption_id)) || v_found;
    return reconciliation.conclude(r, p_day, v_found);
end $$;

-- Internal: the verdict of a list of differences, with its ticket and its postings. One ticket a redemption: it closes by itself
-- when nothing is unexplained any more. What a person accepted stays accepted as long as it is the same.
create or replace function reconciliation.conclude(r redemptions.redemption, p_day date, p_found jsonb) returns text
language plpgsql set search_path = pg_catalog as $$
declare
    v_before reconciliation.subject;
    v_unexplained jsonb := reconciliation.unexplained(p_found);
    v_case casework.case;
    v_verdict text;
    v_lasting boolean;
begin
    select * into v_before from reconciliation.subject x
    where x.program_id = r.program_id and x.redemption_id = r.redemption_id for update;
    select * into v_case from casework.case c where c.program_id = r.program_id and c.case_id = v_before.case_id;
    if v_case.state = 'decided' and v_case.decision = 'accepted' then
        v_before.accepted := coalesce(v_before.accepted, reconciliation.unexplained(v_before.differences));
    end if;
    v_verdict := case when p_found = '[]' then 'matched'
                      when v_unexplained = '[]' or v_unexplained = v_before.accepted then 'explained'
                      else 'ticket' end;
    if v_verdict = 'ticket' and v_case.state is distinct from 'open' then
        v_before.case_id := clock.new_id();
        v_before.accepted := null;
        perform casework.open_case(
            r.program_id, v_before.case_id, 'reconciliation', r.redemption_id::text, v_unexplained -> 0 ->> 'kind',
            jsonb_build_object('redemption_id', r.redemption_id, 'currency', r.currency, 'day', p_day,
                               'differences', v_unexplained),
            array['accepted', 'corrected'], array['business-operator'], clock.now() + interval '3 days', 'reconciliation');
    elsif v_verdict = 'ticket' and v_unexplained is distinct from reconciliation.unexplained(v_before.differences) then
        perform casework.note(r.program_id, v_before.case_id, 'changed', 'reconciliation',
                              jsonb_build_object('day', p_day, 'differences', v_unexplained));
    elsif v_verdict <> 'ticket' and v_case.state = 'open' then
        perform casework.withdraw_case(r.program_id, v_before.case_id, 'reconciliation');
    end if;
    -- What time alone may change is looked at again.
    v_lasting := v_verdict <> 'ticket' and not exists (
        select from jsonb_array_elements(p_found) d
        where (d ->> 'explained')::boolean and d ->> 'kind' not in (
            'price_drift', 'shipping_tax', 'written_off', 'chargeback', 'refund_failed', 'late_order'));
    insert into reconciliation.subject as x (
        program_id, redemption_id, verdict, differences, at_rest, unmatched_since, case_id, accepted, day)
    values (r.program_id, r.redemption_id, v_verdict, p_found, v_lasting,
            case when v_verdict = 'ticket' then coalesce(v_before.unmatched_since, clock.now()) end, v_before.case_id,
            v_before.accepted, p_day)
    on conflict (program_id, redemption_id) do update
    set verdict = excluded.verdict, differences = excluded.differences, at_rest = excluded.at_rest,
        unmatched_since = excluded.unmatched_since, case_id = excluded.case_id, accepted = excluded.accepted,
        day = excluded.day, row_xid = pg_current_xact_id();
    update reconciliation.item i
    set verdict = v_verdict, differences = p_found, compared_at = clock.now(), row_xid = pg_current_xact_id()
    where i.program_id = r.program_id and i.day = p_day and i.redemption_id = r.redemption_id;
    perform reconciliation.post_variances(r, p_day, p_found);
    return v_verdict;
end $$;

create or replace function reconciliation.unexplained(p_differences jsonb) returns jsonb
language sql immutable set search_path = pg_catalog
return coalesce((select jsonb_agg(d order by d ->> 'leg', d ->> 'kind', d ->> 'asin')
                 from jsonb_array_elements(p_differences) d where not (d ->> 'explained')::boolean), '[]');

-- Internal: house:price_variance holds exactly what is explained as price, shipping or tax now, by product and seller: what changed
-- since is posted as a row more.
create or replace function reconciliation.post_variances(r redemptions.redemption, p_day date, p_found jsonb) returns void
language plpgsql set search_path = pg_catalog as $$
begin
    insert into reconciliation.house (
        program_id, redemption_id, account, key, asin, seller, reason, currency, amount_minor, day, created_at)
    select r.program_id, r.redemption_id, 'price_variance',
           concat_ws(':', w.asin, w.reason, md5(w.seller), 1 + w.rows), w.asin, w.seller, w.reason, r.currency,
           w.wanted - w.posted, p_day, clock.now()
    from (
        select coalesce(f.asin, h.asin) as asin, coalesce(f.seller, h.seller) as seller, coalesce(f.reason, h.reason) as reason,
               coalesce(f.amount_minor, 0) as wanted, coalesce(h.amount_minor, 0) as posted, coalesce(h.rows, 0) as rows
        from (
            select d ->> 'asin' as asin, d ->> 'seller' as seller, d ->> 'kind' as reason,
                   sum((d ->> 'amount_minor')::bigint)::bigint as amount_minor
            from jsonb_array_elements(p_found) d where d ->> 'kind' in ('price_drift', 'shipping_tax')
            group by 1, 2, 3) f
        full join (
            select k.asin, k.seller, k.reason, sum(k.amount_minor)::bigint as amount_minor, count(*) as rows
            from reconciliation.house k
            where k.program_id = r.program_id and k.redemption_id = r.redemption_id and k.account = 'price_variance'
            group by 1, 2, 3) h on h.asin = f.asin and h.seller = f.seller and h.reason = f.reason) w
    where w.wanted <> w.posted;
end $$;
