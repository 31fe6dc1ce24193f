-- What members did with products: redeemed (units that stayed with them), looked (pages, of those who want that to be
-- kept), wished. A row a member, product, day and kind. Whoever was erased is nobody here.
SELECT CAST(i.program_id AS INTEGER) AS program_id, CAST(i.member_key AS VARCHAR(36)) AS member_key,
       CAST(i.asin AS VARCHAR(10)) AS asin, i.day, CAST(i.kind AS VARCHAR(10)) AS kind,
       CAST(SUM(i.weight) AS DOUBLE PRECISION) AS weight
FROM (
    SELECT program_id, member_key, asin, day, 'redeemed' AS kind, units_accepted - units_returned AS weight
    FROM loyalty.fact_redemption_line
    WHERE member_key IS NOT NULL AND units_accepted > units_returned
    UNION ALL
    SELECT v.program_id, w.member_key, v.asin, v.day, 'looked', 1
    FROM loyalty.fact_catalogue_view AS v
    JOIN loyalty.dim_viewer AS w ON w.program_id = v.program_id AND w.viewer_key = v.viewer_key
    UNION ALL
    SELECT program_id, member_key, asin, day, 'wished', 1 FROM loyalty.fact_wish WHERE member_key IS NOT NULL
) AS i
WHERE i.day > DATEADD(day, -(days_back), CAST('(as_of)' AS DATE)) AND i.day <= CAST('(as_of)' AS DATE)
GROUP BY i.program_id, i.member_key, i.asin, i.day, i.kind;
