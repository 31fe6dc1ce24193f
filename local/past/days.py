"""The Complete Journey by days: who comes for the first time, what is bought, who redeems. The data's year (2017) is
moved by whole weeks, so that a Saturday stays one."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

from local.demo.purchases import DATA, as_sent

LAST_DAY_OF_DATA = date(2017, 12, 31)
COLUMNS = ["household_id", "basket_id", "product_id", "quantity", "sales_value", "transaction_timestamp"]


@dataclass(frozen=True, slots=True)
class Day:
    """A day of the moved year: households seen for the first time, its purchases as a partner's file, and households
    that used a coupon on that day: when, in this programme, they redeem a reward."""

    day: date
    newcomers: tuple[int, ...]
    purchases: bytes
    redeem: tuple[int, ...]


def weeks_between(ends_before: date) -> timedelta:
    """By how much the data are moved so that their last day is the last possible one before `ends_before`."""
    return timedelta(weeks=(ends_before - timedelta(days=1) - LAST_DAY_OF_DATA).days // 7)


def days(ends_before: date) -> Iterator[Day]:
    """All days of the moved year, in order."""
    move = weeks_between(ends_before)
    lines = pq.read_table(DATA / "transactions.parquet", columns=COLUMNS)
    # A few purchases are of the first hours of the next year.
    lines = lines.filter(pc.less(lines["transaction_timestamp"], pa.scalar(_midnight(LAST_DAY_OF_DATA, 1))))
    sent = as_sent(lines, pa.scalar(move, pa.duration("ns")))
    day_of = pc.utf8_slice_codeunits(sent["occurred_at"], 0, 10)
    begins, redeeming, known = _begins(day_of), _redeeming(), set[str]()
    for (day, start), (_, end) in pairwise(begins):
        todays = sent.slice(start, end - start)
        numbers = pc.unique(todays["member_number"]).to_pylist()
        newcomers = tuple(int(number[2:]) for number in numbers if number not in known)
        known.update(numbers)
        yield Day(day, newcomers, _as_file(todays), redeeming.get(day - move, ()))


def _begins(day_of: pa.ChunkedArray) -> list[tuple[date, int]]:
    """Each day with the number of its first line, and after the last one where the lines end."""
    counted = pc.value_counts(day_of.combine_chunks()).to_pylist()
    found, start = [], 0
    for entry in counted:
        found.append((date.fromisoformat(entry["values"]), start))
        start += entry["counts"]
    return [*found, (date.max, start)]


def _redeeming() -> dict[date, tuple[int, ...]]:
    used = pq.read_table(DATA / "coupon_redemptions.parquet", columns=["household_id", "redemption_date"])
    found: dict[date, set[int]] = {}
    for row in used.to_pylist():
        found.setdefault(row["redemption_date"].date(), set()).add(row["household_id"])
    return {day: tuple(sorted(households)) for day, households in found.items()}


def _as_file(table: pa.Table) -> bytes:
    out = io.BytesIO()
    pyarrow.csv.write_csv(table, out, pyarrow.csv.WriteOptions(quoting_style="needed"))
    return out.getvalue()


def _midnight(day: date, later: int) -> datetime:
    return datetime(day.year, day.month, day.day) + timedelta(days=later)  # noqa: DTZ001 (the data have no zone)
