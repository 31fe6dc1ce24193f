"""A saga on the module's database, and one on a database of the test's own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.conftest import TestDatabase
from tests.domain.redemptions.saga import Saga, saga


@pytest.fixture
def world(database: TestDatabase) -> Iterator[Saga]:
    """A module's database; give each test members of its own."""
    with saga(database) as made:
        yield made


@pytest.fixture
def own_world(fresh_database: TestDatabase) -> Iterator[Saga]:
    """A database of its own, for tests that turn the clock, change the programme or count everything."""
    with saga(fresh_database) as made:
        yield made
