"""A member is found however named; two memberships become one exactly; what staff do to an order fits its state."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from loyalty.casework import asking, deciding
from loyalty.casework.asking import Units
from loyalty.casework.deciding import Agent
from loyalty.database import Connection
from loyalty.members import blocking, membership
from loyalty.points import accruals, ledger
from loyalty.points.accruals import Earned, Purchase, Return
from loyalty.privacy import requests
from loyalty.programme import reading
from loyalty.redemptions import sweeping
from loyalty.refusal import Refusal
from loyalty.support import finding, merging, ordering, seeing
from tests.conftest import TestDatabase
from tests.domain.people import changed_points
from tests.domain.redemptions.saga import Line, Saga, saga

SUE, OLGA = "staff:sue", "staff:olga"
OPERATORS = frozenset({"business-operator"})


class Desk:
    """A saga's programme and the people who help its members."""

    def __init__(self, world: Saga) -> None:
        self.world = world
        self.owner = world.owner
        self.api = world.database.connect("manager_api")
        self.sweeper = world.database.connect("sweeper")

    def person(self, name: str = "Alex Member", sends_to: str = "+12065550100", *, points: int = 0, **more: Any) -> str:
        """A member with an address; the number."""
        member_id = self.world.member(points=points)
        self.owner.execute("delete from members.claim where member_id = %s", (member_id,))
        self.owner.execute("update members.member set default_address_id = null where member_id = %s", (member_id,))
        self.owner.execute("delete from members.address where member_id = %s", (member_id,))
        self.owner.execute(
            "select members.add_address(1, %s, %s, %s, '1 Pike Place', null, null, 'Seattle', 'WA', '98101', 'US',"
            " false, false, true, 50)",
            (member_id, name, sends_to),
        )
        if more:
            changes = ", ".join(f"{column} = %s" for column in more)
            self.owner.execute(
                f"update members.member set {changes} where member_id = %s".encode(), (*more.values(), member_id)
            )
        return str(self.one("select number from members.member where member_id = %s", member_id))

    def id(self, number: str) -> int:
        return int(self.one("select member_id from members.member where program_id = 1 and number = %s", number))

    def one(self, sql: str, *values: Any) -> Any:
        row = self.owner.execute(sql.encode(), values).fetchone()
        return None if row is None else next(iter(row.values()))

    def found(self, said: str) -> list[tuple[str, str]]:
        return [(row["member_number"], row["found_by"]) for row in finding.find(self.api, 1, said)]

    def ordered(self, number: str, *lines: Line, points: int | None = None) -> UUID:
        request = self.world.request(self.world.quote(self.id(number), *lines), points)
        self.world.redeem(self.id(number), request)
        return request.redemption_id

    def merged(self, duplicate: str, survivor: str) -> str:
        key = self.world.new_key()
        assert merging.ask(self.api, 1, key, duplicate, survivor, "same person", SUE) == "waiting"
        return merging.decide(self.api, 1, key, "approve", OLGA, OPERATORS)

    def bought(self, number: str, spend_minor: int = 1_000) -> Purchase:
        key = str(self.world.new_key())
        return Purchase(key, number, spend_minor, "USD", "other", self.one("select clock.now()"))

    def earns(self, purchase: Purchase) -> Earned:
        document = reading.current(self.owner, 1).document
        return accruals.accrue(self.owner, 1, document, "grocer", purchase, "test")

    def brings_back(self, purchase: Purchase, points: int) -> None:
        document = reading.current(self.owner, 1).document
        back = Return(purchase.partner_reference, str(self.world.new_key()), points=points)
        accruals.reverse(self.owner, 1, document, "grocer", back, "test")

    def has(self, number: str) -> tuple[int, int]:
        row = self.owner.execute("select available, debt from points.balance(1, %s)", (self.id(number),)).fetchone()
        assert row is not None
        return row["available"], row["debt"]

    def units(self, number: str) -> int:
        return int(self.one("select units from tiers.of_member(1, %s)", self.id(number)))

    def lots(self, number: str) -> list[tuple[str, int]]:
        rows = self.owner.execute("select * from points.lots(1, %s)", (self.id(number),)).fetchall()
        return [(str(row["expires_on"]), row["amount"]) for row in rows]

    def told(self, number: str) -> dict[str, Any]:
        return seeing.member(self.api, 1, number, order_sms=False)

    def broken(self) -> dict[str, int]:
        found = self.world.violations()
        for view in ("support.invariants", "members.invariants", "cases.invariants", "tiers.invariants"):
            with self.world.database.connect("auditor") as auditor:
                rows = auditor.execute(f"select * from {view} where violations > 0".encode()).fetchall()
            found |= {row["name"]: row["violations"] for row in rows}
        return found


