"""Whatever fails, at most one authorisation and one capture, and nothing stays reserved without an order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from loyalty.payments import tasks
from loyalty.payments.answers import Answer, TryLater
from loyalty.payments.store import Payments
from tests.domain.payments.journey import Crash, Journey
from tests.simulators.loopback import loopback

BEFORE_EFFECT = ("error_500", "error_429", "timeout_before", "reset_before")
AFTER_EFFECT = ("timeout_after_commit", "reset", "error_500_after_commit", "malformed")
AUTHORISED = Answer("authorise-token", {"state": "authorised"})
CAPTURED = Answer("capture-token", {"state": "captured", "captured_minor": 2599})
VOIDED = Answer("void-token", {"state": "voided"})


def until_decided(step: Callable[[], Any], attempts: int = 5) -> Any:
    """The queue brings the message back while the worker says later."""
    for _ in range(attempts):
        result = step()
        if not isinstance(result, TryLater):
            return result
    raise AssertionError("never decided")


class CrashAfter:
    """A provider whose process dies when `operation` has had its effect, before anything is recorded."""

    def __init__(self, provider: Any, operation: str, *, before: bool = False) -> None:
        self._provider = provider
        self._operation = operation
        self._before = before

    def __getattr__(self, name: str) -> Any:
        real = getattr(self._provider, name)
        if name != self._operation:
            return real

        def dies(*arguments: Any) -> Any:
            if not self._before:
                real(*arguments)
            raise Crash

        return dies


def crash(journey: Journey, operation: str, task: str, *, before: bool = False) -> None:
    good = journey.provider
    journey.provide(CrashAfter(good, operation, before=before))
    with pytest.raises(Crash):
        journey.run(task)
    journey.provide(good)


@pytest.mark.parametrize("kind", [*BEFORE_EFFECT, *AFTER_EFFECT, "duplicate"])
def test_opening_the_checkout_survives(journey: Journey, kind: str) -> None:
    journey.impatient()
    journey.stand_in.fault("createCheckoutSession", kind)
    assert until_decided(lambda: journey.run("authorise")) is None
    assert journey.status()["state"] == "awaiting_approval"
    sessions = journey.stand_in.rows("select 1 from sessions where merchant_reference = ?", str(journey.redemption_id))
    assert len(sessions) == 1


@pytest.mark.parametrize("kind", [*BEFORE_EFFECT, *AFTER_EFFECT, "duplicate"])
def test_f25_an_authorisation_whose_answer_is_lost_is_found_and_made_once(journey: Journey, kind: str) -> None:
    journey.run("authorise")
    journey.approve()
    journey.impatient()
    journey.stand_in.fault("completeCheckoutSession", kind)
    assert until_decided(lambda: journey.run("complete")) == AUTHORISED
    assert len(journey.charges()) == 1
    assert journey.reserved_minor() == journey.amount_minor


@pytest.mark.parametrize("kind", ["timeout_after_commit", "reset", "malformed"])
def test_f25_when_the_engine_has_given_up_meanwhile_the_found_authorisation_goes_back(
    journey: Journey, kind: str
) -> None:
    journey.run("authorise")
    journey.approve()
    journey.impatient()
    journey.stand_in.fault("completeCheckoutSession", kind)
    assert isinstance(journey.run("complete"), TryLater)
    assert journey.status()["state"] == "unknown"
    assert journey.reserved_minor() == journey.amount_minor
    assert until_decided(lambda: journey.run("void")) == VOIDED
    assert journey.reserved_minor() == 0
    assert journey.run("complete") is None
    assert journey.status()["state"] == "voided"


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize(
    ("operation", "task"), [("open_checkout", "authorise"), ("complete", "complete"), ("charge", "complete")]
)
def test_f4_a_worker_that_dies_while_authorising_is_followed_by_another(
    journey: Journey, operation: str, task: str, before: bool
) -> None:
    if task == "complete":
        journey.run("authorise")
        journey.approve()
    crash(journey, operation, task, before=before)
    journey.run("authorise")
    if task == "authorise":
        journey.approve()
    assert until_decided(lambda: journey.look("complete")) == AUTHORISED
    assert len(journey.charges()) == 1


def test_f4_an_answer_that_never_reached_the_engine_is_given_again(journey: Journey) -> None:
    journey.run("authorise")
    journey.approve()
    with journey.database.connect("payments_worker") as worker:
        task = tasks.Task("complete", 1, journey.redemption_id)
        assert tasks.run(worker, journey.settings, task) == AUTHORISED  # and the worker dies before it is sent
    assert journey.look("complete") == AUTHORISED
    assert journey.look("complete") is None


@pytest.mark.parametrize("kind", [*BEFORE_EFFECT, *AFTER_EFFECT, "duplicate"])
def test_f28_a_capture_whose_answer_is_lost_is_looked_up_and_happens_once(journey: Journey, kind: str) -> None:
    journey.authorised()
    journey.intend(2599)
    journey.impatient()
    journey.stand_in.fault("captureCharge", kind)
    assert until_decided(lambda: journey.run("capture")) == CAPTURED
    assert journey.taken_minor() == 2599
    assert journey.reserved_minor() == 0
    keys = journey.stand_in.rows(
        "select distinct idempotency_key from requests where operation = 'captureCharge' and object_id = ?",
        journey.charges()[0]["charge_id"],
    )
    assert len(keys) == 1


@pytest.mark.parametrize("before", [True, False])
def test_f28_a_worker_that_dies_while_capturing_is_followed_by_another(journey: Journey, before: bool) -> None:
    journey.authorised()
    journey.intend(2599)
    crash(journey, "capture", "capture", before=before)
    assert journey.status()["state"] == "capturing"
    assert until_decided(lambda: journey.look("capture")) == CAPTURED
    assert journey.taken_minor() == 2599


def test_f28_a_capture_that_is_looked_up_is_not_sent_again(journey: Journey) -> None:
    journey.authorised()
    journey.intend(2599)
    crash(journey, "capture", "capture")
    before = journey.stand_in.calls("captureCharge")
    assert journey.run("capture") == CAPTURED
    assert journey.stand_in.calls("captureCharge") == before


@pytest.mark.parametrize("code", ["HardDeclined", "AmazonRejected"])
def test_f29_a_capture_refused_for_good_says_so_and_reserves_nothing(journey: Journey, code: str) -> None:
    journey.authorised()
    journey.intend(2599)
    journey.stand_in.fault("captureCharge", "simulation", code=code)
    answer = journey.run("capture")
    assert answer == Answer("capture-token", error="PaymentDeclined", cause=code)
    assert (journey.taken_minor(), journey.reserved_minor()) == (0, 0)
    assert journey.status()["state"] == "declined"


def test_f29_a_soft_decline_reserves_again_and_takes_that(journey: Journey) -> None:
    journey.authorised()
    journey.intend(1500)
    journey.stand_in.fault("captureCharge", "simulation", code="SoftDeclined")
    answer = until_decided(lambda: journey.run("capture"))
    assert answer == Answer("capture-token", {"state": "captured", "captured_minor": 1500})
    assert [charge["state"] for charge in journey.charges()] == ["Declined", "Captured"]
    assert journey.taken_minor() == 1500


def test_f29_soft_declines_without_end_come_to_one(journey: Journey) -> None:
    journey.authorised()
    journey.intend(1500)
    journey.stand_in.fault("captureCharge", "simulation", code="SoftDeclined")
    journey.stand_in.fault("createCharge", "simulation", times=30, code="SoftDeclined")
    answer = until_decided(lambda: journey.run("capture"), attempts=30)
    assert answer == Answer("capture-token", error="PaymentDeclined", cause="SoftDeclined")
    assert (journey.taken_minor(), journey.reserved_minor()) == (0, 0)

    loopback.delete(f"{journey.stand_in.base_url}/_simulator/faults").raise_for_status()


@pytest.mark.parametrize("kind", [*BEFORE_EFFECT, *AFTER_EFFECT])
def test_giving_back_survives(journey: Journey, kind: str) -> None:
    journey.authorised()
    journey.impatient()
    journey.stand_in.fault("cancelCharge", kind)
    assert until_decided(lambda: journey.run("void")) == VOIDED
    assert journey.reserved_minor() == 0


@pytest.mark.parametrize("before", [True, False])
def test_f7_a_worker_that_dies_while_giving_back_is_followed_by_another(journey: Journey, before: bool) -> None:
    journey.authorised()
    crash(journey, "cancel", "void", before=before)
    assert until_decided(lambda: journey.look("void")) == VOIDED
    assert journey.reserved_minor() == 0


def test_a_completion_that_overtakes_the_void_goes_back(journey: Journey) -> None:
    """The worker that completes is slow; the void comes between its call and its record."""
    journey.run("authorise")
    journey.approve()
    good = journey.provider

    class VoidInBetween:
        def __getattr__(self, name: str) -> Any:
            real = getattr(good, name)
            if name != "complete":
                return real

            def slow(*arguments: Any) -> Any:
                with journey.database.connect("payments_worker") as other:
                    Payments(other).take_task(1, journey.redemption_id, "void", "void-token")
                return real(*arguments)

            return slow

    journey.provide(VoidInBetween())  # type: ignore[arg-type]
    assert journey.run("complete") == VOIDED
    assert journey.reserved_minor() == 0
    assert journey.status()["state"] == "voided"


def test_a_void_waits_for_a_completion_that_may_still_be_on_its_way(timed_journey: Journey) -> None:
    journey = timed_journey
    journey.run("authorise")
    journey.approve()
    crash(journey, "complete", "complete", before=True)
    assert isinstance(journey.run("void"), TryLater)
    assert journey.status()["state"] == "voiding"
    journey.turn_clock(seconds=100)
    assert journey.run("void") == VOIDED


def test_a_completion_that_arrives_after_everything_was_given_back_is_found_and_cancelled(
    timed_journey: Journey,
) -> None:
    journey = timed_journey
    journey.run("authorise")
    journey.approve()
    crash(journey, "complete", "complete", before=True)
    journey.turn_clock(seconds=100)
    assert journey.run("void") == VOIDED
    with journey.database.owner() as owner:
        row = owner.execute(
            "select p.session_id, o.idempotency_key, o.request from payments.payment as p join payments.operation as o"
            " using (program_id, redemption_id) where o.name = 'complete:1'"
        ).fetchone()
    assert row is not None
    journey.provider.complete(row["session_id"], row["idempotency_key"], row["request"])
    assert journey.reserved_minor() == journey.amount_minor
    journey.turn_clock(seconds=700)
    with journey.database.connect("payments_worker") as worker:
        (work,) = list(tasks.due(worker, 10))
        assert work.task == "void"
        tasks.run(worker, journey.settings, work)
    assert journey.reserved_minor() == 0
    assert journey.status()["state"] == "voided"
