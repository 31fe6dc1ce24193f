"""What the canary redeems comes back whole, however it ended and whoever notices."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

import psycopg
import pytest

from loyalty.canary import reversing
from loyalty.database import Connection
from tests.conftest import TestDatabase
from tests.domain.redemptions.saga import Line, Saga, saga

CANARY = 2
LAMP = Line("B0LAMP0000", 2, 450)


@pytest.fixture
def world(database: TestDatabase) -> Iterator[Saga]:
    with saga(database) as made:
        yield made


@pytest.fixture
def canary(world: Saga) -> Iterator[Connection]:
    with world.database.connect("canary") as connection:
        yield connection


def member(world: Saga, canary: Connection, points: int = 10_000) -> tuple[int, int]:
    """The flagged member of a sign-in of this test's own, and its points."""
    prepared = reversing.prepare(canary, f"visitor-{next(world.numbers)}", points)
    assert prepared.program_id == CANARY
    world.address(prepared.member_id, program_id=CANARY)
    return prepared.member_id, prepared.available


def redeemed(world: Saga, member_id: int, *, run: bool = True) -> UUID:
    request = world.request(world.quote(member_id, LAMP, program_id=CANARY), program_id=CANARY)
    world.redeem(member_id, request, CANARY)
    if run:
        world.run(request.redemption_id, program_id=CANARY)
        assert world.row(request.redemption_id)["outcome"] == "completed"
    return request.redemption_id


def test_the_canary_has_one_membership_a_sign_in_and_always_points(world: Saga, canary: Connection) -> None:
    subject = f"visitor-{next(world.numbers)}"
    one = reversing.prepare(canary, subject, 5_000)
    again = reversing.prepare(canary, subject, 5_000)
    assert (one.member_id, one.available) == (again.member_id, again.available) == (one.member_id, 5_000)
    more = reversing.prepare(canary, subject, 6_000)
    assert (more.member_id, more.available) == (one.member_id, 11_000)
    assert one.key.version == again.key.version == 7
    assert one.key != again.key


def test_a_trial_that_went_through_costs_points_until_it_is_reversed_and_none_after(
    world: Saga, canary: Connection
) -> None:
    member_id, points = member(world, canary)
    redemption_id = redeemed(world, member_id)
    assert world.balance(member_id, CANARY) == (points - 1_800, 0)
    assert [reversing.reverse(canary, redemption_id) for _ in range(3)] == ["reversed"] * 3
    assert world.balance(member_id, CANARY) == (points, 0)
    back = world.owner.execute(
        "select sum(points)::int as points, sum(money_minor)::int as money from redemptions.units_back"
        " where redemption_id = %s",
        (redemption_id,),
    ).fetchone()
    assert back == {"points": 1_800, "money": 0}


def test_what_was_never_ordered_is_cancelled(world: Saga, canary: Connection) -> None:
    member_id, points = member(world, canary)
    redemption_id = redeemed(world, member_id, run=False)
    assert reversing.reverse(canary, redemption_id) == "cancelled"
    world.run(redemption_id, program_id=CANARY)
    assert world.balance(member_id, CANARY) == (points, 0)
    assert reversing.reverse(canary, redemption_id) == "reversed"


def test_what_is_being_ordered_is_waited_for_and_not_longer(world: Saga, canary: Connection) -> None:
    member_id, _ = member(world, canary)
    redemption_id = redeemed(world, member_id, run=False)
    world.owner.execute(
        "update redemptions.redemption set state = 'ordering' where redemption_id = %s", (redemption_id,)
    )
    passed = iter(range(100))
    slept: list[float] = []
    status = reversing.reverse(canary, redemption_id, 3, monotonic=lambda: float(next(passed)), sleep=slept.append)
    assert (status, slept) == ("waiting", [1.0, 1.0])


def test_nothing_of_a_real_programme_is_reversed(world: Saga, canary: Connection) -> None:
    member_id = world.member()
    request = world.request(world.quote(member_id, LAMP))
    world.redeem(member_id, request)
    world.run(request.redemption_id)
    before = world.balance(member_id)
    assert reversing.reverse(canary, request.redemption_id) == "not_found"
    assert world.balance(member_id) == before


def test_what_a_canary_that_died_left_is_found_by_the_sweeper_once(own_world: Saga) -> None:
    world = own_world
    with world.database.connect("canary") as canary, world.database.connect("sweeper") as sweeper:
        member_id, points = member(world, canary)
        ordered, left = redeemed(world, member_id), redeemed(world, member_id, run=False)
        assert reversing.sweep(sweeper) == 0, "whoever redeemed may still be at it"
        world.database.shift_clock("11 minutes")
        assert reversing.sweep(sweeper) == 2
        assert reversing.sweep(sweeper) == 0
        world.run(left, program_id=CANARY)
        assert world.balance(member_id, CANARY) == (points, 0)
        assert world.row(ordered)["outcome"] == "completed"


def test_only_the_canarys_programme_has_flagged_members(world: Saga) -> None:
    somebody = world.member()
    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        world.owner.execute(
            "insert into canary.member (program_id, member_id, since) values (1, %s, clock.now())", (somebody,)
        )


def test_what_keeps_thieves_out_does_not_keep_the_canary_out(world: Saga, canary: Connection) -> None:
    """It redeems all day: a limit for the day would be passed, and nobody reads its codes."""
    from loyalty.programme import publishing, reading

    document = reading.current(world.owner, CANARY)
    stricter = document.document.model_dump(mode="json")
    stricter["points"]["held_daily_limit"] = 1
    stricter["screening"] = {
        "rules": [{"code": "large", "when": "points_spent", "over": 1, "hours": 24, "action": "step_up"}]
    }
    from loyalty.programme.document import Programme

    publishing.publish(
        world.owner,
        CANARY,
        Programme.model_validate(stricter, strict=False),
        based_on=document.version,
        actor="test",
        why="test",
    )
    member_id, _ = member(world, canary)
    redeemed(world, member_id)


@pytest.fixture
def own_world(fresh_database: TestDatabase) -> Iterator[Saga]:
    with saga(fresh_database) as made:
        yield made