@pytest.fixture(scope="module")
def desk(database: TestDatabase) -> Iterator[Desk]:
    with saga(database) as world:
        made = Desk(world)
        yield made
        made.api.close()
        made.sweeper.close()


# ---- finding -------------------------------------------------------------------------------------------------------


def test_a_member_is_found_by_whatever_they_say(desk: Desk) -> None:
    number = desk.person("José-Ángel Muñoz", "+4915155501234", email="Jose@Example.org", phone="+12065559876")
    for said, way in (
        (number, "number"),
        (number.lower(), "number"),
        ("munoz", "name"),
        ("  JOSE  angel mun", "name"),
        ("jose@example", "email"),
        ("(206) 555-9876", "phone"),
        ("+1 206 555 9876", "phone"),
        ("0151 555 01234", "phone"),
        ("0049 151 55501234", "phone"),
        ("+49 (0)151 55501234", "phone"),
    ):
        assert desk.found(said) == [(number, way)], said
    for nobody in ("munozz", "uñoz", "ose@example.org", "555 0000 11", "'; drop", "%%%", ":* | x", "\\"):
        assert desk.found(nobody) == [], nobody


def test_an_order_leads_to_its_member_by_any_name_it_has(desk: Desk) -> None:
    number = desk.person(points=5_000)
    redemption_id = desk.ordered(number)
    desk.world.run(redemption_id)
    amazon = desk.one("select amazon_order_id from orders.order_part where redemption_id = %s", redemption_id)
    desk.owner.execute(
        "update orders.order_part set amazon_order_id = '123-1234567-7654321' where amazon_order_id = %s", (amazon,)
    )
    for said, way in (
        (str(redemption_id), "order"),
        (f"LP-{redemption_id}".upper(), "order"),
        (str(redemption_id)[:23], "order"),
        ("123-1234567-7654321", "amazon"),
    ):
        (one,) = finding.find(desk.api, 1, said)
        assert (one["member_number"], one["found_by"], one["redemption_id"]) == (number, way, redemption_id), said
    desk.owner.execute(
        "update orders.order_part set amazon_order_id = %s where amazon_order_id = '123-1234567-7654321'", (amazon,)
    )


def test_another_programmes_members_are_not_found(desk: Desk) -> None:
    number = desk.person("Zacharias Zimmermann")
    assert desk.found("Zimmermann") == [(number, "name")]
    assert finding.find(desk.api, 2, "Zimmermann") == []
    assert finding.find(desk.api, 2, number) == []


# ---- blocking, contact ----------------------------------------------------------------------------------------------


def test_who_is_blocked_redeems_nothing_and_what_waits_is_turned_back_until_it_is_lifted(desk: Desk) -> None:
    number = desk.person(points=10_000)
    waiting = desk.ordered(number)
    blocking.block(desk.api, 1, number, "told lies", SUE)
    blocking.block(desk.api, 1, number, "told lies", SUE)
    with pytest.raises(Refusal) as refused:
        desk.ordered(number)
    assert refused.value.code == "member-blocked"
    desk.world.run(waiting)
    assert desk.world.row(waiting)["outcome"] == "failed"
    assert desk.world.balance(desk.id(number)) == (10_000, 0)
    told = desk.told(number)
    assert told["member"]["state"] == "blocked"
    blocking.unblock(desk.api, 1, number, "they were none", SUE)
    assert [(one["kind"], one["reason"]) for one in desk.told(number)["standing"]] == [
        ("unblocked", "they were none"),
        ("blocked", "told lies"),
    ]
    with pytest.raises(Refusal) as again:
        blocking.unblock(desk.api, 1, number, "again", SUE)
    assert again.value.code == "not-blocked"
    desk.ordered(number)


