"""The second provider behind the same port: what differs, and that nothing is lost or done twice."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from loyalty.payments.answers import Answer, TryLater
from loyalty.payments.provider import NotTrusted, PaymentProvider
from tests.conftest import TestDatabase
from tests.domain.payments.journey import Crash, Journey
from tests.domain.payments.test_faults import AFTER_EFFECT, BEFORE_EFFECT, CrashAfter, until_decided
from tests.simulators.stripe.running import StripeStandIn, stripe_stand_in

CAPTURED = Answer("capture-token", {"state": "captured", "captured_minor": 2000})
VOIDED = Answer("void-token", {"state": "voided"})


class StripeJourney(Journey):
    """The same steps at the other provider."""

    name = "stripe"
    stand_in: StripeStandIn  # type: ignore[assignment]

    def made(self, **options: Any) -> PaymentProvider:
        return self.stand_in.provider(**options)

    def authorised(self) -> None:
        self.run("authorise")
        self.approve()
        assert until_decided(lambda: self.run("complete")) == Answer("authorise-token", {"state": "authorised"})

    def charges(self) -> list[dict[str, Any]]:
        return self.stand_in.rows("select * from intents where reference = ? order by rowid", str(self.redemption_id))

    def reserved_minor(self) -> int:
        return sum(row["capturable_minor"] for row in self.charges())

    def refunded_minor(self) -> int:
        return sum(row["refunded_minor"] for row in self.charges())


@pytest.fixture(scope="module")
def stripe(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StripeStandIn]:
    with stripe_stand_in(tmp_path_factory.mktemp("stripe") / "stripe.sqlite") as running:
        yield running


@pytest.fixture
def journey(
    database: TestDatabase, stripe: StripeStandIn, clock_file: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[StripeJourney]:
    """One redemption; database and stand-in are the module's and grow older together."""
    monkeypatch.setenv("LOCAL_CLOCK_FILE", str(clock_file))
    stripe.settings(multicapture=False)
    journey = StripeJourney(database, stripe, clock_file)  # type: ignore[arg-type]
    yield journey
    journey.close()
    with database.connect("auditor") as auditor:
        assert auditor.execute("select name from payments.invariants where violations > 0").fetchall() == []


@pytest.fixture
def paid(journey: StripeJourney) -> StripeJourney:
    journey.authorised()
    journey.intend(2000)
    assert journey.run("capture") == CAPTURED
    return journey


def test_the_member_pays_on_stripes_page_and_the_money_is_reserved_there(journey: StripeJourney) -> None:
    assert journey.run("authorise") is None
    assert journey.run("complete") is None
    assert journey.charges() == []
    journey.approve("decline")
    assert journey.run("complete") is None, "another card may still be tried"
    journey.approve()
    assert journey.look("complete") == Answer("authorise-token", {"state": "authorised"})
    assert journey.reserved_minor() == 2599
    (charge,) = journey.charges()
    assert charge["metadata"] == f'{{"redemption_id": "{journey.redemption_id}"}}'


def test_exactly_what_was_intended_is_taken_and_the_rest_released(paid: StripeJourney) -> None:
    assert (paid.taken_minor(), paid.reserved_minor()) == (2000, 0)
    paid.rest()
    assert paid.status()["state"] == "captured"


def test_an_abandoned_checkout_takes_no_card_any_more(journey: StripeJourney) -> None:
    journey.run("authorise")
    url = str(journey.status()["approval_url"])
    answer = journey.run("abandon")
    assert isinstance(answer, Answer)
    assert answer.error == "PaymentAbandoned"
    assert journey.stand_in.decide(url, "pay") == 409
    assert journey.run("void") == VOIDED


def test_a_member_who_paid_a_moment_before_it_was_abandoned_gets_it_back(journey: StripeJourney) -> None:
    journey.run("authorise")
    journey.approve()
    assert journey.run("void") == VOIDED
    assert (journey.taken_minor(), journey.reserved_minor()) == (0, 0)
    assert journey.charges()[0]["status"] == "canceled"


