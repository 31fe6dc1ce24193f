"""The tables that a night of the lake leaves, read for what learns of them: columns of the types it takes them for."""

from __future__ import annotations

import datetime
from collections.abc import Mapping

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]
from numpy.typing import NDArray


class UnreadableTable(ValueError):
    """A table lacks a column or holds what cannot be read as its type; the message names both."""


def typed(table: pa.Table, columns: Mapping[str, pa.DataType], name: str) -> pa.Table:
    """`columns` of `table`, no others; an empty table has them all. Raises UnreadableTable."""
    if not table.num_rows:
        return pa.table({column: pa.array([], type_) for column, type_ in columns.items()})
    read = {}
    for column, type_ in columns.items():
        if column not in table.column_names:
            raise UnreadableTable(f"{name}: there is no column {column}")
        try:
            read[column] = table[column].cast(type_, safe=False)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
            raise UnreadableTable(f"{name}: column {column} is not {type_}: {error}") from error
    return pa.table(read)


def days(column: pa.ChunkedArray) -> NDArray[np.float64]:
    """Days since 1970, nan where there is none."""
    numbers = column.cast(pa.int32()).cast(pa.float64()).to_numpy(zero_copy_only=False)
    return np.asarray(numbers, np.float64)


def number(day: datetime.date) -> int:
    """Days since 1970."""
    return (day - datetime.date(1970, 1, 1)).days
