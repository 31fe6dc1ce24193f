"""A shelf a test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from loyalty.database import Connection
from tests.conftest import TestDatabase
from tests.domain.wishes.shelf import Shelf, shelf_of


@pytest.fixture
def shelf(fresh_database: TestDatabase) -> Iterator[Shelf]:
    with fresh_database.owner() as owner:
        yield shelf_of(fresh_database, owner)


@pytest.fixture
def member_api(shelf: Shelf) -> Iterator[Connection]:
    with shelf.database.connect("member_api") as connection:
        yield connection
