"""One programme for a module's tests: each has members of its own, and those that turn the clock a database."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.conftest import TestDatabase
from tests.domain.tiers.world import World


@pytest.fixture(scope="module")
def here(database: TestDatabase) -> Iterator[World]:
    """No test turns its clock or publishes."""
    world = World(database)
    yield world
    world.close()


@pytest.fixture
def world(fresh_database: TestDatabase) -> Iterator[World]:
    """A test's own: members from 2026 on, periods of a calendar year."""
    world = World(fresh_database)
    yield world
    world.close()
