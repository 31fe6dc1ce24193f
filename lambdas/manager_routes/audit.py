"""The log of what staff did and looked at; and who they are."""

from __future__ import annotations

import csv
import io
from datetime import datetime
from functools import cache, lru_cache
from time import monotonic
from typing import Annotated, Any
from uuid import UUID

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Query

from lambdas.environment import environment
from lambdas.http import Instant, Router, View
from lambdas.manager_routes.finance import CSV, table
from lambdas.staff import staff
from loyalty import aws
from loyalty.audit import log
from loyalty.database import database
from loyalty.refusal import Kind, Refusal

router = Router()

MOST_LINES = 10_000
NAMES_SECONDS = 300
Who = Annotated[str | None, Query(pattern=r"^staff:[^\x00-\x1f\x7f]{1,128}$")]
Action = Annotated[str | None, Query(pattern=r"^[A-Z]{3,6} /[a-z0-9_{}/.-]{1,100}$")]
About = Annotated[str | None, Query(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,79}$")]


class AuditEntry(View):
    """`status`: the answer's; none if it broke off in between. `detail`: amounts, decisions, codes that were sent."""

    entry_id: UUID
    at: datetime
    actor: str
    groups: list[str]
    action: str
    subjects: list[str]
    member_number: str | None
    detail: dict[str, int | bool | str]
    status: int | None
    code: str | None
    correlation_id: str


class AuditPage(View):
    """Newest first; `before` leads to the next page."""

    entries: list[AuditEntry]
    before: UUID | None


class StaffMember(View):
    """`actor` as it stands in the log and beside decisions."""

    actor: str
    name: str
    enabled: bool


class StaffList(View):
    """Everybody who can sign in here, or could."""

    staff: list[StaffMember]


@router.get("/audit", summary="What staff did and looked at")
def get_audit(
    actor: Who = None,
    action: Action = None,
    about: About = None,
    changes: bool | None = None,
    since: Instant | None = None,
    until: Instant | None = None,
    before: UUID | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> AuditPage:
    who = staff(router)
    wanted = log.Filter(actor, action, about, changes, since, until)
    rows = log.page(database().connection(), who.program_id, wanted, before, limit)
    return AuditPage(
        entries=[AuditEntry(**row) for row in rows], before=rows[-1]["entry_id"] if len(rows) == limit else None
    )


@router.get("/audit.csv", summary="The same as a table", responses=CSV)
def get_audit_csv(
    actor: Who = None,
    action: Action = None,
    about: About = None,
    changes: bool | None = None,
    since: Instant | None = None,
    until: Instant | None = None,
) -> Response[str]:
    who = staff(router)
    wanted = log.Filter(actor, action, about, changes, since, until)
    rows = log.page(database().connection(), who.program_id, wanted, None, MOST_LINES + 1)
    if len(rows) > MOST_LINES:
        raise Refusal(
            Kind.INVALID, "too-many", f"These are more than {MOST_LINES:,} lines: choose fewer days.", field="since"
        )
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerows(log.as_rows(rows))
    return table("audit", out.getvalue())


@router.get("/staff", summary="Who works here")
def get_staff() -> StaffList:
    staff(router)
    return StaffList(staff=[StaffMember(**one) for one in _people(int(monotonic() / NAMES_SECONDS))])


@cache
def _pool() -> Any:
    return aws.client("cognito-idp")


@lru_cache(maxsize=1)
def _people(_minutes: int) -> list[dict[str, Any]]:
    """All of the staff pool: a company's desk, not its members."""
    found: list[dict[str, Any]] = []
    for page in _pool().get_paginator("list_users").paginate(UserPoolId=environment().staff_pool_id):
        for user in page["Users"]:
            told = {one["Name"]: one["Value"] for one in user.get("Attributes", ())}
            name = told.get("name") or told.get("email") or user["Username"]
            found.append(
                {"actor": f"staff:{told.get('sub', user['Username'])}", "name": name, "enabled": user["Enabled"]}
            )
    return sorted(found, key=lambda one: one["name"])
