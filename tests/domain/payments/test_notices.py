"""What follows a notice: the worker asks the provider, and only the answer counts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from loyalty.payments.notices import Notice, purge, take
from tests.conftest import TestDatabase
from tests.domain.payments.journey import Journey
from tests.domain.payments.test_stripe import StripeJourney
from tests.simulators.stripe.running import StripeStandIn, stripe_stand_in


@pytest.fixture(scope="module")
def stripe(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StripeStandIn]:
    with stripe_stand_in(tmp_path_factory.mktemp("stripe") / "stripe.sqlite") as running:
        yield running


@pytest.fixture
def at_stripe(
    database: TestDatabase, stripe: StripeStandIn, clock_file: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[StripeJourney]:
    monkeypatch.setenv("LOCAL_CLOCK_FILE", str(clock_file))
    journey = StripeJourney(database, stripe, clock_file)  # type: ignore[arg-type]
    yield journey
    journey.close()
    with database.connect("auditor") as auditor:
        assert auditor.execute("select name from payments.invariants where violations > 0").fetchall() == []


def tell(journey: Journey, kind: str, object_id: str, *related: str, is_dispute: bool = False) -> str:
    """As the webhook's function does, in its own role."""
    provider = journey.name
    event_id = f"{journey.redemption_id}:{kind}:{object_id}"
    with journey.database.connect("payment_webhook") as connection:
        return take(connection, Notice(provider, event_id, kind, object_id, related, is_dispute))


def house(journey: Journey) -> list[int]:
    rows = journey.rows(
        "select amount_minor from payments.house where redemption_id = %s and account = 'chargeback' order by sequence",
        journey.redemption_id,
    )
    return [row["amount_minor"] for row in rows]


def test_a_member_who_approved_is_noticed_without_waiting(aging_journey: Journey) -> None:
    journey = aging_journey
    journey.run("authorise")
    session_id = journey.rows("select session_id from payments.payment where redemption_id = %s", journey.redemption_id)
    journey.approve()
    assert tell(journey, "charge.state_change", "S01-x-C1", session_id[0]["session_id"]) == "new"
    journey.rest(looks=1)
    assert journey.status()["state"] == "authorised"


def test_a_reservation_that_the_provider_cancelled_is_noticed_before_the_order_is_placed(
    at_stripe: StripeJourney,
) -> None:
    at_stripe.authorised()
    intent_id = at_stripe.charges()[0]["intent_id"]
    at_stripe.provider.cancel(intent_id, "elsewhere")
    assert tell(at_stripe, "payment_intent.canceled", intent_id) == "new"
    at_stripe.rest()
    assert at_stripe.status()["state"] == "declined"


def test_a_notice_that_says_what_is_not_so_changes_nothing(at_stripe: StripeJourney) -> None:
    at_stripe.authorised()
    intent_id = at_stripe.charges()[0]["intent_id"]
    before = at_stripe.status()
    assert tell(at_stripe, "payment_intent.canceled", intent_id) == "new"
    assert tell(at_stripe, "payment_intent.canceled", intent_id) == "seen"
    at_stripe.rest()
    assert at_stripe.status() == before


def test_a_notice_is_kept_for_90_days(database: TestDatabase) -> None:
    with database.owner() as owner:
        owner.execute(
            "insert into payments.notice(provider, event_id, kind, object_id, received_at) values"
            " ('stripe', 'old', 'k', 'o', clock.now() - interval '90 days'),"
            " ('stripe', 'young', 'k', 'o', clock.now() - interval '89 days')"
        )
    with database.connect("sweeper") as sweeper:
        assert purge(sweeper) >= 1
    with database.owner() as owner:
        left = owner.execute("select event_id from payments.notice where event_id in ('old', 'young')").fetchall()
    assert left == [{"event_id": "young"}]


def test_a_refund_that_comes_back_after_it_was_sent_is_sent_again_or_a_case(at_stripe: StripeJourney) -> None:
    at_stripe.authorised()
    at_stripe.intend(2000)
    at_stripe.run("capture")
    at_stripe.give_back("return-1", 700)
    at_stripe.rest()
    assert at_stripe.refunds() == {"return-1": "refunded"}
    refund_id = at_stripe.rows(
        "select refund_id from payments.refund where redemption_id = %s", at_stripe.redemption_id
    )[0]["refund_id"]
    assert tell(at_stripe, "refund.updated", refund_id) == "new"
    at_stripe.rest()
    assert at_stripe.refunds() == {"return-1": "refunded"}
    told = "select 1 from outbox.event where subject = %s and topic = 'payment.refunded'"
    assert len(at_stripe.rows(told, at_stripe.redemption_id)) == 1
    at_stripe.stand_in.post(f"refunds/{refund_id}/failure", reason="lost_or_stolen_card")
    assert tell(at_stripe, "refund.failed", refund_id) == "new"
    at_stripe.rest()
    assert at_stripe.refunds() == {"return-1": "failed"}
    (case,) = at_stripe.rows("select evidence from casework.case where subject = %s", str(at_stripe.redemption_id))
    assert case["evidence"]["amount_minor"] == 700


@pytest.mark.parametrize(("ending", "booked"), [("won", [2000, -2000]), ("lost", [2000])])
def test_f31_a_chargeback_falls_to_the_house_until_it_is_won(
    at_stripe: StripeJourney, ending: str, booked: list[int]
) -> None:
    at_stripe.authorised()
    at_stripe.intend(2000)
    at_stripe.run("capture")
    intent_id = at_stripe.charges()[0]["intent_id"]
    dispute_id = at_stripe.stand_in.post("disputes", payment_intent=intent_id, amount=2000)["id"]
    for kind in ("charge.dispute.created", "charge.dispute.updated"):
        tell(at_stripe, kind, dispute_id, intent_id, is_dispute=True)
        at_stripe.rest(looks=2)
    assert house(at_stripe) == [2000]
    at_stripe.stand_in.post(f"disputes/{dispute_id}", status=ending)
    tell(at_stripe, "charge.dispute.closed", dispute_id, intent_id, is_dispute=True)
    at_stripe.rest(looks=2)
    assert house(at_stripe) == booked
    (dispute,) = at_stripe.rows("select * from payments.dispute where redemption_id = %s", at_stripe.redemption_id)
    assert (dispute["state"], dispute["amount_minor"], dispute["next_look_at"]) == (ending, 2000, None)
    assert at_stripe.standing()["captured_minor"] == 2000


def test_f31_a_chargeback_of_amazon_pay_is_what_was_taken_and_not_sent_back(aging_journey: Journey) -> None:
    journey = aging_journey
    journey.authorised()
    journey.intend(2000)
    journey.run("capture")
    journey.give_back("return-1", 500)
    journey.rest()
    charge_id = journey.charges()[0]["charge_id"]
    tell(journey, "chargeback.state_change", f"CB-{charge_id}", charge_id.rsplit("-", 1)[0], is_dispute=True)
    journey.rest(looks=2)
    assert house(journey) == [1500]
    (case,) = journey.rows("select reason from casework.case where subject = %s", str(journey.redemption_id))
    assert case == {"reason": "chargeback"}
