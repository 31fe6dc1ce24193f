"""Small panels of which the truth is known."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pyarrow as pa

LAST = date(2026, 3, 31)


def daily(series: int = 10, days: int = 90, *, seed: int = 3, promoted: float = 1.0) -> pa.Table:
    """Poisson about a level of its own each; on days of promotion, known two weeks ahead, `promoted` times it."""
    rng = np.random.default_rng(seed)
    ahead = 14
    promotion = (rng.random((series, days + ahead)) < 0.2).astype(float)
    level = rng.uniform(1, 6, (series, 1)) * np.where(promotion > 0, promoted, 1.0)
    y = rng.poisson(level).astype(float)
    y[:, days:] = np.nan
    first = LAST - timedelta(days=days - 1)
    return pa.table(
        {
            "unique_id": np.repeat([f"s{one}" for one in range(series)], days + ahead),
            "time": np.tile(np.datetime64(first) + np.arange(days + ahead), series),
            "y": pa.array(y.ravel(), from_pandas=True),
            "promotion": promotion.ravel(),
            "category": np.repeat([f"c{one % 2}" for one in range(series)], days + ahead),
        }
    )


def demand(rows: list[tuple[int, str, date, float | None]], **more: list[float | None]) -> pa.Table:
    """Rows of the lake's demand: programme, product, day, units."""
    columns = list(zip(*rows, strict=True)) if rows else [(), (), (), ()]
    return pa.table(
        {
            "program_id": pa.array(columns[0], pa.int32()),
            "asin": pa.array(columns[1], pa.string()),
            "day": pa.array(columns[2], pa.date32()),
            "units": pa.array(columns[3], pa.float64()),
            "campaign": pa.array(more.get("campaign", [0.0] * len(rows)), pa.float64()),
            "price_minor": pa.array(more.get("price_minor", [None] * len(rows)), pa.float64()),
        }
    )


def products(*asins: str, program: int = 1, seen: date = date(2025, 1, 1)) -> pa.Table:
    return pa.table(
        {
            "program_id": pa.array([program] * len(asins), pa.int32()),
            "asin": pa.array(asins, pa.string()),
            "category": pa.array(["Kitchen"] * len(asins), pa.string()),
            "brand": pa.array([None] * len(asins), pa.string()),
            "first_seen_on": pa.array([seen] * len(asins), pa.date32()),
        }
    )
