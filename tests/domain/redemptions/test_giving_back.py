"""Units that come to nothing after they were ordered: points, money and discount back, each event once, all exact."""

from __future__ import annotations

from threading import Barrier, Thread
from typing import Any
from uuid import UUID

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loyalty.redemptions import overview
from tests.domain.orders.deliveries import Ordered
from tests.domain.redemptions.saga import Line, Saga
from tests.domain.redemptions.test_discounts import fund, money

TOWELS = Line("B0TOWELS00", 3, 1999)
LAMP = Line("B0LAMP0000", 1, 4500)


def ordered(world: Saga, *lines: Line, points: int | None = None) -> tuple[int, UUID]:
    member_id = world.member()
    request = world.request(world.quote(member_id, *lines), points)
    world.redeem(member_id, request)
    world.run(request.redemption_id)
    return member_id, request.redemption_id


def refunds(world: Saga, redemption_id: UUID) -> list[tuple[str, int]]:
    rows = world.owner.execute(
        "select event_key, amount_minor from payments.refund where redemption_id = %s order by refund_number",
        (redemption_id,),
    ).fetchall()
    return [(row["event_key"], row["amount_minor"]) for row in rows]


def told(world: Saga, redemption_id: UUID) -> list[dict[str, Any]]:
    rows = world.owner.execute(
        "select topic, payload from outbox.event where subject = %s and topic like 'units.%%' order by lane",
        (redemption_id,),
    ).fetchall()
    return [{"topic": row["topic"], **row["payload"]} for row in rows]


def test_two_of_three_units_come_back_to_the_point_and_to_the_cent(world: Saga) -> None:
    member_id, redemption_id = ordered(world, TOWELS, LAMP, points=9000)
    lines = world.owner.execute(
        "select unit_points, unit_money_minor from redemptions.line where redemption_id = %s order by line_number",
        (redemption_id,),
    ).fetchall()
    towel = lines[0]
    before = world.balance(member_id)[0]
    assert world.give_back(redemption_id, 1, "r-1", 2) == (
        "ok",
        2 * towel["unit_points"],
        2 * towel["unit_money_minor"],
    )
    assert world.balance(member_id)[0] == before + 2 * towel["unit_points"]
    assert refunds(world, redemption_id) == [("1:r-1", 2 * towel["unit_money_minor"])]
    assert world.row(redemption_id)["state"] == "closed"
    assert world.kinds(redemption_id)[-1] == "units_returned"
    assert told(world, redemption_id) == [
        {
            "topic": "units.returned",
            "redemption_id": str(redemption_id),
            "member_id": member_id,
            "line_number": 1,
            "event_key": "r-1",
            "quantity": 2,
            "points": 2 * towel["unit_points"],
            "money_minor": 2 * towel["unit_money_minor"],
            "currency": "USD",
            "caused_by": "ours",
            "reason": "returned",
        }
    ]
    assert world.violations() == {}


def test_an_event_gives_back_once(world: Saga) -> None:
    member_id, redemption_id = ordered(world, TOWELS)
    first = world.give_back(redemption_id, 1, "c-1", 1, reason="cancelled")
    stands = world.balance(member_id)
    assert world.give_back(redemption_id, 1, "c-1", 1, reason="cancelled") == ("replay", *first[1:])
    assert world.give_back(redemption_id, 1, "c-1", 2, reason="cancelled")[0] == "key_reuse"
    assert world.give_back(redemption_id, 1, "c-1", 1, "member", "cancelled")[0] == "key_reuse"
    assert world.give_back(redemption_id, 1, "c-1", 1, reason="returned")[0] == "key_reuse"
    assert world.balance(member_id) == stands
    assert [one["topic"] for one in told(world, redemption_id)] == ["units.cancelled"]
    assert world.violations() == {}


def test_never_more_units_than_were_accepted(own_world: Saga) -> None:
    world = own_world
    world.amazon.accepts["B0TOWELS00"] = 2
    _, redemption_id = ordered(world, TOWELS, LAMP)
    assert world.give_back(redemption_id, 1, "a", 3) == ("over_accepted", None, None)
    assert world.give_back(redemption_id, 1, "b", 1)[0] == "ok"
    assert world.give_back(redemption_id, 1, "c", 2)[0] == "over_accepted"
    assert world.give_back(redemption_id, 1, "d", 1)[0] == "ok"
    assert world.give_back(redemption_id, 1, "e", 1)[0] == "over_accepted"
    assert world.give_back(redemption_id, 2, "a", 1)[0] == "ok", "another line has its own events"
    assert world.violations() == {}


