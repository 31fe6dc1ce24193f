"""A member closes the account: nothing is lost for thirty days, and then everything that says who it was."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest

from loyalty.members import claiming, closure, transferring
from loyalty.points import accruals
from loyalty.points.accruals import Purchase
from loyalty.programme import reading
from loyalty.redemptions import quotes
from loyalty.refusal import Refusal
from tests.conftest import TestDatabase
from tests.domain.people import Somebody, changed_points, somebody
from tests.domain.redemptions.saga import Line, Saga, saga

LAMP = Line("B0LAMP0000", 1, 4500)


@dataclass
class House:
    """A saga's database with a member who has signed in; `removed` are sign-ins that were deleted."""

    world: Saga
    removed: list[str] = field(default_factory=list)
    failures: list[Exception] = field(default_factory=list)
    refuses: Exception | None = None

    def __post_init__(self) -> None:
        self.owner = self.world.owner
        self.member_api = self.world.member_api
        self.closing = self.world.database.connect("closure")
        self.jane = self.member()

    def member(self, points: int = 1000, program_id: int = 1) -> Somebody:
        made = somebody(self.owner, program_id=program_id, claimed=True)
        self.owner.execute("update members.member set phone = '+12065550100' where member_id = %s", (made.member_id,))
        if points:
            self.world.accrue(made.member_id, points, program_id)
        self.world.address(made.member_id, program_id=program_id)
        return made

    def close(self, member: Somebody | None = None, points: int = 1000, key: UUID | None = None) -> UUID:
        member, key = member or self.jane, key or self.world.new_key()
        closure.start(self.member_api, member.program_id, member.member_id, key, points)
        return key

    def standing(self, member: Somebody | None = None) -> closure.Standing:
        member = member or self.jane
        return closure.standing(self.member_api, member.program_id, member.member_id)

    def later(self, interval: str = "30 days 1 second") -> None:
        self.world.database.shift_clock(interval)
        self.owner.execute("call points.ensure_partitions()")

    def finish(self) -> closure.Done:
        return closure.finish_due(self.closing, self.remove, self.failures.append, 20.0)

    def remove(self, subject: str) -> None:
        if self.refuses:
            raise self.refuses
        self.removed.append(subject)

    def one(self, sql: str, *values: Any) -> Any:
        row = self.owner.execute(sql.encode(), values).fetchone()
        return None if row is None else next(iter(row.values()))

    def row(self, member: Somebody | None = None) -> dict[str, Any]:
        found = self.owner.execute(
            "select * from members.member where member_id = %s", ((member or self.jane).member_id,)
        ).fetchone()
        assert found is not None
        return found

    def violations(self) -> list[dict[str, Any]]:
        return [
            row
            for view in ("points", "members", "redemptions", "closure")
            for row in self.owner.execute(f"select * from {view}.invariants where violations > 0".encode()).fetchall()
        ]


@pytest.fixture
def house(fresh_database: TestDatabase) -> Iterator[House]:
    with saga(fresh_database) as world:
        made = House(world)
        yield made
        made.closing.close()
        assert made.violations() == []


def refused(action: Any) -> str:
    with pytest.raises(Refusal) as caught:
        action()
    return caught.value.code


def buy(house: House, member: Somebody, spend_minor: int = 100) -> int:
    document = reading.current(house.owner, 1).document
    with house.world.database.connect("partner_api") as connection:
        now = house.one("select clock.now()")
        purchase = Purchase(str(house.world.new_key()), member.number, spend_minor, "USD", "other", now)
        return accruals.accrue(connection, 1, document, "grocer", purchase, "test").points


# ---- closing ---------------------------------------------------------------------------------------------------------


def test_a_member_sees_what_would_be_lost_and_closes_for_exactly_that(house: House) -> None:
    before = house.standing()
    assert (before.state, before.points, before.debt, before.obstacles) == ("active", 1000, 0, [])
    assert refused(lambda: house.close(points=999)) == "points-changed"
    house.close()
    now = house.one("select clock.now()")
    stands = house.standing()
    assert stands.state == "closing"
    assert stands.undo_until is not None
    assert timedelta(days=29, hours=23) < stands.undo_until - now <= timedelta(days=30)
    said = house.one("select payload from outbox.event where topic = 'member.closing'")
    assert said["member_id"] == house.jane.member_id
    assert set(said) == {"member_id", "until"}


