"""A night's results come in: piece by piece, each once, and shown all at once at the end."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import batched
from typing import Any

from loyalty.database import Connection
from loyalty.demand import lines

# Rows that go to the database at once: a forecast is 5 kB, a member's list up to 10 kB.
PIECE_ROWS: Mapping[str, int] = {
    "forecast": 200, "outlooks": 500, "trends": 200, "similar": 500, "trending": 1_000, "members": 200,
}  # fmt: skip
NAMES = tuple(PIECE_ROWS)
MOST_DROPPED = 5_000
LOADING = "loading"


class NotLoading(Exception):
    """This night is over, or another has begun since."""


def begin(connection: Connection, run: str, as_of: date, model: str | None) -> dict[int, str]:
    """The night's state by programme: loading, or what became of it. Once more changes nothing."""
    rows = connection.execute("select * from demand.begin_night(%s, %s, %s)", (run, as_of, model)).fetchall()
    return {row["program_id"]: row["state"] for row in rows}


@dataclass(frozen=True, slots=True)
class Piece:
    """Some lines of a file as the database takes them; `first`, `last`: their numbers."""

    first: int
    last: int
    rows: tuple[str, ...]


def pieces(name: str, numbered: Iterable[tuple[int, bytes]]) -> Iterator[Piece]:
    """Lines of a file (number, text) in pieces. Raises lines.InvalidLine, naming the line."""
    for part in batched(numbered, PIECE_ROWS[name], strict=False):
        checked = []
        for number, raw in part:
            try:
                checked.append(lines.checked(name, raw))
            except lines.InvalidLine as error:
                raise lines.InvalidLine(f"line {number}: {error}") from None
        yield Piece(part[0][0], part[-1][0], tuple(checked))


def keep(connection: Connection, run: str, name: str, piece: str, rows: Sequence[str]) -> None:
    """Put a piece aside, or for members' lists take it over at once. Raises NotLoading."""
    whole = f"[{','.join(rows)}]"
    if name == "members":
        row = connection.execute("select demand.keep_members(%s, %s::jsonb) as kept", (run, whole)).fetchone()
        taken = row is not None and row["kept"] is not None
    else:
        row = connection.execute(
            "select demand.keep_piece(%s, %s, %s, %s::jsonb) as kept", (run, name, piece, whole)
        ).fetchone()
        taken = row is not None and row["kept"]
    if not taken:
        raise NotLoading(run)


def show(connection: Connection, program_id: int, run: str, health: Mapping[str, Any]) -> str:
    """All of it at once, in one programme. The night's state then: current, unless it came too late."""
    row = connection.execute(
        "select demand.show_night(%s, %s, %s::jsonb) as state", (program_id, run, json.dumps(health, allow_nan=False))
    ).fetchone()
    assert row is not None
    return str(row["state"])


def drop_lists(connection: Connection, program_id: int, run: str) -> int:
    """Members' lists that a shown night did not work out again go; how many, at most MOST_DROPPED."""
    row = connection.execute(
        "select demand.drop_lists(%s, %s, %s) as dropped", (program_id, run, MOST_DROPPED)
    ).fetchone()
    assert row is not None
    return int(row["dropped"])


def stop(connection: Connection, run: str) -> None:
    """The night does not come to its end: what it left goes, what is shown stays."""
    connection.execute("select demand.stop_night(%s)", (run,))