@pytest.mark.parametrize("kind", [*BEFORE_EFFECT, *AFTER_EFFECT, "duplicate"])
@pytest.mark.parametrize("operation", ["createSession", "captureIntent", "createRefund"])
def test_a_call_whose_answer_is_lost_happens_once(journey: StripeJourney, operation: str, kind: str) -> None:
    journey.impatient()
    journey.stand_in.fault(operation, kind)
    until_decided(lambda: journey.run("authorise"))
    journey.approve()
    until_decided(lambda: journey.run("complete"))
    journey.intend(2000)
    assert until_decided(lambda: journey.run("capture")) == CAPTURED
    journey.give_back("return-1", 700)
    journey.rest()
    assert (journey.taken_minor(), journey.reserved_minor(), journey.refunded_minor()) == (2000, 0, 700)
    assert journey.refunds() == {"return-1": "refunded"}
    assert len(journey.stand_in.rows("select 1 from refunds where reference = ?", str(journey.redemption_id))) == 1


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize(
    ("operation", "task"),
    [("open_checkout", "authorise"), ("capture", "capture"), ("cancel", "void"), ("abandon", "void")],
)
def test_a_worker_that_dies_is_followed_by_another(
    journey: StripeJourney, operation: str, task: str, before: bool
) -> None:
    if task == "capture" or operation == "cancel":
        journey.authorised()
    elif task == "void":
        journey.run("authorise")
    if task == "capture":
        journey.intend(2000)
    good = journey.provider
    journey.provide(CrashAfter(good, operation, before=before))  # type: ignore[arg-type]
    with pytest.raises(Crash):
        journey.run(task)
    journey.provide(good)
    answer = until_decided(lambda: journey.run(task))
    assert answer == {"authorise": None, "capture": CAPTURED, "void": VOIDED}[task]
    assert journey.reserved_minor() == 0


@pytest.mark.parametrize("before", [True, False])
def test_a_refund_in_doubt_is_found_by_its_name_when_the_key_is_forgotten(paid: StripeJourney, before: bool) -> None:
    paid.give_back("return-1", 700)
    good = paid.provider
    paid.provide(CrashAfter(good, "refund", before=before))  # type: ignore[arg-type]
    with pytest.raises(Crash):
        paid.look("refund")
    paid.provide(good)
    paid.turn_clock(hours=30)
    paid.rest()
    assert paid.refunds() == {"return-1": "refunded"}
    assert paid.refunded_minor() == 700


@pytest.mark.parametrize(("code", "state"), [("insufficient_funds", "refunded"), ("lost_or_stolen_card", "failed")])
def test_a_refund_that_fails_is_tried_again_or_a_case(paid: StripeJourney, code: str, state: str) -> None:
    paid.stand_in.fault("createRefund", "simulation", code=code)
    paid.give_back("return-1", 700)
    paid.rest(looks=20, seconds=2000)
    assert paid.refunds() == {"return-1": state}
    cases = paid.rows("select evidence from casework.case where subject = %s", str(paid.redemption_id))
    assert [case["evidence"]["amount_minor"] for case in cases] == ([700] if state == "failed" else [])


def test_a_card_declined_at_capture_ends_declined(journey: StripeJourney) -> None:
    journey.authorised()
    journey.intend(2000)
    journey.stand_in.fault("captureIntent", "simulation", code="insufficient_funds")
    answer = journey.run("capture")
    assert answer == Answer("capture-token", error="PaymentDeclined", cause="insufficient_funds")
    assert (journey.taken_minor(), journey.reserved_minor()) == (0, 0)


def test_f27_a_reservation_that_cannot_be_renewed_ends_before_it_lapses(journey: StripeJourney) -> None:
    """The order waits in its queue: without money reserved it is never placed."""
    journey.authorised()
    journey.turn_clock(days=6.1)
    journey.rest()
    assert journey.status()["state"] == "declined"
    assert journey.reserved_minor() == 0