def test_the_same_request_again_is_the_same_and_another_key_is_refused(house: House) -> None:
    key = house.close()
    assert house.close(key=key) == key
    assert refused(lambda: house.close()) == "membership-closing"
    assert refused(lambda: house.close(key=key, points=5)) == "key-reuse"
    other = house.member()
    assert refused(lambda: house.close(other, key=key)) == "key-reuse"
    assert house.one("select count(*) from closure.closure") == 1


def test_what_was_undone_is_not_taken_for_done_when_it_is_asked_for_again(house: House) -> None:
    key = house.close()
    closure.undo(house.member_api, 1, house.jane.member_id)
    assert refused(lambda: house.close(key=key)) == "key-reuse"
    assert house.standing().state == "active"
    house.close()
    assert house.standing().state == "closing"


def test_orders_on_their_way_stand_in_the_way(house: House) -> None:
    member = house.member(points=20_000)
    redemption_id = house.world.redeem(
        member.member_id, house.world.request(house.world.quote(member.member_id, LAMP))
    ).redemption_id
    stands = house.standing(member)
    assert (stands.obstacles, stands.redemptions) == (["redemptions-open", "points-held"], [redemption_id])
    assert refused(lambda: house.close(member, points=11_000)) == "redemptions-open"
    house.world.run(redemption_id)
    house.close(member, points=11_000)


def test_open_cases_and_a_freeze_stand_in_the_way(house: House) -> None:
    case_id = open_case(house, house.jane)
    assert house.standing().cases == [case_id]
    assert refused(lambda: house.close()) == "cases-open"
    house.owner.execute("select cases.withdraw(1, %s, %s)", (house.jane.member_id, case_id))
    house.owner.execute("select members.stop_spending(1, %s, 'test', null, 'test')", (house.jane.member_id,))
    assert refused(lambda: house.close()) == "frozen"


def open_case(house: House, member: Somebody) -> UUID:
    key = house.world.new_key()
    status = house.one(
        "select cases.open(1, %s, %s, 'missing_points', null, null, null, 'grocer', 'bill', null, 'Where?', 'x')",
        member.member_id,
        key,
    )
    assert status == "ok"
    return key


# ---- while it is being closed ----------------------------------------------------------------------------------------


def test_nothing_is_spent_while_closing_and_everything_is_as_before_once_undone(house: House) -> None:
    member = house.member(points=20_000)
    changed_points(house.owner, transfers_enabled=True, transfer_daily_limit=10**6)
    request = house.world.request(house.world.quote(member.member_id, LAMP))
    house.close(member, points=20_000)

    def give(giver: Somebody, to: Somebody) -> None:
        transferring.give(house.member_api, 1, giver.member_id, house.world.new_key(), to.number, 5, "member")

    document = reading.current(house.owner, 1).document
    assert refused(lambda: house.world.redeem(member.member_id, request)) == "membership-closing"
    assert refused(lambda: give(member, house.jane)) == "membership-closing"
    assert refused(lambda: give(house.jane, member)) == "no-such-member"
    with house.world.database.connect("quote_api") as connection:
        asking = quotes.Asked((), None, None)
        assert (
            refused(lambda: quotes.make(connection, None, "x" * 40, 1, member.member_id, asking))  # type: ignore[arg-type]
            == "membership-closing"
        )
    assert (
        refused(lambda: claiming.start(house.member_api, 1, document, "M1", member.subject, lambda _: None))
        == "membership-closing"
    )
    assert refused(lambda: claiming.confirm(house.member_api, 1, document, "M1", member.subject, "123456")) == (
        "membership-closing"
    )
    open_case(house, member)
    assert house.world.balance(member.member_id) == (20_000, 0)
    assert buy(house, member) > 0

    closure.undo(house.member_api, 1, member.member_id)
    closure.undo(house.member_api, 1, member.member_id)
    assert house.standing(member).state == "active"
    assert house.row(member)["closing_since"] is None
    redeemed = house.world.redeem(member.member_id, request)
    house.world.run(redeemed.redemption_id)
    give(house.jane, member)
    house.later()
    assert house.finish() == closure.Done()


