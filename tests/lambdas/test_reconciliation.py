"""The functions of the reconciliation: what they run, what they measure; and the routes that show it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from typing import Any
from unittest import mock

import pytest

from loyalty.orders.amazon_business import NotSent
from loyalty.reconciliation import parties
from tests.conftest import TestDatabase
from tests.domain.reconciliation.books import LAMP, Books, books
from tests.lambdas.conftest import Doors, staff_token

OPERATOR = staff_token("business-operator")


@pytest.fixture
def world(fresh_database: TestDatabase) -> Iterator[Books]:
    with books(fresh_database) as made:
        yield made


@pytest.fixture
def door(world: Books) -> Iterator[Doors]:
    with (
        mock.patch.object(parties, "stores", return_value=lambda _: world.billing),
        mock.patch.object(parties, "providers", return_value={"amazon_pay": world.cashier}),
        mock.patch("time.sleep"),
    ):
        yield Doors(world.database)


def measured(text: str) -> dict[str, Any]:
    return dict(json.loads(next(line for line in reversed(text.splitlines()) if "ReconciliationUnmatched" in line)))


def test_by_itself_it_does_yesterday_of_every_programme(
    door: Doors, world: Books, capsys: pytest.CaptureFixture[str]
) -> None:
    world.delivered(LAMP)
    answer = door.invoke("reconciliation", {})
    rows = world.owner.execute(
        "select program_id, (points.today(program_id) - 1)::text as day, 'done' as state, '' as stopped"
        " from programme.in_earnest order by day, program_id"
    ).fetchall()
    assert answer["days"] == rows
    metrics = measured(capsys.readouterr().out)
    assert (metrics["ReconciliationUnmatched"], metrics["ReconciliationOldestHours"]) == ([0.0], [0.0])
    assert metrics["ReconciliationBehindHours"] == [0.0]
    assert door.invoke("reconciliation", None)["days"] == []


def test_what_is_unmatched_is_measured_with_its_age(
    door: Doors, world: Books, capsys: pytest.CaptureFixture[str]
) -> None:
    redemption_id = world.delivered(LAMP)
    world.bill(redemption_id, LAMP)
    door.invoke("reconciliation", {"now": True})
    world.next_day(4)
    door.invoke("reconciliation", {})
    metrics = measured(capsys.readouterr().out)
    assert (metrics["ReconciliationUnmatched"], metrics["ReconciliationOldestHours"]) == ([1.0], [96.0])


def test_by_hand_it_does_a_day_again(door: Doors, world: Books) -> None:
    world.delivered(LAMP)
    day = str(world.today())
    assert door.invoke("reconciliation", {"now": True, "program_id": 1})["days"][0]["day"] == day
    for again in (False, True):
        door.invoke("reconciliation", {"day": day, "program_id": 1, "again": again})
    row = world.owner.execute("select attempt from reconciliation.run where program_id = 1").fetchone()
    assert row == {"attempt": 2}


def test_one_programmes_trouble_is_not_anothers(door: Doors, world: Books) -> None:
    world.owner.execute("insert into programme.program (program_id, code) values (3, 'second') on conflict do nothing")
    world.owner.execute(
        "select programme.publish(3, 0, c.document, 'test', 'another') from programme.current(1) as c"
        " where not exists (select from programme.published as p where p.program_id = 3)"
    )
    world.billing.faults.append(NotSent("no connection"))
    answer = door.invoke("reconciliation", {})
    assert [one["state"] for one in answer["days"]] == ["fetching", "done"]
    assert "NotSent" in answer["days"][0]["stopped"]


def test_operators_read_days_and_the_report_of_one(door: Doors, world: Books) -> None:
    redemption_id = world.delivered(LAMP)
    world.bill(redemption_id, LAMP)
    drifting = world.ordered(LAMP)
    world.shipped(drifting)
    world.bill(drifting, LAMP, principal_minor=4510)
    world.billing.bill("114-0", "B0STRANGE0", 1, 700, number=str(world.new_key()))
    world.billing.bill("114-1", "B0PAPER000", 1, 900, number="IT-7")
    assert door("manager_api", "GET", "/reconciliation", token=OPERATOR).body == {"days": [], "report": None}
    door.invoke("reconciliation", {"now": True, "program_id": 1})
    body = door("manager_api", "GET", "/reconciliation", token=OPERATOR).body
    report = body["report"]
    assert [(day["day"], day["state"], day["tickets"], day["explained"]) for day in body["days"]] == [
        (str(world.today()), "done", 1, 1)
    ]
    assert (report["matched"], report["explained"], report["tickets"], report["waiting"]) == (0, 1, 1, 0)
    assert [(one["kind"], one["amount_minor"]) for one in report["differences"]] == [
        ("charged_twice", 4500),
        ("price_drift", 10),
    ]
    assert report["price_variances"] == [
        {
            "asin": LAMP.asin,
            "seller": "Amazon.com Services LLC",
            "reason": "price_drift",
            "currency": "USD",
            "amount_minor": 10,
        }
    ]
    (unmatched,) = report["unmatched"]
    assert (unmatched["redemption_id"], unmatched["case_state"]) == (str(redemption_id), "open")
    assert [one["amount_minor"] for one in report["orphans"]] == [700]
    assert report["others"] == [], "they were told on another day"
    same = door("manager_api", "GET", f"/reconciliation?day={world.today()}", token=OPERATOR).body
    assert same["report"] == report


def test_a_day_is_to_be_had_as_a_table(door: Doors, world: Books) -> None:
    redemption_id = world.delivered(LAMP)
    world.bill(redemption_id, LAMP, seller="=HYPERLINK()", principal_minor=100, quantity=0)
    fine = world.delivered(LAMP)
    door.invoke("reconciliation", {"now": True, "program_id": 1})
    path = f"/reconciliation/days/{world.today()}/redemptions.csv"
    answer = door("manager_api", "GET", path, token=OPERATOR)
    assert answer.headers["content-type"].startswith("text/csv")
    assert f"{fine},matched" in answer.body
    assert ",=HYPERLINK" not in answer.body
    only = door("manager_api", "GET", f"{path}?verdict=matched", token=OPERATOR).body
    assert str(redemption_id) not in only


def test_days_that_are_none_are_refused_in_words(door: Doors, world: Books) -> None:
    for path, status in (
        ("/reconciliation?day=2026-02-30", 400),
        ("/reconciliation?day=yesterday", 400),
        ("/reconciliation?day=2024-01-01", 404),
        ("/reconciliation/days/2024-01-01/redemptions.csv", 404),
        ("/reconciliation?limit=0", 400),
    ):
        assert door("manager_api", "GET", path, token=OPERATOR).status == status, path
    for token in (staff_token("support"), staff_token("catalogue-manager")):
        assert door("manager_api", "GET", "/reconciliation", token=token).status == 403


def test_finance_finds_the_houses_accounts_in_its_month(door: Doors, world: Books) -> None:
    drifting = world.ordered(LAMP)
    world.shipped(drifting)
    world.bill(drifting, LAMP, principal_minor=4510)
    door.invoke("reconciliation", {"now": True, "program_id": 1})
    month = f"{world.today():%Y-%m}"
    finance = staff_token("finance")
    body = door("manager_api", "GET", f"/finance/months/{month}/house", token=finance).body
    assert body == {
        "month": month,
        "accounts": [
            {
                "account": "price_variance",
                "reason": "price_drift",
                "asin": LAMP.asin,
                "seller": "Amazon.com Services LLC",
                "currency": "USD",
                "rows": 1,
                "amount_minor": 10,
                "points": 0,
            }
        ],
    }
    # A level made this one's delivery free.
    with world.owner.transaction():
        world.owner.execute("set local session_replication_role = replica")
        quote = "(select quote_id from redemptions.redemption where redemption_id = %s)"
        world.owner.execute(f"update redemptions.quote set delivery_free = true where quote_id = {quote}", (drifting,))
        world.owner.execute(
            f"update redemptions.quote_line set expected_shipping_minor = 599 where quote_id = {quote}", (drifting,)
        )
    free = door("manager_api", "GET", f"/finance/months/{month}/house", token=finance).body["accounts"][0]
    assert (free["account"], free["reason"], free["amount_minor"]) == ("free_delivery", "tier", 599)
    assert door("manager_api", "GET", f"/finance/months/{month}/house", token=OPERATOR).status == 403
    assert door("manager_api", "GET", f"/finance/months/{month}/house.csv", token=finance).status == 200


def test_readoption_needs_an_instant_with_a_zone(door: Doors) -> None:
    door.variables.update({"PORTAL_ORIGIN": "https://portal.test", "STATE_MACHINE_ARN": "arn:x"})
    for event in ({"restored_to": "2026-11-22T10:00:00"}, {"restored_to": str(date(2026, 1, 1))}):
        with pytest.raises(ValueError, match="zone"):
            door.invoke("readoption", event)
