"""One programme with orders for a module; each test makes its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.conftest import TestDatabase
from tests.domain.invoices.books import Desk, desk


@pytest.fixture(scope="module")
def office(database: TestDatabase) -> Iterator[Desk]:
    with desk(database) as made:
        yield made


@pytest.fixture
def books(office: Desk) -> Iterator[Desk]:
    yield office
    assert office.violations() == {}
