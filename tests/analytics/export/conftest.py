"""A lake for a module, and one for a test that turns the database over."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.analytics.export.lake import Lake
from tests.conftest import TestDatabase
from tests.domain.redemptions.saga import saga


@pytest.fixture(scope="module")
def full_lake(database: TestDatabase, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    """Everything happened once, and it was exported."""
    with saga(database) as world:
        lake = Lake(database, tmp_path_factory.mktemp("lake"), world)
        bought = lake.bought()
        lake.wish(bought.member_id, "B0TOWELS00")
        lake.look(bought.member_id, "B0TOWELS00")
        lake.noted("B0TOWELS00")
        lake.consent(bought.member_id, "email", True)
        assert lake.export().problems == ()
        yield lake


@pytest.fixture
def lake(fresh_database: TestDatabase, tmp_path: Path) -> Iterator[Lake]:
    with saga(fresh_database) as world:
        yield Lake(fresh_database, tmp_path, world)
