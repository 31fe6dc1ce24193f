"""One stand-in a module."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.simulators.amazon_pay.running import AmazonPayStandIn, amazon_pay


@pytest.fixture(scope="module")
def stand_in(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AmazonPayStandIn]:
    with amazon_pay(tmp_path_factory.mktemp("amazon-pay") / "amazon_pay.sqlite") as running:
        yield running


@pytest.fixture
def fresh_stand_in(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AmazonPayStandIn]:
    with amazon_pay(tmp_path_factory.mktemp("amazon-pay") / "amazon_pay.sqlite") as running:
        yield running
