"""One programme for a module's tests, or for a test that counts everybody."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from loyalty.programme import publishing
from tests.conftest import TestDatabase
from tests.domain.campaigns.desk import Desk


@pytest.fixture(scope="module")
def desk(database: TestDatabase) -> Iterator[Desk]:
    yield from _desk(database)


@pytest.fixture
def fresh_desk(fresh_database: TestDatabase) -> Iterator[Desk]:
    yield from _desk(fresh_database)


def _desk(database: TestDatabase) -> Iterator[Desk]:
    with ExitStack() as stack:
        owner = stack.enter_context(database.owner())
        publishing.publish_initial(owner, {})
        others = (stack.enter_context(database.connect(role)) for role in ("sweeper", "partner_api", "manager_api"))
        yield Desk(database, owner, *others)
