"""One past a module, redeemed under a document with everything in it that makes prices differ."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import timedelta

import pytest

from tests.conftest import TestDatabase
from tests.domain.catalogue.shop import Shop, open_shop
from tests.domain.simulation.past import campaign, live, now_of


@pytest.fixture(scope="module")
def shop(database: TestDatabase, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with open_shop(database, tmp_path_factory.mktemp("shop")) as shop:
        now = now_of(shop)
        tiers = shop.program().tiers.model_dump(mode="json")
        tiers["levels"][2]["benefits"]["free_delivery"] = True
        shop.publish(
            conversion={"by_tier": {"silver": 190}, "by_category": {"Kitchen": 230}, "min_points_share_percent": 5},
            tiers=tiers,
            campaigns=[
                campaign("gold", now - timedelta(days=1), 30, 160, segment={"tiers": ["gold"]}),
                campaign("half", now - timedelta(days=1), 30, 170, holdout_percent=50),
            ],
        )
        live(shop, random.Random(6))
        yield shop
