"""Publishing at an instant: as it was looked at, checked once more when its time has come, or not at all."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from loyalty.database import Connection
from loyalty.programme import drafting, publishing, reading, scheduling
from loyalty.programme.document import Programme
from loyalty.refusal import Kind, Refusal
from tests.conftest import TestDatabase
from tests.domain.programme import drafts
from tests.domain.programme.drafts import change, fields, save, section


@pytest.fixture(scope="module")
def prepared(database: TestDatabase) -> TestDatabase:
    with database.owner() as owner:
        drafts.begun(owner)
    return database


@pytest.fixture
def owner(prepared: TestDatabase) -> Iterator[Connection]:
    with prepared.owner() as connection:
        yield connection


@pytest.fixture
def sweeper(prepared: TestDatabase) -> Iterator[Connection]:
    with prepared.connect("sweeper") as connection:
        yield connection


@pytest.fixture
def manager(prepared: TestDatabase) -> Iterator[Connection]:
    with prepared.connect("manager_api") as connection:
        for one in scheduling.schedules(connection, 1):
            scheduling.cancel(connection, 1, one.schedule_id, "test")
        drafting.discard(connection, 1, revision=None, actor="test")
        yield connection


def now(connection: Connection) -> datetime:
    row = connection.execute("select clock.now() as now").fetchone()
    assert row is not None
    instant: datetime = row["now"]
    return instant


def schedule(connection: Connection, hours: float = 1) -> UUID:
    """The draft, for in an hour."""
    draft = drafting.read(connection, 1)
    at = now(connection) + timedelta(hours=hours)
    return scheduling.schedule_draft(
        connection, 1, revision=draft.revision, at=at, actor="staff:ann", why="from the first on"
    )


def renamed(document: Programme) -> Programme:
    return document.model_copy(update={"brand": document.brand.model_copy(update={"name": document.brand.name + "!"})})


def paused(document: Programme) -> Programme:
    first = document.campaigns[0]
    state = "running" if first.state == "paused" else "paused"
    return document.model_copy(update={"campaigns": (first.model_copy(update={"state": state}),)})


def test_what_is_scheduled_leaves_the_draft_and_is_published_when_its_time_has_come(
    prepared: TestDatabase, manager: Connection, sweeper: Connection
) -> None:
    before = drafts.version(manager)
    change(manager, "pricing", quote_minutes=31)
    schedule(manager)
    assert drafting.read(manager, 1).changes == ()
    assert (scheduling.publish_due(sweeper), drafts.version(manager)) == (0, before)
    prepared.shift_clock("2 hours")
    assert scheduling.publish_due(sweeper) == 1
    assert scheduling.publish_due(sweeper) == 0
    newest = publishing.versions(manager, 1, page_size=1)[0]
    assert (newest.version, newest.origin, newest.published_by, newest.why) == (
        before + 1, "schedule", "staff:ann", "from the first on",
    )  # fmt: skip
    assert reading.current(manager, 1).document.pricing.quote_minutes == 31


def test_cancelled_it_is_the_draft_again_unless_there_is_another(manager: Connection) -> None:
    change(manager, "pricing", quote_minutes=32)
    first = schedule(manager)
    assert scheduling.cancel(manager, 1, first, "staff:bob")
    assert [one.field for one in drafting.read(manager, 1).changes] == ["pricing.quote_minutes"]
    second = schedule(manager)
    change(manager, "redemption", approval_minutes=33)
    assert not scheduling.cancel(manager, 1, second, "staff:bob")
    assert [one.field for one in drafting.read(manager, 1).changes] == ["redemption.approval_minutes"]
    with pytest.raises(Refusal) as caught:
        scheduling.cancel(manager, 1, first, "staff:bob")
    assert caught.value.kind is Kind.CONFLICT


def test_one_waits_at_a_time_and_only_for_an_instant_ahead(manager: Connection) -> None:
    change(manager, "pricing", quote_minutes=34)
    for hours in (-1, 24 * 400):
        with pytest.raises(Refusal) as caught:
            schedule(manager, hours)
        assert caught.value.field == "at"
    schedule(manager)
    change(manager, "pricing", quote_minutes=35)
    with pytest.raises(Refusal) as caught:
        schedule(manager)
    assert caught.value.code == "already-scheduled"


def test_a_version_that_somebody_published_since_stops_it_and_a_case_says_why(
    prepared: TestDatabase, manager: Connection, sweeper: Connection, owner: Connection
) -> None:
    change(manager, "pricing", quote_minutes=36)
    schedule_id = schedule(manager)
    change(manager, "redemption", approval_minutes=37)
    newer = drafts.publish(manager)
    prepared.shift_clock("2 hours")
    assert (scheduling.publish_due(sweeper), drafts.version(manager)) == (0, newer)
    (refused,) = scheduling.schedules(manager, 1)
    assert (refused.schedule_id, refused.state, fields(refused.problems)) == (schedule_id, "refused", {"document"})
    case = (
        "select state, reason, evidence -> 'problems' -> 0 ->> 'field' as field from casework.case where case_id = %s"
    )
    assert owner.execute(case, (schedule_id,)).fetchone() == {
        "state": "open", "reason": "scheduled_publication_refused", "field": "document",
    }  # fmt: skip
    # It is the draft again: looked at once more it can be published, and nothing waits any longer.
    assert [one.field for one in drafting.read(manager, 1).changes] == ["pricing.quote_minutes"]
    drafts.publish(manager)
    assert scheduling.schedules(manager, 1) == []
    assert owner.execute(case, (schedule_id,)).fetchone() == {
        "state": "withdrawn", "reason": "scheduled_publication_refused", "field": "document",
    }  # fmt: skip


def test_a_budget_spent_meanwhile_stops_it(
    prepared: TestDatabase, manager: Connection, sweeper: Connection, owner: Connection
) -> None:
    before = drafts.version(manager)
    campaign = section(manager, "campaigns")[0]
    save(manager, "campaigns", [campaign | {"budget_minor": 90_000}])
    schedule(manager)
    drafts.promise(owner, "spring", minor=95_000)
    prepared.shift_clock("2 hours")
    assert (scheduling.publish_due(sweeper), drafts.version(manager)) == (0, before)
    (refused,) = scheduling.schedules(manager, 1)
    assert fields(refused.problems) == {"campaigns.0.budget_minor"}
    # Whoever has read the case need not be told again.
    told = owner.execute(
        "select cases.settle_ticket(1, %s, 'noted', null, 'staff:bob', '{business-operator}') as said",
        (refused.schedule_id,),
    ).fetchone()
    assert told == {"said": "ok"}
    assert scheduling.schedules(manager, 1) == []


def test_who_decides_the_case_of_a_refusal_and_who_publishes_at_that_moment_do_not_block_each_other(
    prepared: TestDatabase, manager: Connection, sweeper: Connection, owner: Connection
) -> None:
    change(manager, "pricing", quote_minutes=61 if drafts.version(manager) % 2 else 62)
    schedule_id = schedule(manager)
    publishing.change(
        manager,
        1,
        lambda d: d.model_copy(update={"pricing": d.pricing.model_copy(update={"quote_minutes": 63})}),
        "staff:bob",
        "x",
    )
    prepared.shift_clock("2 hours")
    assert scheduling.publish_due(sweeper) == 0
    drafting.discard(manager, 1, revision=None, actor="test")
    change(manager, "redemption", approval_minutes=64 if drafts.version(manager) % 2 else 65)
    publisher = threading.Thread(target=drafts.publish, args=(manager,))
    with prepared.owner() as deciding, deciding.transaction():
        # Deciding takes the case, then the schedule: who publishes waits for the case and holds no schedule.
        deciding.execute("select from casework.case where case_id = %s for update", (schedule_id,))
        publisher.start()
        waits = (
            "select count(*) as n from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
        )
        while owner.execute(waits).fetchone() == {"n": 0}:
            time.sleep(0.01)
        deciding.execute("set local lock_timeout = '100ms'")
        deciding.execute("select programme.seen(1, %s)", (schedule_id,))
    publisher.join()
    assert scheduling.schedules(manager, 1) == []


def test_a_small_change_meanwhile_is_kept_and_does_not_stop_it(
    prepared: TestDatabase, manager: Connection, sweeper: Connection
) -> None:
    change(manager, "pricing", quote_minutes=38)
    schedule(manager)
    state = reading.current(manager, 1).document.campaigns[0].state
    publishing.change(manager, 1, paused, "staff:bob", "paused for now")
    prepared.shift_clock("2 hours")
    assert scheduling.publish_due(sweeper) == 1
    published = reading.current(manager, 1).document
    assert published.pricing.quote_minutes == 38
    assert published.campaigns[0].state != state


def test_a_small_change_of_the_very_field_stops_it(
    prepared: TestDatabase, manager: Connection, sweeper: Connection
) -> None:
    change(manager, "brand", name="Another name")
    schedule(manager)
    publishing.change(manager, 1, renamed, "staff:bob", "a name")
    prepared.shift_clock("2 hours")
    assert scheduling.publish_due(sweeper) == 0
    assert fields(scheduling.schedules(manager, 1)[0].problems) == {"brand.name"}


def test_a_small_change_that_changes_nothing_or_breaks_a_rule_is_refused(manager: Connection) -> None:
    before = drafts.version(manager)
    with pytest.raises(Refusal) as caught:
        publishing.change(manager, 1, lambda document: document, "staff:bob", "nothing")
    assert caught.value.code == "nothing-changed"
    with pytest.raises(Refusal) as caught:
        publishing.change(manager, 1, lambda d: d.model_copy(update={"messages": {}}), "staff:bob", "silence")
    assert caught.value.kind is Kind.INVALID
    assert drafts.version(manager) == before
