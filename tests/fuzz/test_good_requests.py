"""The good requests that the bad ones are made of."""

from __future__ import annotations

import pytest

from lambdas import openapi
from tests.fuzz.door import operations
from tests.fuzz.good import GOOD
from tests.fuzz.world import World

OPERATIONS = [(api, method, path) for api in openapi.APIS for method, path, _ in operations(api)]


def test_there_is_a_good_request_for_every_operation_and_for_nothing_else() -> None:
    assert {f"{api} {method} {path}" for api, method, path in OPERATIONS} == set(GOOD)


@pytest.mark.parametrize(("api", "method", "path"), OPERATIONS)
def test_a_good_request_is_accepted(world: World, api: str, method: str, path: str) -> None:
    request = world.good(api, method, path)
    reply = world.door_of(api, path).send(request)
    assert reply.status in (200, 201, 202), reply.text
