"""What is held on a member: given as a file, erased by two persons with receipts, kept by a legal hold."""

from __future__ import annotations

import os
from datetime import date, datetime
from functools import cache
from typing import Annotated, Any, Literal
from uuid import UUID

from aws_lambda_powertools.event_handler.openapi.params import Path, Query
from pydantic import BaseModel, Field, StringConstraints

from lambdas.http import KEYED, STRICT, Caller, Router, View, idempotency_key, logger
from lambdas.staff import about, staff
from loyalty import aws
from loyalty.database import database
from loyalty.privacy import requests, retention

router = Router()

LINK_SECONDS = 300

Number = Annotated[str, Path(max_length=40)]
State = Literal["waiting", "ready", "failed", "expired", "declined", "running", "stuck", "done"]


class ErasureWish(BaseModel):
    """`points`: available and pending as they were shown; the member loses them."""

    model_config = STRICT
    reason: Literal["member_request", "minor", "court_order", "other"]
    points: Annotated[int, Field(ge=0, le=2**53 - 1)]


class ErasureDecision(BaseModel):
    """The second person's word."""

    model_config = STRICT
    decision: Literal["approve", "decline"]


class HoldReason(BaseModel):
    """Why nothing may be erased: a reference, not a story."""

    model_config = STRICT
    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


class Taken(View):
    """Who downloaded the file."""

    actor: str
    at: datetime


class Receipt(View):
    """What one store says. `kept`: the law wants it until `until`; `pending`: whoever runs that store erases it."""

    store: str
    state: Literal["waiting", "done", "kept", "pending", "stuck"]
    removed: dict[str, int]
    until: date | None
    at: datetime | None
    attempts: int
    problem: str | None


class PrivacyRequest(View):
    """An export (`size_bytes`, `expires_at`, `downloads`) or an erasure (`receipts`; `points` as they were
    shown to whoever asked, `forfeited` those that went)."""

    kind: Literal["export", "erasure"]
    request_id: UUID
    member_number: str
    state: State
    requested_by: str
    requested_at: datetime
    reason: str | None = None
    size_bytes: int | None = None
    files: int | None = None
    ready_at: datetime | None = None
    expires_at: datetime | None = None
    downloads: list[Taken] | None = None
    origin: str | None = None
    decided_by: str | None = None
    decided_at: datetime | None = None
    done_at: datetime | None = None
    points: int | None = None
    forfeited: int | None = None
    waits_for: list[str] | None = None
    receipts: list[Receipt] | None = None


class PrivacyRequests(View):
    """Newest first; `before` leads to the next page."""

    requests: list[PrivacyRequest]
    before: UUID | None


class LegalHold(View):
    """It stands until it is lifted."""

    hold_id: UUID
    reason: str
    placed_by: str
    placed_at: datetime
    lifted_by: str | None
    lifted_at: datetime | None


class PrivacyStanding(View):
    """What an erasure would meet now: `obstacles` by which it is refused, points that would be lost, documents that the
    law keeps; and what was asked for before."""

    member_number: str
    state: str
    obstacles: list[str]
    available: int
    pending: int
    debt: int
    documents_kept: int
    documents_until: date | None
    legal_holds: list[LegalHold]
    exports: list[PrivacyRequest]
    erasures: list[PrivacyRequest]


class ExportFile(View):
    """Where the ZIP is, for `seconds` from now; that it was taken is written down."""

    url: str
    seconds: int


class RetentionRule(View):
    """How long a store keeps what."""

    name: str
    store: str
    what: str
    kept: str
    by: str


class RetentionRun(View):
    """What the job removed on a day."""

    rule: str
    day: date
    removed: int
    last_at: datetime


class Retention(View):
    """The rules, and what they removed in the last 30 days."""

    rules: list[RetentionRule]
    runs: list[RetentionRun]


@router.get("/members/<member_number>/privacy", summary="Exports, erasures and legal holds of a member")
def get_standing(member_number: Number) -> PrivacyStanding:
    who = staff(router)
    return PrivacyStanding(**requests.standing(database().connection(), who.program_id, member_number))


@router.post(
    "/members/<member_number>/exports",
    summary="Put together what is held on a member",
    status_code=202,
    openapi_extensions=KEYED,
)
def post_export(member_number: Number) -> PrivacyRequest:
    who = staff(router)
    key = idempotency_key(router)
    requests.export(database().connection(), who.program_id, member_number, key, _actor(who))
    return _one(who, key)


