"""A restore as it is done in earnest: files and log of a running server, an instant, the migration, the readoption."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

import pytest

from loyalty.migration import migrate
from tests.domain.reconciliation.backups import BackedUp, backed_up
from tests.domain.reconciliation.books import LAMP
from tests.domain.reconciliation.restored import Restorable, Snapshot, restorable
from tests.domain.reconciliation.test_readopting import redeemed

pytestmark = pytest.mark.large


@pytest.fixture
def lived() -> Iterator[tuple[BackedUp, Restorable]]:
    """A world on a server with backups; a restored one has to keep the same promises."""
    with backed_up("lived") as (server, database), restorable(database) as world:
        yield server, world
        assert _broken(world) == []


def _broken(world: Restorable) -> list[object]:
    with world.database.connect("auditor") as auditor:
        wrong = auditor.execute("select name from payments.invariants where violations > 0").fetchall()
    return [*world.violations().items(), *wrong]


def _completed(world: Restorable, *, points: int | None = None) -> tuple[int, UUID]:
    member_id, redemption_id = redeemed(world, points=points)
    world.run(redemption_id)
    assert world.row(redemption_id)["outcome"] == "completed"
    return member_id, redemption_id


def _after_disaster(server: BackedUp, world: Restorable, backup: object, until: datetime) -> None:
    """The machine is lost; what is restored takes its place, and this version of the code is brought to it."""
    billing, cashier = world.billing, world.cashier
    world.close()
    world.database.leave()
    server.lose()
    server.restore(backup, until)  # type: ignore[arg-type]
    world.messages.clear()
    world.__post_init__()
    world.billing, world.cashier = billing, cashier
    with world.database.owner() as owner:
        applied = migrate(owner)
    assert applied.migrations == (), "the backup was of this version"


def test_what_was_lost_between_the_instant_and_the_disaster_is_taken_up_once(
    lived: tuple[BackedUp, Restorable],
) -> None:
    server, world = lived
    before_backup, first = _completed(world, points=4000)
    backup = server.base_backup()
    since_backup, second = _completed(world)
    member_id, lost_order = redeemed(world, points=4000)
    instant = server.instant()
    world.run(lost_order)
    _, never_heard_of = _completed(world)
    paid = world.bank.of(lost_order)

    _after_disaster(server, world, backup, instant)

    assert _broken(world) == [], "at the instant itself everything adds up"
    for known in (first, second):
        assert world.row(known)["outcome"] == "completed"
    assert world.balance(before_backup) == (96_000, 0)
    assert world.balance(since_backup) == (91_000, 0)
    assert world.row(lost_order)["state"] == "held"
    gone = world.owner.execute(
        "select count(*) as count from redemptions.redemption where redemption_id = %s", (never_heard_of,)
    ).fetchone()
    assert gone == {"count": 0}

    done = world.readopt(Snapshot("", instant))
    assert done.counts["forward"] == 1
    assert done.counts["lost"] == 1, "its order is a case with all that Amazon knows"
    world.go_on(lost_order)
    assert world.row(lost_order)["outcome"] == "completed"
    assert world.balance(member_id) == (96_000, 0)
    assert world.bank.of(lost_order) == paid, "money is not taken twice"
    assert world.amazon.calls["place"] == 4, "and nothing is ordered twice"
    again = world.readopt(Snapshot("", instant))
    assert not again.counts.get("forward")


def test_an_instant_before_a_redemption_knows_nothing_of_it_and_one_after_everything(
    lived: tuple[BackedUp, Restorable],
) -> None:
    server, world = lived
    backup = server.base_backup()
    member_id, redemption_id = _completed(world)
    instant = server.instant()
    world.owner.execute("select points.open_account(1, %s)", (member_id + 1_000_000,))

    _after_disaster(server, world, backup, instant)

    assert world.row(redemption_id)["outcome"] == "completed"
    assert world.balance(member_id) == (91_000, 0)
    missing = world.owner.execute(
        "select count(*) as count from points.member where member_id = %s", (member_id + 1_000_000,)
    ).fetchone()
    assert missing == {"count": 0}, "what came after the instant is not there"
    assert world.readopt(Snapshot("", instant)).counts.get("forward", 0) == 0
    world.shipped(redemption_id)
    world.bill(redemption_id, LAMP)
    world.reconcile()
    assert world.verdict(redemption_id) == "matched"
