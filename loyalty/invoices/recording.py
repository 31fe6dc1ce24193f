"""A paper on its way through the Invoice Desk: read at Textract's pace, judged, or given up."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from loyalty.database import Connection
from loyalty.invoices.invoice import Reading

# States in which nothing more is read of a paper.
ENDED = frozenset({"read", "refused", "failed"})

type ExpenseDocument = dict[str, Any]


class Throttled(Exception):
    """Not now: our own bucket or Textract's quota says so. Another time it may go."""


class Unavailable(Exception):
    """Nobody answered, or not usably: another time it may go."""


class NoSuchDocument(Exception):
    """The programme has no document of this id: nothing that is tried again will find it."""


@dataclass(frozen=True, slots=True)
class Paper:
    """`reason`: why it cannot be read, once that is known."""

    object_key: str | None
    state: str
    job_id: str | None
    reason: str | None

    @property
    def ended(self) -> bool:
        return self.state in ENDED


def paper(connection: Connection, program_id: int, document_id: UUID) -> Paper:
    """Where the paper is. Raises NoSuchDocument."""
    row = connection.execute(
        "select object_key, state, job_id, reason from invoices.reading_facts(%s, %s)", (program_id, document_id)
    ).fetchone()
    if row is None:
        raise NoSuchDocument
    return Paper(**row)


def take_token(connection: Connection, per_second: float, burst: int) -> None:
    """One call of Textract's, of all that the account has. Raises Throttled."""
    row = connection.execute(
        "select invoices.take_reading_token(%s::numeric, %s) as seconds", (per_second, burst)
    ).fetchone()
    assert row is not None
    if row["seconds"] > 0:
        raise Throttled(f"wait {row['seconds']:.1f} s")


def being_read(connection: Connection, program_id: int, document_id: UUID, job_id: str) -> None:
    """Textract has it, under this name."""
    connection.execute("select invoices.being_read(%s, %s, %s)", (program_id, document_id, job_id))


def not_readable(connection: Connection, program_id: int, document_id: UUID, reason: str) -> None:
    """It cannot be read, and why: a code. Giving it up tells a person."""
    connection.execute("select invoices.not_readable(%s, %s, %s)", (program_id, document_id, reason))


def joined(documents: Iterable[Mapping[str, Any]]) -> list[ExpenseDocument]:
    """Textract's pages as one list, in order of their papers; what was cut by a page's end is one again."""
    by_index: dict[int, ExpenseDocument] = {}
    for document in documents:
        index = int(document.get("ExpenseIndex") or 0)
        whole = by_index.setdefault(index, {"ExpenseIndex": index, "SummaryFields": [], "LineItemGroups": []})
        whole["SummaryFields"] += document.get("SummaryFields") or []
        for group in document.get("LineItemGroups") or []:
            _add_group(whole["LineItemGroups"], group)
        if blocks := document.get("Blocks"):
            whole.setdefault("Blocks", []).extend(blocks)
    return [by_index[index] for index in sorted(by_index)]


def _add_group(groups: list[dict[str, Any]], group: Mapping[str, Any]) -> None:
    last = groups[-1] if groups else None
    if last is not None and last.get("LineItemGroupIndex") == group.get("LineItemGroupIndex"):
        last["LineItems"] = [*(last.get("LineItems") or []), *(group.get("LineItems") or [])]
    else:
        groups.append(dict(group))


def judge(connection: Connection, program_id: int, document_id: UUID, readings: Sequence[Reading]) -> dict[str, Any]:
    """What becomes of it: {"state", "invoices": [{invoice_id, state, findings}]}; again, what became of it before."""
    row = connection.execute(
        "select invoices.judge(%s, %s, %s::jsonb) as judged",
        (program_id, document_id, json.dumps([reading.model_dump(mode="json") for reading in readings])),
    ).fetchone()
    return _judged(row)


def give_up(connection: Connection, program_id: int, document_id: UUID, reason: str | None) -> dict[str, Any]:
    """A person gets it as it is; what was noted of it before says more than `reason`."""
    row = connection.execute(
        "select invoices.give_up(%s, %s, %s) as judged", (program_id, document_id, reason)
    ).fetchone()
    return _judged(row)


def _judged(row: dict[str, Any] | None) -> dict[str, Any]:
    assert row is not None
    judged: dict[str, Any] = row["judged"]
    return judged
