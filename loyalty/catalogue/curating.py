"""What staff say about single products: picked or hidden, featured, filed, named. Every saying is a change that can be
taken back whole."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from loyalty.database import Connection
from loyalty.programme import reading
from loyalty.programme.document import Programme
from loyalty.refusal import Kind, Refusal

type Action = Literal["pick", "hide", "release", "feature", "unfeature", "map"]

MOST_FEATURED = 200
LONGEST_TITLE, LONGEST_DESCRIPTION = 300, 4_000


@dataclass(frozen=True, slots=True)
class Changed:
    """What a change did. `change_id` None: everything was so already."""

    change_id: int | None
    products: int


def act(
    connection: Connection,
    program_id: int,
    action: Action,
    asins: Sequence[str],
    *,
    category: str | None,
    why: str | None,
    actor: str,
) -> Changed:
    """Do that with all of them at once. Raises Refusal: invalid (an unknown category), not found (none is known)."""
    if action in ("feature", "unfeature"):
        return _feature(connection, program_id, action == "feature", asins, why, actor)
    if action == "map":
        known_category(reading.current(connection, program_id).document, category, "category")
    standing = {"pick": "picked", "hide": "hidden", "release": None}
    said = {"category": category} if action == "map" else {"standing": standing[action]}
    return curate(connection, program_id, [{"asin": asin, **said} for asin in asins], action, why, actor)


def edit(
    connection: Connection,
    program_id: int,
    asin: str,
    said: Mapping[str, Any],
    *,
    seen: int,
    why: str | None,
    actor: str,
) -> Changed:
    """Say everything of one product: standing, category, texts. Raises Refusal (conflict) if the product's newest
    change is not `seen` (0: there was none)."""
    with connection.transaction():
        # What curating waits for as well: nobody comes between the look and the change.
        connection.execute("select pg_advisory_xact_lock(%s, 84000)", (program_id,))
        newest = connection.execute("select * from catalogue.changes(%s, %s, null, 1)", (program_id, asin)).fetchone()
        if seen != (newest["change_id"] if newest else 0):
            raise Refusal(
                Kind.CONFLICT, "stale-product", "Somebody else has changed this product in the meantime.", field="seen"
            )
        known_category(reading.current(connection, program_id).document, said.get("category"), "category")
        return curate(connection, program_id, [{"asin": asin, **said}], "edit", why, actor)


def curate(
    connection: Connection,
    program_id: int,
    wanted: Iterable[Mapping[str, Any]],
    kind: str,
    why: str | None,
    actor: str,
) -> Changed:
    """Make a change of products that are there, each once."""
    row = connection.execute(
        "select * from catalogue.curate(%s, %s::jsonb, %s, %s, %s)",
        (program_id, json.dumps(list(wanted)), kind, why, actor),
    ).fetchone()
    assert row is not None
    return Changed(row["change_id"], row["changed"])


def undo(connection: Connection, program_id: int, change_id: int, *, why: str | None, actor: str) -> Changed:
    """Take a change back, whole. Raises Refusal: not found, or conflict if it is undone or something changed since."""
    row = connection.execute(
        "select * from catalogue.undo(%s, %s, %s, %s)", (program_id, change_id, why, actor)
    ).fetchone()
    assert row is not None
    match row["outcome"]:
        case "unknown":
            raise Refusal(Kind.NOT_FOUND, "no-such-change", "There is no such change.", field="change_id")
        case "undone":
            raise Refusal(Kind.CONFLICT, "already-undone", "This change has been taken back already.")
        case "changed-since":
            detail = "Some of its products have been changed since. Take those changes back first."
            raise Refusal(Kind.CONFLICT, "changed-since", detail)
    return Changed(row["undo_id"], row["products"])


def history(
    connection: Connection, program_id: int, before: int | None, most: int, asin: str | None = None
) -> list[dict[str, Any]]:
    """The changes, newest first."""
    return connection.execute(
        "select * from catalogue.changes(%s, %s, %s, %s)", (program_id, asin, before, most)
    ).fetchall()


def featured(connection: Connection, program_id: int) -> tuple[list[str], int]:
    """The featured products in their order, and the revision to say when ordering them anew."""
    row = connection.execute("select * from catalogue.featured(%s)", (program_id,)).fetchone()
    assert row is not None
    return list(row["asins"]), int(row["revision"])


def order_featured(
    connection: Connection, program_id: int, asins: Sequence[str], *, seen: int | None, why: str | None, actor: str
) -> int:
    """These are the featured, in this order; the new revision. Raises Refusal: invalid, or conflict after `seen`."""
    if len(asins) > MOST_FEATURED:
        raise Refusal(Kind.INVALID, "invalid", f"At most {MOST_FEATURED} products are featured.", field="asins")
    for place, asin in enumerate(asins):
        if asin in asins[:place]:
            raise Refusal(Kind.INVALID, "invalid", "Each product once.", field=f"asins[{place}]")
    row = connection.execute(
        "select * from catalogue.feature(%s, %s, %s, %s, %s)", (program_id, list(asins), seen, why, actor)
    ).fetchone()
    assert row is not None
    if row["outcome"] == "stale":
        raise Refusal(Kind.CONFLICT, "stale-order", "Somebody else has ordered the featured products in the meantime.")
    if row["outcome"] == "unknown":
        raise Refusal(Kind.INVALID, "invalid", "Not all of these are in the catalogue.", field="asins")
    return int(row["revision"])


def _feature(
    connection: Connection, program_id: int, wanted: bool, asins: Sequence[str], why: str | None, actor: str
) -> Changed:
    now, revision = featured(connection, program_id)
    rest = [asin for asin in now if asin not in asins]
    then = [*now, *(asin for asin in dict.fromkeys(asins) if asin not in now)] if wanted else rest
    changed = len(set(then) ^ set(now))
    if not changed:
        return Changed(None, 0)
    done = order_featured(connection, program_id, then, seen=revision, why=why, actor=actor)
    return Changed(done, changed)


def known_category(document: Programme, category: str | None, field: str) -> None:
    """Raises Refusal (invalid) unless the programme has a category of that code, or none is named."""
    if category is not None and category not in {one.code for one in document.catalogue.categories}:
        raise Refusal(Kind.INVALID, "invalid", "The programme has no category of this code.", field=field)


# ---- files -------------------------------------------------------------------------------------------------------


def open_import(
    connection: Connection, program_id: int, import_id: UUID, file_name: str, size: int, actor: str
) -> None:
    """A file is on its way."""
    connection.execute(
        "select catalogue.open_import(%s, %s, %s, %s, %s)", (program_id, import_id, file_name, size, actor)
    )


def import_of(connection: Connection, program_id: int, import_id: UUID) -> dict[str, Any]:
    """What was found in a file. Raises Refusal (not found)."""
    row = connection.execute("select * from catalogue.import_of(%s, %s)", (program_id, import_id)).fetchone()
    if row is None:
        raise Refusal(Kind.NOT_FOUND, "no-such-import", "There is no such file.", field="import_id")
    return row


def apply_import(connection: Connection, program_id: int, import_id: UUID, actor: str) -> Changed:
    """Take a good file over, whole. Raises Refusal: not found, or conflict unless it is good."""
    row = connection.execute(
        "select * from catalogue.apply_import(%s, %s, %s)", (program_id, import_id, actor)
    ).fetchone()
    assert row is not None
    if row["outcome"] == "unknown":
        raise Refusal(Kind.NOT_FOUND, "no-such-import", "There is no such file.", field="import_id")
    if row["outcome"] == "not-good":
        raise Refusal(Kind.CONFLICT, "not-good", "Only a file that was looked at and has no mistakes is taken over.")
    return Changed(row["change_id"], row["changed"])
