"""A member opens cases about what is his, says more, and takes them back; staff see what waits, overdue first."""

from __future__ import annotations

from collections.abc import Callable
from threading import Barrier, Thread
from typing import Any
from uuid import UUID

import psycopg
import pytest

from loyalty.casework import asking, deciding
from loyalty.casework.asking import Purchase, Units
from loyalty.refusal import Refusal
from tests.domain.cases.conftest import OLGA, SAM, SUE, Desk


def code(call: Callable[[], object]) -> str:
    """The code of the refusal that a call raises."""
    with pytest.raises(Refusal) as refused:
        call()
    return refused.value.code


def waiting(desk: Desk, **filters: Any) -> list[dict[str, Any]]:
    wanted = {"state": "waiting", "kind": None, "owner": None, "after": None, "page_size": 200} | filters
    return deciding.queue(desk.manager_api, 1, **wanted)


def test_a_case_is_opened_once_and_waits_in_the_queue(desk: Desk) -> None:
    member_id, redemption_id = desk.ordered()
    key, units = desk.world.new_key(), Units(redemption_id, 1, 2)
    for _ in range(2):
        asking.open_case(desk.world.member_api, 1, member_id, key, "damaged", units, "It is broken.")
    assert code(
        lambda: asking.open_case(desk.world.member_api, 1, member_id, key, "damaged", units, "It is lost.")
    ) == ("key-reuse")
    other = desk.world.member()
    assert code(lambda: asking.open_case(desk.world.member_api, 1, other, key, "damaged", units, "It is broken.")) == (
        "key-reuse"
    )
    seen = asking.one(desk.world.member_api, 1, member_id, key)
    assert (seen["state"], seen["quantity"], [m["text"] for m in seen["messages"]]) == ("open", 2, ["It is broken."])
    assert (seen["title"], seen["messages"][0]["actor"]) == ("Thing B0TOWELS00", None)
    (row,) = [row for row in waiting(desk) if row["case_id"] == key]
    assert (row["kind"], row["state"], row["overdue"], row["owner"]) == ("damaged", "open", False, None)
    assert desk.told(key) == ["case.opened"]
    assert desk.broken() == {}


def test_nothing_that_was_said_leaves_the_case(desk: Desk) -> None:
    _, _, case_id = desk.about_an_order()
    with desk.world.database.owner() as owner:
        rows = owner.execute(
            "select payload::text as said from outbox.event where subject = %(id)s union all select detail::text from"
            " casework.event where case_id = %(id)s union all select evidence::text from casework.case"
            " where case_id = %(id)s",
            {"id": case_id},
        ).fetchall()
    assert len(rows) == 3
    assert not [row for row in rows if "broken" in row["said"]]


def test_a_case_is_about_what_the_member_has(desk: Desk) -> None:
    member_id, redemption_id = desk.ordered()
    stranger, _ = desk.ordered()
    held = desk.world.request(desk.world.quote(member_id))
    desk.world.redeem(member_id, held)
    refused = {
        "somebody else's": lambda: desk.open(stranger, Units(redemption_id, 1, 1)),
        "another line": lambda: desk.open(member_id, Units(redemption_id, 2, 1)),
        "not ordered yet": lambda: desk.open(member_id, Units(held.redemption_id, 1, 1)),
        "nobody's": lambda: desk.open(member_id, Units(desk.world.new_key(), 1, 1)),
    }
    assert {why: code(call) for why, call in refused.items()} == dict.fromkeys(refused, "no-such-order")
    assert code(lambda: desk.open(member_id, Units(redemption_id, 1, 4))) == "too-many-units"
    assert code(lambda: desk.open(member_id, Purchase("shop", "1", None), "damaged")) == "invalid"
    assert code(lambda: desk.open(member_id, Units(redemption_id, 1, 1), "missing_points")) == "invalid"
    old = UUID("01800000-0000-7000-8000-000000000000")
    about = Units(redemption_id, 1, 1)
    assert code(lambda: asking.open_case(desk.world.member_api, 1, member_id, old, "other", about, "x")) == "key-time"


def test_one_case_at_a_time_about_the_same_and_twenty_in_all(desk: Desk) -> None:
    member_id, redemption_id, case_id = desk.about_an_order()
    assert code(lambda: desk.open(member_id, Units(redemption_id, 1, 1))) == "already-open"
    desk.open(member_id, Units(redemption_id, 1, 1), "wrong_item")
    asking.withdraw(desk.world.member_api, 1, member_id, case_id)
    desk.open(member_id, Units(redemption_id, 1, 1))
    for number in range(18):
        desk.open(member_id, Purchase("shop", f"bill {number}", None), "missing_points")
    assert code(lambda: desk.open(member_id, Purchase("shop", "one more", None), "missing_points")) == "too-many-cases"


