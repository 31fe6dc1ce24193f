"""Simulations as jobs: asked for once for a content, computed elsewhere, kept with their result."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from loyalty.database import Connection
from loyalty.programme.document import Programme
from loyalty.refusal import Kind, Refusal

type State = Literal["waiting", "running", "done", "failed"]

# What a failure's code means to whoever asked.
FAILURES = {
    "given-up": "It was tried three times and never came to its end. Ask again; if it stays so, tell the operators.",
    "too-slow": "The database took too long. Ask again when less is going on.",
    "too-large": "An amount is too large to be computed.",
    "broken": "It failed. Ask again; if it stays so, tell the operators.",
}


@dataclass(frozen=True, slots=True)
class Job:
    """A job and how far it is. `steps` is 0 until it is known how many there are."""

    simulation_id: UUID
    based_on: int
    draft_revision: int
    content_hash: bytes
    state: State
    steps_done: int
    steps: int
    failure: str | None
    requested_by: str
    requested_at: datetime
    finished_at: datetime | None
    result: dict[str, Any] | None = None
    started_at: datetime | None = None
    stalled: bool = False


@dataclass(frozen=True, slots=True)
class Taken:
    """A job in hand: the draft, and the version it is compared with."""

    program_id: int
    simulation_id: UUID
    based_on: int
    document: str
    attempt: int


def content_hash(document: Programme) -> bytes:
    """The same for documents that say the same, whatever their revision."""
    told = json.dumps(document.model_dump(mode="json"), sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(told.encode()).digest()


def ask(
    connection: Connection, program_id: int, based_on: int, revision: int, document: Programme, actor: str
) -> tuple[UUID, bool]:
    """The job for this content, and whether whoever computes must be told. Raises Refusal (conflict) if five wait."""
    row = connection.execute(
        "select * from simulation.ask(%s, %s, %s, %s, %s::jsonb, %s)",
        (program_id, based_on, revision, content_hash(document), document.model_dump_json(), actor),
    ).fetchone()
    assert row is not None
    if row["simulation_id"] is None:
        raise Refusal(
            Kind.CONFLICT,
            "too-many-simulations",
            "Five simulations are being computed. Wait until one of them is done.",
        )
    return row["simulation_id"], row["fresh"]


def find(connection: Connection, program_id: int, simulation_id: UUID) -> Job:
    """Raises Refusal (not found)."""
    row = connection.execute("select * from simulation.job_of(%s, %s)", (program_id, simulation_id)).fetchone()
    if row is None:
        raise Refusal(Kind.NOT_FOUND, "no-such-simulation", "There is no such simulation.")
    return Job(**row)


def newest(connection: Connection, program_id: int, limit: int) -> list[Job]:
    """Newest first, without results."""
    rows = connection.execute("select * from simulation.jobs(%s, %s)", (program_id, limit)).fetchall()
    return [Job(**row) for row in rows]


def take(connection: Connection, program_id: int, simulation_id: UUID) -> Taken | None:
    """The job, unless it is finished or somebody is at it."""
    row = connection.execute("select * from simulation.take(%s, %s)", (program_id, simulation_id)).fetchone()
    return None if row is None else Taken(program_id, simulation_id, row["based_on"], row["document"], row["attempt"])


def progress(connection: Connection, job: Taken, done: int, steps: int) -> bool:
    """Say how far it is; False if the job is somebody else's by now."""
    row = connection.execute(
        "select simulation.progress(%s, %s, %s, %s, %s) as mine",
        (job.program_id, job.simulation_id, job.attempt, done, steps),
    ).fetchone()
    return row is not None and bool(row["mine"])


def finish(connection: Connection, job: Taken, result: dict[str, Any] | None, failure: str | None = None) -> bool:
    """Its end; False if the job is somebody else's by now."""
    row = connection.execute(
        "select simulation.finish(%s, %s, %s, %s::jsonb, %s) as mine",
        (job.program_id, job.simulation_id, job.attempt, None if result is None else json.dumps(result), failure),
    ).fetchone()
    return row is not None and bool(row["mine"])
