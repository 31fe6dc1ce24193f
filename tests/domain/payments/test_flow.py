"""The worker's tasks against PostgreSQL and the stand-in: what the member, the engine and the provider see."""

from __future__ import annotations

import pytest

from loyalty.payments.answers import Answer, TryLater
from tests.domain.payments.journey import Journey


def test_the_task_stays_open_until_the_member_has_approved(journey: Journey) -> None:
    assert journey.run("authorise") is None
    assert journey.status()["state"] == "awaiting_approval"
    assert journey.run("complete") is None
    assert journey.charges() == []
    journey.approve()
    answer = journey.run("complete")
    assert answer == Answer("authorise-token", {"state": "authorised"})
    assert journey.reserved_minor() == journey.amount_minor
    assert journey.status()["approval_url"] is None


def test_a_member_who_never_comes_back_from_the_page_is_noticed(journey: Journey) -> None:
    journey.run("authorise")
    journey.approve()
    assert journey.look("complete") == Answer("authorise-token", {"state": "authorised"})


@pytest.mark.parametrize(
    ("decision", "card", "error", "state"),
    [
        ("decline", "1111", "PaymentDeclined", "declined"),
        ("pay", "3434", "PaymentDeclined", "declined"),
        ("pay", "3064", "PaymentAbandoned", "abandoned"),
        ("abandon", "1111", "PaymentAbandoned", "abandoned"),
        ("pay", "4354", "PaymentDeclined", "declined"),
    ],
)
def test_a_no_ends_the_payment_and_says_whose_no_it_was(
    journey: Journey, decision: str, card: str, error: str, state: str
) -> None:
    """F26: declined, nothing is reserved."""
    journey.run("authorise")
    journey.approve(decision, card)
    answer = journey.run("complete")
    assert isinstance(answer, Answer)
    assert (answer.task_token, answer.error) == ("authorise-token", error)
    assert journey.status()["state"] == state
    assert journey.reserved_minor() == 0
    assert journey.run("void") == Answer("void-token", {"state": "voided"})


def test_exactly_what_was_intended_is_taken_and_the_rest_released(journey: Journey) -> None:
    journey.authorised()
    assert journey.intend(1999) == "ok"
    assert journey.run("capture") == Answer("capture-token", {"state": "captured", "captured_minor": 1999})
    assert journey.status()["captured_minor"] == 1999
    (charge,) = journey.charges()
    assert (charge["captured_minor"], charge["cancelled_minor"]) == (1999, journey.amount_minor - 1999)
    permissions = journey.stand_in.rows(
        "select state from permissions where merchant_reference = ?", str(journey.redemption_id)
    )
    assert permissions == [{"state": "Closed"}]


def test_a_capture_without_a_fixed_amount_takes_nothing(journey: Journey) -> None:
    journey.authorised()
    answer = journey.run("capture")
    assert isinstance(answer, Answer)
    assert answer.error == "CaptureNotIntended"
    assert journey.taken_minor() == 0


def test_a_capture_of_nothing_gives_the_whole_reservation_back(journey: Journey) -> None:
    journey.authorised()
    journey.intend(0)
    expected = Answer("capture-token", {"state": "voided", "captured_minor": 0})
    assert journey.run("capture") == expected
    assert journey.run("capture") == expected
    assert journey.reserved_minor() == 0


def test_a_void_gives_back_what_is_reserved_and_can_be_repeated(journey: Journey) -> None:
    journey.authorised()
    for _ in range(2):
        assert journey.run("void") == Answer("void-token", {"state": "voided"})
    assert journey.reserved_minor() == 0
    assert journey.stand_in.rows(
        "select state from permissions where merchant_reference = ?", str(journey.redemption_id)
    ) == [{"state": "Closed"}]


def test_after_a_void_an_approval_authorises_nothing(journey: Journey) -> None:
    journey.run("authorise")
    url = journey.status()["approval_url"]
    assert journey.run("void") == Answer("void-token", {"state": "voided"})
    journey.stand_in.decide(url, "pay")
    assert journey.run("complete") is None
    assert journey.charges() == []


def test_a_void_before_the_checkout_was_opened_refuses_to_open_it(journey: Journey) -> None:
    assert journey.run("void") == Answer("void-token", {"state": "voided"})
    answer = journey.run("authorise")
    assert isinstance(answer, Answer)
    assert answer.error == "PaymentAbandoned"
    assert journey.status()["state"] == "voided"


def test_a_void_never_touches_money_that_is_to_be_taken(journey: Journey) -> None:
    journey.authorised()
    journey.intend(2599)
    answer = journey.run("void")
    assert isinstance(answer, Answer)
    assert answer.error == "PaymentCaptured"
    assert journey.reserved_minor() == journey.amount_minor


def test_every_message_may_come_twice(journey: Journey) -> None:
    """F8: one session, one charge, one capture."""
    for _ in range(2):
        journey.run("authorise")
    journey.approve()
    for _ in range(2):
        journey.run("complete")
    assert journey.run("authorise") == Answer("authorise-token", {"state": "authorised"})
    journey.intend(2599)
    for _ in range(2):
        assert journey.run("capture") == Answer("capture-token", {"state": "captured", "captured_minor": 2599})
    assert journey.taken_minor() == 2599
    sessions = journey.stand_in.rows("select 1 from sessions where merchant_reference = ?", str(journey.redemption_id))
    assert len(sessions) == 1


def test_another_programmes_payment_of_the_same_id_is_not_touched(journey: Journey) -> None:
    from loyalty.payments import tasks

    journey.run("authorise")
    with journey.database.connect("payments_worker") as worker:
        answer = tasks.run(worker, journey.settings, tasks.Task("void", 2, journey.redemption_id, "t"))
    assert answer is not None
    assert answer.error == "PaymentUnknown"
    assert journey.status()["state"] == "awaiting_approval"


def test_a_checkout_the_provider_refuses_is_declined(journey: Journey) -> None:
    from loyalty.payments.amazon_pay.adapter import AmazonPay

    journey.provide(AmazonPay(journey.stand_in.client(), store_id=""))
    answer = journey.run("authorise")
    assert isinstance(answer, Answer)
    assert (answer.error, answer.cause) == ("PaymentDeclined", "MissingParameterValue")


def test_a_revoked_key_waits_for_a_person_and_declines_nobody(journey: Journey) -> None:
    """F43: the programme stops, no member is told no."""
    from dataclasses import replace

    from loyalty.payments.amazon_pay.adapter import AmazonPay
    from loyalty.payments.amazon_pay.client import AmazonPayClient

    revoked = replace(journey.stand_in.credentials, public_key_id="SANDBOX-REVOKED")
    good = journey.provider
    journey.provide(AmazonPay(AmazonPayClient(journey.stand_in.base_url, revoked), "store"))
    later = journey.run("authorise")
    assert isinstance(later, TryLater)
    assert later.alarm
    assert journey.status()["state"] == "opened"
    journey.provide(good)
    assert journey.run("authorise") is None
    assert journey.status()["state"] == "awaiting_approval"
