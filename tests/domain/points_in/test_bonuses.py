"""Campaigns that add to what purchases earn: who gets it, how much, and that the budget decides; alone and by file."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from loyalty.importing import Progress
from loyalty.points import accruals, budgets
from loyalty.points.accrual_file import AccrualImport
from loyalty.points.bonuses import Bonus
from loyalty.programme import publishing, reading
from loyalty.programme.document import Programme
from loyalty.programme.partaking import held_out
from loyalty.refusal import Kind, Refusal
from tests.conftest import TestDatabase
from tests.domain.people import Somebody, published, somebody
from tests.domain.points_in.test_accrual_file import HEADER, basket, row
from tests.domain.points_in.test_accruals import available, purchase

CODES = itertools.count(1)


def campaign(**changes: Any) -> dict[str, Any]:
    """Double points for everybody, this month, of the brand's money."""
    now = datetime.now(UTC)
    return {
        "code": f"double-{next(CODES)}",
        "state": "running",
        "starts_at": (now - timedelta(days=20)).isoformat(),
        "ends_at": (now + timedelta(days=20)).isoformat(),
        "earn_multiplier_percent": 200,
        "budget_minor": 100_00,
        "funder": "brand",
        "holdout_percent": 0,
    } | changes


def running(database: TestDatabase, *campaigns: dict[str, Any]) -> Programme:
    """Publish the programme with these campaigns."""
    with database.owner() as owner:
        facts = json.loads(published(owner).model_dump_json())
        document = Programme.model_validate_json(json.dumps(facts | {"campaigns": campaigns}))
        newest = reading.current(owner, 1).version
        publishing.publish(owner, 1, document, based_on=newest, actor="test", why="test")
    return document


@pytest.fixture
def jane(database: TestDatabase) -> Somebody:
    with database.owner() as owner:
        published(owner)
        return somebody(owner)


def earned(database: TestDatabase, document: Programme, bought: accruals.Purchase) -> accruals.Earned:
    with database.connect("partner_api") as connection:
        return accruals.accrue(connection, 1, document, "grocer", bought, "partner:grocer")


def test_a_running_campaign_adds_to_a_purchase_and_a_return_takes_its_part(
    database: TestDatabase, jane: Somebody
) -> None:
    double = campaign()
    document, bought = running(database, double), purchase(jane, 10_00)
    done = earned(database, document, bought)
    assert (done.points, done.bonuses) == (100, (Bonus(double["code"], 100, 100),))
    with database.connect("partner_api") as connection, database.owner() as owner:
        back = accruals.Return(bought.partner_reference, "r1", spend_minor=2_50, original_spend_minor=10_00)
        taken = accruals.reverse(connection, 1, document, "grocer", back, "partner:grocer")
        assert (taken.points, taken.bonuses) == (25, (Bonus(double["code"], 25, 25),))
        assert available(owner, jane) == 150


@pytest.mark.parametrize(
    ("changes", "bonus"),
    [
        ({}, 100),
        ({"earn_multiplier_percent": 125}, 25),
        ({"segment": {"tiers": ["member"]}, "scope": {"categories": ["Dairy"]}}, 100),
        ({"segment": {"tiers": ["gold"]}}, 0),
        ({"scope": {"categories": ["Fuel"]}}, 0),
        ({"scope": {"asins": ["B000000001"]}}, 0),
        ({"segment": {"audience": "new"}}, 0),
        ({"segment": {"countries": ["US"]}}, 100),
        ({"segment": {"countries": ["CA"]}}, 0),
        ({"state": "scheduled"}, 100),
        ({"state": "paused"}, 0),
        ({"ends_at": (datetime.now(UTC) - timedelta(hours=2)).isoformat()}, 0),
        ({"holdout_percent": 100}, 0),
        ({"budget_minor": 8}, 20),
    ],
)
def test_who_is_in_the_campaign_gets_it_alone_and_by_file(
    database: TestDatabase, jane: Somebody, changes: dict[str, Any], bonus: int
) -> None:
    document = running(database, campaign(**changes))
    assert sum(one.points for one in earned(database, document, purchase(jane, 10_00)).bonuses) == bonus
    document = running(database, campaign(**changes))
    progress, line = Progress(), row(basket(), jane.number, 10_00)
    if "ends_at" in changes:
        line = line.replace(line.split(b",")[2], (datetime.now(UTC) - timedelta(hours=1)).isoformat().encode())
    with database.connect("importer") as connection:
        AccrualImport(connection, 1, document, "grocer", lambda *_: None, progress).run([HEADER + line])
    assert (progress.points, progress.bonus_points) == (100, bonus)


