"""Publishing a version, at once or back to an earlier one; the first ones come with the software."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, LiteralString

import psycopg

from loyalty.database import Connection
from loyalty.invalid import Problem
from loyalty.programme import checking, messages, reading, restoring
from loyalty.programme.comparing import Json
from loyalty.programme.document import Programme
from loyalty.refusal import Kind, Refusal

# points.set_budgets says no.
BUDGET_REFUSED = "PB001"

# How often a small change is tried again when others publish at the same time.
TRIES = 5

INITIAL = Path(__file__).with_name("initial")


@dataclass(frozen=True, slots=True)
class Version:
    """Who published it, when and why; `restored_version`: it says again what that one said."""

    version: int
    published_at: datetime
    published_by: str
    why: str
    origin: str
    restored_version: int | None


def publish(
    connection: Connection, program_id: int, document: Programme, *, based_on: int, actor: str, why: str
) -> int:
    """Publish the next version with its campaigns' budgets, and answer its number.

    Raises Refusal (conflict) unless `based_on` is the newest; also for a budget below what is spent, naming the field;
    (invalid) for a text that is missing or marks an unknown word, naming it.
    """
    if wrong := next(messages.problems(document), None):
        raise Refusal(Kind.INVALID, "invalid", f"{wrong.field}: {wrong.reason}.", field=wrong.field)
    version = written(
        connection,
        "select programme.publish(%s, %s, %s::jsonb, %s, %s) as version",
        (program_id, based_on, document.model_dump_json(), actor, why),
    )
    if version is None:
        raise _stale()
    return version


def change(
    connection: Connection, program_id: int, mutate: Callable[[Programme], Programme], actor: str, why: str
) -> int:
    """Publish at once what `mutate` makes of the current version, and answer the new one; an open draft follows it.

    `mutate` may be called again if somebody published meanwhile. Raises what it raises, and Refusal: conflict
    `nothing-changed`, invalid with every problem.
    """
    for _ in range(TRIES):
        current = reading.current(connection, program_id)
        after = mutate(current.document)
        version = _checked(connection, program_id, current, after, actor, why, "change", None)
        if version is not None:
            return version
    raise _stale()


def restore(
    connection: Connection, program_id: int, version: int, actor: str, why: str
) -> tuple[int, tuple[restoring.Kept, ...]]:
    """Roll back: the next version says what that one said, but for campaigns that are kept as they are (restoring.py).

    Answers its number, and them. Raises Refusal: not found, conflict `nothing-changed` or `stale-version`, invalid with
    every problem."""
    current = reading.current(connection, program_id)
    old = reading.version(connection, program_id, version)
    would = restoring.restored(current, old, restoring.now(connection))
    published = _checked(connection, program_id, current, would.document, actor, why, "restoration", version)
    if published is None:
        raise _stale()
    return published, would.kept


def versions(
    connection: Connection, program_id: int, *, before: int | None = None, page_size: int = 50
) -> list[Version]:
    """Newest first, below `before`."""
    rows = connection.execute(
        "select version, published_at, published_by, why, origin, restored_version from programme.history(%s, %s, %s)",
        (program_id, before, page_size),
    ).fetchall()
    return [Version(**row) for row in rows]


def dumped(document: Programme) -> dict[str, Json]:
    """The document as JSON has it."""
    plain: dict[str, Json] = document.model_dump(mode="json")
    return plain


def written(connection: Connection, statement: LiteralString, values: Sequence[Any]) -> int | None:
    """The version that a statement publishes; none if somebody was faster. Raises Refusal if the database says no."""
    try:
        row = connection.execute(statement, values).fetchone()
    except psycopg.errors.InvalidParameterValue:
        # PostgreSQL's own list of zones is the one that the ledger asks.
        raise not_valid([Problem("points.time_zone", "is not a time zone that the database knows")]) from None
    except psycopg.Error as error:
        if error.sqlstate != BUDGET_REFUSED:
            raise
        told = json.loads(error.diag.message_detail or "{}")
        raise Refusal(Kind.CONFLICT, told["code"], error.diag.message_primary or "", field=told["field"]) from None
    return None if row is None or row["version"] is None else int(row["version"])


def nothing_changed() -> Refusal:
    return Refusal(Kind.CONFLICT, "nothing-changed", "This is what is published already.")


def not_valid(problems: Sequence[Problem]) -> Refusal:
    return Refusal(Kind.INVALID, "invalid", "This cannot be published.", problems=problems, field="document")


def _checked(
    connection: Connection,
    program_id: int,
    current: reading.Published,
    after: Programme,
    actor: str,
    why: str,
    origin: str,
    restored: int | None,
) -> int | None:
    if after == current.document:
        raise nothing_changed()
    # What was copied with other values was not validated.
    valid, problems = checking.parsed(dumped(after))
    if valid is not None:
        problems = checking.problems(connection, program_id, current.document, valid)
    if problems:
        raise not_valid(problems)
    return written(
        connection,
        "select programme.publish(%s, %s, %s::jsonb, %s, %s, %s, %s) as version",
        (program_id, current.version, after.model_dump_json(), actor, why, origin, restored),
    )


def _stale() -> Refusal:
    return Refusal(Kind.CONFLICT, "stale-version", "Somebody else published in the meantime.", field="version")


def publish_initial(connection: Connection, overrides: Mapping[str, Any]) -> dict[str, int]:
    """Give each programme that has no version its initial document with `overrides` merged over it, as the owner.

    Answers the versions published now by programme code; nothing on a second run. Raises pydantic.ValidationError.
    """
    published: dict[str, int] = {}
    for row in connection.execute(
        "select p.program_id, p.code from programme.program p"
        " where not exists (select from programme.published d where d.program_id = p.program_id) order by 1"
    ).fetchall():
        initial = json.loads((INITIAL / f"{row['code']}.json").read_text())
        document = Programme.model_validate_json(json.dumps(_merged(initial, overrides)))
        version = connection.execute(
            "select programme.publish(%s, 0, %s::jsonb, 'installation', 'the first version') as version",
            (row["program_id"], document.model_dump_json()),
        ).fetchone()
        if version is not None and version["version"] is not None:
            published[row["code"]] = int(version["version"])
    return published


def _merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in over.items():
        below = merged.get(key)
        merged[key] = _merged(below, value) if isinstance(below, Mapping) and isinstance(value, Mapping) else value
    return merged