def test_a_key_that_stripe_does_not_know_is_our_matter(journey: StripeJourney) -> None:
    journey.provide(journey.stand_in.provider(api_key="sk_test_old"))
    answer = journey.run("authorise")
    assert isinstance(answer, TryLater)
    assert answer.alarm
    assert journey.status()["state"] == "opened"
    with pytest.raises(NotTrusted):
        journey.provider.checkout("cs_test_1")


def test_parts_are_taken_of_one_reservation_where_stripe_allows_it(journey: StripeJourney) -> None:
    journey.stand_in.settings(multicapture=True)
    journey.impatient()
    journey.reopen(3000, "shipment")
    journey.authorised()
    journey.intend(3000)
    for key, amount, kind in (("s1", 999, "reset"), ("s2", 1000, "timeout_before")):
        journey.stand_in.fault("captureIntent", kind)
        journey.collect(key, amount)
        journey.rest()
    assert (journey.taken_minor(), journey.reserved_minor()) == (1999, 1001)
    journey.collect("s3", 1001)
    journey.rest()
    assert (journey.taken_minor(), journey.reserved_minor()) == (3000, 0)
    assert len(journey.charges()) == 1


def test_what_has_not_left_on_the_sixth_day_is_taken_then_and_sent_back_if_it_never_leaves(
    journey: StripeJourney,
) -> None:
    journey.stand_in.settings(multicapture=True)
    journey.impatient()
    journey.reopen(3000, "shipment")
    journey.authorised()
    journey.intend(3000)
    journey.collect("s1", 1000)
    journey.rest()
    journey.turn_clock(days=6.1)
    journey.rest()
    assert (journey.taken_minor(), journey.reserved_minor()) == (3000, 0)
    journey.give_back("c1", 2000)
    journey.rest()
    assert journey.refunded_minor() == 2000


def test_what_is_left_after_the_last_part_is_released(journey: StripeJourney) -> None:
    journey.stand_in.settings(multicapture=True)
    journey.impatient()
    journey.reopen(3000, "shipment")
    journey.authorised()
    journey.intend(3000)
    journey.collect("s1", 1000)
    journey.rest()
    journey.give_back("c1", 2000)
    journey.rest()
    assert (journey.taken_minor(), journey.reserved_minor()) == (1000, 0)
    assert journey.status()["state"] == "captured"


def test_less_than_stripes_minimum_waits_for_the_next_part_or_is_written_off(journey: StripeJourney) -> None:
    journey.stand_in.settings(multicapture=True)
    journey.impatient()
    journey.reopen(3000, "shipment")
    journey.authorised()
    journey.intend(3000)
    journey.collect("s1", 30)
    journey.rest()
    assert journey.taken_minor() == 0
    journey.collect("s2", 2940)
    journey.rest()
    assert (journey.taken_minor(), journey.reserved_minor()) == (2950, 50)
    journey.give_back("c1", 20)
    journey.collect("s3", 10, is_last=True)
    journey.rest()
    assert (journey.taken_minor(), journey.reserved_minor()) == (2950, 0)
    house = journey.rows(
        "select amount_minor, reason from payments.house where redemption_id = %s", journey.redemption_id
    )
    assert house == [{"amount_minor": 30, "reason": "below_minimum"}]


def test_where_stripe_refuses_a_part_after_all_everything_is_taken_with_the_last(journey: StripeJourney) -> None:
    """The document says multicapture, the account has it no more."""
    journey.reopen(3000, "shipment")
    journey.authorised()
    journey.intend(3000)
    journey.collect("s1", 1000)
    answer = journey.look("collect")
    assert isinstance(answer, TryLater)
    assert answer.alarm
    assert (journey.taken_minor(), journey.reserved_minor()) == (0, 3000)
    journey.collect("s2", 2000)
    journey.rest()
    assert (journey.taken_minor(), journey.reserved_minor()) == (3000, 0)
