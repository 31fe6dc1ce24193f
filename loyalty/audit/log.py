"""Writing the log of what staff do, and reading it: append-only, codes and amounts, nobody's words or data."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from loyalty.database import Connection
from loyalty.spreadsheet import harmless

# Fields of a request that say what was decided. Everything else may be somebody's name or words.
TELLING = frozenset(
    {
        *(
            "action",
            "amount",
            "approve",
            "asin",
            "at",
            "based_on",
            "campaign",
            "category",
            "code",
            "country",
            "decision",
            "ends_at",
            "ends_on",
        ),
        *("expires_on", "format", "from_month", "kind", "language", "month", "on", "outcome", "owner"),
        *(
            "points",
            "quantity",
            "reason",
            "reason_code",
            "revision",
            "section",
            "share_percent",
            "standing",
            "state",
            "tier",
            "until",
            "version",
        ),
    }
)
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:+-]{0,63}")


@dataclass(frozen=True, slots=True)
class Entry:
    """Who asked for what. `action` is method and path as the routes have it, `subjects` what the path named."""

    actor: str
    groups: tuple[str, ...]
    action: str
    subjects: tuple[str, ...]
    detail: Mapping[str, Any]
    correlation_id: str


@dataclass(frozen=True, slots=True)
class Filter:
    """What to show; None lets everything through. `about`: a member's number or an id."""

    actor: str | None = None
    action: str | None = None
    about: str | None = None
    changes: bool | None = None
    since: datetime | None = None
    until: datetime | None = None


def begin(connection: Connection, program_id: int, entry: Entry) -> UUID:
    """Write down what is about to be done; the entry's id."""
    row = connection.execute(
        "select audit.begin(%s, %s, %s, %s, %s, %s::jsonb, %s) as entry_id",
        (
            program_id,
            entry.actor,
            list(entry.groups),
            entry.action,
            list(entry.subjects),
            json.dumps(entry.detail),
            entry.correlation_id,
        ),
    ).fetchone()
    assert row is not None
    entry_id: UUID = row["entry_id"]
    return entry_id


def finish(
    connection: Connection, program_id: int, entry_id: UUID, status: int, code: str | None, member_number: str | None
) -> None:
    """Write down how it ended: the answer's status, its problem code, and which member it turned out to be about."""
    connection.execute(
        "select audit.finish(%s, %s, %s, %s, %s)", (program_id, entry_id, status, code, member_number)
    ).fetchone()


def page(
    connection: Connection, program_id: int, wanted: Filter, before: UUID | None, size: int
) -> list[dict[str, Any]]:
    """Entries newest first, `before` that one."""
    return connection.execute(
        "select * from audit.page(%s, %s, %s, %s, %s, %s, %s, %s, %s)",
        (
            program_id,
            wanted.actor,
            wanted.action,
            wanted.about,
            wanted.changes,
            wanted.since,
            wanted.until,
            before,
            size,
        ),
    ).fetchall()


def telling(body: Any) -> dict[str, Any]:
    """Of a request's body what the log may keep: numbers, yes or no, codes."""
    if not isinstance(body, dict):
        return {}
    return {name: value for name, value in body.items() if name in TELLING and _is_plain(value)}


def _is_plain(value: Any) -> bool:
    if isinstance(value, bool | int):
        return True
    return isinstance(value, str) and bool(_CODE.fullmatch(value))


def as_rows(entries: Iterable[Mapping[str, Any]]) -> Iterable[list[str]]:
    """Lines of a table, its heading first."""
    yield ["at", "actor", "groups", "action", "subjects", "member_number", "status", "code", "detail", "correlation_id"]
    for one in entries:
        cells = (
            one["at"].isoformat(),
            one["actor"],
            " ".join(one["groups"]),
            one["action"],
            " ".join(one["subjects"]),
            one["member_number"] or "",
            str(one["status"] or ""),
            one["code"] or "",
            json.dumps(one["detail"], sort_keys=True) if one["detail"] else "",
            one["correlation_id"],
        )
        # What an address named is whatever somebody typed.
        yield [harmless(cell) for cell in cells]