def test_twins_open_one_case(desk: Desk) -> None:
    member_id, redemption_id = desk.ordered()
    start, answers = Barrier(4), list[str]()

    def call() -> None:
        with desk.world.database.connect("member_api") as connection:
            key = desk.world.database.owner().execute("select clock.new_id() as id").fetchone()
            assert key is not None
            start.wait()
            try:
                about = Units(redemption_id, 1, 1)
                asking.open_case(connection, 1, member_id, key["id"], "damaged", about, "It is broken.")
                answers.append("opened")
            except Refusal as refused:
                answers.append(refused.code)

    threads = [Thread(target=call) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == ["already-open"] * 3 + ["opened"]


def test_both_sides_say_more_until_it_is_over(desk: Desk) -> None:
    member_id, _, case_id = desk.about_an_order()
    key = desk.world.new_key()
    for _ in range(2):
        deciding.answer(desk.manager_api, 1, case_id, key, "Send us a photo.", SUE)
    asking.say(desk.world.member_api, 1, member_id, case_id, "Here it is.")
    seen = deciding.one(desk.manager_api, 1, case_id)
    assert [(one["author"], one["actor"]) for one in seen["messages"]] == [
        ("member", f"member:{member_id}"), ("staff", "staff:sue"), ("member", f"member:{member_id}"),
    ]  # fmt: skip
    assert desk.told(case_id) == ["case.opened", "case.message"]
    (listed,) = asking.listed(desk.world.member_api, 1, member_id, None, 10)
    assert (listed["case_id"], listed["answers"]) == (case_id, 1)
    desk.decide(case_id, "refuse", reason="No.")
    assert code(lambda: asking.say(desk.world.member_api, 1, member_id, case_id, "But!")) == "case-closed"
    assert code(lambda: deciding.answer(desk.manager_api, 1, case_id, desk.world.new_key(), "No!", SUE)) == "over"
    stranger = desk.world.member()
    assert code(lambda: asking.say(desk.world.member_api, 1, stranger, case_id, "Me?")) == "no-such-case"
    assert code(lambda: asking.one(desk.world.member_api, 1, stranger, case_id)) == "no-such-case"


def test_an_answer_is_known_by_its_key_also_when_something_was_said_in_between(desk: Desk) -> None:
    member_id, _, case_id = desk.about_an_order()
    key = desk.world.new_key()
    deciding.answer(desk.manager_api, 1, case_id, key, "Thank you.", SUE)
    asking.say(desk.world.member_api, 1, member_id, case_id, "And now?")
    deciding.answer(desk.manager_api, 1, case_id, key, "Thank you.", SUE)
    assert len(deciding.one(desk.manager_api, 1, case_id)["messages"]) == 3
    deciding.answer(desk.manager_api, 1, case_id, desk.world.new_key(), "Thank you.", SUE)
    assert len(deciding.one(desk.manager_api, 1, case_id)["messages"]) == 4
    assert code(lambda: deciding.answer(desk.manager_api, 1, case_id, key, "Thanks!", SUE)) == "key-reuse"
    old = UUID("01800000-0000-7000-8000-000000000000")
    assert code(lambda: deciding.answer(desk.manager_api, 1, case_id, old, "Thanks!", SUE)) == "key-time"


def test_what_is_taken_back_ends_and_nothing_is_decided_of_it(desk: Desk) -> None:
    member_id, _, case_id = desk.about_an_order()
    stranger = desk.world.member()
    assert code(lambda: asking.withdraw(desk.world.member_api, 1, stranger, case_id)) == "no-such-case"
    for _ in range(2):
        asking.withdraw(desk.world.member_api, 1, member_id, case_id)
    assert code(lambda: desk.decide(case_id, "refund_without_return")) == "not-open"
    assert [kind for kind, _ in desk.history(case_id)] == ["opened", "withdrawn"]
    _, _, decided = desk.about_an_order()
    owner_id = desk.row(decided)["member_id"]
    desk.decide(decided, "refuse", reason="No.")
    assert code(lambda: asking.withdraw(desk.world.member_api, 1, owner_id, decided)) == "case-closed"
    assert desk.broken() == {}


def test_goods_on_their_way_back_are_kept_by_a_withdrawal(desk: Desk) -> None:
    member_id, _, case_id = desk.about_an_order()
    desk.label(case_id)
    desk.decide(case_id, "return_with_label")
    asking.withdraw(desk.world.member_api, 1, member_id, case_id)
    assert code(lambda: deciding.receive_return(desk.manager_api, 1, case_id, None, SUE)) == "not-open"
    assert desk.broken() == {}


def test_a_proposal_that_was_taken_back_cannot_be_approved(own_desk: Desk) -> None:
    own_desk.policy(refund_limit_points=0)
    member_id, _, case_id = own_desk.about_an_order()
    assert own_desk.decide(case_id, "refund_without_return") == "approval"
    asking.withdraw(own_desk.world.member_api, 1, member_id, case_id)
    assert code(lambda: own_desk.approve(case_id)) == "not-open"
    assert own_desk.broken() == {}


def test_a_case_past_its_deadline_comes_first_and_is_counted(own_desk: Desk) -> None:
    desk = own_desk
    desk.policy(answer_hours=24)
    _, _, early = desk.about_an_order()
    desk.world.database.shift_clock("23 hours")
    _, _, late = desk.about_an_order()
    overdue = "select casework.overdue() as n"
    with desk.world.database.connect("sweeper") as sweeper:
        assert sweeper.execute(overdue).fetchone() == {"n": 0}
        desk.world.database.shift_clock("2 hours")
        assert sweeper.execute(overdue).fetchone() == {"n": 1}
    assert [(row["case_id"], row["overdue"]) for row in waiting(desk)] == [(early, True), (late, False)]
    desk.decide(early, "refuse", reason="No.")
    assert [row["case_id"] for row in waiting(desk)] == [late]
    assert [row["case_id"] for row in waiting(desk, state=None)] == [late, early]


def test_the_queue_is_filtered_and_paged(own_desk: Desk) -> None:
    desk = own_desk
    opened = [desk.about_an_order()[2] for _ in range(3)] + [desk.about_a_purchase()[1]]
    deciding.assign(desk.manager_api, 1, opened[1], SUE.actor, SUE)
    assert [row["case_id"] for row in waiting(desk, kind="missing_points")] == opened[3:]
    assert [row["case_id"] for row in waiting(desk, owner=SUE.actor)] == [opened[1]]
    assert [row["case_id"] for row in waiting(desk, owner="")] == [opened[0], *opened[2:]]
    first = waiting(desk, page_size=3)
    assert [row["case_id"] for row in first] == opened[:3]
    assert [row["case_id"] for row in waiting(desk, after=first[-1]["case_id"])] == opened[3:]
    assert deciding.queue(
        desk.manager_api, 2, state=None, kind=None, owner=None, after=None, page_size=9
    ) == []  # fmt: skip
    deciding.assign(desk.manager_api, 1, opened[1], None, SAM)
    assert waiting(desk, owner=SUE.actor) == []
    assert [kind for kind, _ in desk.history(opened[1])] == ["opened", "assigned", "assigned"]


def test_tickets_of_rooms_are_in_the_same_queue_and_closed_there(desk: Desk) -> None:
    ticket = desk.world.new_key()
    desk.world.owner.execute(
        "select casework.open_case(1, %s, 'reconciliation', 'redemption:x', 'amount_differs', '{\"amount_minor\": 5}',"
        " array['explained', 'corrected'], array['support'], clock.now(), 'reconciliation')",
        (ticket,),
    )
    seen = deciding.one(desk.manager_api, 1, ticket)
    assert (seen["kind"], seen["evidence"], seen["outcomes"]) == (
        "reconciliation", {"amount_minor": 5}, ["explained", "corrected"],
    )  # fmt: skip
    assert code(lambda: desk.decide(ticket, "explained", OLGA)) == "not-approver"
    assert code(lambda: desk.decide(ticket, "paid")) == "not-allowed"
    assert desk.decide(ticket, "explained") == "decided"
    assert code(lambda: desk.decide(ticket, "corrected")) == "not-open"
    adjustment = desk.world.new_key()
    desk.world.owner.execute(
        "select casework.open_case(1, %s, 'adjustment', 'member:1', 'goodwill', '{}', array['approve'],"
        " array['business-operator'], null, 'staff:x')",
        (adjustment,),
    )
    assert code(lambda: desk.decide(adjustment, "approve", OLGA)) == "not-here"
    assert code(lambda: desk.decide(adjustment, "refund_without_return", OLGA)) == "unknown-case"


def test_a_history_stays_written(desk: Desk) -> None:
    desk.about_an_order()
    for change in ("update casework.event set actor = 'x'", "delete from casework.event"):
        with pytest.raises(psycopg.errors.RestrictViolation):
            desk.world.owner.execute(change.encode())


def test_a_case_has_room_for_eight_photos_and_a_hundred_messages(desk: Desk) -> None:
    member_id, _, case_id = desk.about_an_order()
    promise = "select cases.promise_photo(1, %s, %s, clock.new_id(), clock.new_id()::text, 'image/png', 9) as status"
    told = [desk.world.member_api.execute(promise, (member_id, case_id)).fetchone() for _ in range(9)]
    assert [row["status"] for row in told if row] == ["ok"] * 8 + ["too_many"]
    for number in range(99):
        asking.say(desk.world.member_api, 1, member_id, case_id, f"{number}")
    assert code(lambda: asking.say(desk.world.member_api, 1, member_id, case_id, "and")) == "too-many"
