"""The draft: what is being prepared for the next version.

A draft holds the sections that somebody touched, each with the version it was based on; everything else follows what is
published. If a touched section was published anew meanwhile, the fields that only one side changed come together, and a
field that both changed is a conflict until the section is saved again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Annotated, Any

from pydantic import TypeAdapter, ValidationError

from loyalty.database import Connection
from loyalty.invalid import Problem
from loyalty.programme import checking, publishing, reading
from loyalty.programme.comparing import Change, Conflict, Json, changes, merged
from loyalty.programme.document import Programme
from loyalty.programme.effects import Note, notes
from loyalty.programme.publishing import dumped
from loyalty.refusal import Kind, Refusal

SECTIONS = tuple(Programme.model_fields)
# Deeper than any section.
DEEPEST = 24


@dataclass(frozen=True, slots=True)
class Draft:
    """`revision` 0: there never was one. `based_on` is the current version; `document` is it with what was touched."""

    revision: int
    based_on: int
    document: dict[str, Json]
    sections: tuple[str, ...]
    saved_by: str | None
    saved_at: datetime | None
    changes: tuple[Change, ...]
    conflicts: tuple[Conflict, ...]
    problems: tuple[Problem, ...]
    notes: tuple[Note, ...]

    @property
    def touched(self) -> dict[str, Json]:
        """The sections that differ from what is published."""
        return {name: self.document[name] for name in self.sections}


def read(connection: Connection, program_id: int) -> Draft:
    """The draft over the current version. Raises Refusal (unavailable) while nothing is published."""
    current = reading.current(connection, program_id)
    row = _row(connection, program_id)
    conflicts: list[Conflict] = []
    document = over(connection, program_id, current, row["document"], row["bases"], conflicts)
    published = dumped(current.document)
    differing = tuple(changes(published, document))
    programme, problems = (current.document, []) if not differing else checking.parsed(document)
    if programme is not None and differing:
        problems = checking.problems(connection, program_id, current.document, programme)
    return Draft(
        revision=row["revision"],
        based_on=current.version,
        document=document,
        sections=tuple(name for name in document if document[name] != published.get(name)),
        saved_by=row["saved_by"] if row["document"] else None,
        saved_at=row["saved_at"] if row["document"] else None,
        changes=differing,
        conflicts=tuple(conflicts),
        problems=tuple(problems),
        notes=tuple(notes(current.document, programme)) if programme is not None else (),
    )


def state(connection: Connection, program_id: int) -> dict[str, Any] | None:
    """That there is a draft: its revision, the sections it touches, who saved it last and when."""
    row = _row(connection, program_id)
    if not row["document"]:
        return None
    sections = [name for name in SECTIONS if name in row["document"]]
    return {"revision": row["revision"], "sections": sections, "saved_by": row["saved_by"], "saved_at": row["saved_at"]}


def save(connection: Connection, program_id: int, section: str, value: Json, *, revision: int, actor: str) -> Draft:
    """One section as it is to be; it need not be right. Raises Refusal: not found, invalid, conflict `stale-draft`."""
    if section not in SECTIONS:
        raise Refusal(Kind.NOT_FOUND, "no-such-section", "A programme has no such section.", field="section")
    if not isinstance(value, dict | list) or _deeper(value, DEEPEST):
        raise Refusal(Kind.INVALID, "invalid", "This is no section of a programme.", field="value")
    current = reading.current(connection, program_id)
    value = _spelled(section, value)
    same = value == dumped(current.document)[section]
    row = connection.execute(
        "select programme.save_section(%s, %s, %s, %s, %s::jsonb, %s) as revision",
        (program_id, current.version, revision, section, None if same else json.dumps(value), actor),
    ).fetchone()
    if row is None or row["revision"] is None:
        raise stale(connection, program_id)
    return read(connection, program_id)


def discard(connection: Connection, program_id: int, *, revision: int | None, actor: str) -> None:
    """There is no draft any more. Raises Refusal (conflict) if it is another one than `revision`."""
    row = connection.execute(
        "select programme.discard_draft(%s, %s, %s) as done", (program_id, revision, actor)
    ).fetchone()
    if row is None or not row["done"]:
        raise stale(connection, program_id)


def ready(connection: Connection, program_id: int, revision: int) -> tuple[Draft, Programme]:
    """The draft if it can be published as it stands. Raises Refusal: conflict `stale-draft`, `nothing-changed`,
    `draft-conflicts`; invalid with every problem."""
    draft = read(connection, program_id)
    if draft.revision != revision:
        raise stale(connection, program_id)
    if draft.conflicts:
        raise Refusal(
            Kind.CONFLICT,
            "draft-conflicts",
            "Somebody else published other values: save these sections again, with theirs or with yours.",
            problems=[Problem(one.field, "was published anew meanwhile") for one in draft.conflicts],
        )
    if not draft.changes:
        raise publishing.nothing_changed()
    programme, _ = checking.parsed(draft.document)
    if draft.problems or programme is None:
        raise publishing.not_valid(draft.problems)
    return draft, programme


def over(
    connection: Connection,
    program_id: int,
    current: reading.Published,
    touched: Mapping[str, Json],
    bases: Mapping[str, int],
    conflicts: list[Conflict],
) -> dict[str, Json]:
    """The current document with touched sections over it; `conflicts` gets what both changed."""
    document = dumped(current.document)
    for section in [name for name in SECTIONS if name in touched]:
        base = int(bases.get(section, current.version))
        was = document if base == current.version else dumped(reading.version(connection, program_id, base).document)
        mine = touched[section]
        if section == "messages" and isinstance(mine, dict):
            # It was saved before these messages existed.
            mine = {**mine, **{key: texts for key, texts in was[section].items() if key not in mine}}
        document[section] = merged(was[section], mine, document[section], section, conflicts)
    return document


def stale(connection: Connection, program_id: int) -> Refusal:
    """Says who was faster."""
    row = _row(connection, program_id)
    newest = publishing.versions(connection, program_id, page_size=1)[0]
    if row["saved_at"] and row["saved_at"] > newest.published_at:
        told = f"{row['saved_by']} saved it at {_said(row['saved_at'])}."
    else:
        told = f"{newest.published_by} published version {newest.version} at {_said(newest.published_at)}."
    return Refusal(Kind.CONFLICT, "stale-draft", f"{told} Look at it before you go on.", field="revision")


def _row(connection: Connection, program_id: int) -> dict[str, Any]:
    row = connection.execute(
        "select revision, document, bases, saved_by, saved_at from programme.draft_of(%s)", (program_id,)
    ).fetchone()
    return row or {"revision": 0, "document": {}, "bases": {}, "saved_by": None, "saved_at": None}


def _said(instant: datetime) -> str:
    return f"{instant.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def _spelled(section: str, value: Json) -> Json:
    """As the document itself would say it, with what was left out; as it is if it is not right."""
    try:
        adapter = _adapter(section)
        return adapter.dump_python(adapter.validate_json(json.dumps(value)), mode="json")
    except ValidationError:
        return value


@cache
def _adapter(section: str) -> TypeAdapter[Any]:
    field = Programme.model_fields[section]
    kind: Any = field.annotation
    for one in field.metadata:
        kind = Annotated[kind, one]
    return TypeAdapter(kind)


def _deeper(value: Json, levels: int) -> bool:
    left = [(value, levels)]
    while left:
        inside, levels = left.pop()
        if isinstance(inside, dict | list):
            if levels == 0:
                return True
            left += [(one, levels - 1) for one in (inside.values() if isinstance(inside, dict) else inside)]
    return False