def test_a_redemption_that_was_written_at_the_same_moment_goes_back(house: House) -> None:
    member = house.member(points=20_000)
    redemption_id = house.world.redeem(
        member.member_id, house.world.request(house.world.quote(member.member_id, LAMP))
    ).redemption_id
    with house.owner.transaction():
        house.owner.execute("select members.set_leaving(1, %s, true)", (member.member_id,))
        house.owner.execute(
            "insert into closure.closure(program_id, closure_id, member_id, request_hash, started_at, undo_until,"
            " due_at) values (1, %s, %s, 'x', clock.now(), clock.now(), clock.now())",
            (house.world.new_key(), member.member_id),
        )
    assert house.finish() == closure.Done(waiting=1)
    house.world.run(redemption_id)
    assert house.world.balance(member.member_id) == (20_000, 0)
    house.later("25 hours")
    assert house.finish().closed == 1


# ---- after thirty days -----------------------------------------------------------------------------------------------


def test_before_its_time_nothing_happens(house: House) -> None:
    house.close()
    house.later("29 days")
    assert house.finish() == closure.Done()
    assert house.standing().state == "closing"


def test_after_thirty_days_points_membership_and_sign_in_go_and_a_day_later_who_it_was(house: House) -> None:
    house.close()
    earned = buy(house, house.jane)
    house.later()
    assert house.finish() == closure.Done(closed=1, sign_ins=1)
    assert house.removed == [house.jane.subject]
    assert house.one("select available from points.member where member_id = %s", house.jane.member_id) == 0
    last = house.owner.execute(
        "select kind::text, dr, cr, amount, reference from points.journal where member_id = %s"
        " order by sequence desc limit 1",
        (house.jane.member_id,),
    ).fetchone()
    assert last == {"kind": "expire", "dr": 1, "cr": 12, "amount": 1000 + earned, "reference": "closure"}
    assert house.one("select members.member_of(1, %s)", house.jane.subject) is None
    assert house.one("select count(*) from outbox.event where topic = 'member.closed'") == 1
    assert house.row()["email"] == house.jane.email

    house.later("1 day")
    house.owner.execute(
        "insert into notifications.consent(program_id, member_id, channel, kind, wanted, source, given_at)"
        " values (1, %s, 'email', 'marketing', true, 'member', clock.now())",
        (house.jane.member_id,),
    )
    house.owner.execute(
        "insert into wishes.wish(program_id, member_id, asin, title, added_at)"
        " values (1, %s, 'B0BUNDLE00', 'Lamp', clock.now())",
        (house.jane.member_id,),
    )
    house.owner.execute("select interactions.choose(1, %s, true, 'member')", (house.jane.member_id,))
    house.owner.execute(
        "insert into recommendations.scored(program_id, member_id, asins, scores, because, scored_at)"
        " values (1, %s, '{B000000001}', '{1}', '{\"\"}', clock.now())",
        (house.jane.member_id,),
    )
    assert house.finish() == closure.Done(erased=1), house.failures
    left = house.row()
    assert (left["email"], left["phone"], left["subject"], left["default_address_id"]) == ("", None, None, None)
    assert (left["number"], left["state"]) == (house.jane.number, "closed")
    rooms = ("notifications.consent", "wishes.wish", "interactions.choice", "recommendations.scored")
    for table in ("members.address", "members.past_contact", *rooms):
        assert house.one(f"select count(*) from {table} where member_id = %s", house.jane.member_id) == 0
    assert house.one("select count(*) from outbox.event where topic = 'security.contact_changed'") == 0
    # Nobody gets the number, whoever asks.
    document = reading.current(house.owner, 1).document
    mails: list[Any] = []
    claiming.start(house.member_api, 1, document, house.jane.number, "somebody", mails.append)
    assert mails == []
    assert refused(
        lambda: claiming.confirm(house.member_api, 1, document, house.jane.number, "somebody", "123456")
    ) == ("claim-refused")
    assert refused(lambda: buy(house, house.jane)) == "no-such-member"
    assert house.finish() == closure.Done()


