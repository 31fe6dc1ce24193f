"""One simulator a module; each test starts with it as new."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from loyalty.orders.amazon_business import AmazonBusiness
from tests.simulators.amazon_business.running import Simulator, running


@pytest.fixture(scope="module")
def amazon_of_module(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    with running(tmp_path_factory.mktemp("amazon")) as simulator:
        yield simulator


@pytest.fixture
def amazon(amazon_of_module: Simulator) -> Simulator:
    amazon_of_module.reset()
    return amazon_of_module


@pytest.fixture
def client(amazon: Simulator) -> AmazonBusiness:
    return amazon.client()
