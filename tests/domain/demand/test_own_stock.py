"""How many of a product of the programme's own have to be left when more is ordered."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from loyalty.demand.own_stock import Kept, reorders
from loyalty.programme.schema.catalogue import CatalogueRules

AS_OF = date(2026, 11, 22)
LAMP, CUP = (1, "B000000000"), (1, "B000000001")


@pytest.fixture(scope="module")
def tables() -> tuple[pa.Table, pa.Table]:
    """Eight products for 200 days; the first is asked for five times a day, the others once."""
    rng = np.random.default_rng(4)
    days, asins = 200, [f"B{n:09d}" for n in range(8)]
    rows = [
        {"program_id": 1, "asin": asin, "day": AS_OF - timedelta(days=ago), "units": float(units), "refused": 0.0,
         "campaign": 0.0, "price_minor": 500.0, "category": "home", "brand": "Own"}
        for n, asin in enumerate(asins)
        for ago, units in zip(range(days - 1, -1, -1), rng.poisson(5 if n == 0 else 1, days).tolist(), strict=True)
    ]  # fmt: skip
    products = [
        {"program_id": 1, "asin": asin, "category": "home", "brand": "Own", "price_minor": 500, "available": True,
         "first_seen_on": AS_OF - timedelta(days=300)}
        for asin in asins
    ]  # fmt: skip
    return pa.Table.from_pylist(rows), pa.Table.from_pylist(products)


def test_enough_is_left_for_nearly_every_lead(tables: tuple[pa.Table, pa.Table]) -> None:
    means = {LAMP: [5.0] * 14, CUP: [1.0] * 14}
    found = reorders(*tables, None, AS_OF, {LAMP: Kept(7, 95), CUP: Kept(28, 95)}, means)
    assert found[LAMP].lead_time_demand == 35
    assert found[CUP].lead_time_demand == 28
    # 95 % of Poisson's sums of 35 and 28 are at most 45 and 37.
    assert 38 <= found[LAMP].reorder_point <= 56
    assert 29 <= found[CUP].reorder_point <= 50


def test_what_is_not_kept_or_not_known_has_none(tables: tuple[pa.Table, pa.Table]) -> None:
    assert reorders(*tables, None, AS_OF, {}, {}) == {}
    assert reorders(*tables, None, AS_OF, {(2, LAMP[1]): Kept(7, 95)}, {}) == {}
    assert reorders(tables[0][:0], tables[1], None, AS_OF, {LAMP: Kept(7, 95)}, {}) == {}


def said(*kept: dict[str, Any]) -> CatalogueRules:
    return CatalogueRules.model_validate_json(json.dumps({"own_stock": kept}))


def test_the_document_says_which_each_once() -> None:
    rules = said({"asin": LAMP[1], "lead_days": 14})
    assert rules.own_stock[0].service_percent == 95
    wrong: dict[str, Any]
    for wrong in ({"lead_days": 0}, {"lead_days": 14, "service_percent": 100}):
        with pytest.raises(ValueError, match="own_stock"):
            said({"asin": LAMP[1], **wrong})
    with pytest.raises(ValueError, match="own_stock names something twice"):
        said(*[{"asin": LAMP[1], "lead_days": 14}] * 2)
