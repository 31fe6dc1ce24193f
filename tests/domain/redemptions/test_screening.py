"""Screening: what each rule sees, who may let a redemption go on, and that of all who act on it exactly one wins."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any
from uuid import UUID

import pytest
from pydantic import ValidationError

from loyalty.invalid import problems_of
from loyalty.members import freezing, transferring
from loyalty.members.claiming import Mail
from loyalty.programme import publishing, reading
from loyalty.programme.document import Programme
from loyalty.redemptions import overview, redeeming, screening, sweeping
from loyalty.refusal import Refusal
from tests.conftest import TestDatabase
from tests.domain.redemptions.saga import Line, Saga, saga
from tests.faults.interpreter import Execution

KEY = "k" * 40
PHONE, OTHER_PHONE = screening.device_hash(1, "telephone-number-one"), screening.device_hash(1, "telephone-number-two")
LAMP = Line("B0LAMP0000", 1, 4500)

NEW_DEVICE = {"code": "device", "when": "new_device", "action": "step_up"}
CHANGED = {"code": "contact", "when": "contact_changed", "hours": 72, "action": "step_up"}
SHARE = {"code": "share", "when": "balance_share", "over": 80, "action": "step_up"}
SPENT = {"code": "spent", "when": "points_spent", "over": 10_000, "hours": 24, "action": "review"}
SHARED = {"code": "house", "when": "shared_address", "over": 3, "action": "review"}


class Desk:
    """A saga whose programme screens. `version` is the newest, for quotes."""

    def __init__(self, world: Saga) -> None:
        self.world = world
        self.mails: list[Mail] = []

    def rules(self, *rules: Mapping[str, Any], delay: int = 0, **settings: object) -> None:
        facts = json.loads(reading.current(self.world.owner, 1).document.model_dump_json())
        facts["screening"] = {"rules": rules, **settings}
        facts["redemption"]["release_delay_seconds"] = delay
        facts["points"]["transfers_enabled"] = True
        newest = reading.current(self.world.owner, 1)
        document = Programme.model_validate_json(json.dumps(facts))
        publishing.publish(self.world.owner, 1, document, based_on=newest.version, actor="test", why="test")

    def member(self, points: int = 100_000) -> int:
        """One who has had contact and address for a year."""
        member_id = self.world.member(points)
        self.settled(member_id)
        return member_id

    def settled(self, member_id: int) -> None:
        with self.world.owner.transaction():
            self.world.owner.execute("alter table members.address disable trigger append_only")
            self.world.owner.execute(
                "update members.address set created_at = clock.now() - interval '1 year' where member_id = %s",
                (member_id,),
            )
            self.world.owner.execute("alter table members.address enable trigger append_only")

    def redeem(self, member_id: int, *lines: Line, points: int | None = None, device: bytes | None = PHONE) -> UUID:
        quote_id = self.world.quote(member_id, *(lines or (LAMP,)))
        self.world.owner.execute("alter table redemptions.quote disable trigger append_only")
        self.world.owner.execute(
            "update redemptions.quote set programme_version = (select version from programme.current(1))"
            " where quote_id = %s",
            (quote_id,),
        )
        self.world.owner.execute("alter table redemptions.quote enable trigger append_only")
        request = self.world.request(quote_id, points)
        redeeming.redeem(self.world.member_api, 1, member_id, request, f"member:{member_id}", device)
        return request.redemption_id

    def screened(self, member_id: int, *lines: Line, points: int | None = None, device: bytes | None = PHONE) -> Any:
        """What was decided of a new redemption: (action, codes of the rules that hit)."""
        redemption_id = self.redeem(member_id, *lines, points=points, device=device)
        self.run(redemption_id)
        row = self.world.row(redemption_id, "redemptions.screening")
        return row["action"], [hit["code"] for hit in row["hits"]]

    def told(self, redemption_id: UUID) -> list[tuple[str, str | None]]:
        """What the member is to hear of it, in order: topic, and who cancelled."""
        rows = self.world.owner.execute(
            "select topic, payload ->> 'cancelled_by' as by from outbox.event where subject = %s order by lane",
            (redemption_id,),
        ).fetchall()
        return [(row["topic"], row["by"]) for row in rows if row["topic"].startswith("redemption.")]

    def run(self, redemption_id: UUID, *, invocations: int = 1) -> Execution:
        """An execution until it ends or stands still."""
        return self.world.run(redemption_id, invocations=invocations)

    def go_on(self, execution: Execution) -> None:
        """Its Wait is over."""
        if execution.waiting:
            self.world.pass_over(execution)
        self.world.work()

    def later(self, **interval: int) -> None:
        self.world.owner.execute(
            "update clock.setting set shift = shift + make_interval(secs => %s, mins => %s, hours => %s)",
            (interval.get("seconds", 0), interval.get("minutes", 0), interval.get("hours", 0)),
        )

    def state(self, redemption_id: UUID) -> tuple[str, str | None]:
        row = self.world.row(redemption_id)
        return row["state"], row["outcome"]

    def change_email(self, member_id: int) -> None:
        self.world.owner.execute(
            "update members.member set email = 'thief@example.org' where member_id = %s", (member_id,)
        )

    def code(self, member_id: int, redemption_id: UUID) -> str:
        document = reading.current(self.world.owner, 1).document
        screening.send_code(self.world.member_api, 1, member_id, redemption_id, document, self.mails.append)
        return next(word.rstrip(".") for word in self.mails[-1].text.split() if word.rstrip(".").isdigit())

    def confirm(self, member_id: int, redemption_id: UUID, code: str) -> None:
        screening.confirm(self.world.member_api, 1, member_id, redemption_id, code)

    def decide(self, redemption_id: UUID, decision: str, *groups: str, actor: str = "staff:1") -> None:
        with self.world.connection("manager_api") as manager:
            case_id = next(
                one.case_id for one in screening.waiting(manager, 1, 200) if one.redemption_id == redemption_id
            )
            screening.decide(
                manager, 1, case_id, decision, "spoken by telephone", actor, frozenset(groups or ("support",))
            )

    def link(self, member_id: int) -> str:
        row = self.world.owner.execute("select clock.new_id() as id, clock.now() as now").fetchone()
        assert row is not None
        return freezing.token(KEY, freezing.Link(1, member_id, row["id"], row["now"] + freezing.GOOD_FOR))

    def ordered(self, redemption_id: UUID) -> bool:
        return bool(self.world.amazon.delivered(redemption_id))


@pytest.fixture
def desk(fresh_database: TestDatabase) -> Iterator[Desk]:
    with saga(fresh_database, waits=True) as world:
        yield Desk(world)


def refused(code: str, call: Callable[[], Any]) -> None:
    with pytest.raises(Refusal) as caught:
        call()
    assert caught.value.code == code


# ---- the rules -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "named"),
    [
        ({"code": "a", "when": "points_spent", "over": 5, "action": "review"}, "hours"),
        ({"code": "a", "when": "balance_share", "action": "review"}, "over"),
        ({"code": "a", "when": "balance_share", "over": 100, "action": "review"}, "over"),
        ({"code": "a", "when": "new_device", "over": 1, "action": "review"}, "over"),
        ({"code": "a", "when": "new_device", "hours": 1, "action": "review"}, "hours"),
        ({"code": "a", "when": "new_device"}, "points"),
        ({"code": "a", "when": "new_device", "points": 5, "action": "review"}, "points"),
        ({"code": "a", "when": "new_device", "action": "refuse"}, "action"),
        ({"code": "a", "when": "moon", "action": "review"}, "when"),
    ],
)
def test_a_rule_that_makes_no_sense_names_its_field(rule: Mapping[str, Any], named: str) -> None:
    facts = json.loads((publishing.INITIAL / "main.json").read_text()) | {"screening": {"rules": [rule]}}
    with pytest.raises(ValidationError) as caught:
        Programme.model_validate_json(json.dumps(facts))
    (problem,) = problems_of(caught.value)
    assert problem.field.startswith("screening.rules.0")
    assert problem.field.endswith(f".{named}") or named in problem.detail


def test_two_rules_of_one_code_and_thresholds_upside_down_are_refused_and_an_old_empty_list_is_read() -> None:
    facts = json.loads((publishing.INITIAL / "main.json").read_text())
    for wrong in ({"rules": [NEW_DEVICE, NEW_DEVICE]}, {"step_up_points": 90, "review_points": 80}):
        with pytest.raises(ValidationError):
            Programme.model_validate_json(json.dumps(facts | {"screening": wrong}))
    assert Programme.model_validate_json(json.dumps(facts | {"screening": []})).screening.rules == ()


def test_nobody_is_screened_without_rules_and_nothing_is_written(desk: Desk) -> None:
    member_id = desk.member()
    redemption_id = desk.redeem(member_id, device=None)
    execution = desk.run(redemption_id)
    assert execution.visited[:3] == ["Begin", "Enter", "Place"]
    assert desk.state(redemption_id) == ("closed", "completed")
    count = desk.world.owner.execute("select count(*) as n from redemptions.screening").fetchone()
    assert count == {"n": 0}


def test_a_device_is_new_until_something_was_ordered_or_confirmed_from_it(desk: Desk) -> None:
    desk.rules(NEW_DEVICE)
    member_id = desk.member()
    first = desk.redeem(member_id)
    desk.run(first)
    assert desk.state(first) == ("step_up", None)
    # A redemption that was not confirmed makes no device known.
    assert desk.screened(member_id) == ("step_up", ["device"])
    desk.confirm(member_id, first, desk.code(member_id, first))
    assert desk.screened(member_id) == ("allow", [])
    assert desk.screened(member_id, device=OTHER_PHONE) == ("step_up", ["device"])
    assert desk.screened(member_id, device=None) == ("step_up", ["device"])
    assert desk.screened(desk.member()) == ("step_up", ["device"]), "another member's device says nothing"


def test_a_contact_or_address_changed_in_three_days_is_seen(desk: Desk) -> None:
    desk.rules(CHANGED)
    member_id = desk.member()
    assert desk.screened(member_id) == ("allow", [])
    desk.change_email(member_id)
    assert desk.screened(member_id) == ("step_up", ["contact"])
    desk.later(hours=73)
    assert desk.screened(member_id) == ("allow", [])
    desk.world.address(member_id)
    assert desk.screened(member_id) == ("step_up", ["contact"])


def test_more_than_the_share_of_all_points_is_seen_and_exactly_the_share_is_not(desk: Desk) -> None:
    desk.rules(SHARE)
    assert desk.screened(desk.member(10_000), Line("B0LAMP0000", 1, 4000)) == ("allow", [])
    assert desk.screened(desk.member(10_000), Line("B0LAMP0000", 1, 4001)) == ("step_up", ["share"])


def test_many_points_in_a_day_are_seen_however_they_are_split(desk: Desk) -> None:
    desk.rules(SPENT)
    member_id = desk.member()
    assert desk.screened(member_id, Line("B0LAMP0000", 1, 5000)) == ("allow", [])
    assert desk.screened(member_id, Line("B0LAMP0000", 1, 1)) == ("review", ["spent"])
    desk.later(hours=25)
    assert desk.screened(member_id, Line("B0LAMP0000", 1, 5000)) == ("allow", [])


def test_an_address_of_more_than_three_members_is_seen_however_it_is_written(desk: Desk) -> None:
    desk.rules(SHARED)
    ways = ("77 Long Street", "77 LONG STREET", "77, Long-Street.", "77 long  street")
    seen = []
    for way in ways:
        member_id = desk.world.member()
        desk.world.owner.execute(
            "select members.add_address(1, %s, 'Alex', '+12065550100', %s, null, null, 'Seattle', 'WA', '98109-1234',"
            " 'US', false, false, true, 50)",
            (member_id, way),
        )
        seen.append(desk.screened(member_id)[0])
    assert seen == ["allow", "allow", "allow", "review"]


def test_points_of_rules_add_up_and_the_strictest_action_wins(desk: Desk) -> None:
    rules = [{**NEW_DEVICE, "points": 60}, {**CHANGED, "points": 50}]
    for rule in rules:
        del rule["action"]
    desk.rules(*rules, step_up_points=60, review_points=110)
    member_id = desk.member()
    desk.change_email(member_id)
    redemption_id = desk.redeem(member_id)
    desk.run(redemption_id)
    row = desk.world.row(redemption_id, "redemptions.screening")
    assert (row["action"], row["points"]) == ("review", 110)
    assert desk.screened(desk.member()) == ("step_up", ["device"])
    desk.rules({**NEW_DEVICE, "action": "allow"}, SHARE)
    assert desk.screened(desk.member()) == ("allow", ["device"]), "noted only"


def test_a_decision_is_made_once_explains_itself_and_is_not_changed(desk: Desk) -> None:
    desk.rules(NEW_DEVICE, SHARE)
    member_id = desk.member(10_000)
    redemption_id = desk.redeem(member_id)
    desk.run(redemption_id, invocations=2)
    desk.run(redemption_id)
    rows = desk.world.owner.execute("select * from redemptions.screening").fetchall()
    assert len(rows) == 1
    assert rows[0]["hits"][1]["found"] == {"points": 9000, "balance": 10_000}
    with pytest.raises(Exception, match="append-only"):
        desk.world.owner.execute("update redemptions.screening set action = 'allow'")
    told = overview.overview(desk.world.member_api, 1, member_id, redemption_id)
    assert (told["status"], told["may_cancel"], told["may_change_address"]) == ("step_up", True, False)
    assert desk.world.kinds(redemption_id) == ["redeemed", "step_up"]


def test_the_rules_are_those_of_the_redemptions_programme_version(desk: Desk) -> None:
    member_id = desk.member()
    redemption_id = desk.redeem(member_id)
    desk.rules(NEW_DEVICE)
    desk.run(redemption_id)
    assert desk.state(redemption_id) == ("closed", "completed")


# ---- step-up ---------------------------------------------------------------------------------------------------------


def test_a_taken_over_account_moves_nothing(desk: Desk) -> None:
    """F57: a new device, a new contact, a new address and all points."""
    desk.rules(NEW_DEVICE, CHANGED, SHARE)
    member_id = desk.member(9000)
    desk.change_email(member_id)
    desk.world.address(member_id)
    redemption_id = desk.redeem(member_id, device=OTHER_PHONE)
    execution = desk.run(redemption_id)
    row = desk.world.row(redemption_id, "redemptions.screening")
    assert [hit["code"] for hit in row["hits"]] == ["device", "contact", "share"]
    desk.code(member_id, redemption_id)
    assert desk.mails[-1].to.startswith("m"), "to the old contact"
    for guess in ("000000", "111111", "222222"):
        refused("code-refused", lambda guess=guess: desk.confirm(member_id, redemption_id, guess))
    desk.later(minutes=61)
    desk.go_on(execution)
    assert execution.ended
    assert desk.state(redemption_id) == ("closed", "cancelled")
    assert desk.world.balance(member_id) == (9000, 0)
    assert not desk.ordered(redemption_id)
    assert desk.world.violations() == {}


def test_whoever_confirms_goes_on(desk: Desk) -> None:
    desk.rules(NEW_DEVICE)
    member_id = desk.member()
    redemption_id = desk.redeem(member_id, points=4000)
    execution = desk.run(redemption_id)
    desk.go_on(execution)
    assert desk.state(redemption_id) == ("step_up", None)
    code = desk.code(member_id, redemption_id)
    desk.confirm(member_id, redemption_id, code)
    desk.confirm(member_id, redemption_id, code)
    desk.go_on(execution)
    assert desk.state(redemption_id) == ("closed", "completed")
    assert desk.world.row(redemption_id, "payments.payment")["state"] == "captured"
    assert desk.world.violations() == {}


def test_inside_the_release_delay_the_delay_still_runs(desk: Desk) -> None:
    desk.rules(NEW_DEVICE, delay=600)
    member_id = desk.member()
    redemption_id = desk.redeem(member_id)
    execution = desk.run(redemption_id)
    assert desk.state(redemption_id) == ("step_up", None), "asked at once"
    desk.confirm(member_id, redemption_id, desk.code(member_id, redemption_id))
    for _ in range(3):
        desk.go_on(execution)
    assert desk.state(redemption_id) == ("held", None)
    redeeming_elsewhere = desk.world.address(member_id, default=False)
    refused(
        "screened",
        lambda: redeeming.change_address(desk.world.member_api, 1, member_id, redemption_id, redeeming_elsewhere),
    )
    desk.later(seconds=601)
    desk.go_on(execution)
    assert desk.state(redemption_id) == ("closed", "completed")


def test_an_address_that_would_be_stopped_cannot_be_slipped_in_after_the_look(desk: Desk) -> None:
    desk.rules(CHANGED)
    desk.world.payments = "ignore"
    member_id = desk.member()
    redemption_id = desk.redeem(member_id, points=4000)
    desk.run(redemption_id)
    assert desk.state(redemption_id) == ("awaiting_payment", None)
    new = desk.world.address(member_id, default=False)
    refused("screened", lambda: redeeming.change_address(desk.world.member_api, 1, member_id, redemption_id, new))


def test_codes_are_few_short_lived_and_nobody_elses(desk: Desk) -> None:
    desk.rules(NEW_DEVICE, codes=2, code_attempts=3)
    member_id, other = desk.member(), desk.member()
    redemption_id = desk.redeem(member_id)
    desk.run(redemption_id)
    refused("redemption-not-found", lambda: desk.code(other, redemption_id))
    refused("redemption-not-found", lambda: desk.confirm(other, redemption_id, "123456"))
    refused("code-refused", lambda: desk.confirm(member_id, redemption_id, "123456"))
    first = desk.code(member_id, redemption_id)
    refused("too-soon", lambda: desk.code(member_id, redemption_id))
    wrong = f"{(int(first) + 1) % 1_000_000:06}"
    for _ in range(3):
        refused("code-refused", lambda: desk.confirm(member_id, redemption_id, wrong))
    refused("code-refused", lambda: desk.confirm(member_id, redemption_id, first))
    desk.later(seconds=31)
    second = desk.code(member_id, redemption_id)
    if second != first:
        refused("code-refused", lambda: desk.confirm(member_id, redemption_id, first))
    desk.later(minutes=11)
    refused("code-refused", lambda: desk.confirm(member_id, redemption_id, second))
    refused("too-many-codes", lambda: desk.code(member_id, redemption_id))
    stored = desk.world.owner.execute("select * from redemptions.step_up_code").fetchall()
    assert first not in str(stored)


def test_a_days_codes_are_counted_over_all_redemptions(desk: Desk) -> None:
    desk.rules(NEW_DEVICE, codes_per_day=2)
    member_id = desk.member()
    ids = [desk.redeem(member_id, Line("B0LAMP0000", 1, 100)) for _ in range(3)]
    for redemption_id in ids:
        desk.run(redemption_id)
    for redemption_id in ids[:2]:
        desk.code(member_id, redemption_id)
    refused("too-many-codes", lambda: desk.code(member_id, ids[2]))


def test_a_confirmation_after_the_deadline_is_nothing_even_before_the_machine_has_looked(desk: Desk) -> None:
    desk.rules(NEW_DEVICE, step_up_minutes=5, code_minutes=60)
    member_id = desk.member()
    redemption_id = desk.redeem(member_id)
    execution = desk.run(redemption_id)
    code = desk.code(member_id, redemption_id)
    desk.later(minutes=6)
    refused("code-refused", lambda: desk.confirm(member_id, redemption_id, code))
    refused("nothing-to-confirm", lambda: desk.code(member_id, redemption_id))
    desk.go_on(execution)
    assert desk.state(redemption_id) == ("closed", "cancelled")
    assert desk.told(redemption_id) == [
        ("redemption.confirmation_asked", None),
        ("redemption.cancelled", "not_confirmed"),
    ]
    assert desk.world.violations() == {}


def test_a_member_may_cancel_while_it_stands_still(desk: Desk) -> None:
    desk.rules(NEW_DEVICE)
    member_id = desk.member()
    redemption_id = desk.redeem(member_id)
    execution = desk.run(redemption_id)
    redeeming.cancel(desk.world.member_api, 1, member_id, redemption_id)
    assert desk.world.balance(member_id) == (100_000, 0)
    desk.go_on(execution)
    assert desk.state(redemption_id) == ("closed", "cancelled")
    assert desk.told(redemption_id)[-1] == ("redemption.cancelled", "member")
    assert not desk.ordered(redemption_id)
    assert desk.world.violations() == {}


@pytest.mark.parametrize("deadline", [False, True])
def test_of_a_confirmation_a_cancellation_and_the_machine_exactly_one_wins(desk: Desk, deadline: bool) -> None:
    desk.rules(NEW_DEVICE, step_up_minutes=5, code_minutes=60)
    outcomes = set()
    for _ in range(8):
        member_id = desk.member()
        redemption_id = desk.redeem(member_id, Line("B0LAMP0000", 1, 100))
        execution = desk.run(redemption_id)
        code = desk.code(member_id, redemption_id)
        if deadline:
            desk.later(minutes=6)
        barrier = threading.Barrier(3)

        def race(
            call: Callable[[Any], object], role: str, barrier: threading.Barrier = barrier, world: Saga = desk.world
        ) -> None:
            with world.connection(role) as connection:
                barrier.wait()
                with suppress(Refusal):
                    call(connection)

        def look(connection: Any, redemption_id: UUID = redemption_id) -> None:
            connection.execute("select redemptions.await_screening(1, %s)", (redemption_id,))

        def confirm(c: Any, member_id: int = member_id, redemption_id: UUID = redemption_id, code: str = code) -> None:
            screening.confirm(c, 1, member_id, redemption_id, code)

        def cancel(c: Any, member_id: int = member_id, redemption_id: UUID = redemption_id) -> None:
            redeeming.cancel(c, 1, member_id, redemption_id)

        threads = [
            threading.Thread(target=race, args=each)
            for each in ((confirm, "member_api"), (cancel, "member_api"), (look, "engine_step"))
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        desk.go_on(execution)
        results = desk.world.owner.execute(
            "select result from redemptions.parking where redemption_id = %s", (redemption_id,)
        ).fetchall()
        assert len(results) == 1
        state, outcome = desk.state(redemption_id)
        assert state == "closed"
        assert desk.ordered(redemption_id) == (outcome == "completed")
        assert not (deadline and outcome == "completed")
        outcomes.add(outcome)
    assert outcomes <= {"completed", "cancelled"}
    assert desk.world.violations() == {}


# ---- review ----------------------------------------------------------------------------------------------------------

REVIEWED = {**NEW_DEVICE, "action": "review"}


def test_a_person_lets_it_go_on(desk: Desk) -> None:
    desk.rules(REVIEWED, review_hours=100)
    member_id = desk.member()
    redemption_id = desk.redeem(member_id, points=4000)
    execution = desk.run(redemption_id)
    told = overview.overview(desk.world.member_api, 1, member_id, redemption_id)
    assert (told["status"], told["may_cancel"]) == ("checking", True)
    refused("wrong-group", lambda: desk.decide(redemption_id, "approve", "business-operator"))
    desk.later(hours=90)
    desk.go_on(execution)
    assert desk.state(redemption_id) == ("review", None)
    desk.decide(redemption_id, "approve")
    desk.go_on(execution)
    assert desk.state(redemption_id) == ("closed", "completed")
    assert desk.world.violations() == {}


def test_a_person_refuses_and_the_points_return_as_ours(desk: Desk) -> None:
    desk.rules(REVIEWED)
    member_id = desk.member()
    redemption_id = desk.redeem(member_id, points=4000)
    execution = desk.run(redemption_id)
    desk.decide(redemption_id, "reject")
    assert desk.world.balance(member_id) == (100_000, 0)
    desk.go_on(execution)
    assert desk.state(redemption_id) == ("closed", "cancelled")
    assert desk.world.row(redemption_id, "payments.payment")["state"] == "voided"
    assert desk.told(redemption_id) == [("redemption.cancelled", "not_approved")]
    assert not desk.ordered(redemption_id)
    assert desk.world.violations() == {}


def test_a_review_that_nobody_makes_in_time_gives_the_points_back_and_closes_its_case(desk: Desk) -> None:
    desk.rules(REVIEWED)
    member_id = desk.member()
    redemption_id = desk.redeem(member_id)
    execution = desk.run(redemption_id)
    desk.later(hours=49)
    refused("not-open", lambda: desk.decide(redemption_id, "approve"))
    desk.go_on(execution)
    assert desk.state(redemption_id) == ("closed", "cancelled")
    assert desk.world.row(redemption_id, "redemptions.parking")["result"] == "lapsed"
    case = desk.world.owner.execute("select state from casework.case where kind = 'screening'").fetchone()
    assert case == {"state": "withdrawn"}
    assert desk.world.balance(member_id) == (100_000, 0)


# ---- executions ------------------------------------------------------------------------------------------------------


def test_twins_and_replacements_of_an_execution_stand_still_together(desk: Desk) -> None:
    desk.rules(NEW_DEVICE)
    member_id = desk.member()
    redemption_id = desk.redeem(member_id)
    first = desk.run(redemption_id, invocations=2)
    second = desk.run(redemption_id)
    assert "AwaitScreening" not in second.visited[:2]
    assert not first.ended
    assert not second.ended
    desk.confirm(member_id, redemption_id, desk.code(member_id, redemption_id))
    desk.go_on(first)
    desk.go_on(second)
    assert desk.state(redemption_id) == ("closed", "completed")
    assert desk.world.violations() == {}


def test_one_whose_execution_died_is_found_and_ends_at_its_deadline(desk: Desk) -> None:
    desk.rules(NEW_DEVICE)
    member_id = desk.member()
    redemption_id = desk.redeem(member_id)
    desk.run(redemption_id)
    desk.world.owner.execute("select redemptions.started(1, %s)", (redemption_id,))
    desk.later(hours=2)
    with desk.world.connection("sweeper") as sweeper:
        (left,) = [one for one in sweeping.to_check(sweeper) if one.redemption_id == redemption_id]
        sweeping.execution_died(sweeper, left)
        assert [one.redemption_id for one in sweeping.unstarted(sweeper)] == [redemption_id]
    desk.run(redemption_id)
    assert desk.state(redemption_id) == ("closed", "cancelled")


def test_an_execution_that_waits_a_week_has_steps_to_spare(desk: Desk) -> None:
    desk.rules(REVIEWED, review_hours=168)
    redemption_id = desk.redeem(desk.member())
    looks = passed = 0
    desk.run(redemption_id)
    while passed < 168 * 3600:
        answer = desk.world.owner.execute("select redemptions.await_screening(1, %s) as a", (redemption_id,)).fetchone()
        assert answer is not None
        if answer["a"]["next"] == "back":
            break
        assert 1 <= answer["a"]["delay_seconds"] <= 900
        passed += answer["a"]["delay_seconds"]
        desk.later(seconds=answer["a"]["delay_seconds"])
        looks += 1
    # About ten events a look, of 25,000.
    assert looks < 1500


# ---- stopping what is spent ------------------------------------------------------------------------------------------


def test_the_link_stops_redeeming_and_giving_and_parks_what_is_open(desk: Desk) -> None:
    desk.rules(NEW_DEVICE, delay=600)
    member_id, friend = desk.member(), desk.world.member()
    known = desk.redeem(member_id, points=4000)
    execution = desk.run(known)
    number = desk.world.owner.execute("select number from members.member where member_id = %s", (friend,)).fetchone()
    assert number is not None
    link = desk.link(member_id)
    freezing.stop(desk.world.member_api, KEY, link)
    freezing.stop(desk.world.member_api, KEY, link)
    assert desk.state(known) == ("review", None)
    refused("frozen", lambda: desk.redeem(member_id))
    refused(
        "frozen",
        lambda: transferring.give(
            desk.world.member_api, 1, member_id, desk.world.new_key(), number["number"], 5, "member"
        ),
    )
    refused("frozen", lambda: desk.decide(known, "approve"))
    unfreeze(desk, member_id)
    desk.decide(known, "approve")
    desk.later(seconds=700)
    desk.go_on(execution)
    desk.go_on(execution)
    assert desk.state(known) == ("closed", "completed")
    # The same link does nothing more; another letter's does.
    freezing.stop(desk.world.member_api, KEY, link)
    desk.redeem(member_id)
    freezing.stop(desk.world.member_api, KEY, desk.link(member_id))
    refused("frozen", lambda: desk.redeem(member_id))
    assert desk.world.violations() == {}


def unfreeze(desk: Desk, member_id: int) -> None:
    row = desk.world.owner.execute("select number from members.member where member_id = %s", (member_id,)).fetchone()
    assert row is not None
    with desk.world.connection("manager_api") as manager:
        freezing.unfreeze(manager, 1, row["number"], "it was me after all", "staff:1")
        refused("not-frozen", lambda: freezing.unfreeze(manager, 1, row["number"], "again", "staff:1"))
        since, events = freezing.history(manager, 1, row["number"])
    assert since is None
    assert [(event["kind"], event["actor"]) for event in events] == [("frozen", "link"), ("unfrozen", "staff:1")]


def test_while_the_payment_is_under_way_the_money_is_given_back_too(desk: Desk) -> None:
    desk.world.payments = "ignore"
    member_id = desk.member()
    redemption_id = desk.redeem(member_id, points=4000)
    execution = desk.run(redemption_id)
    assert desk.state(redemption_id) == ("awaiting_payment", None)
    freezing.stop(desk.world.member_api, KEY, desk.link(member_id))
    assert desk.state(redemption_id) == ("review", None)
    # The member's approval still arrives at the provider: nothing is ordered for it.
    desk.world.payments = "authorise"
    message = {"task": "authorise", "redemption_id": str(redemption_id), "task_token": execution.token}
    desk.world._pay({**message, "program_id": 1})
    desk.world.work()
    assert desk.state(redemption_id) == ("review", None)
    assert not execution.ended
    desk.decide(redemption_id, "reject")
    desk.go_on(execution)
    assert desk.state(redemption_id) == ("closed", "cancelled")
    assert desk.world.row(redemption_id, "payments.payment")["state"] == "voided"
    assert desk.world.balance(member_id) == (100_000, 0)
    assert desk.world.violations() == {}


def test_one_that_was_let_through_while_the_payment_was_under_way_goes_on_there(desk: Desk) -> None:
    desk.world.payments = "ignore"
    member_id = desk.member()
    redemption_id = desk.redeem(member_id, points=4000)
    execution = desk.run(redemption_id)
    freezing.stop(desk.world.member_api, KEY, desk.link(member_id))
    desk.world.payments = "authorise"
    desk.world._pay(
        {"task": "authorise", "redemption_id": str(redemption_id), "task_token": execution.token, "program_id": 1}
    )
    unfreeze(desk, member_id)
    desk.decide(redemption_id, "approve")
    desk.go_on(execution)
    assert desk.state(redemption_id) == ("closed", "completed")
    assert desk.world.violations() == {}


def test_only_our_links_stop_anything_and_only_for_a_month(desk: Desk) -> None:
    member_id = desk.member()
    link = desk.link(member_id)
    flipped = link[:-1] + ("A" if link[-1] != "A" else "B")
    for bad in ("", "x", "é", link[:-1], flipped, "B" + link[1:], link + "A", " " + link, "\x00", "A" * 200):
        refused("link-refused", lambda bad=bad: freezing.stop(desk.world.member_api, KEY, bad))
    refused("link-refused", lambda: freezing.stop(desk.world.member_api, "z" * 40, link))
    desk.later(hours=24 * 30 + 1)
    refused("link-refused", lambda: freezing.stop(desk.world.member_api, KEY, link))
    row = desk.world.owner.execute("select frozen_at from members.member where member_id = %s", (member_id,)).fetchone()
    assert row == {"frozen_at": None}
