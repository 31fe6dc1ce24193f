"""One list of rules: as DQDL, and as SQL that names the rows that break them."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from analytics.export.quality import rules
from analytics.export.quality.rules import Broken
from tests.analytics.export.lake import CONTRACTS

LINE = CONTRACTS["redemption_line"]
COLUMNS = ", ".join(f"{column.name} {column.duck}" for column in LINE.columns)
GOOD = (1, "r1", 1, "B0TOWELS00", "Towels", None, 3, 3, 1, 100, 0, 0, "")


def broken(*rows: tuple[object, ...]) -> list[Broken]:
    with duckdb.connect() as duck:
        duck.execute("create temp macro regexp_like(text, pattern) as regexp_matches(text, pattern)")
        duck.execute("create temp macro octet_length(text) as strlen(text)")
        duck.execute(f"create table line ({COLUMNS})")
        duck.executemany(f"insert into line values ({', '.join('?' * len(LINE.columns))})", list(rows))
        return rules.broken(LINE, rules.rules(LINE), "line", lambda sql: duck.sql(sql).fetchall())


def test_rows_that_keep_the_rules_are_not_spoken_of() -> None:
    assert broken(GOOD, (*GOOD[:2], 2, *GOOD[3:7], None, 0, *GOOD[9:])) == []


@pytest.mark.parametrize(
    ("place", "value", "said"),
    [
        (6, 0, "redemption_line: quantity is at least 1: 1 rows, e.g. program_id=1, redemption_id=r1, line_number=9, "
               "quantity=0"),
        (7, 4, "redemption_line: no more units are accepted than were ordered: 1 rows, e.g. program_id=1, "
               "redemption_id=r1, line_number=9, accepted_quantity=4, quantity=3"),
        (4, None, "redemption_line: title is there: 1 rows, e.g. program_id=1, redemption_id=r1, line_number=9, "
                  "title=null"),
        (3, "B0TOWELSÄÖ", "redemption_line: asin has at most 10 bytes: 1 rows, e.g. program_id=1, redemption_id=r1, "
                          "line_number=9, asin=B0TOWELSÄÖ"),
    ],
)  # fmt: skip
def test_one_row_of_many_that_breaks_a_rule_is_named(place: int, value: object, said: str) -> None:
    bad = [*GOOD[:2], 9, *GOOD[3:]]
    bad[place] = value
    assert said in [str(one) for one in broken(GOOD, tuple(bad))]


def test_a_key_that_comes_twice_is_named_once_with_how_often() -> None:
    (one,) = broken(GOOD, GOOD, GOOD)
    assert str(one).endswith("is unique: 1 rows, e.g. program_id=1, redemption_id=r1, line_number=1, times=3")


@pytest.mark.parametrize("table", CONTRACTS)
def test_every_rule_is_said_in_dqdl_too(table: str) -> None:
    contract = CONTRACTS[table]
    text = rules.dqdl(contract)
    assert text.startswith("Rules = [\n")
    assert text.endswith("\n]")
    assert text.count("\n") == len(rules.rules(contract)) + 1
    assert f"IsPrimaryKey {' '.join(chr(34) + name + chr(34) for name in contract.key)}" in text


def test_a_rule_about_a_column_that_may_be_null_is_about_those_that_are_not() -> None:
    text = rules.dqdl(CONTRACTS["product"])
    assert 'ColumnValues "price_minor" >= 0 where "price_minor is not null"' in text
    assert 'ColumnValues "asin" matches "[A-Z0-9]{10}"' in text


def test_a_rule_that_is_none_is_refused(tmp_path: Path) -> None:
    for said in ('{"rule": "perhaps", "column": "tier"}', '{"rule": "at_least", "column": "height", "value": 1}'):
        path = tmp_path / "rules.json"
        path.write_text(f'{{"tier": [{said}]}}')
        with pytest.raises((ValueError, KeyError)):
            rules.rules(CONTRACTS["tier"], path)
