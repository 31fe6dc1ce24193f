"""What the ledger did is told once, digests by the day, and every lot that will lapse is warned of in time."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from loyalty.database import Connection
from loyalty.notifications import noticing
from tests.domain.notifications.conftest import World
from tests.waiting import others_end


def notice(world: World, *, waits: bool = True) -> dict[str, int]:
    if waits:
        others_end(world.owner)
    with world.database.connect("points_notices") as connection:
        return noticing.notice(connection, 20)


def adjust(world: World, member: int, amount: int) -> None:
    world.owner.execute(
        "select points.adjust(1, %s, clock.new_id(), %s, (clock.now() + interval '1 year')::date, 'goodwill',"
        " sha256('x'), 'ann', 'bob')",
        (member, amount),
    )


def redeemed(world: World, member: int, amount: int, settled: int) -> None:
    row = world.owner.execute(
        "select op_id from points.hold(1, %s, clock.new_id(), %s, clock.now() + interval '1 day', sha256('x'), 't')",
        (member, amount),
    ).fetchone()
    assert row is not None
    world.owner.execute("select points.settle(1, %s, clock.new_id(), %s, %s, 't')", (member, row["op_id"], settled))
    if amount > settled:
        world.owner.execute(
            "select points.release(1, %s, clock.new_id(), %s, %s, 'ours', 30, 't')",
            (member, row["op_id"], amount - settled),
        )


def test_what_was_earned_in_a_day_is_one_message_the_next_morning(world: World) -> None:
    member = world.member(points=100)
    world.earn(member, 50)
    notice(world)
    world.earn(member, 25)
    notice(world)
    assert [event.topic for event in world.said()] == [], "the day is not over"
    world.later("1 day")
    world.later("9 hours")
    world.earn(member, 1)
    notice(world)
    notice(world)
    (event,) = [event for event in world.said() if event.topic == "points.earned"]
    assert event.payload["amount"] == 175
    world.tell(event)
    assert world.email.letters[0].subject == "You earned 175 points"


def test_more_members_than_one_piece_holds_are_told_in_one_run(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(noticing, "DIGESTS", 2)
    members = {world.member(points=100) for _ in range(5)}
    notice(world)
    world.later("2 days")
    assert notice(world)["digests"] == 5
    assert {event.member_id for event in world.said() if event.topic == "points.earned"} == members


def test_what_was_there_before_is_not_told(world: World) -> None:
    member = world.member(points=100)
    world.owner.execute("update notifications.journal_mark set below = pg_snapshot_xmin(pg_current_snapshot())")
    world.later("2 days")
    notice(world)
    assert [event for event in world.said() if event.member_id == member and event.topic == "points.earned"] == []


def test_a_correction_is_told_with_its_sign_and_once(world: World) -> None:
    member = world.member(points=1_000)
    adjust(world, member, 300)
    adjust(world, member, -120)
    for _ in range(3):
        notice(world)
    told = [event for event in world.said() if event.topic == "points.adjusted"]
    assert [event.payload["amount"] for event in told] == [300, -120]


def test_redeemed_and_returned_points_are_told_by_operation(world: World) -> None:
    member = world.member(points=1_000)
    redeemed(world, member, 400, 250)
    notice(world)
    assert Counter({event.topic: event.payload["amount"] for event in world.said()}) == Counter(
        {"points.redeemed": 250, "points.returned": 150}
    )


def test_four_at_once_tell_everything_once(world: World) -> None:
    members = [world.member(points=100, days=6) for _ in range(12)]
    for member in members:
        adjust(world, member, 10)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: notice(world), range(4)))
    notice(world)
    told = Counter((event.topic, event.member_id) for event in world.said())
    assert set(told.values()) == {1}
    assert {who for topic, who in told if topic == "points.adjusted"} == set(members)


def test_a_transaction_that_ends_late_is_not_missed(world: World) -> None:
    early, late = world.member(points=10), world.member(points=10)
    with world.database.owner() as slow, slow.transaction():
        slow.execute(
            "select points.adjust(1, %s, clock.new_id(), 5, (clock.now() + interval '1 year')::date, 'goodwill',"
            " sha256('x'), 'ann', 'bob')",
            (late,),
        )
        adjust(world, early, 7)
        notice(world, waits=False)
    notice(world)
    told = {event.member_id: event.payload["amount"] for event in world.said() if event.topic == "points.adjusted"}
    assert told == {early: 7, late: 5}


def warnings(world: World) -> list[tuple[int, int, int]]:
    notice(world)
    return sorted(
        (event.member_id, event.payload["stage"], event.payload["amount"])
        for event in world.said()
        if event.topic == "points.expiring"
    )


def test_a_lot_is_warned_of_60_30_and_7_days_before_and_each_time_once(world: World) -> None:
    world.member(points=900, days=100)
    assert warnings(world) == []
    told = []
    for left in range(99, -1, -1):
        world.later("1 day")
        told += [(left, stage, amount) for _, stage, amount in warnings(world)]
    assert told == [(60, 60, 900), (30, 30, 900), (7, 7, 900)]


def test_whoever_slept_through_the_early_stages_warns_once_of_the_nearest(world: World) -> None:
    member = world.member(points=900, days=5)
    assert warnings(world) == [(member, 7, 900)]
    assert warnings(world) == []


def test_the_walk_goes_on_where_it_stopped_and_looks_at_everybody_but_the_canary(world: World) -> None:
    members = [world.member(points=10, days=3) for _ in range(7)]
    for _ in range(3):
        world.member(points=10, days=3, program_id=2)
    with world.database.connect("points_notices") as connection:
        for _ in range(40):
            row = connection.execute("select notifications.warn_expiring(2) as looked").fetchone()
            assert row is not None
            assert row["looked"] <= 2
            if row["looked"] == 0:
                break
    told = [event.member_id for event in world.said() if event.topic == "points.expiring"]
    assert sorted(told) == sorted(members)


def unwarned(world: World) -> list[tuple[str, str]]:
    with world.database.connect("manager_api") as connection:
        rows = connection.execute("select * from notifications.unwarned(1, 100)").fetchall()
    return [(row["member_number"], row["why"]) for row in rows]


def feedback(world: World, outcome: str) -> None:
    with world.database.connect("notification_feedback") as connection:
        for row in world.owner.execute(
            "select message_id from notifications.message where channel = 'email'"
        ).fetchall():
            connection.execute("select notifications.came_back(1, %s, %s)", (row["message_id"], outcome))


class TestTheListOfLotsNobodyWasWarnedOf:
    def test_does_not_name_who_got_the_warning(self, world: World) -> None:
        world.member(points=10, days=20)
        notice(world)
        assert unwarned(world) == [], "it is on its way"
        world.deliver()
        feedback(world, "delivered")
        world.later("25 hours")
        assert unwarned(world) == []

    def test_names_who_has_no_mailbox_any_more(self, world: World) -> None:
        world.member(points=10, days=20)
        notice(world)
        world.deliver()
        feedback(world, "bounced")
        assert unwarned(world) == [("N1", "bounced")]

    def test_names_who_does_not_want_to_hear_of_points(self, world: World) -> None:
        member = world.member(points=10, days=20)
        choice = '[{"channel": "email", "kind": "points", "wanted": false}]'
        world.owner.execute("select notifications.choose(1, %s, %s, 'member')", (member, choice))
        notice(world)
        world.deliver()
        assert unwarned(world) == [("N1", "not_wanted")]

    def test_names_who_was_lost_on_the_way(self, world: World) -> None:
        world.member(points=10, days=20)
        notice(world)
        list(world.said())
        world.later("25 hours")
        assert unwarned(world) == [("N1", "not_told_yet")]

    def test_forgets_who_has_spent_the_points_and_what_has_lapsed(self, world: World) -> None:
        spent = world.member(points=10, days=20)
        world.member(points=10, days=20)
        notice(world)
        list(world.said())
        world.later("25 hours")
        assert len(unwarned(world)) == 2
        redeemed(world, spent, 10, 10)
        assert unwarned(world) == [("N2", "not_told_yet")]
        world.later("60 days")
        assert unwarned(world) == []


def standing(connection: Connection) -> noticing.Standing:
    return noticing.standing(connection)


def test_operators_see_lots_that_lapse_within_a_week_unwarned(world: World) -> None:
    world.member(points=10, days=20)
    notice(world)
    list(world.said())
    world.later("25 hours")
    with world.database.connect("points_notices") as connection:
        assert standing(connection).unwarned == 0
        world.later("14 days")
        assert standing(connection).unwarned == 1
