"""What each safety costs: the same holds in databases that lack one of them, in a loop inside the server.

A loop has no client, no commit and no log flush in it, so this is the processor time of the operation alone, and a
safety's share of it is larger than its share of a whole transaction. Each block is rolled back. The databases take
turns; a round's saving is to the complete ledger of the same round. Two are complete: their difference is the noise.
"""

from __future__ import annotations

import re
import statistics
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from bench.ledger import place
from bench.ledger.safeties import SUM_CHECK
from loyalty.database import Connection

MEMBERS = range(1, 2_001)
LOTS = 10
HASH = "'\\x5f16f4c7f149ac4f9510d9cf8cf384038ad348b3bcdc01915f95de12df9d1b02'"
BLOCK = 400
HOLDS = f"""
do $$ begin
    for i in 1 .. {BLOCK} loop
        perform points.hold(1, {MEMBERS.start} + floor(random() * {len(MEMBERS)})::int, uuidv7(), 1 + i % 20,
            now() + interval '30 minutes', {HASH}, 'bench');
    end loop;
end $$
"""
REFERENCE = f"""
do $$ declare v_id bigint; begin
    for i in 1 .. {BLOCK} loop
        v_id := 1 + floor(random() * {len(MEMBERS)})::int;
        with changed as (
            update bench.account set balance = balance + 1, version = version + 1 where id = v_id returning id
        ) insert into bench.history (account_id, delta) select id, 1 from changed;
    end loop;
end $$
"""  # noqa: S608
TRIGGERS = """
select format('drop trigger %I on %s', t.tgname, t.tgrelid::regclass) as statement from pg_trigger t
where t.tgfoid = 'points.refuse_change'::regproc and t.tgparentid = 0
"""
SUM_CHECKS = SUM_CHECK.replace(
    "count(*) as constraints", "format('alter table points.member drop constraint %I', c.conname) as statement"
)
KEY = """
select format('alter table points.journal drop constraint %I', c.conname) as statement from pg_constraint c
where c.conrelid = 'points.journal'::regclass and c.contype = 'p'
"""
OTHER_INDEXES = """
select format('drop index %s', i.indexrelid::regclass) as statement from pg_index i
where i.indrelid = 'points.journal'::regclass and not i.indisunique
"""
OTHER_MONTHS = """
select format('alter table points.journal detach partition %s', i.inhrelid::regclass) as statement from pg_inherits i
where i.inhparent = 'points.journal'::regclass
    and i.inhrelid <> to_regclass('points.journal_' || to_char(now() at time zone 'UTC', 'YYYYMM'))
"""


def measure(here: place.Place, rounds: int) -> list[dict[str, Any]]:
    """What a hold costs in each database, and what is saved there, in microseconds of the server's processor."""
    variants: dict[str, Callable[[Connection], bool]] = {
        "complete": lambda _: True,
        "complete, once more": lambda _: True,
        "without the CHECK of the lots' sum": _by(SUM_CHECKS),
        "without the chain": _unchain,
        "without the append-only triggers": _by(TRIGGERS),
        "without the unique key of an operation": _by(KEY),
        "without the journal's other indexes": _by(OTHER_INDEXES),
        "with one month's partition": _by(OTHER_MONTHS),
    }
    place.build(here, "costs")
    with here.owner("costs") as connection:
        place.open_members(connection, MEMBERS)
        place.fill(connection, MEMBERS, LOTS)
        connection.execute((place.REFERENCE_TABLES % {"members": len(MEMBERS)}).encode())
        connection.execute("vacuum analyze")
    with ExitStack() as opened:
        connections: dict[str, Connection] = {}
        for number, (name, change) in enumerate(variants.items()):
            here.create(f"costs_{number}", "costs")
            connection = opened.enter_context(here.owner(f"costs_{number}"))
            if change(connection):
                connections[name] = connection
        taken: dict[str, list[float]] = {name: [] for name in ("reference", *connections)}
        for number in range(-2, rounds):
            for name in taken:
                spent = _spent(connections.get(name, connections["complete"]), name)
                if number >= 0:
                    taken[name].append(spent)
    return [
        {
            "what": name,
            "microseconds": round(statistics.median(mine), 1),
            "saved": [round(value, 1) for value in _saved(taken["complete"], mine)],
        }
        for name, mine in taken.items()
    ]


def _saved(complete: list[float], mine: list[float]) -> tuple[float, float, float]:
    """Median, lower and upper quartile over rounds."""
    saved = [theirs - one for theirs, one in zip(complete, mine, strict=True)]
    low, _, high = statistics.quantiles(saved, n=4)
    return statistics.median(saved), low, high


def _spent(connection: Connection, name: str) -> float:
    account = Path(f"/proc/{connection.info.backend_pid}/schedstat")
    with connection.transaction(force_rollback=True):
        before = int(account.read_text().split()[0])
        connection.execute((REFERENCE if name == "reference" else HOLDS).encode())
        return (int(account.read_text().split()[0]) - before) / BLOCK / 1000


def _by(statements: str) -> Callable[[Connection], bool]:
    def change(connection: Connection) -> bool:
        found = connection.execute(statements.encode()).fetchall()
        for row in found:
            connection.execute(row["statement"].encode())
        return bool(found)

    return change


def _unchain(connection: Connection) -> bool:
    """The usual hold writes the same 32 bytes as every link; it hashes no row."""
    row = connection.execute(
        "select pg_get_functiondef(oid) as definition from pg_proc"
        " where pronamespace = 'points'::regnamespace and proname = 'hold'"
    ).fetchone()
    if row is None:
        return False
    link = "'\\\\x5f16f4c7f149ac4f9510d9cf8cf384038ad348b3bcdc01915f95de12df9d1b02'::bytea\n"
    definition, found = re.subn(r"sha256\(.*?\)\)\n(?=    where )", link, row["definition"], count=1, flags=re.DOTALL)
    connection.execute(definition.encode())
    return found == 1
