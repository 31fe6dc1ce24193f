"""The programme's document: what applies, what is being prepared, what is to come, and what was."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from aws_lambda_powertools.event_handler.openapi.params import Path, Query
from pydantic import BaseModel, Field, StringConstraints

from lambdas.http import STRICT, Caller, Instant, Router, View
from lambdas.staff import staff
from loyalty.database import Connection, database
from loyalty.programme import comparing, drafting, publishing, reading, restoring, scheduling
from loyalty.programme.publishing import dumped

router = Router()

Version = Annotated[int, Path(ge=1, le=2**31 - 1)]
Revision = Annotated[int, Field(ge=0, le=2**31 - 1)]
Why = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500, pattern=r"^[^\x00-\x1f\x7f]+$")
]


class Saving(BaseModel):
    """A section as it is to be; `revision` is the draft's that was looked at."""

    model_config = STRICT
    revision: Revision
    value: Any


class Publication(BaseModel):
    """`at`: not now but at that instant."""

    model_config = STRICT
    revision: Revision
    why: Why
    at: Instant | None = None


class Restoration(BaseModel):
    """Why an earlier version is to apply again."""

    model_config = STRICT
    why: Why


class ProblemView(View):
    """What is wrong at a field, by its path: campaigns.3.budget_minor."""

    field: str
    detail: str


class NoteView(View):
    """What to know about a change; nothing is wrong with it."""

    field: str
    note: str


class ChangeView(View):
    """A field that differs; null: it is not there. An entry with a code is named by it."""

    field: str
    before: Any
    after: Any


class ConflictView(View):
    """A field that was published anew while the draft has another value for it."""

    field: str
    mine: Any
    theirs: Any


class DraftState(View):
    """That there is one, and who saved it last."""

    revision: int
    sections: list[str]
    saved_by: str
    saved_at: datetime


class ScheduleView(View):
    """`refused`: its time came and it could not be published; `problems` say why."""

    schedule_id: UUID
    state: Literal["waiting", "refused"]
    publish_at: datetime
    time_zone: str
    based_on: int
    sections: list[str]
    why: str
    scheduled_by: str
    scheduled_at: datetime
    problems: list[ProblemView]


class VersionView(View):
    """`origin`: the draft, the draft at its time (schedule), one small change, or an earlier version again."""

    version: int
    published_at: datetime
    published_by: str
    why: str
    origin: Literal["publication", "schedule", "change", "restoration"]
    restored_version: int | None


class ProgrammeView(View):
    """What applies now."""

    version: int
    published_at: datetime
    published_by: str
    why: str
    origin: str
    restored_version: int | None
    time_zone: str
    document: dict[str, Any]
    draft: DraftState | None
    scheduled: list[ScheduleView]


class DraftView(View):
    """`based_on` is the current version, `document` it with what the draft changes; without a draft simply the version.
    With conflicts or problems it cannot be published."""

    revision: int
    based_on: int
    time_zone: str
    saved_by: str | None
    saved_at: datetime | None
    sections: list[str]
    document: dict[str, Any]
    changes: list[ChangeView]
    conflicts: list[ConflictView]
    problems: list[ProblemView]
    notes: list[NoteView]


class Saved(View):
    """The new revision, and what stands in the way of publishing."""

    revision: int
    based_on: int
    conflicts: list[ConflictView]
    problems: list[ProblemView]
    notes: list[NoteView]


class Discarded(View):
    """There is no draft; the next one begins at this revision."""

    revision: int


class Published(View):
    """The new version; none yet if it is only scheduled."""

    version: int | None
    schedule_id: UUID | None = None
    publish_at: datetime | None = None
    time_zone: str


class KeptView(View):
    """A campaign that rolling back does not take from the earlier version. `now`: its state, times and what is fixed
    stay as they are now; `stays`: that version does not know it; `gone`: it has left and does not come back."""

    code: str
    name: str | None
    how: Literal["now", "stays", "gone"]


class RolledBack(Published):
    """`kept`: campaigns that are not as that version had them."""

    kept: list[KeptView]


class Versions(View):
    """Newest first; `before` asks for the next page."""

    versions: list[VersionView]
    before: int | None


class VersionDetail(VersionView):
    """What that version said; `changes` against `against`, its predecessor unless another was asked for.

    `rollback`: what rolling back to it would change now; `kept`: the campaigns that it would leave as they are."""

    document: dict[str, Any]
    against: int | None
    changes: list[ChangeView]
    rollback: list[ChangeView]
    kept: list[KeptView]


class Cancelled(View):
    """`drafted`: what was scheduled is the draft again."""

    drafted: bool


@router.get("/programme", summary="What applies now, and what is to come")
def get_programme() -> ProgrammeView:
    who = staff(router)
    connection = database().connection()
    current = reading.current(connection, who.program_id)
    told = publishing.versions(connection, who.program_id, page_size=1, before=current.version + 1)[0]
    draft = drafting.state(connection, who.program_id)
    zone = current.document.points.time_zone
    return ProgrammeView(
        **asdict(told),
        time_zone=zone,
        document=dumped(current.document),
        draft=None if draft is None else DraftState(**draft),
        scheduled=_scheduled(connection, who.program_id, zone),
    )


