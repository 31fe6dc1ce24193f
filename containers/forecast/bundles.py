"""A panel's objects: of some products all that forecasting needs, in one file that fits one request.

A category stays together (its curve helps its young products) as long as it fits; programmes never mix. The file is a
zip of demand.parquet, products.parquet, availability.parquet and plan.json.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.compute as pc  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]

from containers.forecast.ending import Unusable
from containers.forecast.tables import Plan, typed

NAMES = ("demand", "products", "availability")
# Of all three tables; about 4 MB of Parquet, below the 6 MB that a request may have unless more is asked for.
MOST_ROWS = 200_000
# What a product counts beside its rows: its forecasts are in the answer, so 5,000 products fill an object too.
EACH = 40
LARGEST_BYTES = 64 * 1024 * 1024
MOST_UNPACKED_BYTES = 1024 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Bundle:
    """Tables of some products, as of the plan's day."""

    plan: Plan
    demand: pa.Table
    products: pa.Table
    availability: pa.Table

    @property
    def rows(self) -> int:
        return int(self.demand.num_rows + self.products.num_rows + self.availability.num_rows)

    def packed(self) -> bytes:
        """The object."""
        whole = io.BytesIO()
        with zipfile.ZipFile(whole, "w", zipfile.ZIP_STORED) as archive:
            archive.writestr("plan.json", json.dumps(self.plan.document()))
            for name in NAMES:
                part = io.BytesIO()
                pq.write_table(getattr(self, name), part, compression="zstd")
                archive.writestr(f"{name}.parquet", part.getvalue())
        return whole.getvalue()

    @classmethod
    def unpacked(cls, body: bytes) -> Bundle:
        """The tables of an object. Raises Unusable."""
        try:
            with zipfile.ZipFile(io.BytesIO(body)) as archive:
                if sum(part.file_size for part in archive.infolist()) > MOST_UNPACKED_BYTES:
                    raise Unusable("the panel's object is too large")
                told = Plan.of(json.loads(archive.read("plan.json")))
                found = {name: _read(archive.read(f"{name}.parquet"), name) for name in NAMES}
        except KeyError as error:
            raise Unusable(f"the panel's object lacks a part: {error.args[0]}") from None
        except (zipfile.BadZipFile, ValueError, pa.ArrowException) as error:
            raise Unusable(f"this is no object of a panel: {type(error).__name__}") from None
        return cls(told, **found)


def _read(part: bytes, name: str) -> pa.Table:
    return typed(pq.read_table(io.BytesIO(part)), name, f"{name}.parquet")


def together(bundles: Sequence[Bundle]) -> Bundle:
    """All as one. Raises Unusable when there is none, or they are of different days."""
    if not bundles:
        raise Unusable("there is no object of a panel")
    if len({bundle.plan.as_of for bundle in bundles}) > 1:
        raise Unusable("the panel's objects are of different days")
    tables = {name: pa.concat_tables([getattr(bundle, name) for bundle in bundles]) for name in NAMES}
    return Bundle(bundles[0].plan, **tables)


def split(whole: Bundle, most_rows: int = MOST_ROWS) -> Iterator[Bundle]:
    """In objects of at most about `most_rows`, unless one product alone has more."""
    products, rows, groups = _products(whole)
    if not products:
        return
    piece = _pieces(rows, groups, most_rows)
    place = {key: int(number) for key, number in zip(products, piece, strict=True)}
    parts = {name: _placed(getattr(whole, name), place) for name in NAMES}
    for number in range(int(piece.max()) + 1):
        yield Bundle(whole.plan, **{name: table.filter(pc.equal(at, number)) for name, (table, at) in parts.items()})


def keys(table: pa.Table) -> pa.ChunkedArray:
    """Of each row: program_id/asin."""
    return pc.binary_join_element_wise(pc.cast(table["program_id"], pa.string()), table["asin"], "/")


def only(whole: Bundle, chosen: Collection[str]) -> Bundle:
    """What is known of these products (program_id/asin)."""
    wanted = pa.array(sorted(chosen), pa.string())
    tables = {name: getattr(whole, name) for name in NAMES}
    return Bundle(
        whole.plan, **{name: one.filter(pc.is_in(keys(one), value_set=wanted)) for name, one in tables.items()}
    )


def _products(whole: Bundle) -> tuple[list[str], np.ndarray, list[str]]:
    """Every product that something is known of: its key, how many rows it has, its programme and category."""
    none = pa.nulls(whole.availability.num_rows, pa.string())
    parts = [
        pa.table({"key": keys(table), "category": none if name == "availability" else table["category"]})
        for name in NAMES
        for table in [getattr(whole, name)]
    ]
    found = pa.concat_tables(parts).group_by("key").aggregate([("key", "count"), ("category", "max")]).sort_by("key")
    products: list[str] = found["key"].to_pylist()
    categories = found["category_max"].to_pylist()
    groups = [f"{key.split('/', 1)[0]}/{category or ''}" for key, category in zip(products, categories, strict=True)]
    return products, found["key_count"].to_numpy() + EACH, groups


def _pieces(rows: np.ndarray, groups: list[str], most_rows: int) -> np.ndarray:
    """The number of each product's object: products in the order of their groups, a new object where one is full."""
    sizes: dict[str, int] = {}
    for group, size in zip(groups, rows, strict=True):
        sizes[group] = sizes.get(group, 0) + int(size)
    piece, number, filled = np.zeros(len(rows), dtype=np.int64), 0, 0
    before = ""
    for index in sorted(range(len(groups)), key=groups.__getitem__):
        group, size = groups[index], int(rows[index])
        is_new = group != before
        another_programme = is_new and before and group.split("/")[0] != before.split("/")[0]
        needed = sizes[group] if is_new and sizes[group] <= most_rows else size
        if filled and (another_programme or filled + needed > most_rows):
            number, filled = number + 1, 0
        piece[index], before = number, group
        filled += size
    return piece


def _placed(table: pa.Table, place: dict[str, int]) -> tuple[pa.Table, pa.Array]:
    """The table and the number of the object that each row goes to."""
    found = pc.dictionary_encode(keys(table).combine_chunks())
    numbers = pa.array([place[key] for key in found.dictionary.to_pylist()], pa.int64())
    return table, numbers.take(found.indices)