def test_of_two_campaigns_a_line_has_the_more_generous_and_a_basket_may_have_both(
    database: TestDatabase, jane: Somebody
) -> None:
    triple = campaign(earn_multiplier_percent=300, scope={"categories": ["Dairy"]})
    double = campaign()
    document = running(database, double, triple)
    one = basket()
    lines = row(one, jane.number, 1_00) + row(one, jane.number, 2_00, "Fuel") + row(one, jane.number, 55, "Fuel")
    with database.connect("importer") as connection, database.owner() as owner:
        progress = Progress()
        AccrualImport(connection, 1, document, "grocer", lambda *_: None, progress).run([HEADER + lines])
        assert (progress.points, progress.bonus_points) == (35, 20 + 25)
        paid = owner.execute(
            "select campaign, amount from points.accrual where member_id = %s and campaign is not null order by 2",
            (jane.member_id,),
        ).fetchall()
    assert [(each["campaign"], each["amount"]) for each in paid] == [(triple["code"], 20), (double["code"], 25)]


def test_the_same_members_are_held_out_every_time_and_about_as_many_as_was_said(database: TestDatabase) -> None:
    with database.owner() as owner:
        facts = json.loads(published(owner).model_dump_json())
    held = Programme.model_validate_json(json.dumps(facts | {"campaigns": [campaign(holdout_percent=10)]})).campaigns[0]
    out = [member for member in range(10_000) if held_out(held, member)]
    assert 900 < len(out) < 1_100
    assert out == [member for member in range(10_000) if held_out(held, member)]
    other = held.model_copy(update={"code": "another"})
    assert out != [member for member in range(10_000) if held_out(other, member)]


def test_publishing_says_which_budget_is_below_what_is_spent(database: TestDatabase, jane: Somebody) -> None:
    double = campaign()
    document = running(database, campaign(), double)
    earned(database, document, purchase(jane, 10_00))
    spent = {one.campaign for one in budgets.budgets_of(database.owner(), 1) if one.spent_minor}
    place, code = next((i, c.code) for i, c in enumerate(document.campaigns) if c.code in spent)
    facts = json.loads(document.model_dump_json())
    facts["campaigns"][place]["budget_minor"] = 39
    lowered = Programme.model_validate_json(json.dumps(facts))
    with database.owner() as owner:
        newest = reading.current(owner, 1).version
        with pytest.raises(Refusal) as refused:
            publishing.publish(owner, 1, lowered, based_on=newest, actor="test", why="test")
        assert refused.value.kind is Kind.CONFLICT
        assert (refused.value.code, refused.value.field) == (
            "budget-below-spent", f"campaigns.{place}.budget_minor",
        )  # fmt: skip
        assert reading.current(owner, 1).version == newest, "nothing was published"
        facts["campaigns"][place]["budget_minor"] = 40
        exact = Programme.model_validate_json(json.dumps(facts))
        publishing.publish(owner, 1, exact, based_on=newest, actor="test", why="test")
        assert next(one for one in budgets.budgets_of(owner, 1) if one.campaign == code).left_minor == 0


def test_a_campaign_that_is_over_still_answers_for_its_purchases(database: TestDatabase, jane: Somebody) -> None:
    double = campaign()
    bought = purchase(jane, 10_00)
    first = earned(database, running(database, double), bought)
    without = running(database)
    again = earned(database, without, bought)
    assert again == replace(first, replayed=True)
    with database.connect("partner_api") as connection, database.owner() as owner:
        back = accruals.Return(bought.partner_reference, "r1", points=100)
        accruals.reverse(connection, 1, without, "grocer", back, "partner:grocer")
        assert available(owner, jane) == 0
        kept = next(one for one in budgets.budgets_of(owner, 1) if one.campaign == double["code"])
        assert (kept.spent_minor, kept.left_minor) == (0, 100_00)
