"""The rules notice what they are for."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lambdas.http import ALWAYS
from tests.fuzz import rules
from tests.fuzz.door import Reply, Request
from tests.fuzz.facts import FULL_NAME
from tests.fuzz.world import World

REQUEST = Request.json("POST", "/me/addresses", {"full_name": "Somebody Else", "line1": "5 Nowhere Lane"})
PROBLEM = {"type": "about:blank", "title": "Bad request", "status": 400, "code": "invalid"}
ERRORS = [{"field": "line1", "detail": "is not valid"}]
COUNTS = {"points": 5}


def reply(answered: int = 400, log: str = "", kind: str = "application/problem+json", **body: Any) -> Reply:
    return Reply(
        answered,
        {**ALWAYS, "Content-Type": kind},
        json.dumps(PROBLEM | {"errors": ERRORS} | body),
        log,
    )


def test_a_good_problem_passes(world: World) -> None:
    rules.check(world, REQUEST, reply(log="refused line1"), COUNTS, COUNTS)


@pytest.mark.parametrize(
    ("bad", "after"),
    [
        (reply(500, status=500), COUNTS),
        (reply(502, status=502), COUNTS),
        (reply(kind="application/json"), COUNTS),
        (reply(errors=[]), COUNTS),
        (reply(errors=[{"field": "", "detail": "is not valid"}]), COUNTS),
        (reply(code=""), COUNTS),
        (reply(status=404), COUNTS),
        (reply(trace="stack"), COUNTS),
        (reply(detail="5 Nowhere Lane is no street"), COUNTS),
        (reply(errors=[{"field": "line1", "detail": "not '5 Nowhere Lane'"}]), COUNTS),
        (reply(), {"points": 6}),
        (reply(201), {"points": 6}),
        (reply(log="refused 5 Nowhere Lane"), COUNTS),
        (reply(201, log="saved for Somebody Else"), COUNTS),
        (reply(log=f"a row of {FULL_NAME}"), COUNTS),
    ],
)
def test_anything_else_is_noticed(world: World, bad: Reply, after: dict[str, int]) -> None:
    with pytest.raises(AssertionError):
        rules.check(world, REQUEST, bad, COUNTS, after)


def test_a_code_in_the_log_is_noticed(world: World) -> None:
    world.good("member", "POST", "/claims/confirmation")
    with pytest.raises(AssertionError):
        rules.check(world, REQUEST, reply(log=f"sent {world.fakes.codes()[-1]}."), COUNTS, COUNTS)


def test_503_needs_a_time_to_come_back(world: World) -> None:
    away = reply(503, status=503)
    with pytest.raises((AssertionError, KeyError)):
        rules.check(world, REQUEST, away, COUNTS, COUNTS)
