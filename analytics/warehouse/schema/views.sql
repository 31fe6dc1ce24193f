-- What reports read beside the star. A materialised view is dropped and made again, so that its definition is always
-- this one; views over it go with it and are made after it (analytics/metrics/views.py).
CREATE OR REPLACE VIEW loyalty.loaded AS
SELECT table_name, MAX(batch) AS batch, MAX(loaded_at) AS loaded_at FROM loyalty.load_log GROUP BY table_name;

-- Nothing reads it any more; of a warehouse that was made before, it would stay as it was then.
DROP MATERIALIZED VIEW IF EXISTS loyalty.points_day CASCADE;

-- Redemptions by day: few rows that seasons are read from.
DROP MATERIALIZED VIEW IF EXISTS loyalty.product_day CASCADE;

CREATE MATERIALIZED VIEW loyalty.product_day DISTSTYLE EVEN SORTKEY (program_id, day) AS
SELECT program_id, day, asin, category, currency, tier_then, campaign, COUNT(*) AS lines,
       SUM(units_ordered) AS units_ordered, SUM(units_accepted) AS units_accepted,
       SUM(units_returned) AS units_returned, SUM(units_refused) AS units_refused, SUM(points) AS points,
       SUM(money_minor) AS money_minor
FROM loyalty.fact_redemption_line
GROUP BY program_id, day, asin, category, currency, tier_then, campaign;
