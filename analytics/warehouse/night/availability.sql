-- Whether a product could be had: a row whenever that changed.
SELECT CAST(program_id AS INTEGER) AS program_id, CAST(asin AS VARCHAR(10)) AS asin, noted_at AS at,
       CAST(state AS VARCHAR(20)) AS state, CAST(quantity AS BIGINT) AS quantity,
       CAST(delivery_days AS INTEGER) AS delivery_days, CAST(price_minor AS BIGINT) AS price_minor
FROM loyalty.fact_availability
WHERE noted_at < DATEADD(day, 1, CAST('(as_of)' AS DATE));