def test_a_contact_put_right_is_told_to_the_one_before(desk: Desk) -> None:
    number = desk.person(email="wrong@example.com")
    assert blocking.correct_contact(desk.api, 1, number, "right@example.com", "de")
    assert not blocking.correct_contact(desk.api, 1, number, "right@example.com", "de")
    told = desk.told(number)["member"]
    assert (told["email"], told["language"], told["past_contacts"][0]["contact"]) == (
        "right@example.com",
        "de",
        "wrong@example.com",
    )
    rest = datetime.fromisoformat(told["claimable_from"]) - datetime.fromisoformat(
        told["past_contacts"][0]["changed_at"]
    )
    assert rest == timedelta(hours=72)
    assert desk.one(
        "select count(*) from outbox.event where topic = 'security.contact_changed' and key = %s", str(desk.id(number))
    )
    with pytest.raises(Refusal) as refused:
        blocking.correct_contact(desk.api, 1, number, "not an address", None)
    assert refused.value.field == "email"


# ---- merging -------------------------------------------------------------------------------------------------------


def test_two_memberships_become_one_and_every_point_keeps_its_day(desk: Desk) -> None:
    # Other tests move points past the staff's door.
    broken = desk.broken()
    survivor, duplicate = desk.person(points=500), desk.person("Twice Known", subject="sub-7", claimed_at="2026-01-01")
    desk.world.accrue(desk.id(duplicate), 300, expires="3 months")
    desk.world.accrue(desk.id(duplicate), 40, expires="2 years")
    before = desk.lots(survivor) + desk.lots(duplicate)
    order = desk.ordered(duplicate, Line("B000000001", 1, 20))
    with pytest.raises(Refusal) as open_order:
        desk.merged(duplicate, survivor)
    assert open_order.value.code == "redemptions-open"
    desk.world.run(order)
    preview = merging.preview(desk.api, 1, duplicate, survivor)
    assert (preview["obstacles"], preview["sign_in"], preview["duplicate"]["available"]) == ([], "moved", 300)

    assert desk.merged(duplicate, survivor) == "merged"
    after = dict(desk.lots(survivor))
    assert sum(after.values()) == sum(amount for _, amount in before) - 40
    assert set(after) == {day for day, _ in before}
    assert desk.lots(duplicate) == []
    # Whoever asks by the old number, card, sign-in or order finds the survivor, with everything.
    told = desk.told(duplicate)
    assert (told["member"]["member_number"], told["member"]["also"]) == (survivor, [duplicate])
    assert [one["redemption_id"] for one in told["redemptions"]] == [str(order)]
    assert membership.id_of(desk.api, 1, duplicate) == desk.id(survivor)
    assert desk.one("select members.member_of(1, 'sub-7')") == desk.id(survivor)
    (found,) = finding.find(desk.api, 1, "Twice Known")
    assert (found["state"], found["merged_into"]) == ("merged", survivor)
    # Points that come to the old account later follow.
    desk.world.accrue(desk.id(duplicate), 7)
    deciding_units = Units(order, 1, 1)
    key = desk.world.new_key()
    asking.open_for(desk.api, 1, survivor, key, "damaged", deciding_units, "It broke.", SUE, frozenset({"support"}))
    deciding.decide(desk.api, 1, key, "refund_without_return", Agent(SUE, ("support",)))
    assert sweeping.follow_merged(desk.sweeper) == 1
    assert sum(amount for _, amount in desk.lots(survivor)) == 300 + 500 + 7 + 40
    assert sweeping.follow_merged(desk.sweeper) == 0
    assert desk.broken() == broken
    # The books follow, and so do the months and funders of what was moved.
    desk.owner.execute("select reports.post(100000)")
    assert desk.one("select count(*) from reports.transit") == 0


