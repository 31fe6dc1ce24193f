"""The document that applies now, or the one a quote has frozen.

A version from before a message existed is read with the software's own text for it: to new software nothing is missing.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from loyalty.database import Connection
from loyalty.programme import messages
from loyalty.programme.document import Programme
from loyalty.refusal import Kind, Refusal


@dataclass(frozen=True, slots=True)
class Published:
    """A version and what it says; `lacking`: the messages that it does not have a text of its own for."""

    version: int
    document: Programme
    lacking: frozenset[str] = frozenset()


def current(connection: Connection, program_id: int) -> Published:
    """The newest published version. Raises Refusal (unavailable) while the programme has none."""
    row = connection.execute(
        "select version, document::text as document from programme.current(%s)", (program_id,)
    ).fetchone()
    if row is None:
        raise Refusal(Kind.UNAVAILABLE, "no-programme", "This programme has not been published yet.")
    return Published(row["version"], *_parsed(row["document"]))


def version(connection: Connection, program_id: int, version: int) -> Published:
    """That published version. Raises Refusal (not found)."""
    row = connection.execute(
        "select version, document::text as document from programme.version(%s, %s)", (program_id, version)
    ).fetchone()
    if row is None:
        raise Refusal(Kind.NOT_FOUND, "no-such-version", "This programme has no such version.", field="version")
    return Published(row["version"], *_parsed(row["document"]))


@lru_cache(maxsize=32)
def _parsed(text: str) -> tuple[Programme, frozenset[str]]:
    # Always the database's answer; only parsing it again is saved.
    return messages.complete(Programme.model_validate_json(text))
