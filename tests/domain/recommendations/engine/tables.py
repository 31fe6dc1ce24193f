"""Tables as the warehouse unloads them, written by hand."""

from __future__ import annotations

import datetime

import pyarrow as pa

AS_OF = datetime.date(2026, 10, 31)

type Event = tuple[str, str, int] | tuple[str, str, int, str] | tuple[str, str, int, str, float]


def interactions(*events: Event, program_id: int = 1) -> pa.Table:
    """Of (member, product, days before AS_OF[, kind[, weight]])."""
    rows = [(*event, *("redeemed", 1.0)[len(event) - 3 :]) for event in events]
    return pa.table(
        {
            "program_id": pa.array([program_id] * len(rows), pa.int64()),
            "member_key": pa.array([row[0] for row in rows], pa.string()),
            "asin": pa.array([row[1] for row in rows], pa.string()),
            "day": pa.array([AS_OF - datetime.timedelta(days=row[2]) for row in rows], pa.date32()),
            "kind": pa.array([row[3] for row in rows], pa.string()),
            "weight": pa.array([row[4] for row in rows], pa.float64()),
        }
    )


def products(*asins: str, category: str | None = None, program_id: int = 1, known_days: int = 400) -> pa.Table:
    return pa.table(
        {
            "program_id": pa.array([program_id] * len(asins), pa.int64()),
            "asin": pa.array(asins, pa.string()),
            "category": pa.array([category] * len(asins), pa.string()),
            "brand": pa.array([None] * len(asins), pa.string()),
            "price_minor": pa.array([None] * len(asins), pa.int64()),
            "available": pa.array([True] * len(asins), pa.bool_()),
            "first_seen_on": pa.array([AS_OF - datetime.timedelta(days=known_days)] * len(asins), pa.date32()),
        }
    )


def consents(*keys: str, program_id: int = 1) -> pa.Table:
    return pa.table(
        {
            "program_id": pa.array([program_id] * len(keys), pa.int64()),
            "member_key": pa.array(keys, pa.string()),
        }
    )
