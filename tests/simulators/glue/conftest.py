"""One stand-in a module, of a job that exports the module's own database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from loyalty.programme.publishing import publish_initial
from tests.conftest import TestDatabase
from tests.simulators.glue.running import GlueStandIn, emulator, glue_stand_in


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("lake")


@pytest.fixture(scope="module")
def secret(database: TestDatabase) -> dict[str, Any]:
    """What is in the secret of lake_reader; a test may put another password there."""
    with database.owner() as connection:
        publish_initial(connection, {})
    return {
        "engine": "postgres",
        "host": "127.0.0.1",
        "port": database.port,
        "dbname": database.name,
        "username": "lake_reader",
        "password": "not asked here",
    }


@pytest.fixture(scope="module")
def stand_in(lake: Path, secret: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Iterator[GlueStandIn]:
    path = tmp_path_factory.mktemp("glue") / "glue.sqlite"
    with pytest.MonkeyPatch.context() as patch, emulator(lake, secret) as address:
        patch.setenv("AWS_ENDPOINT_URL", address)
        for name, value in (
            ("AWS_ACCESS_KEY_ID", "local"),
            ("AWS_SECRET_ACCESS_KEY", "local"),
            ("AWS_DEFAULT_REGION", "us-east-1"),
        ):
            patch.setenv(name, value)
        with glue_stand_in(path) as running:
            yield running
