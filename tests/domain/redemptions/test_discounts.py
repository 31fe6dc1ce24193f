"""What campaigns pay of redemptions: promised with the quote, spent when it is redeemed, given back to the cent."""

from __future__ import annotations

import csv
import io
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.types.json import Jsonb

from loyalty.redemptions import redeeming, sweeping
from loyalty.refusal import Refusal
from loyalty.reports import funders, journal, rates
from tests.domain.redemptions.saga import Line, Saga
from tests.domain.reports.conftest import proposal
from tests.waiting import others_end

# With the campaign's factor of 150 instead of 200 a quarter of what points pay is the campaign's.
TOWELS = Line("B0TOWELS00", 3, 2000, campaign="spring")
LAMP = Line("B0LAMP0000", 1, 4500)
ALL = 3 * 500


def fund(world: Saga, minor: int = 100_00, code: str = "spring", cap: int | None = None) -> None:
    campaign = {"code": code, "funder": "brand", "budget_minor": minor, "member_cap_points": cap}
    world.owner.execute(
        "select points.set_budgets(1, %s)", (Jsonb({"store": {"currency": "USD"}, "campaigns": [campaign]}),)
    )


def money(world: Saga, code: str = "spring") -> tuple[int, int]:
    """(spent, reserved)"""
    row = world.owner.execute(
        "select spent_minor, reserved_minor from points.budgets(1) where campaign = %s", (code,)
    ).fetchone()
    assert row is not None
    return row["spent_minor"], row["reserved_minor"]


@pytest.fixture
def funded(own_world: Saga) -> Saga:
    fund(own_world)
    return own_world


def quoted(world: Saga, *lines: Line, points: int | None = None, **quote: object) -> tuple[int, redeeming.Redeem]:
    member_id = world.member()
    return member_id, world.request(world.quote(member_id, *lines, **quote), points)  # type: ignore[arg-type]


def redeemed(world: Saga, *lines: Line, points: int | None = None, **quote: object) -> tuple[int, UUID]:
    member_id, request = quoted(world, *lines, points=points, **quote)
    world.redeem(member_id, request)
    return member_id, request.redemption_id


def test_the_quote_reserves_and_redeeming_spends(funded: Saga) -> None:
    member_id, request = quoted(funded, TOWELS, LAMP)
    assert money(funded) == (0, ALL)
    funded.redeem(member_id, request)
    assert money(funded) == (ALL, 0)
    funded.run(request.redemption_id)
    assert funded.row(request.redemption_id)["outcome"] == "completed"
    assert money(funded) == (ALL, 0)
    assert funded.violations() == {}


