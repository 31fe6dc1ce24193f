"""Redemptions priced again: by the same document exactly what is recorded, by another what its own functions say."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from loyalty.programme.document import Programme
from loyalty.programme.simulation import replay, running
from loyalty.programme.simulation.replay import Sums
from loyalty.programme.simulation.rules import DAYS, Window, rules
from tests.conftest import TestDatabase
from tests.domain.catalogue.shop import Shop, open_shop
from tests.domain.simulation.past import changed, current, live, one_by_one

NOT_MOVED = timedelta(0)


def campaign(code: str, starts_at: datetime, days: float, factor: int, **more: Any) -> dict[str, Any]:
    return {
        "code": code,
        "state": "running",
        "starts_at": starts_at.isoformat(),
        "ends_at": (starts_at + timedelta(days=days)).isoformat(),
        "conversion_points_per_major": factor,
        "budget_minor": 10**9,
        "funder": "brand",
        "holdout_percent": 0,
        **more,
    }


@pytest.fixture(scope="module")
def shop(database: TestDatabase, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """Redeemed under a document with everything in it that makes prices differ."""
    with open_shop(database, tmp_path_factory.mktemp("shop")) as shop:
        now = _now(shop)
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


def _now(shop: Shop) -> datetime:
    row = shop.owner.execute("select clock.now() as now").fetchone()
    assert row is not None
    now: datetime = row["now"]
    return now


def categories(shop: Shop) -> dict[str, str | None]:
    return {
        row["asin"]: row["category"]
        for row in shop.owner.execute("select asin, category from catalogue.product where program_id = 1").fetchall()
    }


def replayed(shop: Shop, after: Programme, shift: timedelta) -> list[Sums]:
    now = _now(shop) + timedelta(seconds=1)
    window = Window(now - timedelta(days=DAYS), now, shift)
    both = {asin: (category, category) for asin, category in categories(shop).items()}
    said = rules(current(shop.owner), after, window, both)
    with shop.database.connect("simulation") as connection:
        return replay.everything(connection, 1, said)


def total(sums: list[Sums], side: int) -> Counter[str]:
    return Counter(
        units=sum(one.units for one in sums),
        points=sum(one.points[side] for one in sums),
        money=sum(one.money[side] for one in sums),
        recorded_points=sum(one.recorded_points for one in sums),
        recorded_money=sum(one.recorded_money for one in sums),
        paid=sum(one.paid for one in sums),
    )


def test_the_same_document_gives_the_recorded_points_and_money_exactly(shop: Shop) -> None:
    sums = replayed(shop, current(shop.owner), NOT_MOVED)
    row = shop.owner.execute("select count(*) as count from redemptions.redemption").fetchone()
    assert row is not None
    assert sum(one.redemptions for one in sums) == row["count"] > 15
    for side in (0, 1):
        assert sum(one.points[side] for one in sums) == sum(one.recorded_points for one in sums) > 0
        assert sum(one.money[side] for one in sums) == sum(one.recorded_money for one in sums) > 0
    # And not by chance: a line each, campaign by campaign, is what the quotes promised.
    promised = shop.owner.execute(
        "select l.campaign,"
        " sum((coalesce(l.accepted_quantity, l.quantity) - l.given_back) * l.unit_discount_minor)::bigint as minor"
        " from redemptions.line l where l.campaign is not null group by 1"
    ).fetchall()
    assert {row["campaign"] for row in promised} == {"gold", "half"}
    assert {row["campaign"]: row["minor"] for row in promised} == by_campaign(sums, ("gold", "half"), "discount")


def by_campaign(sums: list[Sums], codes: tuple[str, ...], name: str, side: int = 1) -> dict[str, int]:
    found: Counter[str] = Counter()
    for one in sums:
        if number := one.campaigns[side]:
            found[codes[number - 1]] += getattr(one, name)[side]
    return dict(found)


@pytest.mark.parametrize("seed", range(12))
def test_any_document_gives_what_its_own_functions_say_of_each_redemption(shop: Shop, seed: int) -> None:
    after = drawn(shop, random.Random(seed))
    shift = random.Random(seed).choice([NOT_MOVED, timedelta(days=DAYS)])
    sums = replayed(shop, after, shift)
    expected = one_by_one(shop.owner, after, categories(shop), shift)
    assert total(sums, 1) == expected.sums
    codes = tuple(dict.fromkeys([*(c.code for c in current(shop.owner).campaigns), *(c.code for c in after.campaigns)]))
    assert by_campaign(sums, codes, "discount") == dict(expected.discount)
    assert by_campaign(sums, codes, "saved") == dict(expected.saved)


def drawn(shop: Shop, dice: random.Random) -> Programme:
    now = _now(shop)
    stocked = sorted({category for category in categories(shop).values() if category})
    redeemed = [row["asin"] for row in shop.owner.execute("select distinct asin from redemptions.line order by 1")]
    tiers = shop.program().tiers.model_dump(mode="json")
    for level in tiers["levels"]:
        level["benefits"]["free_delivery"] = dice.random() < 0.3
    least = dice.choice([0, 0, 10, 40])
    campaigns = [
        campaign(
            f"new-{number}",
            now + dice.choice([timedelta(days=DAYS - 1), timedelta(days=-5), timedelta(seconds=-1)]),
            dice.choice([3, 200]),
            dice.choice([90, 150, 199]),
            segment={"tiers": dice.sample(["member", "silver", "gold"], dice.choice([0, 1, 2]))}
            | ({"countries": [dice.choice(["US", "CA"])]} if dice.random() < 0.4 else {}),
            scope={"categories": dice.sample(stocked, dice.choice([0, 1, 3]))}
            | ({"asins": dice.sample(redeemed, 5)} if dice.random() < 0.3 else {}),
            holdout_percent=dice.choice([0, 0, 30]),
        )
        for number in range(dice.randint(0, 3))
    ]
    return changed(
        current(shop.owner),
        conversion={
            "points_per_major": dice.choice([1, 137, 200, 220, 999_983]),
            "by_tier": {code: dice.randint(100, 300) for code in ("silver", "gold") if dice.random() < 0.5},
            "by_category": {code: dice.randint(50, 400) for code in dice.sample(stocked, dice.choice([0, 2]))},
            "min_points_share_percent": least,
            "max_points_share_percent": dice.choice([100, 100, 73, 50]),
            "points_step": dice.choice([1, 1, 100, 2500]),
        },
        pricing={"included": dice.choice(["charged", "absorbed"])},
        tiers=tiers,
        campaigns=campaigns,
    )


def test_a_whole_simulation_of_no_change_changes_nothing(shop: Shop) -> None:
    document = current(shop.owner)
    with shop.database.connect("simulation") as one, shop.database.connect("simulation") as other:
        found = running.simulate([one, other], 1, document, document)
    for name in ("points", "money_minor", "cost_minor", "liability_minor", "buys_minor"):
        assert found[name][0] == found[name][1], name
    assert (found["members"]["more"], found["members"]["fewer"]) == (0, 0)
    assert len(found["products"]) == 20
    assert all(product["members"][0] == product["members"][1] for product in found["products"])
    assert found["hidden"]["products"] == 0
    assert found["cost_minor"][0] == found["paid_minor"] - found["money_minor"][0]