def test_who_is_being_erased_is_merged_with_nobody(desk: Desk) -> None:
    survivor, duplicate = desk.person(), desk.person()
    key = desk.world.new_key()
    requests.erase(desk.api, 1, duplicate, key, "member_request", 0, SUE)
    for one, other in ((survivor, duplicate), (duplicate, survivor)):
        (told,) = merging.preview(desk.api, 1, one, other)["obstacles"]
        assert told["code"] == "erasing"
    with pytest.raises(Refusal) as asked:
        desk.merged(duplicate, survivor)
    assert asked.value.code == "erasing"
    requests.decide(desk.api, 1, key, "approve", OLGA, OPERATORS)
    assert [one["code"] for one in merging.preview(desk.api, 1, duplicate, survivor)["obstacles"]] == ["erasing"]
    declined = desk.world.new_key()
    requests.erase(desk.api, 1, survivor, declined, "member_request", 0, SUE)
    requests.decide(desk.api, 1, declined, "decline", OLGA, OPERATORS)
    assert merging.preview(desk.api, 1, survivor, desk.person())["obstacles"] == []


def test_a_debt_is_paid_with_the_survivors_points_and_pending_points_follow_on_their_day(desk: Desk) -> None:
    survivor, duplicate = desk.person(points=100), desk.person()
    desk.owner.execute(
        "select points.accrue(1, %s, clock.new_id(), 60, null, clock.now(), 'test', 'owed-1', 'p', 1, '\\x00', 'test')",
        (desk.id(duplicate),),
    )
    desk.owner.execute(
        "select points.adjust(1, %s, clock.new_id(), -60, null, 'spent', '\\x00', 'test', null)", (desk.id(duplicate),)
    )
    desk.owner.execute(
        "select points.reverse_accrual(1, clock.new_id(), 'test', 'owed-1', 'r', 60, 'debt', '\\x00', 'test')"
    )
    desk.owner.execute(
        "select points.accrue(1, %s, clock.new_id(), 25, null, clock.now(), 'test', 'later-1', 'p', 1, '\\x00', 'test',"
        " clock.now() + interval '5 minutes')",
        (desk.id(duplicate),),
    )
    assert desk.merged(duplicate, survivor) == "merged"
    assert [amount for _, amount in desk.lots(survivor)] == [40]
    assert [one["amount"] for one in desk.told(survivor)["points"]["waiting"]] == [25]
    desk.world.database.shift_clock("6 minutes")
    sweeping.mature_points(desk.sweeper)
    assert sweeping.follow_merged(desk.sweeper) == 1
    assert sum(amount for _, amount in desk.lots(survivor)) == 65
    found = desk.broken()
    # The test's own adjustment had no second room to come from.
    assert {name for name in found if not name.startswith("M5")} == set()


def test_a_merge_needs_a_second_person_and_happens_once(desk: Desk) -> None:
    survivor, duplicate = desk.person(points=1), desk.person(points=2)
    key = desk.world.new_key()
    for _ in range(2):
        assert merging.ask(desk.api, 1, key, duplicate, survivor, "same card", OLGA) == "waiting"
    for who, groups, code in ((OLGA, OPERATORS, "same-person"), (SUE, frozenset({"support"}), "not-approver")):
        with pytest.raises(Refusal) as refused:
            merging.decide(desk.api, 1, key, "approve", who, groups)
        assert refused.value.code == code
    with pytest.raises(Refusal) as twice:
        merging.ask(desk.api, 1, desk.world.new_key(), duplicate, survivor, "again", SUE)
    assert twice.value.code == "asked"
    # What changed meanwhile is looked at again, and then it still waits.
    blocking.block(desk.api, 1, survivor, "x", SUE)
    with pytest.raises(Refusal) as blocked:
        merging.decide(desk.api, 1, key, "approve", "staff:otto", OPERATORS)
    assert blocked.value.code == "blocked"
    assert [one["merge_id"] for one in merging.waiting(desk.api, 1, 50)] == [str(key)]
    blocking.unblock(desk.api, 1, survivor, "x", SUE)
    for _ in range(2):
        assert merging.decide(desk.api, 1, key, "approve", "staff:otto", OPERATORS) == "merged"
    assert sum(amount for _, amount in desk.lots(survivor)) == 3
    with pytest.raises(Refusal) as gone:
        merging.ask(desk.api, 1, desk.world.new_key(), duplicate, survivor, "again", SUE)
    assert gone.value.code == "closed"
    # Who is led somewhere is led on.
    last = desk.person()
    assert desk.merged(survivor, last) == "merged"
    assert membership.id_of(desk.api, 1, duplicate) == desk.id(last)
    assert desk.broken().keys() <= {
        "M5 points move by hand only by an adjustment or a case, and nobody decides their own"
    }