def test_half_the_points_cost_the_campaign_half_and_the_rest_is_left_again(funded: Saga) -> None:
    member_id, request = quoted(funded, TOWELS, points=4500)
    funded.redeem(member_id, request)
    assert request.money_minor == 30_00
    assert money(funded) == (ALL // 2, 0)
    assert funded.violations() == {}


def test_of_three_units_two_are_accepted_and_one_comes_back(funded: Saga) -> None:
    funded.amazon.accepts["B0TOWELS00"] = 2
    _, redemption_id = redeemed(funded, TOWELS)
    funded.run(redemption_id)
    assert funded.row(redemption_id)["outcome"] == "partially_completed"
    assert money(funded) == (2 * 500, 0)
    assert funded.violations() == {}


@pytest.mark.parametrize("payments", ["authorise", "decline", "abandon"])
def test_what_is_not_ordered_costs_the_campaign_nothing(funded: Saga, payments: str) -> None:
    funded.payments = payments
    if payments == "authorise":
        funded.amazon.accepts["B0TOWELS00"] = 0
    _, redemption_id = redeemed(funded, TOWELS, points=6000)
    assert money(funded) == (1000 // 3 * 3, 0)
    funded.run(redemption_id)
    assert funded.row(redemption_id)["state"] == "closed"
    assert money(funded) == (0, 0)
    assert funded.violations() == {}


def test_cancelling_gives_back_once(funded: Saga) -> None:
    member_id, redemption_id = redeemed(funded, TOWELS)
    redeeming.cancel(funded.member_api, 1, member_id, redemption_id)
    assert money(funded) == (0, 0)
    assert funded.violations() == {}
    funded.run(redemption_id)
    assert money(funded) == (0, 0)
    assert funded.violations() == {}


def test_promises_that_nobody_began_to_keep_give_back_all_their_campaigns(funded: Saga) -> None:
    fund(funded, code="autumn")
    for _ in range(3):
        redeemed(funded, TOWELS, Line("B0CHAIR000", 1, 1000, campaign="autumn"))
    assert (money(funded), money(funded, "autumn")) == ((3 * ALL, 0), (3 * 250, 0))
    funded.database.shift_clock("2 days")
    with funded.connection("sweeper") as connection:
        assert sweeping.abandon(connection) == 3
    assert (money(funded), money(funded, "autumn")) == ((0, 0), (0, 0))
    assert funded.violations() == {}


def test_the_funders_month_shows_what_was_accepted(funded: Saga) -> None:
    funded.amazon.accepts["B0TOWELS00"] = 2
    today = funded.owner.execute("select points.today(1) as day").fetchone()
    assert today is not None
    for lines in ((TOWELS, LAMP), (TOWELS,)):
        _, redemption_id = redeemed(funded, *lines)
        funded.run(redemption_id)
    rates.approve(funded.owner, 1, rates.propose(funded.owner, 1, proposal(), "author"), "approver")
    others_end(funded.owner)
    journal.post(funded.owner)
    (brand,) = [one for one in funders.statement(funded.owner, 1, today["day"]) if one.funder == "brand"]
    assert brand.discounts == [{"campaign": "spring", "redemptions": 2, "amount_minor": 2 * 2 * 500}]
    assert brand.amount_minor == brand.discount_minor == 2000
    assert money(funded) == (2000, 0), "what the campaign has spent is what its funder pays"
    rows = list(csv.DictReader(io.StringIO(funders.to_csv(today["day"], [brand]))))
    assert [(row["campaign"], row["unit_cost_micros"]) for row in rows] == [("spring", "discount"), ("", "total")]


def test_a_quote_that_ran_out_is_refused_and_the_sweeper_brings_its_discount_back(funded: Saga) -> None:
    member_id, request = quoted(funded, TOWELS)
    funded.database.shift_clock("16 minutes")
    with pytest.raises(Refusal) as refused:
        funded.redeem(member_id, request)
    assert refused.value.code in ("quote-expired", "key-time")
    with funded.connection("sweeper") as connection:
        assert sweeping.lapse_reservations(connection) == 1
        assert sweeping.lapse_reservations(connection) == 0
    assert money(funded) == (0, 0)
    assert funded.violations() == {}


def test_a_reservation_that_lapsed_in_the_last_instant_moves_nothing(funded: Saga) -> None:
    member_id, request = quoted(funded, TOWELS)
    # As if somebody had needed it between the look at the quote and the spending.
    funded.owner.execute(
        "update points.budget_use set reserved_until = clock.now() where op_id = %s", (request.quote_id,)
    )
    with funded.connection("sweeper") as connection:
        sweeping.lapse_reservations(connection)
    with pytest.raises(Refusal) as refused:
        funded.redeem(member_id, request)
    assert refused.value.code == "quote-expired"
    assert funded.balance(member_id) == (100_000, 0)
    funded.owner.execute(
        "update points.budget_use set reserved_until = q.expires_at from redemptions.quote q where q.quote_id = op_id"
    )
    assert funded.violations() == {}


def test_no_points_no_discount(funded: Saga) -> None:
    member_id, request = quoted(funded, TOWELS, points=0)
    funded.redeem(member_id, request)
    assert money(funded) == (0, 0)
    assert funded.violations() == {}


def test_a_campaign_that_cannot_promise_leaves_no_quote_behind(funded: Saga) -> None:
    fund(funded, ALL + 1)
    quoted(funded, TOWELS)
    with pytest.raises(AssertionError, match="exhausted"):
        quoted(funded, TOWELS)
    with pytest.raises(AssertionError, match="exhausted"):
        quoted(funded, Line("B0CHAIR000", 1, 1000, campaign="nobody's"))
    assert money(funded) == (0, ALL)
    assert funded.owner.execute("select count(*) as n from redemptions.quote").fetchone() == {"n": 1}
    assert funded.violations() == {}


def test_the_members_cap_counts_the_points_saved(funded: Saga) -> None:
    fund(funded, cap=1500)  # 3 x 1,000 would be saved
    with pytest.raises(AssertionError, match="capped"):
        quoted(funded, TOWELS)
    member_id, request = quoted(funded, Line("B0CHAIR000", 1, 3000, campaign="spring"))
    funded.redeem(member_id, request)
    with pytest.raises(AssertionError, match="capped"):
        funded.quote(member_id, Line("B0CHAIR000", 1, 100, campaign="spring"))


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(price=st.integers(1, 10**6), full=st.integers(1, 10**6), more=st.integers(1, 10**6), share=st.integers(0, 10**6))
def test_no_split_costs_more_than_was_reserved(world: Saga, price: int, full: int, more: int, share: int) -> None:
    normal, points = full + more, full * share // 10**6
    row = world.owner.execute(
        "select redemptions.unit_discount(%s, %s, %s, %s) as discount, redemptions.unit_saved(%s, %s, %s) as saved,"
        " redemptions.unit_saved(%s, %s, %s) as most_saved,"
        " ceil(%s::numeric * %s * (%s - %s) / (%s::numeric * %s))::bigint as reserved",
        (
            price,
            full,
            normal,
            points,
            full,
            normal,
            points,
            full,
            normal,
            full,
            price,
            full,
            normal,
            full,
            full,
            normal,
        ),
    ).fetchone()
    assert row is not None
    assert row["discount"] == price * points // full - price * points // normal
    assert 0 <= row["discount"] <= row["reserved"] <= price
    assert 0 <= row["saved"] <= row["most_saved"] == normal - full
