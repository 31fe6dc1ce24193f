"""The demand desk: what will be asked for, what may not be had and what is done about it, trends, and the model."""

from __future__ import annotations

from typing import Any

import pytest

from tests.domain.demand.morning import BEFORE, CURRENT, OUT, PLENTY, REFUSED, SOON, UNITS_A_WEEK, YOUNG, forget, night
from tests.lambdas.conftest import CANARY_CLIENT, Answer, Doors, staff_token

KIM, FAY, SAM = staff_token("catalogue-manager"), staff_token("finance"), staff_token("support")
OTTO = staff_token("business-operator", subject="staff-2")
OTHERS = staff_token("catalogue-manager", "business-operator") | {"client_id": CANARY_CLIENT}


@pytest.fixture
def desk(doors: Doors) -> Doors:
    with doors.database.owner() as owner:
        night(owner)
    return doors


def get(doors: Doors, path: str, token: dict[str, str] = KIM) -> Any:
    answer = doors("demand_desk", "GET", f"/demand/{path}", token=token)
    assert answer.status == 200, answer
    return answer.body


def act(doors: Doors, asin: str, kind: str, **details: Any) -> Answer:
    body = {"kind": kind, "details": details}
    return doors("demand_desk", "POST", f"/demand/outlooks/{asin}/actions", body, token=KIM)


def asins(rows: list[dict[str, Any]]) -> list[str]:
    return [row["asin"] for row in rows]


def test_before_the_first_night_every_page_says_so_and_is_empty(doors: Doors) -> None:
    with doors.database.owner() as owner:
        forget(owner)
    for path, rows in (("forecast", "products"), ("outlooks", "outlooks"), ("trends", "trends"), ("health", "nights")):
        told = get(doors, path)
        assert (told["night"], told[rows]) == (None, [])
    assert doors("demand_desk", "GET", f"/demand/forecast/{OUT}", token=KIM).body["code"] == "no-forecast"


def test_the_next_four_weeks_are_listed_by_units_and_come_a_page_at_a_time(desk: Doors) -> None:
    first = get(desk, "forecast?limit=3")
    assert asins(first["products"]) == [SOON, OUT, PLENTY]
    assert (first["found"], first["after"]) == (4, "3")
    assert asins(get(desk, "forecast?limit=3&after=3")["products"]) == [YOUNG]
    lamp = first["products"][1]
    assert (lamp["units"], lamp["low"], lamp["high"], lamp["is_out"]) == (56.0, 28.0, 84.0, True)
    # The weeks in which it could not be had do not count as weeks in which nobody wanted it.
    assert lamp["history"][-2:] == [None, None]
    assert lamp["before"] > 0
    assert get(desk, "forecast?search=sky")["products"][0]["before"] is None
    assert asins(get(desk, "forecast?sort=title&category=home")["products"]) == [OUT, SOON]
    assert asins(get(desk, f"forecast?search={YOUNG.lower()}")["products"]) == [YOUNG]


def test_totals_say_both_what_products_do_alone_and_what_they_would_all_at_once(desk: Doors) -> None:
    told = get(desk, "forecast?limit=1")
    home = told["categories"][0]
    assert (home["category"], home["category_name"], home["products"], home["units"]) == ("home", "Home", 2, 168.0)
    # Half of each either way: 28 and 56 units.
    assert (home["low_together"], home["high_together"]) == (84.0, 252.0)
    apart = (28**2 + 56**2) ** 0.5
    assert (home["low_apart"], home["high_apart"]) == pytest.approx((168 - apart, 168 + apart))
    ahead = [week for week in told["weeks"] if week["mean"] is not None]
    past = [week for week in told["weeks"] if week["units"] is not None]
    assert (len(ahead), len(past)) == (13, 52)
    assert past[-1]["week_on"] < ahead[0]["week_on"]
    assert ahead[0]["mean"] == sum(UNITS_A_WEEK.values())
    assert ahead[0]["low_together"] < ahead[0]["low_apart"] < ahead[0]["mean"] < ahead[0]["high_apart"]
    narrowed = get(desk, "forecast?category=toys")
    assert [week["mean"] for week in narrowed["weeks"]] == [2.0] * 13


def test_a_product_is_told_by_day_and_by_week_with_its_risk_and_its_trend(desk: Doors) -> None:
    told = get(desk, f"forecast/{SOON}", FAY)
    assert [(curve["period"], len(curve["q50"])) for curve in told["curves"]] == [("day", 28), ("week", 13)]
    assert (told["title"], told["basis"]) == ("Night reading light, clips on", "model")
    assert told["risk"]["cause"] == "slow"
    assert told["risk"]["evidence"]["quantity"] == 3
    assert told["trend"]["direction"] == "rising"
    assert len(told["trend"]["level"]) == 52


def test_risks_are_ranked_by_the_members_they_disappoint_and_what_is_unlikely_is_left_out(desk: Doors) -> None:
    told = get(desk, "outlooks")
    assert asins(told["outlooks"]) == [OUT, SOON, YOUNG]
    assert (told["out_now"], told["likely"], told["possible"], told["found"]) == (1, 1, 1, 3)
    assert told["members"] == pytest.approx(28.15, abs=0.01)
    # Liked by the same members, there, and likely to stay.
    assert asins(told["outlooks"][0]["suggested"]) == [PLENTY, YOUNG]
    assert told["outlooks"][0]["units"] == pytest.approx(28.0)
    assert told["outlooks"][0]["alert_id"]
    assert not told["outlooks"][2]["alert_id"]
    assert asins(get(desk, "outlooks?cause=slow")["outlooks"]) == [SOON]