def test_nothing_is_given_back_of_what_was_not_settled(world: Saga) -> None:
    member_id = world.member()
    request = world.request(world.quote(member_id, TOWELS))
    world.redeem(member_id, request)
    assert world.give_back(request.redemption_id, 1, "a", 1)[0] == "not_settled"
    assert world.give_back(world.new_key(), 1, "a", 1)[0] == "not_found"
    _, redemption_id = ordered(world, TOWELS)
    assert world.give_back(redemption_id, 2, "a", 1)[0] == "not_found"
    assert world.give_back(redemption_id, 1, "a", 1, program_id=2)[0] == "not_found"
    assert world.violations() == {}


@pytest.mark.parametrize(
    "wrong",
    [
        {"quantity": 0},
        {"quantity": -1},
        {"quantity": None},
        {"event_key": ""},
        {"event_key": "x" * 151},
        {"caused_by": "amazon"},
        {"reason": "because"},
    ],
)
def test_what_is_no_request_is_invalid(world: Saga, wrong: dict[str, Any]) -> None:
    _, redemption_id = ordered(world, TOWELS)
    request = {"line_number": 1, "event_key": "a", "quantity": 1, **wrong}
    assert world.give_back(redemption_id, **request)[0] == "invalid"


def test_without_money_only_points_and_without_points_only_money(world: Saga) -> None:
    _, all_points = ordered(world, TOWELS)
    assert world.give_back(all_points, 1, "a", 1) == ("ok", 3998, 0)
    _, all_money = ordered(world, TOWELS, points=0)
    assert world.give_back(all_money, 1, "a", 1) == ("ok", 0, 1999)
    assert refunds(world, all_money) == [("1:a", 1999)]
    assert world.violations() == {}


def test_points_that_lapsed_come_back_and_the_members_return_extends_once(own_world: Saga) -> None:
    world = own_world
    member_id, redemption_id = ordered(world, TOWELS)
    world.database.shift_clock("26 months")
    world.owner.execute("call points.ensure_partitions()")
    before = world.balance(member_id)[0]
    world.owner.execute("select points.expire_due(100, 'test')")
    assert world.balance(member_id)[0] < before
    assert world.give_back(redemption_id, 1, "a", 1, "member")[:2] == ("ok", 3998)
    assert world.balance(member_id) == (3998, 0)
    row = world.owner.execute("select points.lot_extended(key) as e from points.lot where member_id = %s", (member_id,))
    assert row.fetchone() == {"e": True}
    assert world.violations() == {}


def test_a_campaigns_discount_goes_back_into_its_budget(own_world: Saga) -> None:
    fund(own_world)
    _, redemption_id = ordered(own_world, Line("B0TOWELS00", 3, 2000, campaign="spring"), LAMP)
    assert money(own_world) == (1500, 0)
    assert own_world.give_back(redemption_id, 1, "a", 1)[0] == "ok"
    assert money(own_world) == (1000, 0)
    assert own_world.give_back(redemption_id, 2, "a", 1)[0] == "ok"
    assert own_world.give_back(redemption_id, 1, "b", 2)[0] == "ok"
    assert money(own_world) == (0, 0)
    assert own_world.violations() == {}


def test_where_the_money_could_not_be_taken_only_points_come_back(world: Saga) -> None:
    _, redemption_id = ordered(world, TOWELS, points=6000)
    with world.owner.transaction(force_rollback=True):
        world.owner.execute(
            "update redemptions.redemption set accepted_money_minor = 0, review_reason = 'money_not_captured'"
            " where redemption_id = %s",
            (redemption_id,),
        )
        status, points, cents = world.give_back(redemption_id, 1, "a", 1)
        assert (status, points, cents) == ("ok", 2000, 0)


def test_what_amazon_cancels_later_is_given_back_in_one_go_with_what_was_heard(world: Saga) -> None:
    order = Ordered(world, TOWELS, points=6000)
    before = world.balance(order.member_id)[0]
    order.hear(order.details(2, rejected={1: 2}))
    assert world.balance(order.member_id)[0] == before + 4000
    order.hear(order.details(3, rejected={1: 2}), order.details(2, rejected={1: 2}))
    assert world.balance(order.member_id)[0] == before + 4000
    assert [(one["topic"], one["quantity"]) for one in told(world, order.redemption_id)] == [("units.cancelled", 2)]
    order.hear(order.details(4, rejected={1: 3}))
    assert world.balance(order.member_id)[0] == before + 6000
    assert world.violations() == {}


def test_what_a_person_gave_back_is_not_given_back_again_when_it_is_lost(world: Saga) -> None:
    order = Ordered(world, TOWELS)
    assert world.give_back(order.redemption_id, 1, "case:1", 2, reason="not_received")[0] == "ok"
    stands = world.balance(order.member_id)[0]
    order.hear(order.details(2, rejected={1: 3}))
    assert world.balance(order.member_id)[0] == stands + 3998
    assert world.violations() == {}


