"""What holds of every answer to every request, whatever was sent."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote

from tests.fuzz.door import Reply, Request

if TYPE_CHECKING:
    from tests.fuzz.world import World

# Fields whose values are a person's, wherever they are sent.
PERSONAL = {"full_name", "phone", "email", "line1", "line2", "line3", "code", "note", "text", "reason"}
# Shorter ones are words that a log or a problem may well hold by itself.
TELLING = 8


def check(world: World, request: Request, reply: Reply, before: dict[str, int], after: dict[str, int]) -> None:
    """All of them. `before` and `after` are the world's counts."""
    what = f"{request.method} {request.path}?{request.query} {request.body!r:.300}\n→ {reply.status} {reply.text:.500}"
    _is_no_fault_of_ours(reply, what)
    _says_what_browsers_must_not_do(reply, what)
    if reply.status >= 400:
        _is_a_problem(reply, what)
        _echoes_nothing(request, reply, what)
        assert after == before, f"refused, and yet something moved: {_changes(before, after)}\n{what}"
    else:
        moved = after["points"] - before["points"]
        assert moved in _may_move(world, request, reply), f"{moved} points moved\n{what}"
        if request.method in ("GET", "HEAD", "OPTIONS"):
            assert after == before, f"reading moved something: {_changes(before, after)}\n{what}"
    _logs_nothing_personal(world, request, reply, what)


def _is_no_fault_of_ours(reply: Reply, what: str) -> None:
    if reply.status == 503:
        assert int(reply.headers["Retry-After"]) > 0, what
    else:
        assert reply.status < 500, f"{what}\n{reply.log}"
    # What went wrong inside is nobody's business outside, and what is expected is no exception inside.
    assert "Traceback (most recent call last)" not in reply.text, what
    if reply.status < 500:
        assert "Traceback (most recent call last)" not in reply.log, f"{what}\n{reply.log}"


def _says_what_browsers_must_not_do(reply: Reply, what: str) -> None:
    said = {name.lower(): value for name, value in reply.headers.items()}
    assert said["x-content-type-options"] == "nosniff", what
    assert said["strict-transport-security"].startswith("max-age=63072000"), what
    # What is public says how long it is good; everything else is kept by nobody.
    assert "no-store" in said["cache-control"] or "max-age" in said["cache-control"], what


def _is_a_problem(reply: Reply, what: str) -> None:
    assert reply.headers["Content-Type"] == "application/problem+json", what
    problem = reply.body
    assert problem["status"] == reply.status, what
    assert problem["title"], what
    assert re.fullmatch(r"[a-z][a-z-]+", problem["code"]), what
    assert set(problem) <= {"type", "title", "status", "code", "detail", "errors"}, what
    if reply.status in (400, 413):
        assert problem["errors"], what
    for error in problem.get("errors", []):
        assert error["field"], what
        assert error["detail"], what


def _echoes_nothing(request: Request, reply: Reply, what: str) -> None:
    problem = reply.body
    told = json.dumps(
        [problem.get("detail"), [error["detail"] for error in problem.get("errors", [])]], ensure_ascii=False
    )
    for name, value in _sent(request):
        assert value not in told, f"the value of {name} comes back\n{what}"


def _logs_nothing_personal(world: World, request: Request, reply: Reply, what: str) -> None:
    from tests.fuzz.facts import FULL_NAME, MAILBOX, PHONE, STREET

    for stored in (FULL_NAME, PHONE, STREET, MAILBOX):
        assert stored not in reply.log, f"{stored} is in the log\n{what}\n{reply.log}"
    for name, value in _sent(request):
        if name in PERSONAL:
            assert value not in reply.log, f"the value of {name} is in the log\n{what}\n{reply.log}"
    numbers = set(re.findall(r"\b\d{6}\b", reply.log))
    assert numbers.isdisjoint(world.fakes.codes()), f"a code is in the log\n{what}\n{reply.log}"


def _may_move(world: World, request: Request, reply: Reply) -> set[int]:
    """The points that an accepted request may bring into the world."""
    body = _document(request)
    if request.path == "/accruals" and reply.status == 201:
        return {0} if reply.body["replayed"] else {reply.body["points"]}
    if request.path.endswith("/reversals") and reply.status == 201:
        return {0} if reply.body["replayed"] else {-reply.body["points"]}
    if request.path == "/adjustments" and request.method == "POST" and reply.status == 200:
        return {0, body["points"]} if reply.body["state"] == "applied" else {0}
    if (
        re.fullmatch("/adjustments/.*/approval", request.path)
        and reply.status == 200
        and reply.body["state"] == "applied"
    ):
        row = world.owner.execute(
            "select amount from members.adjustment where adjustment_id = %s", (reply.body["adjustment_id"],)
        ).fetchone()
        return {0, row["amount"] if row else 0}
    if re.fullmatch("/cases/.*/(outcome|approval|return-received)", request.path) and reply.status == 200:
        row = world.owner.execute(
            "select points from cases.member_case where case_id = %s and state = 'decided'", (reply.body["case_id"],)
        ).fetchone()
        return {0, (row["points"] or 0) if row else 0}
    return {0}


def _sent(request: Request) -> Iterator[tuple[str, str]]:
    """Every value that was sent and is long enough to be recognised."""
    values = [*_leaves("body", _document(request)), *parse_qsl(request.query, errors="replace")]
    values += [("path", unquote(part)) for part in request.path.split("/")[2:]]
    values += list(request.headers.items())
    for name, value in values:
        # What is no id, word or number of the interface's own.
        if len(value) >= TELLING and not re.fullmatch(r"[\w-]+|[\w.+-]+/[\w.+-]+", value, re.ASCII):
            yield name, value


def _leaves(name: str, value: Any) -> Iterator[tuple[str, str]]:
    # Without recursion: some documents are nested thousands deep.
    left = [(name, value)]
    while left:
        name, value = left.pop()
        if isinstance(value, dict):
            left.extend(value.items())
        elif isinstance(value, list):
            left.extend((name, inner) for inner in value)
        elif isinstance(value, str):
            yield name, value


def _document(request: Request) -> Any:
    try:
        return json.loads(request.body or b"null")
    except (ValueError, RecursionError):
        return None


def _changes(before: dict[str, int], after: dict[str, int]) -> dict[str, int]:
    return {name: after[name] - before[name] for name in before if after[name] != before[name]}
