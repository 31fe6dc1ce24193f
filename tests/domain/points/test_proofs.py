"""The proofs of `make prove-ledger` in small: each on the same code, sized for seconds."""

from __future__ import annotations

import pytest

from proofs.ledger import chain, concurrency, durability, killing, place
from proofs.ledger.other_mutants import EVERY
from proofs.ledger.workload import open_plain
from tests.conftest import TestDatabase

# One of each kind, caught by a fast test; `make prove-ledger` judges them all.
A_FEW = (
    "a replay says ok again",
    "a release goes to points without expiry",
    pytest.param("the member row is not checked", marks=pytest.mark.large),
    pytest.param("settling looks at the hold before it locks the member", marks=pytest.mark.large),
)


@pytest.mark.large
def test_what_32_clients_were_told_while_backends_were_terminated_is_one_history(fresh_database: TestDatabase) -> None:
    settings = place.settings_of(fresh_database.port, fresh_database.name)
    found = concurrency.run(settings, 4000, part=1300, members=8, terminate_every=0.3)
    assert (found.violations, found.deadlocks) == ([], 0)
    assert found.operations >= 4000
    assert found.effects > 2000
    assert found.replays > 0
    assert found.terminated > 0
    with open_plain(settings) as connection:
        links, broken = chain.verify(connection)
    assert broken == []
    assert links >= found.effects


@pytest.mark.large
def test_ten_crashes_under_load_lose_nothing_acknowledged_and_double_nothing() -> None:
    found = durability.run(10, clients=8)
    assert found.violations == []
    assert found.kills == 10
    assert found.acknowledged > 0
    assert found.whole + found.absent + found.refused > 0


def test_every_seeded_bug_still_changes_the_ledger() -> None:
    assert len({mutant.name for mutant in EVERY}) == len(EVERY) >= 25
    for mutant in EVERY:
        assert mutant.patched()


@pytest.mark.parametrize("name", A_FEW)
def test_a_seeded_bug_is_caught(postgres_port: int, name: str) -> None:
    mutant = next(mutant for mutant in EVERY if mutant.name == name)
    assert killing.judge(killing.Trial(postgres_port, mutant)).caught_by is not None
