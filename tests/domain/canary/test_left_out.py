"""A canary's redemption moves no total of anybody else's, is told to nobody and leaves for nowhere."""

from __future__ import annotations

from collections.abc import Iterator
from typing import LiteralString

import pytest

from loyalty.canary import reversing
from loyalty.database import Connection
from tests.conftest import TestDatabase
from tests.domain.redemptions.saga import Line, Saga, saga

CANARY = 2
# Where a row of the canary's programme would be a letter, a figure, a document, money or work for somebody.
SILENT = (
    *("outbox", "notifications", "documents", "reports", "erp", "reconciliation", "invoices", "payments"),
    *("cases", "casework", "campaigns", "demand", "interactions", "wishes", "integrations", "privacy", "simulation"),
)
# Begun for every programme before anything happens in it.
BEGUN = {"reports.period"}
# How far something has read of what all programmes write, and Amazon's rate, which trials use too.
MARKS = {"notifications.journal_mark", "reports.mark", "points.rollup_mark", "orders.bucket", "recommendations.counted"}
# What runs by itself, one after the other, as the schedules do.
DUTIES: tuple[LiteralString, ...] = (
    "select reports.post(10000)",
    "select reports.post_deliveries(1000)",
    "select notifications.read_journal(10000)",
    "select notifications.tell_digests(1000)",
    "select notifications.warn_expiring(1000)",
    "select points.roll_up(10000)",
    "select recommendations.recount(0)",
    "select erp.connect()",
    "select erp.hand_over_journal(100)",
)


@pytest.fixture
def world(fresh_database: TestDatabase) -> Iterator[Saga]:
    with saga(fresh_database) as made:
        yield made


def tables(owner: Connection) -> list[tuple[str, bool]]:
    """Every table of ours, and whether its rows say of which programme they are."""
    rows = owner.execute(
        "select n.nspname || '.' || c.relname as name,"
        "       exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'program_id') as owned"
        " from pg_class c join pg_namespace n on n.oid = c.relnamespace"
        " where c.relkind in ('r', 'p') and not c.relispartition"
        "   and n.nspname not in ('pg_catalog', 'information_schema', 'migration') order by 1"
    ).fetchall()
    return [(row["name"], row["owned"]) for row in rows]


def views(owner: Connection) -> list[str]:
    rows = owner.execute(
        "select c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace"
        " where c.relkind = 'v' and n.nspname = 'lake' and c.relname not in ('instance', 'invariants') order by 1"
    ).fetchall()
    return [f"lake.{row['name']}" for row in rows]


def content(owner: Connection, source: str) -> tuple[int, str]:
    """How many rows, and all of them in one sum."""
    row = owner.execute(
        f"select count(*) as rows, coalesce(md5(string_agg(md5(x::text), '' order by md5(x::text))), '') as sum"
        f" from {source} as x".encode()
    ).fetchone()
    assert row is not None
    return row["rows"], row["sum"]


def everything(owner: Connection) -> dict[str, tuple[int, str]]:
    """What there is of others than the canary: their rows, what leaves for the lake, what is counted over all."""
    found = {
        name: content(owner, f"(select * from {name} where program_id <> {CANARY})" if owned else name)
        for name, owned in tables(owner)
        if name not in MARKS
    }
    found |= {name: content(owner, name) for name in views(owner)}
    for name in (
        "reports.watch()",
        "reconciliation.due()",
        "integrations.programmes()",
        "orders.orders_waiting(1, 'default')",
        "casework.overdue()",
        "redemptions.open_by_state",
    ):
        found[name] = content(owner, f"(select * from {name})")
    return found


def work(owner: Connection) -> None:
    for duty in DUTIES:
        for _ in range(3):
            owner.execute(duty)


def visit(world: Saga) -> None:
    """Redeemed, ordered as a trial and given back; and another one of which nobody knows how it ended."""
    with world.database.connect("canary") as connection:
        prepared = reversing.prepare(connection, "visitor", 100_000)
        world.address(prepared.member_id, program_id=CANARY)
        for back in (True, False):
            quote_id = world.quote(prepared.member_id, Line("B0LAMP0000", 1, 4500), program_id=CANARY)
            request = world.request(quote_id, program_id=CANARY)
            world.redeem(prepared.member_id, request, CANARY)
            world.run(request.redemption_id, program_id=CANARY)
            assert world.row(request.redemption_id)["outcome"] == "completed"
            if back:
                assert reversing.reverse(connection, request.redemption_id) == "reversed"


def test_every_total_and_every_row_of_others_is_as_before(world: Saga) -> None:
    member_id = world.member()
    request = world.request(world.quote(member_id, Line("B0LAMP0000", 1, 4500)))
    world.redeem(member_id, request)
    world.run(request.redemption_id)
    work(world.owner)
    before = everything(world.owner)
    assert before["lake.redemption"][0] == 1
    assert before["outbox.event"][0] > 0
    assert before["reports.entry"][0] > 0

    visit(world)
    work(world.owner)

    after = everything(world.owner)
    # Members have keys for the lake whatever programme they are of; nothing of theirs leaves under it.
    assert {name for name in before if before[name] != after[name]} == set()
    assert before.keys() == after.keys()


def test_nothing_of_it_is_told_booked_or_left_to_do(world: Saga) -> None:
    visit(world)
    work(world.owner)
    rooms = [(name, owned) for name, owned in tables(world.owner) if name.split(".")[0] in SILENT]
    assert {name.split(".")[0] for name, _ in rooms} == set(SILENT)
    spoken = {
        name
        for name, owned in rooms
        if owned and content(world.owner, f"(select from {name} where program_id = {CANARY})")[0]
    }
    assert spoken - BEGUN == set()
    assert all(
        content(world.owner, f"(select from {name} where program_id = {CANARY})")[0] == 0 for name in views(world.owner)
    )


def test_the_invariants_hold_with_a_canary_in_it(world: Saga) -> None:
    visit(world)
    work(world.owner)
    for room in ("orders", "redemptions", "payments", "points"):
        wrong = world.owner.execute(f"select * from {room}.invariants where violations > 0".encode()).fetchall()
        assert wrong == [], room
