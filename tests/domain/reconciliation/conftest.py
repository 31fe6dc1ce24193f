"""Books on a database of the test's own: a run compares everything there is."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.conftest import TestDatabase
from tests.domain.reconciliation.books import Books, books


@pytest.fixture
def world(fresh_database: TestDatabase) -> Iterator[Books]:
    with books(fresh_database) as made:
        yield made
        assert made.violations() == {}
