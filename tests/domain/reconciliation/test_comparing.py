"""Every redemption ends matched, explained or with a ticket: what makes which, in points and in cents."""

from __future__ import annotations

from typing import Any

import pytest

from loyalty.payments.provider import ChargeState, Money
from tests.domain.reconciliation.books import LAMP, SELLER, TOWELS, Books
from tests.domain.redemptions.saga import Line

DRIFTS = Line("B0DRIFTS00", 2, 1000)


def test_what_all_three_say_alike_matches(world: Books) -> None:
    points_only = world.delivered(LAMP)
    mixed = world.delivered(TOWELS, LAMP, points=9000)
    assert world.reconcile().state == "done"
    assert {one: (world.verdict(one), world.differences(one)) for one in (points_only, mixed)} == {
        points_only: ("matched", {}),
        mixed: ("matched", {}),
    }


def test_what_matched_is_left_alone_until_something_moves(world: Books) -> None:
    redemption_id = world.delivered(TOWELS, points=4000)
    world.reconcile()
    # A list ends where the oldest transaction under way began, and other tests' are under way on this server.
    world.alone()
    world.next_day()
    world.reconcile()
    world.next_day()
    world.cashier.asked.clear()
    world.reconcile()
    assert world.cashier.asked == []
    world.returned(redemption_id)
    world.next_day()
    world.reconcile()
    assert world.cashier.asked == [f"ch-{redemption_id}"]
    assert world.differences(redemption_id) == {"refund_due": 1999}


def test_a_redemption_under_way_needs_time(world: Books) -> None:
    member_id = world.member()
    request = world.request(world.quote(member_id, LAMP))
    world.redeem(member_id, request)
    world.reconcile()
    assert (world.verdict(request.redemption_id), world.differences(request.redemption_id)) == (
        "explained",
        {"in_progress": 9000},
    )


def test_units_that_have_not_left_are_not_charged_yet(world: Books) -> None:
    redemption_id = world.ordered(TOWELS)
    world.reconcile()
    assert world.differences(redemption_id) == {"not_shipped": -3 * 1999}
    world.shipped(redemption_id, quantity=2)
    world.reconcile()
    assert world.differences(redemption_id) == {"not_shipped": -1999, "charge_due": -2 * 1999}
    world.bill(redemption_id, TOWELS, quantity=2)
    world.reconcile()
    assert (world.verdict(redemption_id), world.differences(redemption_id)) == ("explained", {"not_shipped": -1999})


def test_units_that_left_a_week_ago_and_were_never_charged_are_a_ticket(world: Books) -> None:
    redemption_id = world.ordered(LAMP)
    world.shipped(redemption_id)
    world.reconcile()
    assert world.verdict(redemption_id) == "explained"
    world.next_day(8)
    world.reconcile()
    assert (world.verdict(redemption_id), world.differences(redemption_id)) == ("ticket", {"charge_missing": -4500})
    case = world.case(redemption_id)
    assert (case["kind"], case["reason"], case["state"]) == ("reconciliation", "charge_missing", "open")
    assert case["deadline"] is not None


def test_a_ticket_closes_by_itself_when_it_matches_later(world: Books) -> None:
    redemption_id = world.ordered(LAMP)
    world.shipped(redemption_id)
    world.next_day(8)
    world.reconcile()
    assert world.cases(redemption_id) == 1
    world.next_day()
    world.reconcile()
    assert world.cases(redemption_id) == 1
    world.bill(redemption_id, LAMP)
    world.next_day()
    world.reconcile()
    assert world.verdict(redemption_id) == "matched"
    assert (world.cases(redemption_id), world.cases(redemption_id, "withdrawn")) == (0, 1)


def test_a_price_within_the_tolerance_is_the_houses_by_product_and_seller(world: Books) -> None:
    redemption_id = world.ordered(DRIFTS)
    world.shipped(redemption_id, quantity=2)
    world.bill(redemption_id, DRIFTS, principal_minor=2 * 1030)
    world.reconcile()
    assert (world.verdict(redemption_id), world.differences(redemption_id)) == ("explained", {"price_drift": 60})
    assert world.house(redemption_id) == [("B0DRIFTS00", SELLER, "price_drift", 60)]
    world.reconcile()
    assert world.house(redemption_id) == [("B0DRIFTS00", SELLER, "price_drift", 60)]


def test_what_amazon_charges_less_is_the_houses_too(world: Books) -> None:
    redemption_id = world.ordered(DRIFTS)
    world.shipped(redemption_id, quantity=2)
    world.bill(redemption_id, DRIFTS, principal_minor=2 * 980)
    world.reconcile()
    assert world.house(redemption_id) == [("B0DRIFTS00", SELLER, "price_drift", -40)]


