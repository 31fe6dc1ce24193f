"""Reservations grow old while orders wait: renewed before day seven, never two at once, never one that is gone."""

from __future__ import annotations

from typing import Any

import pytest

from loyalty.payments import tasks
from loyalty.payments.answers import Answer, TryLater
from tests.domain.payments.journey import Journey
from tests.domain.payments.test_faults import crash, until_decided


def due(journey: Journey) -> list[str]:
    with journey.database.connect("payments_worker") as worker:
        return [work.task for work in tasks.due(worker, 10)]


def states(journey: Journey) -> list[str]:
    return [charge["state"] for charge in journey.charges()]


def test_f27_an_authorisation_is_renewed_on_its_sixth_day_and_not_before(timed_journey: Journey) -> None:
    journey = timed_journey
    journey.authorised()
    journey.turn_clock(days=5, hours=23)
    assert "reauthorise" not in due(journey)
    assert journey.look("reauthorise") is None
    assert states(journey) == ["Authorized"]
    journey.turn_clock(hours=2)
    assert due(journey) == ["reauthorise"]
    assert journey.look("reauthorise") is None
    assert states(journey) == ["Canceled", "Authorized"]
    assert journey.reserved_minor() == journey.amount_minor
    assert due(journey) == []


def test_f27_a_renewal_that_is_declined_leaves_a_payment_that_must_not_be_relied_on(timed_journey: Journey) -> None:
    journey = timed_journey
    journey.authorised()
    journey.turn_clock(days=6, hours=1)
    journey.stand_in.fault("createCharge", "simulation", code="HardDeclined")
    journey.look("reauthorise")
    assert journey.status()["state"] == "declined"
    assert journey.status()["authorised_minor"] == 0
    assert journey.reserved_minor() == 0


@pytest.mark.parametrize("kind", ["timeout_before", "timeout_after_commit", "reset", "error_500_after_commit"])
def test_a_renewal_whose_answer_is_lost_is_made_once(timed_journey: Journey, kind: str) -> None:
    journey = timed_journey
    journey.authorised()
    journey.turn_clock(days=6, hours=1)
    journey.impatient()
    journey.stand_in.fault("createCharge", kind)
    assert until_decided(lambda: journey.look("reauthorise")) is None
    assert states(journey) == ["Canceled", "Authorized"]
    assert journey.status()["state"] == "authorised"


@pytest.mark.parametrize("operation", ["cancel", "authorise_again"])
@pytest.mark.parametrize("before", [True, False])
def test_a_worker_that_dies_while_renewing_is_followed_by_another(
    timed_journey: Journey, operation: str, before: bool
) -> None:
    journey = timed_journey
    journey.authorised()
    journey.turn_clock(days=6, hours=1)
    crash(journey, operation, "reauthorise", before=before)
    journey.turn_clock(minutes=2)
    assert due(journey) == ["reauthorise"]
    assert until_decided(lambda: journey.look("reauthorise")) is None
    assert states(journey) == ["Canceled", "Authorized"]


@pytest.mark.parametrize("operation", ["cancel", "authorise_again"])
@pytest.mark.parametrize("before", [True, False])
def test_a_void_in_the_middle_of_a_renewal_leaves_nothing_reserved(
    timed_journey: Journey, operation: str, before: bool
) -> None:
    journey = timed_journey
    journey.authorised()
    journey.turn_clock(days=6, hours=1)
    crash(journey, operation, "reauthorise", before=before)
    assert until_decided(lambda: journey.run("void")) == Answer("void-token", {"state": "voided"})
    assert journey.reserved_minor() == 0


def test_a_capture_waits_for_the_renewal_under_way(timed_journey: Journey) -> None:
    journey = timed_journey
    journey.authorised()
    journey.turn_clock(days=6, hours=1)
    crash(journey, "authorise_again", "reauthorise")
    assert journey.intend(2000) == "ok"
    answer = until_decided(lambda: journey.run("capture"))
    assert answer == Answer("capture-token", {"state": "captured", "captured_minor": 2000})
    assert journey.taken_minor() == 2000


def test_an_expired_authorisation_is_replaced_at_capture(timed_journey: Journey) -> None:
    journey = timed_journey
    journey.authorised()
    journey.intend(2000)
    journey.turn_clock(days=31)
    answer = until_decided(lambda: journey.run("capture"))
    assert answer == Answer("capture-token", {"state": "captured", "captured_minor": 2000})
    assert states(journey) == ["Canceled", "Captured"]


def test_a_capture_that_the_provider_decides_later_is_waited_for(timed_journey: Journey) -> None:
    journey = timed_journey
    journey.authorised()
    journey.intend(2000)
    journey.turn_clock(days=8)
    later = journey.run("capture")
    assert isinstance(later, TryLater)
    assert journey.status()["state"] == "unknown"
    journey.turn_clock(minutes=1)
    expected: Any = Answer("capture-token", {"state": "captured", "captured_minor": 2000})
    assert journey.look("capture") == expected


def test_a_worker_looks_at_open_approvals_by_itself_and_stops_when_they_end(timed_journey: Journey) -> None:
    journey = timed_journey
    journey.run("authorise")
    assert due(journey) == []
    journey.turn_clock(seconds=61)
    assert due(journey) == ["complete"]
    assert due(journey) == [], "given out once"
    journey.approve()
    journey.turn_clock(seconds=21)
    assert due(journey) == ["complete"]
    assert journey.look("complete") == Answer("authorise-token", {"state": "authorised"})
    journey.turn_clock(seconds=61)
    assert due(journey) == []


def test_a_session_that_expires_at_the_provider_is_an_abandoned_payment(timed_journey: Journey) -> None:
    journey = timed_journey
    journey.run("authorise")
    journey.turn_clock(hours=25)
    answer = journey.look("complete")
    assert answer == Answer("authorise-token", error="PaymentAbandoned", cause="Expired")


def test_what_is_finished_is_at_rest(timed_journey: Journey) -> None:
    journey = timed_journey
    journey.authorised()
    journey.intend(2000)
    journey.stand_in.fault("closeChargePermission", "error_500")
    assert isinstance(journey.run("capture"), Answer)
    journey.turn_clock(minutes=2)
    assert due(journey) == ["close"]
    journey.look("close")
    journey.turn_clock(minutes=2)
    assert due(journey) == []
