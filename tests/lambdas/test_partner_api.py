"""Partners at the door: members and purchases, each partner with references of its own."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from tests.domain.people import Somebody
from tests.lambdas.conftest import Answer, Doors, partner_token

WRITER = partner_token("loyalty/accruals.write")


def buy(doors: Doors, member: Somebody, reference: str, token: dict[str, str] = WRITER, **change: Any) -> Answer:
    purchase = {
        "partner_reference": reference,
        "member_number": member.number,
        "spend_minor": 10_00,
        "currency": "USD",
        "category": "Dairy",
        "occurred_at": "2026-06-01T12:00:00Z",
    }
    return doors("partner_api", "POST", "/accruals", purchase | change, token=token)


def test_a_partner_brings_members_only_with_that_scope(doors: Doors) -> None:
    body = {"member_number": f"P{uuid.uuid4().hex[:8]}", "email": "p@example.com", "country": "US"}
    assert doors("partner_api", "POST", "/members", body, token=WRITER).status == 403
    token = partner_token("loyalty/members.write")
    assert doors("partner_api", "POST", "/members", body, token=token).status == 201
    assert buy(doors, Somebody(1, 0, body["member_number"], "", ""), "x", token).status == 403


def test_two_partners_references_never_meet(doors: Doors, somebody: Callable[..., Somebody]) -> None:
    jane, reference = somebody(), str(uuid.uuid4())
    other = partner_token("loyalty/accruals.write", client="partner2")
    for token in (WRITER, other):
        answer = buy(doors, jane, reference, token)
        assert (answer.status, answer.body["points"], answer.body["replayed"]) == (201, 100, False)
    assert buy(doors, jane, reference, spend_minor=20_00).status == 409


def test_a_registered_partner_goes_by_its_name(doors: Doors, somebody: Callable[..., Somebody]) -> None:
    jane, reference = somebody(), str(uuid.uuid4())
    buy(doors, jane, reference)
    with doors.database.owner() as owner:
        row = owner.execute("select partner from points.accrual where partner_reference = %s", (reference,)).fetchone()
        assert row == {"partner": "partner-partner1"}
        owner.execute("insert into programme.partner(program_id, client_id, partner) values (1, 'partner2', 'grocer')")
        buy(doors, jane, reference, partner_token("loyalty/accruals.write", client="partner2"))
        rows = owner.execute(
            "select partner from points.accrual where partner_reference = %s order by 1", (reference,)
        ).fetchall()
    assert [row["partner"] for row in rows] == ["grocer", "partner-partner1"]


def test_a_return_is_partial_and_said_twice_counts_once(doors: Doors, somebody: Callable[..., Somebody]) -> None:
    jane, reference = somebody(), str(uuid.uuid4())
    buy(doors, jane, reference)
    path = f"/accruals/{reference}/reversals"
    half = {"reversal_reference": "r1", "spend_minor": 5_00, "original_spend_minor": 10_00}
    for replayed in (False, True):
        answer = doors("partner_api", "POST", path, half, token=WRITER)
        assert (answer.status, answer.body["points"], answer.body["replayed"]) == (201, 50, replayed)
    for wrong in (
        {"reversal_reference": "r2"},
        {"reversal_reference": "r2", "points": 5, "spend_minor": 5, "original_spend_minor": 10},
        {"reversal_reference": "r2", "spend_minor": 5},
        {"reversal_reference": "r2", "spend_minor": 11, "original_spend_minor": 10},
        {"reversal_reference": "r2", "points": 0},
    ):
        assert doors("partner_api", "POST", path, wrong, token=WRITER).status == 400
    assert doors("partner_api", "POST", path, {"reversal_reference": "r3", "points": 51}, token=WRITER).status == 409
    gone = doors(
        "partner_api", "POST", "/accruals/none/reversals", {"reversal_reference": "r", "points": 1}, token=WRITER
    )
    assert gone.status == 404


def test_a_partner_releases_only_its_own_purchases(doors: Doors, somebody: Callable[..., Somebody]) -> None:
    jane, reference = somebody(), str(uuid.uuid4())
    buy(doors, jane, reference)
    with doors.database.owner() as owner:
        owner.execute(
            "select points.accrue(1, %s, clock.new_id(), 40, null, clock.now(), 'partner-partner1', %s, 'shop', 0, 'x',"
            " 'test', clock.now() + interval '9 days')",
            (jane.member_id, f"{reference}-2"),
        )
    other = partner_token("loyalty/accruals.write", client="partner2")
    path = f"/accruals/{reference}-2/release"
    assert doors("partner_api", "POST", path, token=other).body["code"] == "no-such-accrual"
    for replayed in (False, True):
        answer = doors("partner_api", "POST", path, token=WRITER)
        assert (answer.status, answer.body["points"], answer.body["replayed"]) == (200, 40, replayed)
    nothing = doors("partner_api", "POST", f"/accruals/{reference}/release", token=WRITER)
    assert (nothing.status, nothing.body["points"]) == (200, 0)
    assert doors("partner_api", "POST", path, token=partner_token("loyalty/members.write")).status == 403
