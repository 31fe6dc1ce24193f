"""What was asked for of each product, week by week, the campaigns it was in, and how much of the week it was there."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.compute as pc  # type: ignore[import-untyped]
from numpy.typing import NDArray

from loyalty import night_tables

MOST_WEEKS = 104
# A day of one product is never more, whatever a line claims.
MOST_UNITS = 1_000_000.0
# Those asked for most; nobody reads the trend of the twenty-thousandth product.
MOST_PRODUCTS = 20_000
# In one of these a product cannot be had; slow ones can.
OUT = ("out_of_stock", "below_floor", "gone")
# A week of which less was there tells nothing.
LEAST_THERE = 0.3

DEMAND = {
    "program_id": pa.int64(),
    "asin": pa.string(),
    "day": pa.date32(),
    "units": pa.float64(),
    "campaign": pa.float64(),
}
PRODUCTS = {"program_id": pa.int64(), "asin": pa.string(), "first_seen_on": pa.date32()}
AVAILABILITY = {"program_id": pa.int64(), "asin": pa.string(), "at": pa.timestamp("us"), "state": pa.string()}

type Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Weeks:
    """Some products of a programme, [products, weeks]; the last week ends on the last known day.

    `units` ≥ 0. `campaign`: mean over the week of what campaigns took off, 0 to 1. `there`: share of the week in which
    it could be had. `known`: it was in the catalogue, and there for long enough.
    """

    program_id: int
    asins: tuple[str, ...]
    first_on: datetime.date
    units: Floats
    campaign: Floats
    there: Floats
    known: NDArray[np.bool_]

    def of(self, some: slice) -> Weeks:
        """Some of its products."""
        return Weeks(
            self.program_id,
            self.asins[some],
            self.first_on,
            self.units[some],
            self.campaign[some],
            self.there[some],
            self.known[some],
        )


def weeks(demand: pa.Table, products: pa.Table, availability: pa.Table | None, as_of: datetime.date) -> Iterator[Weeks]:
    """One for each programme: the products that were asked for in the last two years, at most MOST_PRODUCTS, by name.

    Lines without a product or a day, of days after `as_of`, with units below 0 or not finite are left out; the same
    product and day count once. Raises UnreadableTable for a table that cannot be read at all.
    """
    lines = _known(night_tables.typed(demand, DEMAND, "demand"), as_of)
    lines = lines.filter(pc.field("day") > pa.scalar(as_of - datetime.timedelta(days=7 * MOST_WEEKS), pa.date32()))
    catalogue = night_tables.typed(products, PRODUCTS, "products").filter(pc.field("first_seen_on").is_valid())
    changes = night_tables.typed(pa.table({}) if availability is None else availability, AVAILABILITY, "availability")
    changes = changes.filter(pc.field("at").is_valid() & pc.field("state").is_valid())
    for program_id in sorted(pc.unique(lines["program_id"]).to_pylist()):
        of_it = pc.field("program_id") == program_id
        own = lines.filter(of_it)
        asins = _asked_for(own)
        if asins:
            among = of_it & pc.field("asin").isin(asins)
            span = min(MOST_WEEKS, (night_tables.number(as_of) - int(night_tables.days(own["day"]).min())) // 7 + 1)
            yield _weeks(
                program_id, asins, own.filter(among), catalogue.filter(among), changes.filter(among), span, as_of
            )


def _asked_for(lines: pa.Table) -> list[str]:
    units = pc.min_element_wise(lines["units"], MOST_UNITS)
    asked = pa.table({"asin": lines["asin"], "units": units}).group_by("asin").aggregate([("units", "sum")])
    asked = asked.filter(pc.field("units_sum") > 0)
    asked = asked.sort_by([("units_sum", "descending"), ("asin", "ascending")])[:MOST_PRODUCTS]
    return sorted(asked["asin"].to_pylist())


def _weeks(
    program_id: int,
    asins: list[str],
    lines: pa.Table,
    seen: pa.Table,
    changes: pa.Table,
    span: int,
    as_of: datetime.date,
) -> Weeks:
    first = night_tables.number(as_of) + 1 - 7 * span
    shape = (len(asins), span)
    product = _index(lines, asins)
    day = night_tables.days(lines["day"]).astype(np.int64)
    days = np.zeros((len(asins), 7 * span))
    campaign = np.zeros_like(days)
    units = np.minimum(lines["units"].fill_null(0.0).to_numpy(), MOST_UNITS)
    # The same product and day twice is a repeated line: the larger counts.
    np.maximum.at(days, (product, day - first), units)
    off = np.nan_to_num(lines["campaign"].fill_null(0.0).to_numpy(), nan=0.0, posinf=0.0, neginf=0.0)
    np.maximum.at(campaign, (product, day - first), np.clip(off, 0.0, 1.0))
    there = _there(changes, asins, first, span)
    weekly = days.reshape(*shape, 7).sum(axis=2)
    return Weeks(
        program_id=program_id,
        asins=tuple(asins),
        first_on=as_of - datetime.timedelta(days=7 * span - 1),
        units=weekly,
        campaign=campaign.reshape(*shape, 7).mean(axis=2),
        there=np.maximum(there, LEAST_THERE),
        known=_since(asins, seen, weekly, first) & (there >= LEAST_THERE),
    )


def _since(asins: list[str], seen: pa.Table, weekly: Floats, first: int) -> NDArray[np.bool_]:
    """From the first whole week in the catalogue; where nobody knows it, from the week after somebody first asked: that
    one was chosen for not being empty."""
    span = weekly.shape[1]
    begins = np.where(weekly.any(axis=1), np.argmax(weekly > 0, axis=1) + 1, span)
    begins[weekly[:, :1].ravel() > 0] = 0
    if len(seen):
        begins[_index(seen, asins)] = np.clip(
            -((first - night_tables.days(seen["first_seen_on"]).astype(np.int64)) // 7), 0, span
        )
    known: NDArray[np.bool_] = np.arange(span) >= begins[:, None]
    return known


def _there(changes: pa.Table, asins: list[str], first: int, span: int) -> Floats:
    """Share of each week in which it could be had; before the first change it could."""
    there = np.ones((len(asins), span))
    product = _index(changes, asins)
    at = changes["at"].cast(pa.int64()).to_numpy() / 86_400e6 - first
    out = pc.is_in(changes["state"], value_set=pa.array(OUT)).to_numpy(zero_copy_only=False)
    order = np.lexsort((at, product))
    product, at, out = product[order], at[order], out[order]
    for number in np.flatnonzero(out):
        last = number + 1 == len(product) or product[number + 1] != product[number]
        begin, end = max(at[number], 0.0), float(7 * span) if last else min(at[number + 1], 7.0 * span)
        for week in range(int(begin // 7), min(int(-(-end // 7)), span)):
            there[product[number], week] -= max(min(end, 7 * week + 7) - max(begin, 7 * week), 0.0) / 7
    return np.clip(there, 0.0, 1.0)


def _known(lines: pa.Table, as_of: datetime.date) -> pa.Table:
    units = pc.field("units")
    # What is known ahead has no units; neither has a day on which there was only a campaign.
    counted = units.is_null() | (pc.is_finite(units) & (units >= 0))
    today = pa.scalar(as_of, pa.date32())
    named = pc.field("program_id").is_valid() & pc.field("asin").is_valid()
    return lines.filter(named & counted & (pc.field("day") <= today))


def _index(table: pa.Table, asins: list[str]) -> NDArray[np.int64]:
    found = pc.index_in(table["asin"], value_set=pa.array(asins, pa.string())).to_numpy(zero_copy_only=False)
    return np.asarray(found, np.int64)
