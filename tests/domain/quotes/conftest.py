"""One shop a module; each test starts with it as new, and comes in as the quotes' role."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from loyalty.database import Connection
from tests.conftest import TestDatabase
from tests.domain.catalogue.shop import Shop, open_shop


@pytest.fixture(scope="module")
def shop_of_module(database: TestDatabase, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with open_shop(database, tmp_path_factory.mktemp("shop")) as shop:
        yield shop


@pytest.fixture
def shop(shop_of_module: Shop) -> Shop:
    shop_of_module.reset()
    return shop_of_module


@pytest.fixture
def quote_api(shop: Shop) -> Iterator[Connection]:
    with shop.database.connect("quote_api") as connection:
        yield connection
