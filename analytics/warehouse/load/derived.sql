-- What is made of several tables, made again for whom a load has touched, and for nobody else. One transaction.
LOCK base.touched_member;

LOCK base.touched_redemption;

LOCK base.touched_invoice;

DELETE FROM loyalty.dim_member USING base.touched_member
WHERE loyalty.dim_member.program_id = base.touched_member.program_id
  AND loyalty.dim_member.member_key = base.touched_member.member_key;

-- Versions of the attributes cut by the times of the tiers. Tier changes follow each other by their sequence; one that
-- a clock set back dates before its forerunner begins where that one does.
INSERT INTO loyalty.dim_member (
    program_id, member_key, tier, country, language, state, joined_on, valid_from, valid_to, is_current, claimed_on)
WITH touched AS (
    SELECT DISTINCT program_id, member_key FROM base.touched_member
),
changes AS (
    SELECT c.program_id, c.member_key, c.from_tier, c.to_tier,
           MAX(c.changed_at) OVER (
               PARTITION BY c.program_id, c.member_key ORDER BY c.sequence
               ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS moment,
           ROW_NUMBER() OVER (PARTITION BY c.program_id, c.member_key ORDER BY c.sequence) AS place
    FROM loyalty.fact_tier_change AS c
    JOIN touched AS t ON t.program_id = c.program_id AND t.member_key = c.member_key
    WHERE c.from_tier <> c.to_tier
),
tiers AS (
    SELECT program_id, member_key, to_tier AS tier, moment AS starts,
           COALESCE(LEAD(moment) OVER (PARTITION BY program_id, member_key ORDER BY place),
                    CAST('9999-12-31' AS TIMESTAMP)) AS ends
    FROM changes
    UNION ALL
    SELECT program_id, member_key, from_tier, CAST('0001-01-01' AS TIMESTAMP), moment FROM changes WHERE place = 1
    UNION ALL
    SELECT v.program_id, v.member_key, v.tier, CAST('0001-01-01' AS TIMESTAMP), CAST('9999-12-31' AS TIMESTAMP)
    FROM base.member_version AS v
    JOIN touched AS t ON t.program_id = v.program_id AND t.member_key = v.member_key
    LEFT JOIN changes AS c ON c.program_id = v.program_id AND c.member_key = v.member_key AND c.place = 1
    WHERE c.member_key IS NULL AND v.valid_to IS NULL
),
versions AS (
    SELECT v.program_id, v.member_key, v.country, v.language, v.state, v.joined_at, v.claimed_at,
           v.valid_from AS starts, COALESCE(v.valid_to, CAST('9999-12-31' AS TIMESTAMP)) AS ends
    FROM base.member_version AS v
    JOIN touched AS t ON t.program_id = v.program_id AND t.member_key = v.member_key
),
cut AS (
    SELECT v.program_id, v.member_key, p.tier, v.country, v.language, v.state, v.joined_at, v.claimed_at,
           GREATEST(v.starts, p.starts) AS starts, LEAST(v.ends, p.ends) AS ends
    FROM versions AS v
    JOIN tiers AS p ON p.program_id = v.program_id AND p.member_key = v.member_key
        AND p.starts < v.ends AND v.starts < p.ends AND p.starts < p.ends
)
SELECT program_id, member_key, tier, country, language, state, CAST(joined_at AS DATE), starts,
       NULLIF(ends, CAST('9999-12-31' AS TIMESTAMP)),
       CASE WHEN ends = CAST('9999-12-31' AS TIMESTAMP) THEN TRUE ELSE FALSE END, CAST(claimed_at AS DATE)
FROM cut;

-- Whose tier at the time turned out to be another one.
INSERT INTO base.touched_redemption (program_id, redemption_id)
SELECT DISTINCT f.program_id, f.redemption_id
FROM loyalty.fact_redemption_line AS f
JOIN (SELECT DISTINCT program_id, member_key FROM base.touched_member) AS t
    ON t.program_id = f.program_id AND t.member_key = f.member_key
JOIN loyalty.dim_member AS m ON m.program_id = f.program_id AND m.member_key = f.member_key
    AND m.valid_from <= f.redeemed_at AND COALESCE(m.valid_to, CAST('9999-12-31' AS TIMESTAMP)) > f.redeemed_at
WHERE COALESCE(f.tier_then, '') <> m.tier;

DELETE FROM base.touched_member;

DELETE FROM loyalty.fact_redemption_line USING base.touched_redemption
WHERE loyalty.fact_redemption_line.program_id = base.touched_redemption.program_id
  AND loyalty.fact_redemption_line.redemption_id = base.touched_redemption.redemption_id;

INSERT INTO loyalty.fact_redemption_line (
    program_id, redemption_id, line_number, member_key, tier_then, asin, category, campaign, currency, units_ordered,
    units_accepted, units_returned, units_refused, points, money_minor, discount_minor, outcome, redeemed_at, day, title,
    reasons, state)
SELECT l.program_id, l.redemption_id, l.line_number, r.member_key, m.tier, l.asin, p.category, l.campaign, r.currency,
       l.quantity, COALESCE(l.accepted_quantity, 0), CAST(COALESCE(b.units, 0) AS INTEGER),
       l.quantity - COALESCE(l.accepted_quantity, l.quantity),
       CAST(l.unit_points * COALESCE(l.accepted_quantity, 0) - COALESCE(b.points, 0) AS BIGINT),
       CAST(l.unit_money_minor * COALESCE(l.accepted_quantity, 0) - COALESCE(b.money_minor, 0) AS BIGINT),
       -- A discount is whole a unit, so the division is exact.
       CAST(COALESCE(ROUND(CAST(l.discount_minor AS DOUBLE PRECISION) / NULLIF(l.quantity, 0)), 0) AS BIGINT)
           * (COALESCE(l.accepted_quantity, 0) - CAST(COALESCE(b.units, 0) AS INTEGER)),
       r.outcome, r.created_at, CAST(r.created_at AS DATE), l.title, l.reasons, r.state
FROM (SELECT DISTINCT program_id, redemption_id FROM base.touched_redemption) AS t
JOIN base.redemption AS r ON r.program_id = t.program_id AND r.redemption_id = t.redemption_id
JOIN base.redemption_line AS l ON l.program_id = t.program_id AND l.redemption_id = t.redemption_id
LEFT JOIN (
    SELECT program_id, redemption_id, line_number, SUM(quantity) AS units, SUM(points) AS points,
           SUM(money_minor) AS money_minor
    FROM base.units_back
    GROUP BY program_id, redemption_id, line_number
) AS b ON b.program_id = l.program_id AND b.redemption_id = l.redemption_id AND b.line_number = l.line_number
LEFT JOIN loyalty.dim_product AS p ON p.program_id = l.program_id AND p.asin = l.asin
LEFT JOIN loyalty.dim_member AS m ON m.program_id = r.program_id AND m.member_key = r.member_key
    AND m.valid_from <= r.created_at AND COALESCE(m.valid_to, CAST('9999-12-31' AS TIMESTAMP)) > r.created_at;

DELETE FROM loyalty.fact_shipment USING base.touched_redemption
WHERE loyalty.fact_shipment.program_id = base.touched_redemption.program_id
  AND loyalty.fact_shipment.redemption_id = base.touched_redemption.redemption_id;

INSERT INTO loyalty.fact_shipment (
    program_id, redemption_id, shipment_key, member_key, units, redeemed_at, shipped_at, delivered_at, promised_to,
    undeliverable, days_to_ship, days_to_deliver, on_time, day)
SELECT s.program_id, s.redemption_id, s.shipment_key, r.member_key, s.units, r.created_at, s.shipped_at, s.delivered_at,
       s.promised_to, s.undeliverable,
       CAST(DATEDIFF(day, r.created_at, s.shipped_at) AS INTEGER),
       CAST(DATEDIFF(day, s.shipped_at, s.delivered_at) AS INTEGER),
       CASE WHEN s.undeliverable THEN FALSE
            WHEN s.delivered_at IS NULL OR s.promised_to IS NULL THEN NULL
            WHEN s.delivered_at <= s.promised_to THEN TRUE ELSE FALSE END,
       CAST(s.shipped_at AS DATE)
FROM (SELECT DISTINCT program_id, redemption_id FROM base.touched_redemption) AS t
JOIN base.shipment AS s ON s.program_id = t.program_id AND s.redemption_id = t.redemption_id
LEFT JOIN base.redemption AS r ON r.program_id = t.program_id AND r.redemption_id = t.redemption_id;

DELETE FROM base.touched_redemption;

DELETE FROM loyalty.fact_invoice_line USING base.touched_invoice
WHERE loyalty.fact_invoice_line.program_id = base.touched_invoice.program_id
  AND loyalty.fact_invoice_line.invoice_id = base.touched_invoice.invoice_id;

INSERT INTO loyalty.fact_invoice_line (
    program_id, invoice_id, line_number, invoice_kind, number, issued_on, currency, state, posted_at, kind, asin,
    quantity, amount_minor, redemption_id, day)
SELECT l.program_id, l.invoice_id, l.line_number, i.kind, i.number, i.issued_on, i.currency, i.state, i.posted_at,
       l.kind, l.asin, l.quantity, l.amount_minor, l.redemption_id, i.issued_on
FROM (SELECT DISTINCT program_id, invoice_id FROM base.touched_invoice) AS t
JOIN base.invoice AS i ON i.program_id = t.program_id AND i.invoice_id = t.invoice_id
JOIN base.invoice_line AS l ON l.program_id = t.program_id AND l.invoice_id = t.invoice_id;

DELETE FROM base.touched_invoice;