def test_goods_returned_after_a_merge_are_paid_by_the_survivor_where_debts_are_written_off_too(desk: Desk) -> None:
    changed_points(desk.owner, debt_policy="write_off")
    try:
        for spent in (None, 60, 100):
            survivor, duplicate = desk.person(points=100), desk.person()
            bought = desk.bought(duplicate)
            points = desk.earns(bought).points
            assert desk.merged(duplicate, survivor) == "merged"
            if spent is not None:
                # All that came, and some of the survivor's own.
                desk.owner.execute(
                    "select points.adjust(1, %s, clock.new_id(), %s, null, 'spent', '\\x00', 'test', null)",
                    (desk.id(survivor), -(points + spent)),
                )
            desk.brings_back(bought, points)
            assert sweeping.follow_merged(desk.sweeper) == 1
            assert (desk.has(survivor), desk.has(duplicate)) == ((100 if spent is None else 0, 0), (0, 0))
            assert sweeping.follow_merged(desk.sweeper) == 0
        # What nobody had was written off, and nothing else.
        assert desk.one("select count(*) from points.journal where (dr, cr, reference) = (15, 4, 'merge')") == 2
    finally:
        changed_points(desk.owner, debt_policy="debt")
    assert {name for name in desk.broken() if not name.startswith("M5")} == set()
    desk.owner.execute("select reports.post(100000)")
    assert desk.one("select count(*) from reports.transit") == 0


def test_a_purchase_told_again_after_a_merge_has_the_first_answer(desk: Desk) -> None:
    survivor, duplicate, stranger = desk.person(), desk.person(), desk.person()
    bought = desk.bought(duplicate)
    first = desk.earns(bought)
    row = ledger.Accrual(
        desk.id(duplicate),
        desk.world.new_key(),
        5,
        None,
        bought.occurred_at,
        "shop",
        bought.partner_reference,
        "shop",
        1,
        request_hash=b"x",
    )

    def filed(number: str, said: bytes = b"x") -> str:
        again = replace(row, member_id=desk.id(number), op_id=desk.world.new_key(), request_hash=said)
        return ledger.accrue_many(desk.owner, 1, "shop", "shop", 1, "importer", [again])[0].value

    assert (filed(duplicate), filed(survivor)) == ("ok", "key_reuse")
    assert desk.merged(duplicate, survivor) == "merged"
    assert desk.earns(bought) == replace(first, replayed=True)
    assert (filed(survivor), filed(duplicate)) == ("replay", "replay")
    assert (filed(survivor, b"y"), filed(stranger)) == ("key_reuse", "key_reuse")
    with pytest.raises(Refusal) as other:
        desk.earns(replace(bought, spend_minor=2_000))
    assert other.value.code == "reference-reused"
    with pytest.raises(Refusal) as others:
        desk.earns(replace(bought, member_number=stranger))
    assert others.value.code == "reference-reused"
    assert sum(amount for _, amount in desk.lots(survivor)) == first.points + 5


