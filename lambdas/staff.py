"""The staff's doors: each route asks for the groups of the one table, and writes down what it is about to do."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from uuid import UUID

import psycopg
from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response

from lambdas.http import MAX_BODY_BYTES, Caller, Router, answered_with, caller, resolver
from lambdas.manager_routes.allowed import ALLOWED, FOR_ANYBODY, is_written_down
from lambdas.observed import correlation_id, log_failure
from loyalty.audit import log
from loyalty.database import database
from loyalty.members.membership import NUMBER

SCOPE = "loyalty/staff"
_NAMED = re.compile(r"<(\w+)>")


def staff_resolver(title: str, most_bytes: int = MAX_BODY_BYTES) -> APIGatewayRestResolver:
    """A resolver whose every route is in `allowed.ALLOWED`, closed to other groups, and in the audit log."""
    app = resolver(title, most_bytes)
    app.use(middlewares=[_guarded])
    return app


def staff(app: APIGatewayRestResolver | Router) -> Caller:
    """Who of the staff is calling; that they may was asked before the route began."""
    return caller(app, SCOPE)


def about(app: APIGatewayRestResolver | Router, member_number: str) -> None:
    """Say which member a request turned out to be about, where its address names something else."""
    app.append_context(audited_member=member_number)  # type: ignore[no-untyped-call]


def _guarded(app: APIGatewayRestResolver, following: Callable[..., Response[Any]]) -> Response[Any]:
    route = app.context["_route"]
    if route.func.__name__ == "not_found_handler":
        return following(app)
    name = f"{route.method} {route.path.replace('<', '{').replace('>', '}')}"
    if name in FOR_ANYBODY:
        return following(app)
    who = caller(app, SCOPE)
    if not is_written_down(name):
        caller(app, SCOPE, *ALLOWED[name])
        return following(app)
    entry = _begin(app, who, name)
    try:
        caller(app, SCOPE, *ALLOWED[name])
        response = following(app)
    except Exception as failure:
        _finish(app, who, entry, *answered_with(failure))
        raise
    _finish(app, who, entry, response.status_code, None)
    return response


def _begin(app: APIGatewayRestResolver, who: Caller, name: str) -> UUID:
    event = app.current_event
    # Beside what the address names the arguments hold the whole body and the query: none of that is kept.
    args = app.context.get("_route_args") or {}
    subjects = tuple(str(args[one])[:80] for one in _NAMED.findall(app.context["_route"].path) if one in args)
    body: Any = None
    # What is no JSON was refused before; here it is only not repeated.
    with suppress(Exception):
        body = event.json_body
    number = body.get("member_number") if isinstance(body, dict) else None
    app.append_context(audited_member=number if isinstance(number, str) else None)  # type: ignore[no-untyped-call]
    groups = tuple(sorted(who.groups))
    written = log.Entry(
        f"staff:{who.subject}", groups, name, subjects, log.telling(body), correlation_id(event.raw_event, None)
    )
    return log.begin(database().connection(), who.program_id, written)


def _finish(app: APIGatewayRestResolver, who: Caller, entry: UUID, status: int, code: str | None) -> None:
    args = app.context.get("_route_args") or {}
    member_number = args.get("member_number") or app.context.get("audited_member")
    # What was not checked yet may be anybody's words.
    if not (isinstance(member_number, str) and NUMBER.fullmatch(member_number)):
        member_number = None
    try:
        log.finish(database().connection(), who.program_id, entry, status, code, member_number)
    except psycopg.Error as failure:
        # What was done is done; the entry stays without an ending, which says so.
        log_failure(failure)
