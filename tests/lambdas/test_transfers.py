"""Giving points away at the door: only where the programme says so, once, and without learning who is a member."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.domain.people import Somebody, changed_points
from tests.lambdas.conftest import Answer, Doors, member_token


@pytest.fixture
def generous(doors: Doors) -> Doors:
    """A programme whose members may give each other 500 points a day."""
    with doors.database.owner() as owner:
        changed_points(owner, transfers_enabled=True, transfer_daily_limit=500)
    return doors


def earn(doors: Doors, member: Somebody, points: int) -> None:
    with doors.database.owner() as owner:
        owner.execute(
            "select points.accrue(1, %s, clock.new_id(), %s, null, clock.now(), 'shop', clock.new_id()::text,"
            " 'shop', 0, 'x', 'test')",
            (member.member_id, points),
        )


def new_key(doors: Doors) -> str:
    with doors.database.owner() as owner:
        row = owner.execute("select clock.new_id()::text as id").fetchone()
    assert row is not None
    return str(row["id"])


def give(doors: Doors, giver: Somebody, number: str, points: object, key: str | None = None) -> Answer:
    return doors(
        "member_api", "POST", "/transfers", {"member_number": number, "points": points},
        token=member_token(giver.subject), headers={"Idempotency-Key": key or new_key(doors)},
    )  # fmt: skip


def available(doors: Doors, member: Somebody) -> int:
    return int(doors("member_api", "GET", "/me/balance", token=member_token(member.subject)).body["available"])


def limit(doors: Doors, member: Somebody) -> object:
    return doors("member_api", "GET", "/me", token=member_token(member.subject)).body["transfer_daily_limit"]


def test_a_member_gives_points_once_however_often_it_is_asked(
    generous: Doors, somebody: Callable[..., Somebody]
) -> None:
    jane, joe, key = somebody(claimed=True), somebody(claimed=True), new_key(generous)
    assert limit(generous, jane) == 500
    earn(generous, jane, 100)
    for replayed in (False, True):
        answer = give(generous, jane, joe.number, 30, key)
        assert answer.status == 201
        assert answer.body == {"transfer_id": key, "points": 30, "available": 70, "replayed": replayed}
    assert give(generous, jane, joe.number, 31, key).body["code"] == "key-reuse"
    assert (available(generous, jane), available(generous, joe)) == (70, 30)
    lines = generous("member_api", "GET", "/me/statement?kind=transfer", token=member_token(joe.subject)).body["lines"]
    assert [(line["kind"], line["amount"], line["reference"]) for line in lines] == [("transfer", 30, None)]
    document = generous("member_api", "GET", "/me/statement/download", token=member_token(joe.subject)).body
    assert {row["actor"] for row in document["rows"]} == {"ledger"}


def test_each_no_is_told_by_its_name(generous: Doors, somebody: Callable[..., Somebody]) -> None:
    jane, joe, blocked = somebody(claimed=True), somebody(claimed=True), somebody(claimed=True)
    earn(generous, jane, 1000)
    with generous.database.owner() as owner:
        owner.execute("update members.member set state = 'blocked' where member_id = %s", (blocked.member_id,))
    codes = {
        "same-member": give(generous, jane, jane.number, 1),
        "no-such-member": give(generous, jane, "nobody", 1),
        "over-limit": give(generous, jane, joe.number, 501),
        "insufficient-points": give(generous, joe, jane.number, 1),
        "member-blocked": give(generous, blocked, jane.number, 1),
        "key-time": give(generous, jane, joe.number, 1, "01800000-0000-7000-8000-000000000000"),
    }
    assert {code: answer.body["code"] for code, answer in codes.items()} == {code: code for code in codes}
    assert give(generous, jane, blocked.number, 1).body == codes["no-such-member"].body
    for points in (0, -1, 1.5, "1", True, 2**53):
        assert give(generous, jane, joe.number, points).status == 400
    assert give(generous, jane, joe.number, 1, "no-key").status == 400
    assert available(generous, jane) == 1000


def test_where_it_is_off_nobody_learns_who_is_a_member(doors: Doors, somebody: Callable[..., Somebody]) -> None:
    with doors.database.owner() as owner:
        changed_points(owner, transfers_enabled=False)
    jane, joe = somebody(claimed=True), somebody(claimed=True)
    assert limit(doors, jane) is None
    earn(doors, jane, 100)
    answers = [give(doors, jane, number, 1) for number in (joe.number, jane.number, "nobody")]
    assert [answer.status for answer in answers] == [403] * 3
    assert len({str(answer.body) for answer in answers}) == 1
