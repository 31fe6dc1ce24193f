"""Which SQL means the same on Redshift and on DuckDB, and how it is translated."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from analytics.warehouse import statements
from analytics.warehouse.engine import Warehouse
from analytics.warehouse.portable import NotPortable, check, for_duckdb

FROM = "FROM loyalty.fact_accrual"
FORBIDDEN = {
    f"SELECT points / 3 AS x {FROM}": "whole numbers divide differently",
    f"SELECT SUM(points) / COUNT(*) AS x {FROM}": "whole numbers divide differently",
    f"SELECT AVG(points) AS x {FROM}": "Redshift's is whole",
    f"SELECT SUM(points) OVER (ORDER BY day) AS x {FROM}": "wants a frame",
    f"SELECT LAST_VALUE(points) OVER (PARTITION BY funder ORDER BY day) AS x {FROM}": "wants a frame",
    f"SELECT SUM(points) OVER (ORDER BY day RANGE BETWEEN 1 PRECEDING AND CURRENT ROW) AS x {FROM}": "ROWS only",
    f"SELECT DATE_TRUNC('month', day) AS x {FROM}": "CAST it AS DATE",
    f"SELECT EXTRACT(week FROM day) AS x {FROM}": "loyalty.dim_date",
    f"SELECT EXTRACT(dow FROM day) AS x {FROM}": "loyalty.dim_date",
    f"SELECT DATEDIFF(week, day, day) AS x {FROM}": "units are",
    f"SELECT DATEADD(week, 1, day) AS x {FROM}": "units are",
    f"SELECT day + INTERVAL '1 day' AS x {FROM}": "not in the portable part",
    f"SELECT GETDATE() AS x {FROM}": "as parameters",
    f"SELECT CURRENT_DATE AS x {FROM}": "not a function of the portable part",
    f"SELECT TO_CHAR(day, 'IYYY-IW') AS x {FROM}": "not a function of the portable part",
    f"SELECT LISTAGG(DISTINCT funder) WITHIN GROUP (ORDER BY funder) AS x {FROM}": "not a function",
    f"SELECT RATIO_TO_REPORT(points) OVER () AS x {FROM}": "not a function of the portable part",
    f"SELECT STRTOL(funder, 16) AS x {FROM}": "not a function of the portable part",
    f"SELECT DATE_CMP(day, day) AS x {FROM}": "not a function of the portable part",
    f"SELECT DECODE(funder, 'a', 1) AS x {FROM}": "not a function of the portable part",
    f"SELECT CONCAT(funder, partner) AS x {FROM}": "not in the portable part",
    f"SELECT COUNT(*) FILTER (WHERE points > 0) AS x {FROM}": "not in the portable part",
    f"SELECT points AS x {FROM} WHERE funder IS DISTINCT FROM partner": "not in the portable part",
    f"SELECT points AS x {FROM} WHERE funder SIMILAR TO 'a%'": "not in the portable part",
    f"SELECT points AS x {FROM} TABLESAMPLE (10)": "not in the portable part",
    f"SELECT funder, SUM(points) AS x {FROM} GROUP BY ALL": "GROUP BY ALL",
    f"SELECT * {FROM}": "columns are named",
    f"SELECT points AS open {FROM}": "a reserved word",
    f'SELECT points AS "Points" {FROM}': "not quoted",
    f"SELECT CAST(points AS REAL) AS x {FROM}": "not a type",
    f"SELECT (SELECT MAX(w.day) FROM loyalty.fact_wish AS w WHERE w.asin = a.partner) AS x {FROM} AS a": "write a join",
    "SELECT points FROM fact_accrual": "schema loyalty",
    "SELECT points FROM base.redemption": "schema loyalty",
    "SELECT table_name FROM information_schema.tables": "schema loyalty",
    "DELETE FROM loyalty.fact_accrual": "has to be a query",
    "SELECT 1 AS x; SELECT 2 AS x": "one statement",
    "SELECT FROM WHERE": "cannot be read",
}
ALLOWED = (
    f"SELECT CAST(SUM(points) AS DOUBLE PRECISION) / NULLIF(COUNT(*), 0) AS x {FROM}",
    f"SELECT ROUND(SUM(points) / CAST(COUNT(*) AS DOUBLE PRECISION), 2) AS x {FROM}",
    f"SELECT AVG(CAST(points AS DOUBLE PRECISION)) AS x, MEDIAN(points) AS y {FROM}",
    "SELECT SUM(SUM(points)) OVER (ORDER BY day ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS x"
    f" {FROM} GROUP BY day",
    f"SELECT SUM(points) OVER (PARTITION BY funder) AS x, ROW_NUMBER() OVER (ORDER BY day DESC) AS n {FROM}",
    f"SELECT CAST(DATE_TRUNC('month', day) AS DATE) AS x, DATEDIFF(day, day, day) AS n {FROM} GROUP BY 1, 2",
    f"SELECT funder || '/' || partner AS x {FROM} WHERE day >= :from_day AND (:tier = 'all' OR funder LIKE 'a%')",
    f"WITH a AS (SELECT day, points {FROM}) SELECT d.iso_week, SUM(a.points) AS x FROM a"
    " JOIN loyalty.dim_date AS d"
    " ON d.day = a.day GROUP BY d.iso_week HAVING SUM(a.points) > 0 ORDER BY x DESC LIMIT 10",
    f"SELECT funder {FROM} AS a WHERE EXISTS (SELECT 1 FROM loyalty.fact_wish AS w WHERE w.member_key = a.member_key)",
    f"SELECT CASE WHEN points BETWEEN 1 AND 5 THEN 'few' WHEN funder IN ('a') THEN 'x' ELSE 'many' END AS x {FROM}",
)


@pytest.mark.parametrize("sql", FORBIDDEN)
def test_what_differs_is_refused_and_said_why(sql: str) -> None:
    assert any(FORBIDDEN[sql] in problem for problem in check(sql)), check(sql)


@pytest.mark.parametrize("sql", ALLOWED)
def test_what_means_the_same_is_allowed_and_runs(warehouse: Warehouse, sql: str) -> None:
    assert check(sql) == []
    parameters = {"from_day": "2026-01-01", "tier": "all"} if ":tier" in sql else None
    warehouse.query(sql, parameters)


def test_every_statement_of_the_warehouse_keeps_to_it() -> None:
    loads = [
        statement
        for table in statements.tables()
        for replaces in (None, True)
        for statement in statements.load(table, "s3://lake/bronze/x/manifest.json", 1, replaces=replaces)
    ]
    made = [sql for sql in statements.bootstrap() if not sql.startswith(("CREATE SCHEMA", "CREATE TABLE", "DROP"))]
    for sql in [*loads, *statements.derive(), *made]:
        assert check(sql, load=True) == [], sql


# Answers by Redshift's rules; DuckDB's own differ in those that are translated.
ANSWERS: list[tuple[str, Any]] = [
    ("CAST(7 AS DOUBLE PRECISION) / 2", 3.5),
    ("ROUND(2.5)", 3),
    ("ROUND(CAST(-2.5 AS DOUBLE PRECISION))", -3.0),
    ("DATEDIFF(month, DATE '2026-01-31', DATE '2026-02-01')", 1),
    ("DATEDIFF(day, CAST('2026-01-01 23:59:59' AS TIMESTAMP), CAST('2026-01-02 00:00:00' AS TIMESTAMP))", 1),
    ("CAST(DATEADD(month, 1, DATE '2026-01-31') AS DATE)", datetime(2026, 2, 28).date()),  # noqa: DTZ001
    ("CAST(DATE_TRUNC('week', DATE '2026-03-01') AS DATE)", datetime(2026, 2, 23).date()),  # noqa: DTZ001
    ("LAST_DAY(DATE '2024-02-10')", datetime(2024, 2, 29).date()),  # noqa: DTZ001
    ("GREATEST(NULL, 3, 2)", 3),
    ("COALESCE(NULLIF(0, 0), 5)", 5),
    ("'a' || NULL", None),
    ("SPLIT_PART('a,b,c', ',', 2)", "b"),
    ("LENGTH('Ärger')", 5),
    ("MOD(-7, 3)", -1),
]


@pytest.mark.parametrize(("expression", "answer"), ANSWERS)
def test_functions_answer_as_redshift_does(warehouse: Warehouse, expression: str, answer: Any) -> None:
    assert warehouse.query(f"SELECT {expression} AS x") == [(answer,)]


def test_nulls_come_last_upwards_and_first_downwards(warehouse: Warehouse) -> None:
    rows = "(SELECT 1 AS x UNION ALL SELECT CAST(NULL AS INTEGER) UNION ALL SELECT 2) AS r"
    assert warehouse.query(f"SELECT x FROM {rows} ORDER BY x") == [(1,), (2,), (None,)]
    assert warehouse.query(f"SELECT x FROM {rows} ORDER BY x DESC") == [(None,), (2,), (1,)]


def test_the_time_is_the_one_that_is_told() -> None:
    now = datetime(2026, 6, 1, 2, 3, 4)  # noqa: DTZ001
    assert for_duckdb("SELECT GETDATE() AS x", now) == "SELECT TIMESTAMP '2026-06-01 02:03:04.000000' AS x"
    assert "NOW()" in for_duckdb("SELECT GETDATE() AS x")


def test_parameters_stay_parameters() -> None:
    assert for_duckdb(f"SELECT points {FROM} WHERE day >= :from_day").endswith("day >= $from_day")


@pytest.mark.parametrize(
    "sql",
    [
        "LOCK staging.accrual",
        "GRANT USAGE ON SCHEMA loyalty TO ROLE reporter",
        "CALL base.refresh_views()",
        "ALTER USER \"reports\" PASSWORD 'sha256|x|y'",
        "CREATE OR REPLACE PROCEDURE base.x() LANGUAGE plpgsql AS $$ BEGIN END; $$",
        "REFRESH MATERIALIZED VIEW loyalty.product_day",
    ],
)
def test_what_only_redshift_knows_has_no_meaning(sql: str) -> None:
    assert for_duckdb(sql) == ""


@pytest.mark.parametrize(
    "sql",
    ["UNLOAD ('SELECT 1') TO 's3://lake/x' IAM_ROLE default", "VACUUM loyalty.dim_date", "SELECT 1 AS x; SELECT 2"],
)
def test_what_has_no_translation_is_refused(sql: str) -> None:
    with pytest.raises(NotPortable):
        for_duckdb(sql)


def test_the_calendar_knows_iso_weeks(warehouse: Warehouse) -> None:
    asked = (
        "SELECT iso_year, iso_week, weekday, is_weekend, month, quarter FROM loyalty.dim_date"
        " WHERE day IN ('2020-12-31', '2021-01-03', '2024-12-30', '2026-11-22') ORDER BY day"
    )
    assert warehouse.query(asked) == [
        (2020, 53, 4, False, 12, 4),
        (2020, 53, 7, True, 1, 1),
        (2025, 1, 1, False, 12, 4),
        (2026, 47, 7, True, 11, 4),
    ]
    assert warehouse.query("SELECT COUNT(*), COUNT(DISTINCT day) FROM loyalty.dim_date") == [(9862, 9862)]
    wrong = (
        "SELECT COUNT(*) FROM loyalty.dim_date WHERE iso_week <> weekofyear(day) OR iso_year <> isoyear(day)"
        " OR weekday <> isodow(day)"
    )
    with warehouse.session(writes=False) as session:
        assert session._cursor.execute(wrong).fetchall() == [(0,)]