def test_a_freeze_or_a_case_puts_the_end_off_and_it_may_still_be_undone(house: House) -> None:
    house.close()
    case_id = open_case(house, house.jane)
    house.owner.execute("select members.stop_spending(1, %s, 'test', null, 'test')", (house.jane.member_id,))
    house.later()
    assert house.finish() == closure.Done(waiting=1)
    # The day that is named is one to come.
    until = house.standing().undo_until
    assert until is not None
    assert until > house.one("select clock.now()")
    assert house.finish() == closure.Done()
    house.owner.execute("select cases.withdraw(1, %s, %s)", (house.jane.member_id, case_id))
    house.later("25 hours")
    assert house.finish() == closure.Done(waiting=1)
    closure.undo(house.member_api, 1, house.jane.member_id)
    assert house.standing().state == "active"


def test_a_sign_in_that_cannot_be_removed_now_is_removed_later_and_stops_nobody_else(house: House) -> None:
    other = house.member(points=0)
    house.close()
    house.close(other, points=0)
    house.later("31 days")
    assert closure.overdue(house.closing) == 2
    house.refuses = RuntimeError("throttled")
    first = house.finish()
    assert (first.closed, first.sign_ins, first.failed) == (2, 0, 2)
    assert len(house.failures) == 2
    house.refuses = None
    assert house.finish() == closure.Done()
    house.later("61 minutes")
    assert house.finish().sign_ins == 2
    assert set(house.removed) == {house.jane.subject, other.subject}
    assert closure.overdue(house.closing) == 0


def test_a_legal_hold_puts_every_step_off_and_the_member_is_not_told(house: House) -> None:
    def hold() -> UUID:
        key = house.world.new_key()
        assert house.one("select privacy.place_hold(1, %s, %s, 'court', 'staff:x')", house.jane.number, key) == "ok"
        return key

    def lift(key: UUID) -> None:
        assert house.one("select privacy.lift_hold(1, %s, %s, 'staff:y')", house.jane.number, key) == "ok"

    house.close()
    first = hold()
    assert house.standing().obstacles == []
    house.later()
    assert house.finish() == closure.Done(waiting=1)
    assert (house.finish(), house.world.balance(house.jane.member_id)) == (closure.Done(), (1000, 0))
    lift(first)
    house.later("25 hours")
    assert house.finish() == closure.Done(closed=1, sign_ins=1)
    second = hold()
    house.later("25 hours")
    assert house.finish() == closure.Done()
    assert house.row()["email"] == house.jane.email
    assert closure.overdue(house.closing) == 0
    lift(second)
    house.later("25 hours")
    assert house.finish() == closure.Done(erased=1)


def test_who_became_one_membership_leaves_with_every_sign_in(house: House) -> None:
    twin = house.member(points=0)
    with house.owner.transaction():
        house.owner.execute("select members.merge(1, %s, %s)", (twin.member_id, house.jane.member_id))
    case_id = open_case(house, house.jane)
    house.owner.execute("update cases.member_case set member_id = %s where case_id = %s", (twin.member_id, case_id))
    assert house.standing().obstacles == ["cases-open"]
    house.owner.execute("select cases.withdraw(1, %s, %s)", (twin.member_id, case_id))
    house.owner.execute(
        "insert into notifications.suppression(program_id, member_id, channel, suppressed, reason, about_at,"
        " noted_at) values (1, %s, 'email', true, 'bounced', clock.now(), clock.now())",
        (twin.member_id,),
    )
    house.close()
    house.later()
    house.refuses = RuntimeError("throttled")
    assert house.finish().closed == 1
    with pytest.raises(psycopg.errors.RaiseException, match="can still sign in"):
        house.owner.execute("select members.erase(1, %s)", (house.jane.member_id,))
    house.refuses = None
    house.later("61 minutes")
    assert house.finish() == closure.Done(sign_ins=2)
    assert house.removed == [house.jane.subject, twin.subject]
    house.later("25 hours")
    assert house.finish() == closure.Done(erased=1), house.failures
    assert (house.row(twin)["email"], house.row(twin)["subject"]) == ("", None)
    assert house.one("select count(*) from notifications.suppression where member_id = %s", twin.member_id) == 0