def test_what_a_file_books_to_a_merged_membership_counts_towards_the_survivors_level(desk: Desk) -> None:
    survivor, duplicate = desk.person(), desk.person()
    told = "select count(*) from outbox.event where topic = 'member.tier_changed' and key = %s"
    assert desk.merged(duplicate, survivor) == "merged"
    # The file had found its members before.
    (counted,) = desk.owner.execute(
        "select * from tiers.accrue_purchases(1, 'grocer', 'programme', 4000, 'import', array[%s::bigint],"
        " array[clock.new_id()], array[25000::bigint], array[current_date + 700], array[clock.now()], array['late-1'],"
        " array['\\x01'::bytea], array[null::timestamptz], '{}'::int[], '{}'::text[], '{}'::bigint[],"
        " array[25000::bigint], array[250000::bigint])",
        (desk.id(duplicate),),
    ).fetchall()
    assert counted["status"] == "ok"
    with desk.owner.transaction(force_rollback=True):
        desk.owner.execute("update clock.setting set shift = shift + interval '61 minutes'")
        assert desk.one("select left(name, 2) from support.check_invariants() where violations > 0") == "S5"
    assert sweeping.follow_merged(desk.sweeper) == 1
    assert (desk.units(survivor), desk.units(duplicate)) == (25_000, 0)
    assert desk.has(survivor) == (25_000, 0)
    assert desk.told(survivor)["member"]["tier"] == "silver"
    assert [desk.one(told, str(desk.id(number))) for number in (survivor, duplicate)] == [1, 0]
    assert sweeping.follow_merged(desk.sweeper) == 0
    assert {name for name in desk.broken() if not name.startswith("M5")} == set()


def test_late_points_are_locked_in_the_ledgers_order_and_one_that_cannot_move_stops_nobody(desk: Desk) -> None:
    one, two, low, high = (desk.person() for _ in range(4))
    for duplicate, survivor in ((one, high), (two, low)):
        assert desk.merged(duplicate, survivor) == "merged"
        desk.world.accrue(desk.id(duplicate), 10)
    lock = "select from points.member where member_id = %s for no key update"
    with desk.world.database.connect("sweeper") as sweeper, ThreadPoolExecutor(1) as aside:
        with desk.owner.transaction():
            desk.owner.execute(lock.encode(), (desk.id(low),))
            moved = aside.submit(sweeping.follow_merged, sweeper)
            waits(desk.owner, sweeper)
            # Whoever locks both in this order goes on.
            desk.owner.execute(f"{lock} nowait".encode(), (desk.id(high),))
        assert moved.result(timeout=20) == 2
    # The first of them has no room for more.
    for duplicate in (one, two):
        desk.world.accrue(desk.id(duplicate), 10)
    with desk.owner.transaction(force_rollback=True):
        desk.owner.execute("update points.member set pending = 9007199254740980 where member_id = %s", (desk.id(high),))
        first = desk.owner.execute("select * from support.forward_late(0, 1)").fetchone()
        assert first == {"forwarded": 0, "last": desk.id(one)}
        then = desk.owner.execute("select * from support.forward_late(%s, 1)", (desk.id(one),)).fetchone()
        assert then == {"forwarded": 1, "last": desk.id(two)}
    assert sweeping.follow_merged(desk.sweeper) == 2


def waits(owner: Connection, other: Connection) -> None:
    for _ in range(200):
        row = owner.execute("select pg_blocking_pids(%s) <> '{}' as it", (other.info.backend_pid,)).fetchone()
        if row is not None and row["it"]:
            return
        time.sleep(0.02)
    raise AssertionError("it does not wait")


# ---- orders --------------------------------------------------------------------------------------------------------


def test_an_order_says_what_may_be_done_and_refuses_it_when_the_state_has_moved_on(desk: Desk) -> None:
    number = desk.person(points=10_000)
    order = desk.ordered(number)

    def actions() -> list[str]:
        return list(seeing.order(desk.api, 1, order)["actions"])

    assert actions() == ["cancel", "change_address"]
    elsewhere = desk.world.address(desk.id(number), default=False)
    with pytest.raises(Refusal) as price:
        ordering.change_address(
            desk.api, 1, order, desk.world.address(desk.id(number), state="OR", postal_code="97201", default=False), SUE
        )
    assert price.value.code == "other-price"
    with pytest.raises(Refusal) as region:
        ordering.try_again(desk.api, 1, order, SUE)
    assert region.value.code == "not-stuck"
    desk.world.run(order)
    assert actions() == ["refund", "send_again"]
    for act in (
        lambda: ordering.cancel(desk.api, 1, order, "changed her mind", SUE),
        lambda: ordering.change_address(desk.api, 1, order, elsewhere, SUE),
    ):
        with pytest.raises(Refusal) as late:
            act()
        assert late.value.code == "too-late"
    for _ in range(3):
        ordering.send_again(desk.api, 1, order, SUE)
    with pytest.raises(Refusal) as enough:
        ordering.send_again(desk.api, 1, order, SUE)
    assert enough.value.code == "too-many"
    assert (
        desk.one("select count(*) from outbox.event where topic = 'redemption.told_again' and key = %s", str(order))
        == 3
    )