@router.get("/programme/draft", summary="What is being prepared")
def get_draft() -> DraftView:
    who = staff(router)
    draft = drafting.read(database().connection(), who.program_id)
    zone = reading.current(database().connection(), who.program_id).document.points.time_zone
    return DraftView(
        **_told(draft),
        time_zone=zone,
        saved_by=draft.saved_by,
        saved_at=draft.saved_at,
        sections=list(draft.sections),
        document=draft.document,
        changes=[ChangeView(**asdict(one)) for one in draft.changes],
    )


@router.put("/programme/draft/<section>", summary="Save a section of the draft")
def put_section(section: Annotated[str, Path(max_length=40)], body: Saving) -> Saved:
    who = staff(router)
    draft = drafting.save(
        database().connection(), who.program_id, section, body.value, revision=body.revision, actor=_actor(who)
    )
    return Saved(**_told(draft))


@router.delete("/programme/draft", summary="Forget the draft")
def delete_draft(revision: Annotated[int | None, Query(ge=0, le=2**31 - 1)] = None) -> Discarded:
    who = staff(router)
    connection = database().connection()
    drafting.discard(connection, who.program_id, revision=revision, actor=_actor(who))
    return Discarded(revision=drafting.read(connection, who.program_id).revision)


@router.post("/programme/draft/publication", summary="Publish the draft, now or at an instant")
def post_publication(body: Publication) -> Published:
    who = staff(router)
    connection = database().connection()
    revision, actor = body.revision, _actor(who)
    zone = reading.current(connection, who.program_id).document.points.time_zone
    if body.at is None:
        version = scheduling.publish_draft(connection, who.program_id, revision=revision, actor=actor, why=body.why)
        return Published(version=version, time_zone=zone)
    schedule_id = scheduling.schedule_draft(
        connection, who.program_id, revision=revision, at=body.at, actor=actor, why=body.why
    )
    return Published(version=None, schedule_id=schedule_id, publish_at=body.at, time_zone=zone)


@router.delete("/programme/schedule/<schedule_id>", summary="Cancel what is scheduled, or say that a refusal was seen")
def delete_schedule(schedule_id: UUID) -> Cancelled:
    who = staff(router)
    drafted = scheduling.cancel(database().connection(), who.program_id, schedule_id, _actor(who))
    return Cancelled(drafted=drafted)


@router.get("/programme/versions", summary="Every version, newest first")
def get_versions(
    before: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Versions:
    who = staff(router)
    found = publishing.versions(database().connection(), who.program_id, before=before, page_size=limit)
    return Versions(
        versions=[VersionView(**asdict(one)) for one in found],
        before=found[-1].version if len(found) == limit and found[-1].version > 1 else None,
    )


@router.get("/programme/versions/<version>", summary="One version, and what it changed")
def get_version(version: Version, against: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None) -> VersionDetail:
    who = staff(router)
    connection = database().connection()
    found = reading.version(connection, who.program_id, version)
    document = dumped(found.document)
    told = publishing.versions(connection, who.program_id, page_size=1, before=version + 1)[0]
    other = against if against is not None else version - 1
    base = dumped(reading.version(connection, who.program_id, other).document) if other else document
    rollback, kept = restoring.preview(connection, who.program_id, found)
    return VersionDetail(
        **asdict(told),
        document=document,
        against=other or None,
        changes=[ChangeView(**asdict(one)) for one in comparing.changes(base, document)],
        rollback=[ChangeView(**asdict(one)) for one in rollback],
        kept=[KeptView(**asdict(one)) for one in kept],
    )


@router.post("/programme/versions/<version>/restoration", summary="Roll back: an earlier version applies again")
def post_restoration(version: Version, body: Restoration) -> RolledBack:
    who = staff(router)
    connection = database().connection()
    published, kept = publishing.restore(connection, who.program_id, version, _actor(who), body.why)
    zone = reading.current(connection, who.program_id).document.points.time_zone
    return RolledBack(version=published, time_zone=zone, kept=[KeptView(**asdict(one)) for one in kept])


def _scheduled(connection: Connection, program_id: int, zone: str) -> list[ScheduleView]:
    return [
        ScheduleView(
            **{
                **asdict(one),
                "sections": list(one.sections),
                "problems": [ProblemView(**asdict(problem)) for problem in one.problems],
            },
            time_zone=zone,
        )
        for one in scheduling.schedules(connection, program_id)
    ]


def _told(draft: drafting.Draft) -> dict[str, Any]:
    return {
        "revision": draft.revision,
        "based_on": draft.based_on,
        "conflicts": [ConflictView(**asdict(one)) for one in draft.conflicts],
        "problems": [ProblemView(**asdict(one)) for one in draft.problems],
        "notes": [NoteView(**asdict(one)) for one in draft.notes],
    }


def _actor(who: Caller) -> str:
    return f"staff:{who.subject}"
