"""A ledger that was filled before the row held the holds is brought over whole: balances, lots, holds, links."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from loyalty.migration import DATABASE_FOLDER, migrate
from loyalty.points import verify
from loyalty.points.ledger import Status
from proofs.ledger import place
from tests.domain.points.conftest import Book

MIGRATION = "20261122060000_points_row.sql"
NOW = datetime(2026, 3, 5, 12, tzinfo=UTC)
NEVER = 2147483647
# Kind, dr, cr, amount, lots, balances after (available, held); the hold is what is settled.
ROWS = (
    ("accrue", 10, 1, 100, {20000: 100}, (100, 0)),
    ("accrue", 10, 1, 60, {20011: 60}, (160, 0)),
    ("accrue", 10, 1, 40, {NEVER: 40}, (200, 0)),
    ("hold", 1, 2, 110, {20000: 100, 20011: 10}, (90, 110)),
    ("hold", 1, 2, 5, {20011: 5}, (85, 115)),
    ("settle", 2, 11, 30, {20000: 30}, (85, 85)),
)


def before(folder: Path) -> Path:
    """The migrations as they were, and the clock, which is older than any row."""
    shutil.copytree(DATABASE_FOLDER / "clock", folder / "clock")
    migrations = folder / "migrations"
    migrations.mkdir()
    for path in (DATABASE_FOLDER / "migrations").glob("*.sql"):
        if path.name < MIGRATION:
            shutil.copy(path, migrations)
    return folder


def journal() -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    link = b""
    keys = [UUID(f"019cb{number:03}-0000-7000-8000-000000000001") for number in range(len(ROWS))]
    for number, (kind, dr, cr, amount, lots, (available, held)) in enumerate(ROWS):
        row = {
            "sequence": number + 1, "op_id": str(keys[number]), "leg": 1, "kind": kind, "dr": dr, "cr": cr,
            "amount": amount, "available_after": available, "held_after": held, "pending_after": 0, "debt_after": 0,
            "lot_keys": list(lots), "lot_amounts": list(lots.values()), "lot_to": None,
            "ref_op": str(keys[3] if kind == "settle" else keys[number]), "reference": None, "actor": "test",
            "approver": None, "request_hash": "01", "occurred_at": NOW.isoformat(), "created_at": NOW.isoformat(),
        }  # fmt: skip
        link = verify.link(link, 1, 7, row)
        rows.append(row | {"chain": link})
    return rows


@pytest.mark.large
def test_a_ledger_filled_before_is_brought_over_whole(postgres_port: int, tmp_path: Path) -> None:
    name = f"before_{uuid4().hex}"
    place.create(postgres_port, name)
    with place.owner(postgres_port, name) as connection:
        migrate(connection, before(tmp_path))
        connection.execute(
            "create table points.journal_202603 partition of points.journal"
            " for values from ('019ca000-0000-7000-8000-000000000000') to ('019d4000-0000-7000-8000-000000000000')"
        )
        rows = journal()
        for row in rows:
            connection.execute(
                "insert into points.journal (program_id, member_id, op_id, leg, sequence, kind, dr, cr, amount,"
                " available_after, held_after, pending_after, debt_after, lot_keys, lot_amounts, lot_to, ref_op,"
                " reference, actor, approver, request_hash, occurred_at, created_at, txid, chain)"
                " values (1, 7, %(op_id)s, 1, %(sequence)s, %(kind)s, %(dr)s, %(cr)s, %(amount)s, %(available_after)s,"
                " %(held_after)s, 0, 0, %(lot_keys)s, %(lot_amounts)s, null, %(ref_op)s, null, 'test', null, '\\x01',"
                " %(occurred_at)s, %(created_at)s, pg_current_xact_id(), %(chain)s)",
                row,
            )
        for row in rows[:3]:
            connection.execute(
                "insert into points.accrual values (1, %s, 'shop', %s, 7, %s, null, null, 'shop', 5000, null, '\\x01',"
                " 'test', now(), now())",
                (row["op_id"], row["op_id"], row["amount"]),
            )
        connection.execute(
            "insert into points.member values (1, 7, 85, 85, 0, 0, 6, %s, %s, '{45,40}')",
            (rows[-1]["chain"], [20011, NEVER]),
        )
        connection.execute("insert into points.member (program_id, member_id) values (1, 8), (2, 7)")
        lease = datetime(2026, 3, 6, 1, 2, 3, 456789, tzinfo=UTC)
        connection.execute(
            "insert into points.hold (program_id, member_id, hold_id, amount, open, lot_keys, lot_amounts, lease_until)"
            " values (1, 7, %s, 110, 80, '{20000,20011}', '{70,10}', %s), (1, 7, %s, 5, 5, '{20011}', '{5}', %s),"
            " (1, 8, %s, 9, 0, '{}', '{}', %s)",
            (rows[3]["op_id"], lease, rows[4]["op_id"], lease, uuid4(), lease),
        )

        migrate(connection)

        book = Book(connection)
        assert book.violations() == {}
        assert book.row(7) == {"available": 85, "held": 85, "pending": 0, "debt": 0, "version": 6}
        holds = connection.execute(
            "select hold_id::text, open, lot_keys, lot_amounts, lease_until from points.hold order by open"
        ).fetchall()
        assert [list(hold.values()) for hold in holds] == [
            [rows[4]["op_id"], 5, [20011], [5], lease],
            [rows[3]["op_id"], 80, [20000, 20011], [70, 10], lease],
        ]
        assert book.hold(8, 1).status is Status.INSUFFICIENT
        assert book.settle(7, UUID(rows[3]["op_id"]), 80).status is Status.OK
        assert book.release(7, UUID(rows[4]["op_id"]), 5, "ours").status is Status.OK
        assert book.hold(7, 1).status is Status.OK
        assert book.violations() == {}
        assert migrate(connection).migrations == ()


@pytest.mark.large
def test_the_walls_stand_on_what_was_brought_over(postgres_port: int, tmp_path: Path) -> None:
    name = f"before_{uuid4().hex}"
    place.create(postgres_port, name)
    with place.owner(postgres_port, name) as connection:
        migrate(connection, before(tmp_path))
        migrate(connection)
        assert Book(connection).violations() == {}
        with pytest.raises(Exception, match="append-only"):
            connection.execute("truncate points.journal")
