"""One world a module, on one worker: its simulator and its database are the dear part."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import TestDatabase
from tests.fuzz.opening import opened
from tests.fuzz.world import World


@pytest.fixture(scope="module")
def world(database: TestDatabase, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A programme in the middle of its day; when the module is done, every invariant still holds."""
    with opened(database, tmp_path_factory.mktemp("fuzz")) as world:
        yield world
        print("answers by status:", dict(sorted(world.statuses.items())))
        if counts := os.environ.get("FUZZ_COUNTS"):
            # A line of its own, whole: two workers write here.
            with Path(counts).open("a") as file:
                file.write(json.dumps({str(status): count for status, count in world.statuses.items()}) + "\n")
        assert world.violations() == {}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A module's tests share its world: they stay on one worker."""
    for item in items:
        if item.path.parent.name == "fuzz":
            item.add_marker(pytest.mark.xdist_group(item.path.stem))
