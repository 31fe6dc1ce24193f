"""A stand-in a module, and the database and worker settings that belong together."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import TestDatabase
from tests.domain.payments.journey import Journey
from tests.simulators.amazon_pay.running import AmazonPayStandIn, amazon_pay
from tests.simulators.loopback import loopback


@pytest.fixture(scope="module")
def stand_in(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AmazonPayStandIn]:
    with amazon_pay(tmp_path_factory.mktemp("amazon-pay") / "amazon_pay.sqlite") as running:
        yield running


@pytest.fixture
def journey(database: TestDatabase, stand_in: AmazonPayStandIn) -> Iterator[Journey]:
    """One redemption's payment; its invariants are checked at the end."""
    journey = Journey(database, stand_in)
    yield journey
    journey.close()
    with database.connect("auditor") as auditor:
        assert auditor.execute("select name from payments.invariants where violations > 0").fetchall() == []


@pytest.fixture
def timed_journey(
    fresh_database: TestDatabase,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Journey]:
    """The same, with a database and a stand-in of its own whose clocks are turned together."""
    folder = tmp_path_factory.mktemp("amazon-pay")
    monkeypatch.setenv("LOCAL_CLOCK_FILE", str(folder / "clock.json"))
    with amazon_pay(folder / "amazon_pay.sqlite") as running:
        journey = Journey(fresh_database, running, folder / "clock.json")
        yield journey
        journey.close()
        with fresh_database.connect("auditor") as auditor:
            assert auditor.execute("select name from payments.invariants where violations > 0").fetchall() == []


@pytest.fixture(scope="module")
def clock_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A module's clock, which only goes forward."""
    return tmp_path_factory.mktemp("clock") / "clock.json"


@pytest.fixture
def aging_journey(
    database: TestDatabase, stand_in: AmazonPayStandIn, clock_file: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Journey]:
    """For modules in which every test turns the clock: one database and stand-in, growing older together."""
    monkeypatch.setenv("LOCAL_CLOCK_FILE", str(clock_file))
    loopback.delete(f"{stand_in.base_url}/_simulator/faults").raise_for_status()
    journey = Journey(database, stand_in, clock_file)
    yield journey
    journey.close()
    with database.connect("auditor") as auditor:
        assert auditor.execute("select name from payments.invariants where violations > 0").fetchall() == []
