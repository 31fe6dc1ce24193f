"""Staff's side of invoices: what a person says is printed, and what becomes of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from pydantic import ValidationError

from loyalty.database import Connection
from loyalty.invalid import Problem, problems_of
from loyalty.invoices import listing, validating
from loyalty.invoices.invoice import Invoice
from loyalty.programme.schema.invoices import Invoices
from loyalty.refusal import Kind, Refusal

type Decision = Literal["approve", "approve_difference", "refuse", "take_back"]


@dataclass(frozen=True, slots=True)
class Agent:
    """Who decides, with the groups of the token."""

    actor: str
    groups: tuple[str, ...]


def correct(
    connection: Connection,
    program_id: int,
    invoice_id: UUID,
    revision: int,
    content: Mapping[str, Any],
    rules: Invoices,
    agent: Agent,
) -> None:
    """The whole of it as it is printed, by somebody who looked at this revision. Raises Refusal: not found, invalid
    with each field, conflict `stale` with who was faster."""
    invoice = _complete(content)
    # Nothing is doubtful any more because of how it was read: a person has looked at all of it.
    doubts = [one.model_dump() for one in validating.findings(invoice, (), rules)]
    row = connection.execute(
        "select invoices.correct(%s, %s, %s, %s::jsonb, %s::jsonb, %s, %s::text[]) as status",
        (
            program_id, invoice_id, revision, invoice.model_dump_json(), json.dumps(doubts), agent.actor,
            list(agent.groups),
        ),
    ).fetchone()  # fmt: skip
    assert row is not None
    if row["status"] == "stale":
        raise _stale(connection, program_id, invoice_id)
    _accepted(row["status"])


def decide(
    connection: Connection,
    program_id: int,
    invoice_id: UUID,
    decision: Decision,
    reason: str | None,
    agent: Agent,
    revision: int | None = None,
) -> None:
    """Approve it, approve it although something differs, refuse it, or take that back, by somebody who looked at this
    revision. Said again by the same person it changes nothing. Raises Refusal; conflict `stale` as above."""
    row = connection.execute(
        "select invoices.decide(%s, %s, %s, %s, %s, %s::text[], %s) as status",
        (program_id, invoice_id, decision, reason, agent.actor, list(agent.groups), revision),
    ).fetchone()
    assert row is not None
    if row["status"] == "stale":
        raise _stale(connection, program_id, invoice_id)
    if decision == "take_back" and row["status"] == "not_open":
        _taken_back(connection, program_id, invoice_id, agent)
        return
    _accepted(row["status"])


def _taken_back(connection: Connection, program_id: int, invoice_id: UUID, agent: Agent) -> None:
    """It waits for a person again since this one took it back just before. Raises Refusal where that is not so."""
    told = listing.one(connection, program_id, invoice_id)
    if ("taken_back", agent.actor) not in [(event["kind"], event["actor"]) for event in told["history"][:2]]:
        raise Refusal(Kind.CONFLICT, "not-open", "There is nothing to take back: nobody has approved or refused it.")


def _complete(content: Mapping[str, Any]) -> Invoice:
    try:
        return Invoice.model_validate_json(json.dumps(content), strict=True)
    except ValidationError as failure:
        problems = [Problem(f"content.{one.field}", one.detail) for one in problems_of(failure)]
        raise Refusal(Kind.INVALID, "invalid", "Some values are not right.", problems=problems) from None


def _stale(connection: Connection, program_id: int, invoice_id: UUID) -> Refusal:
    """Says who was faster."""
    found = listing.one(connection, program_id, invoice_id)
    last = next((event for event in found["history"] if event["kind"] == "corrected"), None)
    told = f"{last['actor']} saved it at {last['at']:%Y-%m-%d %H:%M} UTC." if last else "It has changed."
    return Refusal(Kind.CONFLICT, "stale", f"{told} Look at it before you go on.", field="revision")


_REFUSALS: dict[str, tuple[Kind, str, str | None]] = {
    "unknown_invoice": (Kind.NOT_FOUND, "This programme has no such invoice.", None),
    "unknown_case": (Kind.NOT_FOUND, "This programme has no such invoice.", None),
    "not_approver": (Kind.FORBIDDEN, "Your role does not allow that.", None),
    "not_open": (Kind.CONFLICT, "It does not wait for anybody: somebody has decided it meanwhile.", None),
    "incomplete": (Kind.CONFLICT, "Some of its values are missing still: complete it first.", None),
    "differs": (Kind.CONFLICT, "Something differs still: correct it, or approve it with the difference.", None),
    "nothing_differs": (Kind.CONFLICT, "Nothing differs any more: approve it.", None),
    "same_person": (Kind.FORBIDDEN, "You have corrected it: a second person approves what differs.", None),
    "number_taken": (Kind.CONFLICT, "Another invoice of this number was approved.", None),
    "no_reason": (Kind.INVALID, "Say why.", "reason"),
    "built_upon": (Kind.CONFLICT, "Another one was approved because of it: take that one back first.", None),
    "too_late": (Kind.CONFLICT, "The ERP has it, or is being sent it at this moment.", None),
}


def _accepted(status: str) -> None:
    if status in ("ok", "replay"):
        return
    kind, detail, field = _REFUSALS[status]
    raise Refusal(kind, status.replace("_", "-"), detail, field=field)
