"""One stand-in a module."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.simulators.erp.running import ErpStandIn, erp_stand_in


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ErpStandIn]:
    with erp_stand_in(tmp_path_factory.mktemp("erp") / "erp.sqlite") as stand_in:
        yield stand_in


@pytest.fixture
def erp(running: ErpStandIn) -> Iterator[ErpStandIn]:
    yield running
    running.quiet()
