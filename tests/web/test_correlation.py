"""The id that a browser gives each request, by which support finds it in every log."""

from __future__ import annotations

import re

from tests.web import node

IDENTIFIED = """
const requests = told.map(() => module.identified(new Request("https://api.example/me")));
return requests.map((request) => [...request.headers]);
"""
ANSWERED = """
const request = module.identified(new Request("https://api.example/me"));
const answer = module.answers(new Response("", {status: 504}), request.clone());
return [request.headers.get("x-correlation-id"), module.correlationOf(answer), module.correlationOf(new Response(""))];
"""


def test_every_request_has_an_id_of_its_own_that_is_a_traces_too() -> None:
    ids = set()
    for headers in map(dict, node.run("shared/correlation.ts", IDENTIFIED, [0] * 100)):
        found = headers["x-correlation-id"]
        # What lambdas/observed.py takes, and an id of X-Ray: seconds of this century, then 24 digits.
        assert re.fullmatch(r"[67][0-9a-f]{31}", found)
        # Whether the trace is kept is not the browser's to say.
        assert headers["x-amzn-trace-id"] == f"Root=1-{found[:8]}-{found[8:]}"
        ids.add(found)
    assert len(ids) == 100


def test_an_answer_is_found_by_its_requests_id_also_when_a_gateway_gave_it() -> None:
    asked, told, unknown = node.run("shared/correlation.ts", ANSWERED)
    assert told == asked
    assert unknown == ""