def test_staff_cancel_as_the_member_would(desk: Desk) -> None:
    number = desk.person(points=3_000)
    lots = desk.lots(number)
    order = desk.ordered(number)
    for _ in range(2):
        ordering.cancel(desk.api, 1, order, "asked on the telephone", SUE)
    assert desk.lots(number) == lots
    told = seeing.order(desk.api, 1, order)
    assert [(act["kind"], act["actor"]) for act in told["acts"]] == [("cancelled", SUE)]
    assert (told["status"], told["actions"]) == ("cancelled", [])
    desk.world.run(order)
    assert desk.world.row(order)["state"] == "closed"


def test_a_stuck_order_is_tried_again_and_ends_once(desk: Desk) -> None:
    number = desk.person(points=3_000)
    order = desk.ordered(number)
    desk.owner.execute("select redemptions.started(1, %s)", (order,))
    assert not seeing.order(desk.api, 1, order)["stuck"]
    desk.world.database.shift_clock("40 minutes")
    (listed,) = seeing.orders(desk.api, 1, seeing.Orders(stuck=True, member_number=number), None, 50)
    assert [
        len(
            seeing.orders(
                desk.api, 1, seeing.Orders(waits_for=waits, member_number=number, asin=asin, money=money), None, 9
            )
        )
        for waits, asin, money in (
            ("release_delay", "B000000001", False),
            ("release_delay", "B000000009", None),
            ("delivery", None, None),
            (None, None, True),
        )
    ] == [1, 0, 0, 0]
    assert (listed["redemption_id"], listed["waits_for"]) == (str(order), "release_delay")
    ordering.try_again(desk.api, 1, order, SUE)
    with pytest.raises(Refusal) as soon:
        ordering.try_again(desk.api, 1, order, SUE)
    assert soon.value.code == "too-soon"
    assert order in [one.redemption_id for one in sweeping.unstarted(desk.sweeper)]
    desk.world.run(order)
    assert desk.world.row(order)["outcome"] == "completed"
    assert seeing.orders(desk.api, 1, seeing.Orders(stuck=True, member_number=number), None, 50) == []
    assert len(seeing.orders(desk.api, 1, seeing.Orders(waits_for="delivery", member_number=number), None, 50)) == 1
    assert len(seeing.orders(desk.api, 1, seeing.Orders(state="closed", older_hours=1), None, 50)) == 0
    with pytest.raises(Refusal) as over:
        ordering.try_again(desk.api, 1, order, SUE)
    assert over.value.code == "order-over"


def test_a_case_for_a_member_on_the_telephone_has_the_members_outcomes(desk: Desk) -> None:
    number, stranger = desk.person(points=3_000), desk.person()
    order = desk.ordered(number)
    desk.world.run(order)
    about, groups = Units(order, 1, 1), frozenset({"support"})
    with pytest.raises(Refusal) as not_theirs:
        asking.open_for(desk.api, 1, stranger, desk.world.new_key(), "damaged", about, "Broken.", SUE, groups)
    assert not_theirs.value.code == "no-such-order"
    key = desk.world.new_key()
    for _ in range(2):
        asking.open_for(desk.api, 1, number, key, "damaged", about, "Broken, she says.", SUE, groups)
    told = deciding.one(desk.api, 1, key)
    assert [(one["author"], one["actor"]) for one in told["messages"]] == [("staff", SUE)]
    assert deciding.decide(desk.api, 1, key, "refund_without_return", Agent(SUE, ("support",))) == "decided"
    assert desk.world.balance(desk.id(number)) == (3_000, 0)
    assert [one["outcome"] for one in desk.told(number)["cases"]] == ["refund_without_return"]
