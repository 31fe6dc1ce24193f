"""Requests that the OpenAPI documents allow, and requests that they forbid, made up by schemathesis: first the edges of
every schema, one by one, then whatever hypothesis thinks of.

What must hold of every answer is in tests/fuzz/rules.py; the world's doors check it.
"""

from __future__ import annotations

import os
import zlib
from typing import Any

import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import load_all_checks
from schemathesis.config import SchemathesisConfig
from schemathesis.specs.openapi import checks

from lambdas import openapi
from tests.fuzz.facts import ASIN
from tests.fuzz.world import World

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "4"))
load_all_checks()
CHECKS = [
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
    checks.negative_data_rejection,
    checks.unsupported_method,
]


def _schema(api: str) -> Any:
    config = SchemathesisConfig.from_dict(
        {
            "generation": {
                "max-examples": EXAMPLES,
                # The quick run is the same every time.
                "deterministic": "FUZZ_EXAMPLES" not in os.environ,
                # The gateway's part; tests/fuzz/test_closed_doors.py knocks with every token.
                "with-security-parameters": False,
            },
            "phases": {"stateful": {"enabled": False}},
        }
    )
    return schemathesis.openapi.from_dict(openapi.document(api), config=config)


SCHEMAS = {api: _schema(api) for api in openapi.APIS}
API_BY_TITLE = {schema.raw_schema["info"]["title"]: api for api, schema in SCHEMAS.items()}


@schemathesis.pytest.parametrize(**SCHEMAS)
@settings(deadline=None, suppress_health_check=list(HealthCheck))
def test_no_request_by_the_documents_is_a_fault_of_ours(case: Any, world: World) -> None:
    api = API_BY_TITLE[case.operation.schema.raw_schema["info"]["title"]]
    _point_at_what_there_is(world, case)
    response = case.call(app=world.door_of(api, case.operation.path))
    case.validate_response(response, checks=CHECKS)


def test_afterwards_every_invariant_holds(world: World) -> None:
    assert world.violations() == {}


def _point_at_what_there_is(world: World, case: Any) -> None:
    """Two of three good ids become somebody's: made-up ones are unknown, and the schemas cannot say which are not."""
    if case.meta is None or case.meta.generation.mode.is_negative:
        return
    known = {
        "redemption_id": str(world.redemption_id),
        "quote_id": str(world.quote_id),
        "adjustment_id": str(world.adjustment_id),
        "address_id": str(world.alice.address_id),
        "member_number": world.alice.number,
        "partner_reference": world.reference,
        "quote_token": world.quote_token(world.alice, world.quote_id),
        "version": world.version(),
        "asin": ASIN,
        "month": world.book_month,
        "day": f"{world.book_month}-15",
        "currency": "USD",
    }
    for place in (case.path_parameters, case.body):
        for name in known.keys() & set(place if isinstance(place, dict) else ()):
            if isinstance(place[name], type(known[name])) and zlib.crc32(repr(place).encode()) % 3:
                place[name] = known[name]
    if "Idempotency-Key" in (case.headers or {}) and zlib.crc32(repr(case.body).encode()) % 3:
        case.headers["Idempotency-Key"] = str(world.key())
