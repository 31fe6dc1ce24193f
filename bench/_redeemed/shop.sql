-- A shop of two thousand products in twelve categories, and what members redeem most.
insert into catalogue.category (program_id, category, name)
select 1, 'Category ' || c, 'Category ' || c from generate_series(1, %(categories)s) c on conflict do nothing;
insert into catalogue.product (program_id, asin, kind, title, category, category_name, popularity, first_seen_at, checked_at)
select 1, 'B' || lpad(p::text, 9, '0'), 'STANDARD', 'Product ' || p, 'Category ' || (p %% %(categories)s + 1),
       'Category ' || (p %% %(categories)s + 1), p, clock.now(), clock.now()
from generate_series(1, %(products)s) p;
insert into catalogue.offer (program_id, asin, offer_id, position, price_minor, currency, in_stock, min_quantity, condition,
    buying_guidance, shipping_minor, checked_at)
select 1, 'B' || lpad(p::text, 9, '0'), 'offer-' || p, 0, 500 + p * 7919 %% 30000, 'USD', true, 1, 'New', 'NONE',
    case when p %% 3 = 0 then 499 else 0 end, clock.now()
from generate_series(1, %(products)s) p;
insert into recommendations.popular (program_id, asin, members, units)
select 1, 'B' || lpad(p::text, 9, '0'), 1000 - p, 2000 - p from generate_series(1, 300) p;
insert into recommendations.counted (program_id, counted_at) values (1, clock.now())
on conflict (program_id) do update set counted_at = excluded.counted_at;
create unlogged table bench_product as
select row_number() over (order by p.asin) as product, p.asin, o.offer_id, o.price_minor, o.shipping_minor
from catalogue.product p join catalogue.offer o using (program_id, asin) where p.program_id = 1;
create index on bench_product (product);
