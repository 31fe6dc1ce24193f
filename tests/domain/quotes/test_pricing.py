"""The arithmetic of a quote: whole numbers, exact sums, the same in SQL and Python."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loyalty.database import Connection
from loyalty.redemptions import pricing
from loyalty.redemptions.pricing import PricedLine, Slider
from loyalty.refusal import Refusal
from tests.conftest import TestDatabase

PRICED_LINES = st.lists(
    st.builds(
        PricedLine,
        quantity=st.integers(1, 99),
        unit_price_minor=st.integers(1, 10_000_000),
        unit_points_full=st.integers(1, 100_000_000),
    ),
    min_size=1,
    max_size=20,
)


@st.composite
def quotes_and_points(draw: st.DrawFn) -> tuple[list[PricedLine], int]:
    lines = draw(PRICED_LINES)
    return lines, draw(st.integers(0, pricing.points_full(lines)))


@given(quotes_and_points())
def test_a_split_never_takes_more_points_than_offered_and_ends_are_pure(case: tuple[list[PricedLine], int]) -> None:
    lines, points = case
    split = pricing.split(lines, points)
    assert 0 <= split.points <= points
    # Each unit gives up less than one point to rounding.
    assert points - split.points < sum(line.quantity for line in lines) + 1
    assert split.money_minor >= 0
    total = sum(line.quantity * line.unit_price_minor for line in lines)
    assert pricing.split(lines, 0).money_minor == total
    everything = pricing.split(lines, pricing.points_full(lines))
    assert (everything.points, everything.money_minor) == (pricing.points_full(lines), 0)


@given(quotes_and_points(), st.randoms(use_true_random=False))
def test_accepted_units_cost_exactly_themselves_and_the_parts_are_the_whole(
    case: tuple[list[PricedLine], int], random: Any
) -> None:
    lines, points = case
    split = pricing.split(lines, points)
    accepted = [random.randint(0, line.quantity) for line in lines]
    kept = sum(k * part.unit_points for k, part in zip(accepted, split.lines, strict=True))
    given_back = sum((part.quantity - k) * part.unit_points for k, part in zip(accepted, split.lines, strict=True))
    assert kept + given_back == split.points
    captured = sum(k * part.unit_money_minor for k, part in zip(accepted, split.lines, strict=True))
    released = sum((part.quantity - k) * part.unit_money_minor for k, part in zip(accepted, split.lines, strict=True))
    assert captured + released == split.money_minor


@given(quotes_and_points())
def test_the_member_never_pays_less_than_the_part_that_points_do_not_cover(
    case: tuple[list[PricedLine], int],
) -> None:
    lines, points = case
    for line, part in zip(lines, pricing.split(lines, points).lines, strict=True):
        left = line.unit_price_minor * (line.unit_points_full - part.unit_points)
        assert left <= part.unit_money_minor * line.unit_points_full < left + line.unit_points_full


@given(quotes_and_points())
def test_more_points_never_cost_more_money(case: tuple[list[PricedLine], int]) -> None:
    lines, points = case
    assert pricing.split(lines, points).money_minor <= pricing.split(lines, max(points - 1, 0)).money_minor


@given(st.integers(0, 10**9), st.integers(1, 99))
def test_a_unit_price_covers_the_line_and_leaves_less_than_a_cent_a_unit(total: int, quantity: int) -> None:
    unit = pricing.unit_price(total, quantity)
    assert 0 <= unit * quantity - total <= quantity - 1


@given(st.integers(0, 10**9), st.lists(st.integers(0, 10**7), min_size=1, max_size=20))
def test_an_allocation_is_exact_and_fair_to_a_cent(total: int, weights: list[int]) -> None:
    parts = pricing.allocate(total, weights)
    assert sum(parts) == total
    whole = sum(weights)
    if whole:
        assert all(abs(part * whole - total * weight) < whole for part, weight in zip(parts, weights, strict=True))


@given(st.integers(1, 10**9), st.integers(0, 100), st.integers(0, 100), st.sampled_from([1, 10, 100, 500, 1000]))
def test_a_slider_keeps_to_the_programmes_shares_and_steps(full: int, one: int, other: int, step: int) -> None:
    low, high = sorted((one, other))
    slider = pricing.slider(full, low, high, step)
    assert 0 <= slider.minimum <= slider.maximum <= full
    assert slider.maximum == full if high == 100 else slider.maximum <= full * high / 100
    assert slider.allows(slider.minimum)
    assert slider.allows(slider.maximum)
    for points in (0, full // 3, full // 2, full, full + 1):
        chosen = slider.at_most(points)
        assert chosen is None or (slider.allows(chosen) and chosen <= points)


def test_a_slider_between_its_ends_goes_by_steps() -> None:
    slider = Slider(minimum=150, maximum=1234, step=100)
    assert [points for points in (149, 150, 151, 200, 1200, 1234, 1235) if slider.allows(points)] == [
        150, 200, 1200, 1234,
    ]  # fmt: skip
    assert [slider.at_most(points) for points in (149, 160, 950, 1233, 9999)] == [None, 150, 900, 1200, 1234]
    with pytest.raises(Refusal) as refusal:
        pricing.checked(slider, 151)
    assert (refusal.value.code, refusal.value.field) == ("points-not-offered", "points")


@given(quotes_and_points(), st.integers(0, 500), st.sampled_from([1, 10, 100]))
def test_what_is_offered_leaves_no_money_or_enough_to_be_paid(
    case: tuple[list[PricedLine], int], money_min_minor: int, step: int
) -> None:
    lines, points = case
    slider = pricing.slider(pricing.points_full(lines), 0, 100, step)
    chosen = pricing.most_payable(lines, slider, points, money_min_minor)
    if chosen is None:
        assert sum(line.quantity * line.unit_price_minor for line in lines) < money_min_minor
        return
    assert slider.allows(chosen)
    assert chosen <= points
    money = pricing.split(lines, chosen).money_minor
    assert pricing.checked_money(money, money_min_minor) == money


def test_too_little_money_is_refused_with_what_to_do_instead() -> None:
    assert [pricing.checked_money(minor, 50) for minor in (0, 50, 51)] == [0, 50, 51]
    for minor in (1, 49):
        with pytest.raises(Refusal) as refusal:
            pricing.checked_money(minor, 50)
        assert (refusal.value.code, refusal.value.field) == ("money-too-little", "points")


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(case=quotes_and_points())
def test_sql_and_python_split_alike(owner: Connection, case: tuple[list[PricedLine], int]) -> None:
    lines, points = case
    quote_id = uuid.uuid4()
    full = pricing.points_full(lines)
    owner.execute(
        "select redemptions.create_quote(1, %s, 1, %s, 1, 'USD', 'send_what_you_can', false, sha256('x'), 15, 0, %s, 1,"
        " null, null, %s::jsonb)",
        (quote_id, quote_id, full, json.dumps([_row(line) for line in lines])),
    )
    rows = owner.execute("select * from redemptions.split(1, %s, %s)", (quote_id, points)).fetchall()
    split = pricing.split(lines, points)
    assert [(row["quantity"], row["unit_points"], row["unit_money_minor"]) for row in rows] == [
        (part.quantity, part.unit_points, part.unit_money_minor) for part in split.lines
    ]
    totals = owner.execute("select * from redemptions.quote_of(1, 1, %s)", (quote_id,)).fetchone()
    assert totals is not None
    assert totals["points_full"] == full
    assert totals["total_minor"] == sum(line.quantity * line.unit_price_minor for line in lines)


@pytest.fixture(scope="module")
def owner(database: TestDatabase) -> Connection:
    return database.owner()


def _row(line: PricedLine) -> dict[str, Any]:
    return {
        "asin": "B000000000",
        "offer_id": "o",
        "title": "t",
        "image_url": None,
        "quantity": line.quantity,
        "unit_price_minor": line.unit_price_minor,
        "unit_points_full": line.unit_points_full,
        "expected_unit_price_minor": line.unit_price_minor,
        "expected_shipping_minor": 0,
        "expected_tax_minor": 0,
    }