def test_the_member_sees_what_came_back_and_how_its_money_goes(world: Saga) -> None:
    member_id, redemption_id = ordered(world, TOWELS, points=6000)
    world.give_back(redemption_id, 1, "a", 2)
    seen = overview.overview(world.member_api, 1, member_id, redemption_id)
    assert [one["given_back"] for one in seen["lines"]] == [2]
    (back,) = seen["given_back"]
    assert (back["line_number"], back["quantity"], back["points"], back["money_minor"], back["refund_state"]) == (
        1, 2, 4000, 1998, "pending",
    )  # fmt: skip
    assert seen["timeline"][-1]["words"] == "Returned; points and money are on their way back"


def test_what_was_given_back_stays_written(world: Saga) -> None:
    _, redemption_id = ordered(world, TOWELS)
    world.give_back(redemption_id, 1, "a", 1)
    for change in ("update redemptions.units_back set quantity = 2", "delete from redemptions.units_back"):
        with pytest.raises(psycopg.errors.RestrictViolation):
            world.owner.execute(change.encode())


def test_twins_have_one_effect_and_different_events_of_one_unit_have_one_too(world: Saga) -> None:
    member_id, redemption_id = ordered(world, LAMP, points=3000)
    start, answers = Barrier(6), list[str]()

    def call(event: str) -> None:
        with world.database.owner() as connection:
            start.wait()
            row = connection.execute(
                "select status from redemptions.give_back(1, %s, 1, %s, 1, 'ours', 'returned', 'test')",
                (redemption_id, event),
            ).fetchone()
            assert row is not None
            answers.append(row["status"])

    threads = [Thread(target=call, args=(event,)) for event in ("a", "a", "a", "b", "b", "b")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == ["ok", *["over_accepted"] * 3, *["replay"] * 2]
    assert world.balance(member_id)[0] == 100_000
    assert refunds(world, redemption_id) in ([("1:a", 3000)], [("1:b", 3000)])
    assert world.violations() == {}


@settings(max_examples=25, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(
    prices=st.lists(st.tuples(st.integers(1, 4), st.integers(1, 9999)), min_size=1, max_size=3),
    share=st.integers(0, 100),
    events=st.lists(
        st.tuples(
            st.integers(1, 3), st.integers(0, 4), st.integers(1, 3), st.sampled_from(["member", "ours"]),
            st.sampled_from(["cancelled", "returned"]),
        ),
        max_size=12,
    ),
)  # fmt: skip
def test_any_sequence_of_cancellations_and_returns_sums_exactly_to_what_was_charged(
    world: Saga, prices: list[tuple[int, int]], share: int, events: list[tuple[int, int, int, str, str]]
) -> None:
    """I14."""
    lines = [Line(f"B{number:09}", quantity, price) for number, (quantity, price) in enumerate(prices)]
    full = sum(line.quantity * line.unit_points_full for line in lines)
    member_id, redemption_id = ordered(world, *lines, points=full * share // 100)
    charged = world.row(redemption_id)
    spent = 100_000 - world.balance(member_id)[0]
    assert spent == charged["accepted_points"]
    points, cents, left = 0, 0, {number: line.quantity for number, line in enumerate(lines, 1)}
    done: dict[tuple[int, int], tuple[int, str, str]] = {}
    for line_number, event, quantity, caused_by, reason in events:
        status, some_points, some_cents = world.give_back(
            redemption_id, line_number, str(event), quantity, caused_by, reason
        )
        if (line_number, event) in done:
            same = done[line_number, event] == (quantity, caused_by, reason)
            assert status == ("replay" if same else "key_reuse")
        elif line_number not in left:
            assert status == "not_found"
        elif quantity > left[line_number]:
            assert status == "over_accepted"
        else:
            assert status == "ok"
            assert some_points is not None and some_cents is not None  # noqa: PT018
            done[line_number, event] = (quantity, caused_by, reason)
            left[line_number] -= quantity
            points, cents = points + some_points, cents + some_cents
    for line_number, quantity in left.items():
        if quantity:
            _, some_points, some_cents = world.give_back(redemption_id, line_number, "rest", quantity)
            assert some_points is not None and some_cents is not None  # noqa: PT018
            points, cents = points + some_points, cents + some_cents
    assert (points, cents) == (charged["accepted_points"], charged["accepted_money_minor"])
    assert world.balance(member_id)[0] == 100_000
    assert sum(amount for _, amount in refunds(world, redemption_id)) == charged["accepted_money_minor"]
    assert world.violations() == {}
