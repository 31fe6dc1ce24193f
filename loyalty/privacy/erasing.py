"""Erasures store by store; the list of ended accounts outside the database, which is said again after a restore."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from loyalty.database import Connection
from loyalty.privacy.stores import EndedAccounts, Files, Line, SignIns

LEASE_SECONDS = 300
# Half a day of trying: the pauses double up to an hour.
TRIES = 16
KEYS_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class Outside:
    """Everything that is erased outside the database."""

    sign_ins: SignIns
    files: Files
    ended: EndedAccounts


@dataclass(slots=True)
class Done:
    """Receipts that were written, erasures that wait (for an order, a case, a legal hold), failed steps, stuck ones."""

    receipts: int = 0
    waiting: int = 0
    failed: int = 0
    stuck: int = 0


@dataclass(slots=True)
class Reapplied:
    """What became of the list's lines after a restore."""

    known: int = 0
    again: int = 0
    waits: int = 0
    unknown_key: int = 0
    lines: list[str] = field(default_factory=list)


def carry_out(
    connection: Connection, outside: Outside, said: Callable[[Exception], None], more: Callable[[], bool]
) -> Done:
    """Go on with what is due while there is `more` time; one's trouble is not another's. `said`: is told it."""
    done = Done()
    while more():
        step = connection.execute("select * from privacy.take_step(%s)", (LEASE_SECONDS,)).fetchone()
        if step is None:
            break
        store = (step["program_id"], step["erasure_id"], step["store"])
        try:
            went = _outside(outside, step)
            row = connection.execute(
                "select privacy.erase_store(%s, %s, %s, %s) as became", (*store, Jsonb(went))
            ).fetchone()
            assert row is not None
            done.waiting += row["became"] == "waits"
            done.receipts += row["became"] != "waits"
        except psycopg.OperationalError:
            raise
        except Exception as failure:
            said(failure)
            done.failed += 1
            row = connection.execute(
                "select privacy.step_failed(%s, %s, %s, %s, %s) as stuck", (*store, type(failure).__name__, TRIES)
            ).fetchone()
            assert row is not None
            done.stuck += row["stuck"]
    # The lake's store is done with the key: without it nobody can tell whose rows were whose.
    connection.execute("select lake.forget_erased(%s)", (KEYS_AT_ONCE,))
    return done


def list_closed(connection: Connection, ended: EndedAccounts, most: int = 100) -> int:
    """Accounts that their members closed come into the list too. How many."""
    rows = connection.execute("select * from privacy.unlisted(%s)", (most,)).fetchall()
    for row in rows:
        ended.add(Line(row["program_id"], row["closure_id"], "closure", row["erasure_key"], row["closed_at"]))
        connection.execute("select privacy.note_listed(%s, %s)", (row["program_id"], row["member_id"]))
    return len(rows)


def reapply(connection: Connection, ended: EndedAccounts) -> Reapplied:
    """Say the whole list to a database that was restored: whoever ended after its instant ends again. What was exported
    to the lake after that instant is exported anew."""
    connection.execute("select lake.begin_epoch()")
    done = Reapplied()
    by_programme: dict[int, list[Line]] = {}
    for line in ended.lines():
        by_programme.setdefault(line.program_id, []).append(line)
    for program_id, lines in by_programme.items():
        rows = connection.execute(
            "select * from privacy.whose(%s, %s)", (program_id, [line.erasure_key for line in lines])
        ).fetchall()
        members = {row["erasure_key"]: row["member_id"] for row in rows}
        for line in lines:
            became = _say_again(connection, line, members.get(line.erasure_key))
            setattr(done, became, getattr(done, became) + 1)
            if became != "known":
                done.lines.append(f"{line.request_id} {line.what}: {became}")
    return done


def _say_again(connection: Connection, line: Line, member_id: int | None) -> str:
    if member_id is None:
        return "unknown_key"
    row = connection.execute(
        "select privacy.reapply(%s, %s, %s, %s, %s, %s) as became",
        (line.program_id, member_id, line.request_id, line.what, line.erasure_key, line.at),
    ).fetchone()
    assert row is not None
    return str(row["became"])


def overdue(connection: Connection) -> int:
    """Erasures and exports that stand still."""
    row = connection.execute("select privacy.overdue() as requests").fetchone()
    assert row is not None
    return int(row["requests"])


def _outside(outside: Outside, step: dict[str, Any]) -> dict[str, int]:
    """What has to go before the database forgets where it was; how much that was."""
    match step["store"]:
        case "list":
            outside.ended.add(
                Line(step["program_id"], step["erasure_id"], "erasure", step["erasure_key"], step["decided_at"])
            )
            return {"lines": 1}
        case "sign_in":
            return {"users": sum(outside.sign_ins.remove(subject) for subject in step["subjects"])}
        case "cases":
            return {"objects": outside.files.delete_case_files(step["object_keys"])}
        case "documents":
            return {"objects": outside.files.delete_documents(step["object_keys"])}
        case "exports":
            return {"objects": outside.files.delete_exports(step["object_keys"])}
    return {}
