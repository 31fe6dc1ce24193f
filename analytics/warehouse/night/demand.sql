-- What was asked for, of a product on a day, and what campaigns took off; the days after the last whole one tell what is
-- known of them ahead. Only days with something. (planned) stands for campaigns as the programmes' documents have them:
-- program_id, campaign, from_on, until_on, category, asin ('' means any), share.
WITH planned AS (
    (planned)
),
asked AS (
    SELECT program_id, asin, day,
           SUM(units_accepted) + SUM(CASE WHEN reasons LIKE '%vailableQuantity%' THEN units_refused ELSE 0 END) AS units,
           SUM(CASE WHEN reasons LIKE '%vailableQuantity%' THEN units_refused ELSE 0 END) AS refused,
           MAX(category) AS category
    FROM loyalty.fact_redemption_line
    WHERE day > DATEADD(day, -(days_back), CAST('(as_of)' AS DATE)) AND day <= CAST('(as_of)' AS DATE)
      AND units_accepted + units_refused > 0
    GROUP BY program_id, asin, day
),
product AS (
    SELECT a.program_id, a.asin, COALESCE(MAX(p.category), MAX(a.category)) AS category, MAX(p.brand) AS brand,
           MAX(p.price_minor) AS price_minor
    FROM asked AS a
    LEFT JOIN loyalty.dim_product AS p ON p.program_id = a.program_id AND p.asin = a.asin
    GROUP BY a.program_id, a.asin
),
-- A campaign that the documents have forgotten was on where it took something off.
discounted AS (
    SELECT f.program_id, f.campaign, f.asin, f.day, SUM(f.discount_minor) AS discount_minor,
           SUM(CAST(f.units_accepted - f.units_returned AS BIGINT) * p.price_minor) AS worth_minor
    FROM loyalty.fact_redemption_line AS f
    JOIN loyalty.dim_product AS p ON p.program_id = f.program_id AND p.asin = f.asin
    LEFT JOIN planned AS w ON w.program_id = f.program_id AND w.campaign = f.campaign
    WHERE f.discount_minor > 0 AND f.units_accepted > f.units_returned AND p.price_minor > 0 AND w.campaign IS NULL
      AND f.day > DATEADD(day, -(days_back), CAST('(as_of)' AS DATE)) AND f.day <= CAST('(as_of)' AS DATE)
    GROUP BY f.program_id, f.campaign, f.asin, f.day
),
on_days AS (
    SELECT DISTINCT program_id, campaign, day FROM discounted
),
in_it AS (
    SELECT program_id, campaign, asin,
           CAST(SUM(discount_minor) AS DOUBLE PRECISION) / SUM(worth_minor) AS share
    FROM discounted GROUP BY program_id, campaign, asin
),
-- One that is not on any more ended when that was seen, whatever the document says.
span AS (
    SELECT w.program_id, w.from_on, w.category, w.asin, w.share,
           CASE WHEN c.state NOT IN ('draft', 'scheduled', 'running') AND CAST(c.since AS DATE) < w.until_on
                THEN CAST(c.since AS DATE) ELSE w.until_on END AS until_on
    FROM planned AS w
    LEFT JOIN loyalty.dim_campaign AS c ON c.program_id = w.program_id AND c.campaign = w.campaign
),
taken_off AS (
    SELECT i.program_id, i.asin, o.day, i.share
    FROM in_it AS i JOIN on_days AS o ON o.program_id = i.program_id AND o.campaign = i.campaign
    UNION ALL
    SELECT p.program_id, p.asin, d.day, w.share
    FROM span AS w
    JOIN product AS p ON p.program_id = w.program_id AND (w.category = '' OR w.category = p.category)
        AND (w.asin = '' OR w.asin = p.asin)
    JOIN loyalty.dim_date AS d ON d.day >= w.from_on AND d.day <= w.until_on
    WHERE d.day > DATEADD(day, -(days_back), CAST('(as_of)' AS DATE))
      AND d.day <= DATEADD(day, (days_ahead), CAST('(as_of)' AS DATE))
),
campaign AS (
    SELECT program_id, asin, day, LEAST(MAX(share), 1) AS share FROM taken_off GROUP BY program_id, asin, day
),
days AS (
    SELECT program_id, asin, day FROM asked
    UNION
    SELECT program_id, asin, day FROM campaign
),
noted AS (
    SELECT program_id, asin, CAST(noted_at AS DATE) AS from_on, price_minor,
           LEAD(CAST(noted_at AS DATE)) OVER (PARTITION BY program_id, asin ORDER BY noted_at) AS until_on
    FROM loyalty.fact_availability WHERE price_minor > 0
)
SELECT CAST(d.program_id AS INTEGER) AS program_id, CAST(d.asin AS VARCHAR(10)) AS asin, d.day,
       CASE WHEN d.day <= CAST('(as_of)' AS DATE) THEN CAST(COALESCE(a.units, 0) AS DOUBLE PRECISION) END AS units,
       CAST(COALESCE(a.refused, 0) AS DOUBLE PRECISION) AS refused,
       CAST(COALESCE(c.share, 0) AS DOUBLE PRECISION) AS campaign,
       CAST(COALESCE(n.price_minor, p.price_minor) AS DOUBLE PRECISION) AS price_minor,
       CAST(p.category AS VARCHAR(200)) AS category, CAST(p.brand AS VARCHAR(400)) AS brand
FROM days AS d
JOIN product AS p ON p.program_id = d.program_id AND p.asin = d.asin
LEFT JOIN asked AS a ON a.program_id = d.program_id AND a.asin = d.asin AND a.day = d.day
LEFT JOIN campaign AS c ON c.program_id = d.program_id AND c.asin = d.asin AND c.day = d.day
LEFT JOIN noted AS n ON n.program_id = d.program_id AND n.asin = d.asin AND n.from_on <= d.day
    AND (n.until_on IS NULL OR n.until_on > d.day);
