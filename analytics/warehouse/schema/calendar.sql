-- 27 years of days, by numbers and not by a loop. ISO weeks belong to the year that has their Thursday.
INSERT INTO loyalty.dim_date (day, iso_week, iso_year, month, quarter, year, weekday, is_weekend)
WITH digits AS (
    SELECT 0 AS digit UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4
    UNION ALL SELECT 5 UNION ALL SELECT 6 UNION ALL SELECT 7 UNION ALL SELECT 8 UNION ALL SELECT 9
),
days AS (
    SELECT CAST(DATEADD(day, a.digit * 1000 + b.digit * 100 + c.digit * 10 + d.digit, DATE '2015-01-01') AS DATE) AS day
    FROM digits AS a CROSS JOIN digits AS b CROSS JOIN digits AS c CROSS JOIN digits AS d
),
weeks AS (
    SELECT days.day,
           CAST(DATE_TRUNC('week', days.day) AS DATE) AS monday,
           CAST(DATEADD(day, 3, CAST(DATE_TRUNC('week', days.day) AS DATE)) AS DATE) AS thursday
    FROM days LEFT JOIN loyalty.dim_date AS known ON known.day = days.day
    WHERE known.day IS NULL AND days.day < DATE '2042-01-01'
)
SELECT day,
       CAST(FLOOR(CAST(DATEDIFF(day, CAST(DATE_TRUNC('year', thursday) AS DATE), thursday) AS DOUBLE PRECISION) / 7) AS SMALLINT) + 1,
       EXTRACT(year FROM thursday), EXTRACT(month FROM day), EXTRACT(quarter FROM day), EXTRACT(year FROM day),
       DATEDIFF(day, monday, day) + 1,
       CASE WHEN DATEDIFF(day, monday, day) >= 5 THEN TRUE ELSE FALSE END
FROM weeks;
