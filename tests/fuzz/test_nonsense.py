"""A good request, spoilt in every way we could think of: what schemas cannot say, bytes and headers included.

What must hold of every answer is in tests/fuzz/rules.py; the world's doors check it.
"""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, given, settings

from lambdas import openapi
from tests.fuzz.door import operations
from tests.fuzz.nonsense import SPOILINGS, Spoiling
from tests.fuzz.world import World

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "4"))
OPERATIONS = [(api, method, path) for api in openapi.APIS for method, path, _ in operations(api)]


@pytest.mark.parametrize(("api", "method", "path"), OPERATIONS)
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize="FUZZ_EXAMPLES" not in os.environ,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(spoil=SPOILINGS)
def test_no_nonsense_is_a_fault_of_ours(world: World, api: str, method: str, path: str, spoil: Spoiling) -> None:
    request, parts = spoil(world.good(api, method, path))
    world.door_of(api, path).send(request, **parts)


def test_afterwards_every_invariant_holds(world: World) -> None:
    assert world.violations() == {}
