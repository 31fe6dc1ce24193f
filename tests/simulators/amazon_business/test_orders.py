"""The client's orders against the simulator: what is accepted, what is rejected, what is not known."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import uuid4

import pytest

from loyalty.orders.amazon_business import AmazonBusiness, NotSent, OrderLine, Refused, Throttled, Unknown
from tests.simulators.amazon_business.running import SEATTLE, Simulator, line, order

PLAIN = "B0BUNDLE00"


@pytest.fixture
def ordinary(amazon: Simulator) -> str:
    """A product without surprises, sent by Amazon, dear enough for free shipping."""
    rows = amazon.rows(
        "select asin from products where scenario is null and kind = 'STANDARD' and stock > 100"
        " and price_minor > 4000 and json_extract(more, '$.by_amazon') order by popularity limit 1"
    )
    return str(rows[0]["asin"])


def price_of(amazon: Simulator, asin: str) -> int:
    return int(amazon.rows("select price_minor from products where asin = ?", asin)[0]["price_minor"])


def test_an_order_is_accepted_signed_and_found_again_by_our_id(
    amazon: Simulator, client: AmazonBusiness, ordinary: str
) -> None:
    key, price = str(uuid4()), price_of(amazon, ordinary)
    offer = client.offers(ordinary).offers[0]
    result = client.place_order(order(key, OrderLine(1, ordinary, offer.offer_id, 2, expected_unit_price_minor=price)))
    placed = result.lines[1]
    assert result.signed
    assert (placed.accepted_quantity, placed.rejected_quantity) == (2, 0)
    assert placed.unit_price_minor == price
    assert placed.principal_minor == 2 * price
    assert placed.shipping_minor == 0, "the discount takes the shipping back"
    assert placed.tax_minor == (2 * price * 650 + 5000) // 10000, "Washington, 6.5 %"
    assert placed.charged_minor == placed.principal_minor + placed.tax_minor
    assert len(placed.order_ids) == 1
    assert placed.delivery_earliest is not None
    assert placed.delivery_latest is not None
    assert datetime.now(UTC) < placed.delivery_earliest < placed.delivery_latest
    assert client.order_details(key) == result


def test_an_order_that_was_never_sent_is_not_found(client: AmazonBusiness) -> None:
    assert client.order_details(str(uuid4())) is None


def test_a_trial_tells_tax_and_shipping_and_places_nothing(
    amazon: Simulator, client: AmazonBusiness, ordinary: str
) -> None:
    key = f"trial-{uuid4()}"
    trial = client.place_order(order(key.removeprefix("trial-"), line(ordinary, 3), trial=True))
    assert not trial.signed
    assert trial.lines[1].order_ids == ()
    assert trial.lines[1].tax_minor > 0
    assert client.order_details(key) is None
    assert amazon.rows("select * from orders where external_id = ?", key) == []
    placed = client.place_order(order(str(uuid4()), line(ordinary, 3)))
    assert placed.lines[1].charged_minor == trial.lines[1].charged_minor


def test_shipping_is_charged_below_the_threshold_and_tax_differs_by_state(client: AmazonBusiness) -> None:
    from dataclasses import replace

    washington = client.place_order(order(str(uuid4()), line("B0ERR500OK"), trial=True)).lines[1]
    oregon = client.place_order(
        order(
            str(uuid4()),
            line("B0ERR500OK"),
            trial=True,
            address=replace(SEATTLE, state_or_region="OR", postal_code="97201", city="Portland"),
        )
    ).lines[1]
    assert washington.shipping_minor == oregon.shipping_minor == 599
    assert washington.tax_minor > 0
    assert oregon.tax_minor == 0


def test_the_same_request_again_gets_the_stored_result_and_orders_once(
    amazon: Simulator, client: AmazonBusiness, ordinary: str
) -> None:
    wanted = order(str(uuid4()), line(ordinary))
    assert client.place_order(wanted) == client.place_order(wanted)
    assert len(amazon.rows("select * from orders where external_id = ?", wanted.external_id)) == 1


def test_the_same_id_with_another_body_is_refused(client: AmazonBusiness, ordinary: str) -> None:
    key = str(uuid4())
    client.place_order(order(key, line(ordinary)))
    with pytest.raises(Refused) as refused:
        client.place_order(order(key, line(ordinary, 2)))
    assert (refused.value.status, refused.value.code) == (400, "INVALID_REQUEST_PARAMETER")


def test_a_duplicate_may_come_back_as_rejected_and_the_order_still_stands(
    amazon: Simulator, client: AmazonBusiness, ordinary: str
) -> None:
    wanted = order(str(uuid4()), line(ordinary))
    client.place_order(wanted)
    amazon.fault("placeOrder", "duplicate_rejects")
    again = client.place_order(wanted)
    assert again.accepted_quantity == 0
    assert again.rejections[0].code == "DUPLICATE_EXTERNAL_ID"
    found = client.order_details(wanted.external_id)
    assert found is not None
    assert found.accepted_quantity == 1


def test_a_price_within_the_tolerance_goes_through_and_above_it_does_not(
    amazon: Simulator, client: AmazonBusiness
) -> None:
    amazon.put("settings", safeguard_basis_points=500)
    for asin, accepted in (("B0DRIFT003", 1), ("B0DRIFT010", 0), ("B0DRIFT050", 0)):
        shown = price_of(amazon, asin)
        trial = client.place_order(order(str(uuid4()), line(asin), trial=True))
        assert trial.lines[1].unit_price_minor == shown
        result = client.place_order(order(str(uuid4()), line(asin, expected_unit_price_minor=shown)))
        assert result.accepted_quantity == accepted, asin
        if not accepted:
            reason = result.lines[1].reasons[0]
            assert reason.kind == "BrokenUnitPriceExpectation"
            assert reason.boundary_minor == shown
            assert reason.actual_minor is not None
            assert reason.actual_minor > shown
            assert not result.signed


def test_a_tax_above_what_was_expected_rejects_the_line(client: AmazonBusiness, ordinary: str) -> None:
    result = client.place_order(order(str(uuid4()), line(ordinary, expected_tax_minor=1)))
    assert result.lines[1].reasons[0].kind == "BrokenChargeExpectation"


def test_part_of_a_line_and_part_of_an_order_may_be_accepted(client: AmazonBusiness, ordinary: str) -> None:
    result = client.place_order(
        order(str(uuid4()), line("B0PARTIAL0", 3, 1), line(ordinary, 1, 2), line("B0NOSTOCK0", 1, 3))
    )
    assert [(one.accepted_quantity, one.rejected_quantity) for one in result.lines.values()] == [(2, 1), (1, 0), (0, 1)]
    assert result.lines[1].charged_minor > 0
    assert result.lines[3].charged_minor == 0
    assert {reason.kind for reason in result.lines[3].reasons} == {"UnavailableQuantity", "AvailableQuantity"}
    assert result.signed


def test_the_safeguard_may_cancel_the_whole_order_instead(
    amazon: Simulator, client: AmazonBusiness, ordinary: str
) -> None:
    amazon.put("settings", safeguard_action="cancel_order")
    result = client.place_order(order(str(uuid4()), line("B0NOSTOCK0"), line(ordinary, 1, 2)))
    assert result.accepted_quantity == 0
    assert not result.signed


def test_a_bundle_is_counted_in_bundles(client: AmazonBusiness) -> None:
    result = client.place_order(order(str(uuid4()), line("B0BUNDLE00", 2)))
    assert result.lines[1].accepted_quantity == 2
    assert len(result.lines[1].order_ids) == 1
    assert result.lines[1].principal_minor == 2 * 5200


def test_an_age_restriction_is_a_rejection(client: AmazonBusiness) -> None:
    result = client.place_order(order(str(uuid4()), line("B0AGE21000")))
    assert result.lines[1].reasons[0].minimum_age == 21


def test_an_answer_that_gets_lost_is_unknown_and_the_look_up_finds_the_order(
    amazon: Simulator, client: AmazonBusiness
) -> None:
    wanted = order(str(uuid4()), line("B0TIMEOUT0"))
    with pytest.raises(Unknown):
        client.place_order(wanted)
    found = client.order_details(wanted.external_id)
    assert found is not None
    assert found.accepted_quantity == 1
    assert client.place_order(wanted) == found


@pytest.mark.parametrize("kind", ["timeout_after_commit", "reset", "error_500_after_commit", "malformed_reply"])
def test_every_lost_answer_is_unknown_with_the_order_made(
    amazon: Simulator, client: AmazonBusiness, ordinary: str, kind: str
) -> None:
    amazon.fault("placeOrder", kind)
    wanted = order(str(uuid4()), line(ordinary))
    with pytest.raises(Unknown):
        client.place_order(wanted)
    assert client.order_details(wanted.external_id) is not None


@pytest.mark.parametrize("kind", ["timeout_before", "error_500", "error_503"])
def test_a_failure_before_the_order_looks_the_same_and_the_look_up_finds_nothing(
    amazon: Simulator, client: AmazonBusiness, ordinary: str, kind: str
) -> None:
    amazon.fault("placeOrder", kind)
    wanted = order(str(uuid4()), line(ordinary))
    with pytest.raises(Unknown):
        client.place_order(wanted)
    assert client.order_details(wanted.external_id) is None
    assert client.place_order(wanted).accepted_quantity == 1


def test_a_product_that_fails_once_works_the_second_time(client: AmazonBusiness) -> None:
    wanted = order(str(uuid4()), line("B0ERR500OK"))
    with pytest.raises(Unknown):
        client.place_order(wanted)
    assert client.order_details(wanted.external_id) is None
    assert client.place_order(wanted).signed


def test_an_answer_slower_than_our_patience_is_unknown(amazon: Simulator, ordinary: str) -> None:
    from loyalty.orders.amazon_business import AmazonBusiness, Timeouts
    from tests.simulators.amazon_business.running import CREDENTIALS

    amazon.put("settings", timeout_seconds=0.15)
    amazon.fault("placeOrder", "timeout_after_commit")
    hasty = AmazonBusiness(amazon.url, amazon.url, CREDENTIALS, timeouts=Timeouts(1, 2, order=0.05))
    wanted = order(str(uuid4()), line(ordinary))
    with pytest.raises(Unknown):
        hasty.place_order(wanted)
    assert hasty.order_details(wanted.external_id) is not None


def test_of_a_hundred_calls_so_many_meet_a_fault_and_it_is_counted(
    amazon: Simulator, client: AmazonBusiness, ordinary: str
) -> None:
    before = sum(amazon.get("faults")["met"].values())
    amazon.put("settings", faults_percent=100.0, timeout_seconds=0.01)
    for _ in range(12):
        with pytest.raises((Throttled, Unknown, NotSent)):
            client.place_order(order(str(uuid4()), line(ordinary)))
    amazon.put("settings", faults_percent=0.0)
    met = amazon.get("faults")["met"]
    assert sum(met.values()) >= before + 12
    assert set(met) <= {"error_500", "error_429", "timeout_after_commit"}
    assert client.place_order(order(str(uuid4()), line(ordinary))).signed


def test_a_throttled_order_was_not_placed_and_says_when_to_come_back(
    amazon: Simulator, client: AmazonBusiness, ordinary: str
) -> None:
    amazon.fault("placeOrder", "error_429")
    wanted = order(str(uuid4()), line(ordinary))
    with pytest.raises(Throttled) as throttled:
        client.place_order(wanted)
    assert throttled.value.retry_after_seconds == 1
    assert client.order_details(wanted.external_id) is None


def test_the_published_rate_is_ten_at_once_trials_included(
    amazon: Simulator, client: AmazonBusiness, ordinary: str
) -> None:
    amazon.put("settings", enforce_rates=True)
    for number in range(10):
        client.place_order(order(str(uuid4()), line(ordinary), trial=number % 2 == 0))
    with pytest.raises(Throttled) as throttled:
        client.place_order(order(str(uuid4()), line(ordinary)))
    assert 0 < throttled.value.retry_after_seconds <= 2
    amazon.put("settings", rates={"placeOrder": {"per_second": 1000, "burst": 50}})
    for _ in range(20):
        client.place_order(order(str(uuid4()), line(ordinary), trial=True))


def test_shipments_appear_with_tracking_once_it_is_shipped(
    amazon: Simulator, client: AmazonBusiness, ordinary: str
) -> None:
    wanted = order(str(uuid4()), line(ordinary), line("B0BUNDLE00", 1, 2))
    client.place_order(wanted)
    amazon.put("settings", ship_after_seconds=0)
    found = client.order_details(wanted.external_id)
    assert found is not None
    assert len(found.shipments) == 2
    package = found.shipments[0].packages[0]
    assert package.tracking_number.startswith("TBA")
    assert package.carrier
    assert found.lines[1].accepted[0].tracking_numbers == (package.tracking_number,)


def test_the_simulator_keeps_what_it_charged(amazon: Simulator, client: AmazonBusiness, ordinary: str) -> None:
    key = str(uuid4())
    result = client.place_order(order(key, line(ordinary, 2), line("B0PARTIAL0", 2, 2)))
    row = amazon.rows("select accepted, charged_minor from orders where external_id = ?", key)[0]
    assert row == {
        "accepted": 1,
        "charged_minor": sum(one.charged_minor for one in result.lines.values()),
    }
    kept = amazon.rows("select * from order_lines where external_id = ? order by line_external_id", key)
    assert [(one["accepted_quantity"], one["rejected_quantity"]) for one in kept] == [(2, 0), (1, 1)]