@router.post(
    "/members/<member_number>/erasure",
    summary="Ask for a member to be erased",
    status_code=202,
    openapi_extensions=KEYED,
)
def post_erasure(member_number: Number, body: ErasureWish) -> PrivacyRequest:
    who = staff(router)
    key = idempotency_key(router)
    connection = database().connection()
    requests.erase(connection, who.program_id, member_number, key, body.reason, body.points, _actor(who))
    return _one(who, key)


@router.post(
    "/members/<member_number>/legal-holds",
    summary="Keep a member's data from being erased",
    status_code=201,
    openapi_extensions=KEYED,
)
def post_hold(member_number: Number, body: HoldReason) -> PrivacyStanding:
    who = staff(router)
    connection = database().connection()
    requests.place_hold(connection, who.program_id, member_number, idempotency_key(router), body.reason, _actor(who))
    return PrivacyStanding(**requests.standing(connection, who.program_id, member_number))


@router.post("/members/<member_number>/legal-holds/<hold_id>/lifting", summary="Lift a legal hold")
def post_lifting(member_number: Number, hold_id: UUID) -> PrivacyStanding:
    who = staff(router)
    connection = database().connection()
    requests.lift_hold(connection, who.program_id, member_number, hold_id, _actor(who))
    return PrivacyStanding(**requests.standing(connection, who.program_id, member_number))


@router.get("/privacy/requests", summary="Exports and erasures")
def get_requests(
    kind: Literal["export", "erasure"] | None = None,
    state: State | None = None,
    before: UUID | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> PrivacyRequests:
    who = staff(router)
    found = requests.listed(database().connection(), who.program_id, kind=kind, state=state, before=before, limit=limit)
    return PrivacyRequests(
        requests=[PrivacyRequest(**one) for one in found],
        before=found[-1]["request_id"] if len(found) == limit else None,
    )


@router.get("/privacy/requests/<request_id>", summary="One request with its receipts")
def get_request(request_id: UUID) -> PrivacyRequest:
    return _one(staff(router), request_id)


@router.post("/privacy/requests/<request_id>/approval", summary="Approve or decline an erasure as the second person")
def post_approval(request_id: UUID, body: ErasureDecision) -> PrivacyRequest:
    who = staff(router)
    requests.decide(database().connection(), who.program_id, request_id, body.decision, _actor(who), who.groups)
    return _one(who, request_id)


@router.post("/privacy/requests/<request_id>/retry", summary="Try again what was stuck")
def post_retry(request_id: UUID) -> PrivacyRequest:
    who = staff(router)
    requests.retry(database().connection(), who.program_id, request_id, _actor(who))
    return _one(who, request_id)


@router.post("/privacy/requests/<request_id>/file", summary="Where an export's ZIP is, for five minutes")
def post_file(request_id: UUID) -> ExportFile:
    who = staff(router)
    connection = database().connection()
    key = requests.place_of(connection, who.program_id, request_id, _actor(who))
    number = requests.one(connection, who.program_id, request_id)["member_number"]
    about(router, number)
    url = _s3().generate_presigned_url(
        "get_object",
        Params={
            "Bucket": os.environ["EXPORTS_BUCKET"],
            "Key": key,
            "ResponseContentType": "application/zip",
            "ResponseContentDisposition": f'attachment; filename="export-{number}.zip"',
            "ResponseCacheControl": "private, no-store",
        },
        ExpiresIn=LINK_SECONDS,
    )
    logger.info("export downloaded", extra={"export_id": str(request_id), "by": _actor(who)})
    return ExportFile(url=url, seconds=LINK_SECONDS)


@router.get("/privacy/retention", summary="How long what is kept")
def get_retention() -> Retention:
    staff(router)
    runs = requests.retention_runs(database().connection())
    return Retention(
        rules=[
            RetentionRule(name=one.name, store=one.store, what=one.what, kept=one.kept, by=one.by)
            for one in retention.RETENTION
        ],
        runs=[RetentionRun(**row) for row in runs],
    )


def _one(who: Caller, request_id: UUID) -> PrivacyRequest:
    found = requests.one(database().connection(), who.program_id, request_id)
    about(router, found["member_number"])
    return PrivacyRequest(**found)


def _actor(who: Caller) -> str:
    return f"staff:{who.subject}"


@cache
def _s3() -> Any:
    # Buckets with a KMS key take no older signature; the region's own host, because the global one redirects.
    return aws.client("s3", **aws.REGIONAL)
