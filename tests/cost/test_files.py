"""Prices and assumptions are dated, sourced, complete; a mistake in them is named by file and line."""

from __future__ import annotations

import re
import warnings
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from cost.prices import Price, PriceFileError, load_prices
from cost.runs import FUNCTIONS, MACHINES, load_runs
from cost.usage import Month, load_usage
from stacks.settings import REPOSITORY

PRICE = """\
[nat_gateway_hour]
service = "NAT gateway"
usd = 0.045
unit = "hours"
region = "us-east-1"
date = 2026-11-23
source = "https://aws.amazon.com/vpc/pricing/"
seen = true
"""
SOURCES = "\n".join(path.read_text() for path in sorted((REPOSITORY / "cost").rglob("*.py")))


def _written(folder: Path, text: str) -> Path:
    path = folder / "prices.toml"
    path.write_text(text)
    return path


def test_every_price_has_a_day_a_source_and_a_region() -> None:
    prices = load_prices()
    assert len(prices) > 50
    old = [name for name, one in prices.items() if one.stale(datetime.now(UTC).date())]
    if old:
        warnings.warn(f"cost/prices.toml: look again at {', '.join(old)}", stacklevel=1)
    assert {one.region for one in prices.values()} == {"us-east-1"}


def test_a_price_is_exact_to_the_last_place() -> None:
    assert load_prices()["lambda_arm_gb_second"].of(Decimal(3)) == Decimal("0.0000400002")
    assert load_prices()["sqs_requests"].of(Decimal(2_500_000)) == Decimal("1.00")


def test_a_price_of_more_than_a_year_is_stale() -> None:
    price = Price.model_validate(load_prices()["kms_key"].model_dump() | {"date": date(2026, 1, 1)})
    assert not price.stale(date(2027, 1, 1))
    assert price.stale(date(2027, 1, 2))


@pytest.mark.parametrize(
    ("mistake", "line", "key"),
    [
        (("usd = 0.045", "usd = -1"), 3, "nat_gateway_hour.usd"),
        (('source = "https', 'source = "file'), 7, "nat_gateway_hour.source"),
        (("date = 2026-11-23", 'date = "soon"'), 6, "nat_gateway_hour.date"),
        (("seen = true", 'seen = true\ncolour = "red"'), 9, "nat_gateway_hour.colour"),
        (("unit = ", "unity = "), 1, "nat_gateway_hour.unit"),
        (("usd = 0.045", "usd = "), 3, ""),
    ],
)
def test_a_mistake_is_named_by_file_line_and_key(tmp_path: Path, mistake: tuple[str, str], line: int, key: str) -> None:
    with pytest.raises(PriceFileError) as refused:
        load_prices(_written(tmp_path, PRICE.replace(*mistake)))
    assert f"prices.toml:{line}: {key}" in str(refused.value)


def test_every_assumption_is_used_and_none_is_missing() -> None:
    used = set(re.findall(r'(?:month|self)\["(\w+)"\]', SOURCES))
    assert used == set(load_usage())


def test_an_assumption_can_be_set_and_only_to_a_number_that_is_known() -> None:
    assert load_usage(overrides={"active_share": "0.5"})["active_share"] == Decimal("0.5")
    for name, value in (("active", "1"), ("active_share", "much"), ("active_share", "-1"), ("active_share", "NaN")):
        with pytest.raises(PriceFileError, match=name):
            load_usage(overrides={name: value})


def test_whatever_runs_is_driven_by_something_that_is_counted(tmp_path: Path) -> None:
    month = Month(Decimal(1000), load_usage())
    for path in (FUNCTIONS, MACHINES):
        for name, runs in load_runs(path).items():
            assert runs.driven(month) >= 0, name
    mine = tmp_path / "runs.toml"
    mine.write_text('[Sweeper]\nof = "dreams"\ntimes = 1\n')
    with pytest.raises(PriceFileError, match=r"Sweeper\.of: nothing is counted by that name \(got 'dreams'\)"):
        load_runs(mine)
