"""What the shop had of each product in the past year, as the sync would have noted it: shelves that others empty too
and that are filled on Mondays, now and then too late. Made up from a seed; nobody looked then."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from random import Random

from loyalty.database import Connection

DAYS = 366
SYNC_COMES = time(6, 10, tzinfo=UTC)
# Most of the shop is never short of anything.
SCARCE, FILLED = 0.4, 0.55
DELIVERY_DAYS = 3

type Outages = Mapping[str, Sequence[tuple[date, date]]]
type Row = tuple[str, datetime, str, int | None, int | None, int]


def of_year(products: Mapping[str, int], ends_before: date, seed: int) -> tuple[list[Row], Outages]:
    """Rows (product, when, state, left, days of delivery, price) of the year that ends before that day, and the days,
    from and before, on which each product could not be had. `products`: prices in minor units. The same seed is the
    same year."""
    rows: list[Row] = []
    outages: dict[str, list[tuple[date, date]]] = {}
    for asin, price_minor in sorted(products.items()):
        random = Random(f"{seed}/{asin}")
        if random.random() >= SCARCE:
            at = datetime.combine(ends_before - timedelta(days=DAYS), SYNC_COMES)
            rows.append((asin, at, "available", None, DELIVERY_DAYS, price_minor))
            continue
        levels = _levels(random, ends_before)
        outages[asin] = _out(levels)
        before: int | None = None
        for day, left in levels:
            # As catalogue.note_availability: a little less is not worth a row.
            if (
                before is None
                or (left == 0) != (before == 0)
                or (left != before and (left <= 20 or abs(left - before) * 10 >= before))
            ):
                state, promised = ("available", DELIVERY_DAYS) if left else ("out_of_stock", None)
                rows.append((asin, datetime.combine(day, SYNC_COMES), state, left, promised, price_minor))
                before = left
    return rows, outages


def write(connection: Connection, program_id: int, rows: Sequence[Row]) -> None:
    """Again writes nothing; what was noted since stays."""
    with connection.cursor() as cursor:
        cursor.executemany(
            "insert into catalogue.availability (program_id, asin, at, state, quantity, delivery_days, price_minor)"
            " values (%s, %s, %s, %s, %s, %s, %s) on conflict do nothing",
            [(program_id, *row) for row in rows],
        )


def is_out(outages: Outages, asin: str, at: datetime) -> bool:
    """Whether it could not be had on that day."""
    return any(begin <= at.date() < end for begin, end in outages.get(asin, ()))


def _levels(random: Random, ends_before: date) -> list[tuple[date, int]]:
    full, a_day = random.randint(15, 90), random.uniform(0.3, 2.5)
    left, found = full, []
    for ago in range(DAYS, 0, -1):
        day = ends_before - timedelta(days=ago)
        # On the last days everything is there: today's shop says so.
        if (day.weekday() == 0 and random.random() < FILLED) or (ago <= 2 and not left):
            left = max(left, random.randint(full // 2, full))
        found.append((day, left))
        left = max(0, left - sum(random.random() < a_day / 4 for _ in range(4)))
    return found


def _out(levels: Sequence[tuple[date, int]]) -> list[tuple[date, date]]:
    found: list[tuple[date, date]] = []
    for day, left in levels:
        if left:
            continue
        if found and found[-1][1] == day:
            found[-1] = (found[-1][0], day + timedelta(days=1))
        else:
            found.append((day, day + timedelta(days=1)))
    return found