def test_a_total_beyond_the_tolerance_is_a_ticket_and_not_the_houses(world: Books) -> None:
    redemption_id = world.ordered(DRIFTS)
    world.shipped(redemption_id, quantity=2)
    name = world.bill(redemption_id, DRIFTS, principal_minor=2 * 1500)
    world.reconcile()
    assert (world.verdict(redemption_id), world.differences(redemption_id)) == ("ticket", {"amazon_total": 1000})
    assert world.house(redemption_id) == []
    # Amazon corrects it under the same id.
    world.billing.documents.clear()
    world.bill(redemption_id, DRIFTS, principal_minor=2 * 1010, name=name)
    world.next_day()
    world.reconcile()
    assert (world.verdict(redemption_id), world.house(redemption_id)) == (
        "explained",
        [("B0DRIFTS00", SELLER, "price_drift", 20)],
    )


def test_what_is_corrected_later_is_taken_off_the_houses_account(world: Books) -> None:
    redemption_id = world.ordered(DRIFTS)
    world.shipped(redemption_id, quantity=2)
    name = world.bill(redemption_id, DRIFTS, principal_minor=2 * 1030)
    world.reconcile()
    world.billing.documents.clear()
    world.bill(redemption_id, DRIFTS, name=name)
    world.next_day()
    world.reconcile()
    assert (world.verdict(redemption_id), world.house(redemption_id)) == ("matched", [])


