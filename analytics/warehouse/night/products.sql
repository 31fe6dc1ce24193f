-- The catalogue as it is now.
SELECT CAST(program_id AS INTEGER) AS program_id, CAST(asin AS VARCHAR(10)) AS asin,
       CAST(category AS VARCHAR(200)) AS category, CAST(brand AS VARCHAR(400)) AS brand,
       CAST(price_minor AS BIGINT) AS price_minor, CAST(COALESCE(available, FALSE) AS BOOLEAN) AS available,
       CAST(first_seen_at AS DATE) AS first_seen_on
FROM loyalty.dim_product;
