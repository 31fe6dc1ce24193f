"""Money that the member no longer owes: not taken where it is not taken yet, else sent back, once, to the cent."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from loyalty.payments import tasks
from loyalty.payments.answers import Answer, TryLater
from tests.domain.payments.journey import Crash, Journey
from tests.domain.payments.test_faults import AFTER_EFFECT, BEFORE_EFFECT, CrashAfter


@pytest.fixture
def paid(aging_journey: Journey) -> Journey:
    """2599 reserved, 2000 taken."""
    aging_journey.authorised()
    aging_journey.intend(2000)
    aging_journey.run("capture")
    return aging_journey


def test_what_was_taken_is_sent_back_once_an_event(paid: Journey) -> None:
    assert paid.give_back("return-1", 700) == "ok"
    assert paid.give_back("return-1", 700) == "replay"
    assert paid.give_back("return-1", 701) == "key_reuse"
    assert paid.refunds() == {"return-1": "pending"}
    paid.rest()
    assert paid.refunds() == {"return-1": "refunded"}
    assert paid.refunded_minor() == 700
    assert paid.give_back("return-2", 1301) == "over_owed"
    assert paid.give_back("return-2", 1300) == "ok"
    paid.rest()
    assert paid.refunded_minor() == 2000
    assert paid.give_back("return-3", 1) == "over_owed"
    assert len(sent(paid)) == 2


def test_what_is_not_taken_yet_is_taken_less(aging_journey: Journey) -> None:
    aging_journey.authorised()
    aging_journey.intend(2000)
    assert aging_journey.give_back("cancelled-1", 500) == "ok"
    answer = aging_journey.run("capture")
    assert answer == Answer("capture-token", {"state": "captured", "captured_minor": 1500})
    assert aging_journey.refunds() == {"cancelled-1": "not_taken"}
    assert (aging_journey.taken_minor(), aging_journey.refunded_minor()) == (1500, 0)


def test_everything_given_back_before_it_was_taken_reserves_nothing(aging_journey: Journey) -> None:
    aging_journey.authorised()
    aging_journey.intend(2000)
    aging_journey.give_back("cancelled-1", 2000)
    answer = aging_journey.run("capture")
    assert answer == Answer("capture-token", {"state": "voided", "captured_minor": 0})
    assert (aging_journey.taken_minor(), aging_journey.reserved_minor()) == (0, 0)


def test_nothing_is_given_back_of_what_nobody_asked_for(aging_journey: Journey) -> None:
    assert aging_journey.give_back("e", 100) == "nothing"
    assert aging_journey.give_back("e", 0) == "nothing"
    assert aging_journey.give_back("e", -1) == "invalid"
    assert aging_journey.give_back("", 1) == "invalid"


@pytest.mark.parametrize("kind", ["timeout_after_commit", "timeout_before"])
def test_while_a_capture_is_in_doubt_its_outcome_decides(aging_journey: Journey, kind: str) -> None:
    aging_journey.authorised()
    aging_journey.intend(2000)
    aging_journey.impatient()
    aging_journey.stand_in.fault("captureCharge", kind)
    assert isinstance(aging_journey.run("capture"), TryLater)
    assert aging_journey.give_back("return-1", 600) == "ok"
    assert aging_journey.refunds() == {"return-1": "waiting"}
    aging_journey.rest()
    assert aging_journey.refunds() == {"return-1": "refunded"}
    assert aging_journey.taken_minor() - aging_journey.refunded_minor() == 1400


def test_a_refused_capture_leaves_nothing_to_send_back(aging_journey: Journey) -> None:
    aging_journey.authorised()
    aging_journey.intend(2000)
    aging_journey.impatient()
    aging_journey.stand_in.fault("captureCharge", "timeout_before")
    aging_journey.run("capture")
    aging_journey.give_back("return-1", 600)
    aging_journey.stand_in.fault("captureCharge", "simulation", code="HardDeclined")
    aging_journey.rest()
    assert aging_journey.refunds() == {"return-1": "not_taken"}
    assert (aging_journey.taken_minor(), aging_journey.refunded_minor()) == (0, 0)


@pytest.mark.parametrize("kind", [*BEFORE_EFFECT, *AFTER_EFFECT, "duplicate"])
def test_a_refund_whose_answer_is_lost_happens_once(paid: Journey, kind: str) -> None:
    paid.impatient()
    paid.stand_in.fault("createRefund", kind)
    paid.give_back("return-1", 700)
    paid.rest()
    assert paid.refunds() == {"return-1": "refunded"}
    assert len(sent(paid)) == 1


@pytest.mark.parametrize("kind", [*BEFORE_EFFECT, "malformed", "reset"])
def test_asking_how_a_refund_stands_survives(paid: Journey, kind: str) -> None:
    paid.impatient()
    paid.give_back("return-1", 700)
    paid.look("refund")
    paid.stand_in.fault("getRefund", kind, 2)
    paid.rest()
    assert paid.refunds() == {"return-1": "refunded"}


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("operation", ["refund", "refund_status"])
def test_a_worker_that_dies_while_sending_back_is_followed_by_another(
    paid: Journey, operation: str, before: bool
) -> None:
    paid.give_back("return-1", 700)
    if operation == "refund_status":
        paid.look("refund")
    good = paid.provider
    paid.provide(CrashAfter(good, operation, before=before))  # type: ignore[arg-type]
    with pytest.raises(Crash):
        paid.look("refund")
    paid.provide(good)
    paid.rest()
    assert paid.refunds() == {"return-1": "refunded"}
    assert len(sent(paid)) == 1


def test_twins_of_event_and_worker_send_back_once(paid: Journey) -> None:
    said: list[str] = []

    def event() -> None:
        said.append(paid.give_back("return-1", 700))

    def worker() -> None:
        with paid.database.connect("payments_worker") as connection:
            try:
                tasks.run(connection, paid.settings, tasks.Task("refund", 1, paid.redemption_id))
            except TryLater:
                return

    _together(*[event] * 6)
    assert sorted(said) == ["ok"] + ["replay"] * 5
    _together(*[worker] * 6)
    paid.rest()
    assert paid.refunds() == {"return-1": "refunded"}
    assert paid.refunded_minor() == 700
    assert len(sent(paid)) == 1


def test_a_refund_refused_for_now_is_tried_again_under_another_key(paid: Journey) -> None:
    paid.stand_in.fault("createRefund", "simulation", 2, code="ProcessingFailure")
    paid.give_back("return-1", 700)
    paid.rest(looks=20, seconds=2000)
    assert paid.refunds() == {"return-1": "refunded"}
    assert paid.refunded_minor() == 700
    assert sent(paid) == ["Declined", "Declined", "Refunded"]


@pytest.mark.parametrize(("code", "attempts"), [("AmazonRejected", 1), ("ProcessingFailure", 5)])
def test_a_refund_refused_for_good_is_a_case_with_its_amount(paid: Journey, code: str, attempts: int) -> None:
    paid.stand_in.fault("createRefund", "simulation", attempts, code=code)
    paid.give_back("return-1", 700)
    paid.rest(looks=40, seconds=5000)
    assert paid.refunds() == {"return-1": "failed"}
    (case,) = paid.rows("select * from casework.case where subject = %s", str(paid.redemption_id))
    assert (case["kind"], case["reason"]) == ("payment", "refund_declined")
    assert case["evidence"]["amount_minor"] == 700
    assert case["evidence"]["provider_reason"] == code
    assert paid.standing()["refund_failed_minor"] == 700
    assert paid.give_back("return-2", 1301) == "over_owed", "what a person pays back is not sent back again"
    settle = "select cases.settle_ticket(1, %s, 'paid_back', null, 'staff:7', '{support}') as status"
    assert paid.rows(settle, case["case_id"])[0]["status"] == "ok"
    assert paid.refunds() == {"return-1": "refunded"}
    told = paid.rows("select topic from outbox.event where subject = %s", str(paid.redemption_id))
    assert [row["topic"] for row in told] == ["payment.refunded"]


def test_what_the_provider_will_not_hear_of_is_a_case(paid: Journey) -> None:
    """The charge's refund was made by hand at the provider before."""
    from loyalty.payments.provider import Money

    charge_id = paid.charges()[0]["charge_id"]
    request = paid.provider.refund_request(charge_id, Money(2000, "USD"), "by hand")
    paid.provider.refund("0" * 32, request)
    paid.give_back("return-1", 700)
    paid.rest()
    assert paid.refunds() == {"return-1": "failed"}
    (case,) = paid.rows("select * from casework.case where subject = %s", str(paid.redemption_id))
    assert case["evidence"]["provider_reason"] == "TransactionAmountExceeded"


def test_a_refund_is_told(paid: Journey) -> None:
    paid.give_back("return-1", 700)
    paid.rest()
    events: list[dict[str, Any]] = paid.rows(
        "select topic, payload from outbox.event where subject = %s", paid.redemption_id
    )
    assert [row["topic"] for row in events] == ["payment.refunded"]
    assert events[0]["payload"] == {
        "redemption_id": str(paid.redemption_id),
        "member_id": 7,
        "amount_minor": 700,
        "currency": "USD",
    }


def sent(journey: Journey) -> list[str]:
    """The states of this redemption's refunds at the provider."""
    rows = journey.stand_in.rows(
        "select r.state from refunds as r join charges as c using (charge_id) where c.merchant_reference = ?"
        " order by r.rowid",
        str(journey.redemption_id),
    )
    return [row["state"] for row in rows]


def _together(*works: Any) -> None:
    threads = [threading.Thread(target=work) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