def test_tax_that_amazon_named_when_it_accepted_is_explained(world: Books) -> None:
    world.amazon.tax_basis_points = 650
    redemption_id = world.ordered(LAMP)
    world.shipped(redemption_id)
    world.bill(redemption_id, LAMP, tax_minor=4500 * 650 // 10_000)
    world.reconcile()
    assert (world.verdict(redemption_id), world.differences(redemption_id)) == ("explained", {"shipping_tax": 292})
    assert world.house(redemption_id) == [("B0LAMP0000", SELLER, "shipping_tax", 292)]


def test_a_unit_charged_twice_is_a_ticket(world: Books) -> None:
    redemption_id = world.delivered(LAMP)
    world.bill(redemption_id, LAMP)
    world.reconcile()
    assert (world.verdict(redemption_id), world.differences(redemption_id)) == ("ticket", {"charged_twice": 4500})


def test_the_same_transaction_told_twice_counts_once(world: Books) -> None:
    redemption_id = world.ordered(LAMP)
    world.shipped(redemption_id)
    name = world.bill(redemption_id, LAMP)
    world.bill(redemption_id, LAMP, name=name)
    world.reconcile()
    assert world.verdict(redemption_id) == "matched"


def test_returned_units_match_when_amazon_has_refunded_them(world: Books) -> None:
    redemption_id = world.delivered(TOWELS, points=4000)
    world.returned(redemption_id, 2)
    world.reconcile()
    assert (world.verdict(redemption_id), world.differences(redemption_id)) == ("explained", {"refund_due": 2 * 1999})
    world.bill(redemption_id, TOWELS, quantity=2, kind="REFUND")
    world.next_day()
    world.reconcile()
    assert (world.verdict(redemption_id), world.differences(redemption_id)) == ("matched", {})


def test_a_refund_that_amazon_owes_for_a_month_is_a_ticket(world: Books) -> None:
    redemption_id = world.delivered(TOWELS)
    world.returned(redemption_id)
    world.reconcile()
    world.next_day(31)
    world.reconcile()
    assert (world.verdict(redemption_id), world.differences(redemption_id)) == ("ticket", {"refund_missing": 1999})


def test_a_refund_that_nobody_asked_for_is_a_ticket_after_three_days(world: Books) -> None:
    redemption_id = world.delivered(TOWELS)
    world.bill(redemption_id, TOWELS, quantity=1, kind="REFUND")
    world.reconcile()
    assert world.differences(redemption_id) == {"refund_early": -1999}
    world.next_day(4)
    world.reconcile()
    assert (world.verdict(redemption_id), world.differences(redemption_id)) == ("ticket", {"refund_unexpected": -1999})


def test_a_cancelled_unit_that_was_never_charged_matches(world: Books) -> None:
    redemption_id = world.ordered(TOWELS)
    assert world.give_back(redemption_id, 1, "c-1", 1, reason="cancelled")[0] == "ok"
    world.shipped(redemption_id, quantity=2)
    world.bill(redemption_id, TOWELS, quantity=2)
    world.reconcile()
    assert (world.verdict(redemption_id), world.differences(redemption_id)) == ("matched", {})


def test_a_partial_acceptance_matches_with_what_was_accepted(world: Books) -> None:
    world.amazon.accepts["B0TOWELS00"] = 2
    redemption_id = world.ordered(TOWELS, points=4000)
    world.shipped(redemption_id, quantity=2)
    world.bill(redemption_id, TOWELS, quantity=2)
    world.reconcile()
    assert (world.verdict(redemption_id), world.differences(redemption_id)) == ("matched", {})


def test_a_redemption_that_was_turned_back_matches_without_any_charge(world: Books) -> None:
    world.payments = "decline"
    redemption_id = world.ordered(LAMP, points=4000)
    world.reconcile()
    assert (world.verdict(redemption_id), world.row(redemption_id)["outcome"]) == ("matched", "payment_declined")
    world.billing.bill("114-9", LAMP.asin, 1, 4500, number=f"LOY-{redemption_id}")
    world.next_day()
    world.reconcile()
    assert (world.verdict(redemption_id), world.differences(redemption_id)) == (
        "ticket",
        {"charged_without_order": 4500},
    )


@pytest.mark.parametrize(
    ("other", "found"),
    [
        ({"captured_minor": 1}, "provider_captured"),
        ({"refunded_minor": 100}, "provider_refunded"),
        ({"amount": Money(2500, "EUR")}, "currency"),
    ],
)
def test_what_the_provider_says_otherwise_is_a_ticket(world: Books, other: dict[str, Any], found: str) -> None:
    redemption_id = world.delivered(LAMP, points=4000)
    world.cashier.differs[f"ch-{redemption_id}"] = other
    world.reconcile()
    assert world.verdict(redemption_id) == "ticket"
    assert found in world.differences(redemption_id)
    world.cashier.differs.clear()
    world.next_day()
    world.reconcile()
    assert world.verdict(redemption_id) == "matched"


def test_a_charge_that_the_provider_does_not_know_is_a_ticket(world: Books) -> None:
    redemption_id = world.delivered(LAMP, points=4000)
    world.owner.execute("update payments.payment set charge_id = 'gone' where redemption_id = %s", (redemption_id,))
    world.owner.execute("alter table payments.capture disable trigger user")
    world.owner.execute("update payments.capture set charge_id = 'lost' where redemption_id = %s", (redemption_id,))
    world.cashier.unknown.clear()
    original = world.cashier.charge

    def forgetful(charge_id: str) -> Any:
        from loyalty.payments.provider import Refused

        if charge_id in ("gone", "lost"):
            raise Refused(404, "ResourceNotFound")
        return original(charge_id)

    world.cashier.charge = forgetful  # type: ignore[method-assign]
    world.reconcile()
    assert world.differences(redemption_id)["provider_missing"] == 2


def test_a_reservation_that_was_never_given_back_is_a_ticket(world: Books) -> None:
    redemption_id = world.delivered(LAMP, points=4000)
    world.cashier.differs[f"ch-{redemption_id}"] = {
        "state": ChargeState.AUTHORISED,
        "amount": Money(5000, "USD"),
    }
    world.reconcile()
    assert world.differences(redemption_id)["reserved_left"] == 5000 - 2500
    assert world.verdict(redemption_id) == "ticket"


def test_points_that_are_not_those_of_the_units_are_a_ticket(world: Books) -> None:
    redemption_id = world.delivered(TOWELS)
    world.owner.execute("update redemptions.line set given_back = 1 where redemption_id = %s", (redemption_id,))
    world.reconcile()
    assert world.differences(redemption_id)["points"] == 2 * 1999
    assert world.verdict(redemption_id) == "ticket"
    world.owner.execute("update redemptions.line set given_back = 0 where redemption_id = %s", (redemption_id,))
    world.reconcile()


def test_money_in_another_currency_is_never_added_up(world: Books) -> None:
    redemption_id = world.ordered(LAMP)
    world.shipped(redemption_id)
    world.bill(redemption_id, LAMP, currency="EUR")
    world.reconcile()
    assert world.differences(redemption_id) == {"charge_due": -4500, "currency": 1}


def test_what_a_person_accepted_stays_accepted_while_it_is_the_same(world: Books) -> None:
    redemption_id = world.delivered(LAMP)
    world.bill(redemption_id, LAMP)
    world.reconcile()
    world.decide(redemption_id, "accepted")
    world.next_day()
    world.reconcile()
    assert (world.verdict(redemption_id), world.cases(redemption_id)) == ("explained", 0)
    world.bill(redemption_id, LAMP)
    world.next_day()
    world.reconcile()
    assert (world.verdict(redemption_id), world.cases(redemption_id)) == ("ticket", 1)


def test_what_is_said_to_be_corrected_and_is_not_comes_again(world: Books) -> None:
    redemption_id = world.delivered(LAMP)
    world.bill(redemption_id, LAMP)
    world.reconcile()
    world.decide(redemption_id, "corrected")
    world.next_day()
    world.reconcile()
    assert (world.verdict(redemption_id), world.cases(redemption_id)) == ("ticket", 1)


def test_a_ticket_says_what_changed_and_there_is_one_a_redemption(world: Books) -> None:
    redemption_id = world.delivered(LAMP)
    world.bill(redemption_id, LAMP)
    world.reconcile()
    world.bill(redemption_id, LAMP)
    world.next_day()
    world.reconcile()
    assert world.cases(redemption_id) == 1
    rows = world.owner.execute(
        "select kind, detail from casework.event where case_id = %s order by event_number",
        (world.subject(redemption_id)["case_id"],),
    ).fetchall()
    assert [row["kind"] for row in rows] == ["opened", "changed"]
    assert rows[1]["detail"]["differences"][0]["amount_minor"] == 9000