def test_an_action_stands_beside_its_risk_until_it_is_taken_back(desk: Doors) -> None:
    done = act(desk, OUT, "substitute", asins=[PLENTY])
    assert done.status == 201
    assert act(desk, OUT, "substitute", asins=[PLENTY]).body["code"] == "already-done"
    assert act(desk, SOON, "cap", units=1).body["details"] == {"units": 1, "days": 30}
    assert asins(get(desk, "outlooks?acted=yes")["outlooks"]) == [OUT, SOON]
    assert asins(get(desk, "outlooks?acted=no")["outlooks"]) == [YOUNG]
    (standing,) = get(desk, "outlooks")["outlooks"][0]["actions"]
    assert (standing["kind"], standing["details"], standing["actor"]) == (
        "substitute",
        {"asins": [PLENTY]},
        "staff:staff-1",
    )
    undo = f"/demand/actions/{done.body['action_id']}/undo"
    assert desk("demand_desk", "POST", undo, token=KIM).body["undone_by"] == "staff:staff-1"
    assert desk("demand_desk", "POST", undo, token=KIM).body["code"] == "already-undone"
    assert get(desk, "outlooks")["outlooks"][0]["actions"] == []


def test_what_is_hidden_or_featured_here_is_so_in_the_catalogue_and_back(desk: Doors) -> None:
    hidden, featured = act(desk, OUT, "hide"), act(desk, PLENTY, "feature")
    page = desk("manager_api", "GET", f"/catalogue/products/{OUT}", token=KIM).body
    assert page["standing"] == "hidden"
    for one in (hidden, featured):
        desk("demand_desk", "POST", f"/demand/actions/{one.body['action_id']}/undo", token=KIM)
    assert desk("manager_api", "GET", f"/catalogue/products/{OUT}", token=KIM).body["standing"] is None


def test_details_that_an_action_does_not_have_are_refused(desk: Doors) -> None:
    assert act(desk, OUT, "cap", units=0).status == 400
    assert act(desk, OUT, "cap").body["errors"][0]["field"] == "details.units"
    assert act(desk, OUT, "hide", units=1).status == 400
    assert act(desk, OUT, "substitute", asins=[OUT]).status == 400
    assert act(desk, "B0UNKNOWN0", "hide").body["code"] == "no-such-product"


def test_a_warning_that_was_seen_is_gone_while_the_risk_stays(desk: Doors) -> None:
    alert = get(desk, "outlooks")["outlooks"][0]["alert_id"]
    assert desk("demand_desk", "POST", f"/demand/alerts/{alert}/dismissal", token=KIM).status == 200
    assert get(desk, "outlooks")["outlooks"][0]["alert_id"] is None


def test_trends_come_strongest_first_by_direction(desk: Doors) -> None:
    told = get(desk, "trends", FAY)
    assert asins(told["trends"]) == [SOON, OUT, PLENTY, YOUNG]
    assert told["counts"] == {"falling": 1, "rising": 1, "steady": 1, "unknown": 1}
    assert asins(get(desk, "trends?direction=falling")["trends"]) == [OUT]


def test_health_tells_nights_and_models_and_forgives_what_a_run_did_not_measure(desk: Doors) -> None:
    told = get(desk, "health", FAY)
    assert (told["night"]["model"], told["night"]["days_old"], told["night"]["drifted"]) == (CURRENT, 1, False)
    assert told["models"][0]["version"] == CURRENT
    assert {one["version"]: one["state"] for one in told["models"]}[REFUSED] == "refused"
    assert [one["drifted"] for one in told["nights"]] == [False] * 8 + [True]
    stopped = told["nights"][3]
    assert (stopped["state"], stopped["wql_lately"]) == ("stopped", None)
    assert BEFORE in {one["model"] for one in told["nights"]}


def test_an_operator_goes_back_to_an_earlier_model_and_to_no_refused_one(desk: Doors) -> None:
    def restore(version: str, token: dict[str, str] = OTTO) -> Answer:
        return desk("demand_desk", "POST", f"/demand/models/{version}/restore", token=token)

    told = restore(BEFORE).body["models"]
    assert (told[0]["version"], told[0]["state"], told[0]["decided_by"]) == (BEFORE, "current", "staff:staff-2")
    assert {one["version"]: one["state"] for one in told}[CURRENT] == "previous"
    assert restore(REFUSED).body["code"] == "model-refused"
    assert restore("no-such-model").status == 404
    assert restore(CURRENT, KIM).status == 403


def test_another_programmes_staff_see_and_undo_nothing_of_it(desk: Doors) -> None:
    done = act(desk, OUT, "hide").body["action_id"]
    assert get(desk, "outlooks", OTHERS)["outlooks"] == []
    assert get(desk, "forecast", OTHERS)["products"] == []
    assert desk("demand_desk", "GET", f"/demand/forecast/{OUT}", token=OTHERS).status == 404
    assert desk("demand_desk", "POST", f"/demand/actions/{done}/undo", token=OTHERS).status == 404


def test_finance_looks_and_does_not_act_and_support_has_no_part_in_it(desk: Doors) -> None:
    assert desk("demand_desk", "GET", "/demand/outlooks", token=FAY).status == 403
    body = {"kind": "hide", "details": {}}
    for token in (FAY, SAM):
        assert desk("demand_desk", "POST", f"/demand/outlooks/{OUT}/actions", body, token=token).status == 403
    assert desk("demand_desk", "GET", "/demand/forecast", token=SAM).status == 403
