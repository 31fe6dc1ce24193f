"""Publishing a version; the first ones come with the software."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psycopg

from loyalty.database import Connection
from loyalty.programme import messages
from loyalty.programme.document import Programme
from loyalty.refusal import Kind, Refusal

# points.set_budgets says no.
BUDGET_REFUSED = "PB001"

INITIAL = Path(__file__).with_name("initial")


def publish(
    connection: Connection, program_id: int, document: Programme, *, based_on: int, actor: str, why: str
) -> int:
    """Publish the next version with its campaigns' budgets, and answer its number.

    Raises Refusal (conflict) unless `based_on` is the newest; also for a budget below what is spent, naming the field;
    (invalid) for a text that is missing or marks an unknown word, naming it.
    """
    if wrong := next(messages.problems(document), None):
        raise Refusal(Kind.INVALID, "invalid", f"{wrong.field}: {wrong.reason}.", field=wrong.field)
    try:
        row = connection.execute(
            "select programme.publish(%s, %s, %s::jsonb, %s, %s) as version",
            (program_id, based_on, document.model_dump_json(), actor, why),
        ).fetchone()
    except psycopg.Error as error:
        if error.sqlstate != BUDGET_REFUSED:
            raise
        told = json.loads(error.diag.message_detail or "{}")
        raise Refusal(Kind.CONFLICT, told["code"], error.diag.message_primary or "", field=told["field"]) from None
    if row is None or row["version"] is None:
        raise Refusal(Kind.CONFLICT, "stale-version", "Somebody else published in the meantime.", field="version")
    return int(row["version"])


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
