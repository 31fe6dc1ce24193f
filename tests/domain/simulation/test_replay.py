"""Redemptions priced again: by the same document exactly what is recorded, by another what its own functions say.

And what is counted beside them: who can have what, what a floor hides, what campaigns may spend, levels reached.
"""

from __future__ import annotations

import random
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from loyalty.programme.document import Programme
from loyalty.programme.simulation import replay, running
from loyalty.programme.simulation.replay import Sums
from loyalty.programme.simulation.rules import DAYS, Window, rules
from tests.domain.catalogue.shop import Shop
from tests.domain.simulation.past import campaign, changed, current, now_of, one_by_one

NOT_MOVED = timedelta(0)


def categories(shop: Shop) -> dict[str, str | None]:
    return {
        row["asin"]: row["category"]
        for row in shop.owner.execute("select asin, category from catalogue.product where program_id = 1").fetchall()
    }


def replayed(shop: Shop, after: Programme, shift: timedelta) -> list[Sums]:
    now = now_of(shop) + timedelta(seconds=1)
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


@pytest.mark.parametrize("seed", [0, 1, 2, *(pytest.param(seed, marks=pytest.mark.large) for seed in range(3, 12))])
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
    now = now_of(shop)
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
    found = simulated(shop, document)
    for name in ("points", "money_minor", "cost_minor", "liability_minor", "buys_minor"):
        assert found[name][0] == found[name][1], name
    assert (found["members"]["more"], found["members"]["fewer"]) == (0, 0)
    assert len(found["products"]) == 20
    assert all(product["members"][0] == product["members"][1] for product in found["products"])
    assert found["hidden"]["products"] == 0
    assert found["cost_minor"][0] == found["paid_minor"] - found["money_minor"][0]


def simulated(shop: Shop, after: Programme) -> dict[str, Any]:
    with shop.database.connect("simulation") as one, shop.database.connect("simulation") as other:
        return running.simulate([one, other], 1, current(shop.owner), after)


def test_who_can_have_a_favourite_is_who_has_its_points_at_the_level_they_are_in(shop: Shop) -> None:
    for number, tier in enumerate(["member", "silver", "gold"] * 6):
        shop.member(points=1500 * (number + 1), tier=tier)
    found = simulated(
        shop, changed(current(shop.owner), conversion={"points_per_major": 300, "by_tier": {"silver": 100}})
    )
    for product in found["products"]:
        for tier in product["tiers"]:
            for side in (0, 1):
                price = tier["points"][side]
                row = shop.owner.execute(
                    "select count(*) as count from members.member m join points.member p using (program_id, member_id)"
                    " where m.program_id = 1 and m.tier = %s and p.available >= %s",
                    (tier["tier"], price),
                ).fetchone()
                assert row is not None
                assert tier["members"][side] == (0 if price is None else row["count"])
        assert product["members"] == [sum(tier["members"][side] for tier in product["tiers"]) for side in (0, 1)]
    by_tier = {tier["tier"]: tier for tier in found["tiers"]}
    assert by_tier["silver"]["fewer"] == 0 < by_tier["silver"]["more"]
    assert by_tier["member"]["more"] == 0 < by_tier["member"]["fewer"]
    assert len(found["examples"]) == 10
    # Of all for whom something changes; the rest are others.
    assert sum(one["affordable"][0] != one["affordable"][1] for one in found["examples"]) >= 5


def test_a_margin_floor_that_nothing_reaches_hides_the_shelf_and_says_what_was_redeemed_of_it(shop: Shop) -> None:
    found = simulated(shop, changed(current(shop.owner), conversion={"margin_floor_basis_points": 10_000}))
    hidden = found["hidden"]
    assert hidden["products"] == hidden["below_margin_floor"] > 100
    assert hidden["redeemed_units"] == found["units"]
    assert all(product["members"][1] == 0 for product in found["products"])


def test_a_campaign_spends_what_its_budget_has_left_and_then_rewards_cost_what_they_cost_without(shop: Shop) -> None:
    now = now_of(shop)
    kinder = campaign("half-price", now, 200, 100)
    rich = simulated(shop, changed(current(shop.owner), campaigns=[kinder]))
    poor = simulated(shop, changed(current(shop.owner), campaigns=[{**kinder, "budget_minor": 5_00}]))
    ended = simulated(shop, changed(current(shop.owner), campaigns=[{**kinder, "state": "ended"}]))
    told = {one["campaign"]: one for one in rich["campaigns"]}["half-price"]
    assert told["spend_minor"][1] == told["wanted_minor"][1] > 5_00
    assert (told["spend_minor"][0], told["ends_on"][1]) == (None, None)
    capped = {one["campaign"]: one for one in poor["campaigns"]}["half-price"]
    assert (capped["spend_minor"][1], capped["wanted_minor"][1]) == (5_00, told["wanted_minor"][1])
    assert capped["ends_on"][1] == (now + timedelta(days=89)).astimezone(current(shop.owner).zone).date().isoformat()
    # All of it was redeemed on one day: the last that is paid.
    assert poor["points"][1] == rich["points"][1] < ended["points"][1]


def test_levels_are_counted_anew_only_where_the_draft_changes_them(shop: Shop) -> None:
    document = current(shop.owner)
    assert simulated(shop, document)["levels"] is None
    tiers = document.tiers.model_dump(mode="json")
    tiers["levels"][1]["qualifying_units"] = 1
    found = simulated(shop, changed(document, tiers=tiers))
    assert [one["tier"] for one in found["levels"]] == ["silver", "gold"]
