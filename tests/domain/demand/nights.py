"""A night's lines, as the image writes them."""

from __future__ import annotations

import json
from datetime import date
from typing import Any
from uuid import UUID

from loyalty.database import Connection
from loyalty.demand import loading
from tests.conftest import TestDatabase

AS_OF = date(2026, 11, 20)
QUANTILES = ("q05", "q10", "q25", "q50", "q75", "q90", "q95")


def asin(number: int) -> str:
    return f"B{number:09d}"


def forecast(
    number: int, mean: float = 2.0, *, program_id: int = 1, period: str = "day", **other: Any
) -> dict[str, Any]:
    periods = 28 if period == "day" else 13
    told: dict[str, Any] = {
        "program_id": program_id, "asin": asin(number), "period": period, "first_on": "2026-11-21",
        "mean": [mean] * periods, **{name: [mean] * periods for name in QUANTILES}, "history_from": "2026-11-19",
        "history": [1, None], "basis": "model",
    }  # fmt: skip
    return told | other


def outlook(number: int, probability: float = 0.7, **other: Any) -> dict[str, Any]:
    told: dict[str, Any] = {
        "program_id": 1, "asin": asin(number), "first_on": "2026-11-21", "probability": probability,
        "by_day": [probability] * 14, "cause": "out_of_stock", "is_out": False, "back_from": None, "back_until": None,
        "members_disappointed": 3.5, "evidence": {"quantity": 4, "days_of_stock": None},
    }  # fmt: skip
    return told | other


def trend(number: int, **other: Any) -> dict[str, Any]:
    told: dict[str, Any] = {
        "program_id": 1, "asin": asin(number), "direction": "rising", "percent_a_week": 2.5, "low": 1.0, "high": 4.0,
        "p": 1e-60, "q": 1e-58, "campaign_percent": None, "campaign_low": None, "campaign_high": None,
        "first_on": "2026-09-07", "units": [1, 2], "level": [1, 2], "season": [0, -1], "campaign": [0, 0],
    }  # fmt: skip
    return told | other


def similar(number: int, *others: int) -> dict[str, Any]:
    return {
        "program_id": 1,
        "asin": asin(number),
        "others": [asin(one) for one in others],
        "scores": [0.5] * len(others),
    }


def trending(number: int, place: int) -> dict[str, Any]:
    return {"program_id": 1, "asin": asin(number), "place": place, "score": 1.0 / place}


def members(key: UUID, *numbers: int, program_id: int = 1) -> dict[str, Any]:
    return {
        "program_id": program_id, "member_key": str(key), "asins": [asin(one) for one in numbers],
        "scores": [1.0] * len(numbers), "because": ["", asin(1), ""][: len(numbers)],
    }  # fmt: skip


def keep(connection: Connection, run: str, name: str, *told: dict[str, Any], file: str = "part-00000") -> None:
    """All lines of one file."""
    numbered = ((number, json.dumps(line).encode()) for number, line in enumerate(told, 1))
    for piece in loading.pieces(name, numbered):
        loading.keep(connection, run, name, f"{file}:{piece.first}", piece.rows)


def begun(database: TestDatabase, run: str, model: str | None = None) -> Connection:
    """The loader's connection, the night begun."""
    connection = database.connect("insight_loading")
    loading.begin(connection, run, AS_OF, model)
    return connection