def test_a_sign_in_of_a_membership_elsewhere_stays(house: House) -> None:
    twin = somebody(house.owner, program_id=2)
    house.owner.execute(
        "update members.member set subject = %s, claimed_at = clock.now() where member_id = %s",
        (house.jane.subject, twin.member_id),
    )
    house.close()
    house.later()
    assert house.finish() == closure.Done(closed=1)
    assert house.removed == []
    house.later("1 day")
    assert house.finish() == closure.Done(erased=1), house.failures
    assert house.row(twin)["subject"] == house.jane.subject


def test_what_comes_back_afterwards_is_forfeited_and_what_is_owed_written_off(house: House) -> None:
    member = house.member(points=20_000)
    redemption_id = house.world.redeem(
        member.member_id, house.world.request(house.world.quote(member.member_id, LAMP))
    ).redemption_id
    house.world.run(redemption_id)
    house.close(member, points=11_000)
    house.later()
    assert house.finish().closed == 1
    assert house.world.give_back(redemption_id, 1, "back", 1)[:2] == ("ok", 9000)
    assert house.finish() == closure.Done(late=1)
    assert house.world.balance(member.member_id) == (0, 0)
    reversed_ = house.one(
        "select (points.reverse_accrual(1, clock.new_id(), partner, partner_reference, 'r', 500, 'debt', 'x', 'test'))"
        ".status from points.accrual where member_id = %s",
        member.member_id,
    )
    assert reversed_ == "ok"
    assert house.finish() == closure.Done(late=1)
    assert house.one("select debt from points.member where member_id = %s", member.member_id) == 0


def test_what_became_part_of_an_account_goes_with_it_and_what_comes_there_later_too(house: House) -> None:
    member, old = house.member(), house.member(points=0)
    house.owner.execute(
        "select points.accrue(1, %s, clock.new_id(), 70, null, clock.now(), 'shop', 'late', 'shop', 1, '\\x00', 'test',"
        " clock.now() + interval '90 days')",
        (old.member_id,),
    )
    house.owner.execute("select members.merge(1, %s, %s)", (old.member_id, member.member_id))
    house.world.accrue(old.member_id, 30)
    assert house.standing(member).points == 1_100
    assert refused(lambda: house.close(member, points=1_000)) == "points-changed"
    house.close(member, points=1_100)
    house.later()
    assert house.finish().closed == 1
    for who in (member, old):
        assert house.one("select available + pending from points.member where member_id = %s", who.member_id) == 0
    # Nothing comes to the closed account by way of the old one.
    house.world.accrue(old.member_id, 5)
    assert house.one("select forwarded from support.forward_late(0, 100)") == 0
    assert house.finish().late == 1
    for who in (member, old):
        assert house.world.balance(who.member_id) == (0, 0)


# ---- who may ---------------------------------------------------------------------------------------------------------


def test_only_the_schedule_ends_anything_and_only_members_begin(house: House) -> None:
    key = house.close()
    for connection, sql in (
        (house.member_api, "select closure.finish(1, %s)"),
        (house.member_api, "select closure.erase(1, %s)"),
        (house.closing, "select closure.start(1, 1, %s, 0, 'x', 30)"),
        (house.closing, "select points.forfeit(1, 1, %s, 'closure', 'x')"),
        (house.closing, "select %s::uuid, * from members.member"),
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(sql.encode(), (key,))


def test_nobody_closes_or_undoes_anothers(house: House) -> None:
    other = house.member(points=1000, program_id=2)
    house.close()
    closure.undo(house.member_api, 1, other.member_id)
    closure.undo(house.member_api, 2, house.jane.member_id)
    assert house.standing().state == "closing"
    assert house.standing(other).state == "active"
