"""The storm in small: a row of seeds, every fault that has a name, and some bugs that must not stay unnoticed."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from random import Random

import pytest

from tests.conftest import TestDatabase
from tests.faults import mutants
from tests.faults.cells import CELLS, NOT_POSSIBLE, REACHABLE, Cell, cell_of, covered, table
from tests.faults.mutants import MUTANTS, hunt
from tests.faults.place import Place, place, prepare
from tests.faults.plan import plan_of
from tests.faults.scenarios import SCENARIOS, run_scenario
from tests.faults.storm import run_seed, run_seeds
from tests.faults.timeline import START

SEEDS = int(os.environ.get("FAULT_SEEDS", "200"))
ROW = 50
# One of each kind; `make storm MUTANTS=1` hunts them all.
FEW = ("void forgotten", "a lost answer is a no", "refund without its key", "the whole is settled, not the accepted")


@pytest.fixture(scope="module")
def here(database: TestDatabase) -> Iterator[Place]:
    with database.owner() as owner:
        prepare(owner, START)
    with place(database) as made:
        yield made


@pytest.mark.parametrize("first", range(1, 1 + SEEDS, ROW))
def test_a_row_of_seeds_finds_nothing(here: Place, first: int) -> None:
    result = run_seeds(here, range(first, first + ROW))
    assert not result.violations, result.told()


def test_the_same_seed_is_the_same_story_byte_for_byte(here: Place) -> None:
    seeds = range(9001, 9007)
    first = ["\n".join(run_seed(here, seed).trace) for seed in seeds]
    here.tidy()
    again = ["\n".join(run_seed(here, seed).trace) for seed in reversed(seeds)]
    assert list(reversed(again)) == first
    assert len(set(first)) == len(first)


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_fault_that_has_a_name_ends_as_it_must(here: Place, name: str) -> None:
    result = run_scenario(here, name)
    assert not result.violations, result.told(name)


def test_there_are_252_cells_and_each_is_aimed_at_or_has_a_reason() -> None:
    aimed = {plan_of(seed, Random(seed)).aims[0].cell for seed in range(len(REACHABLE))}
    assert len(CELLS) == 252
    assert aimed == set(REACHABLE)
    assert {cell for cell in CELLS if cell.reason} == set(CELLS) - aimed
    assert all(NOT_POSSIBLE.values())


def test_the_table_counts_what_was_hit_and_what_cannot_be() -> None:
    hits = Counter({Cell("O", "effect", "timeout_after"): 7})
    shown = list(table(hits))
    assert covered(hits) == len(CELLS) - len(REACHABLE) + 1
    assert shown[1 + 2 * 3 + 1].split() == ["O", "effect", *("7" if one == 6 else "0" for one in range(12))]
    assert shown[1].split()[4] == "n/a"
    assert all(cell_of(str(cell)) == cell for cell in CELLS)


@pytest.mark.parametrize("name", FEW)
def test_a_bug_of_the_engine_is_found(here: Place, name: str) -> None:
    mutant = next(one for one in MUTANTS if one.name == name)
    result = hunt(here, mutant, range(1, 1 + mutants.MOST_SEEDS))
    assert result is not None, f"{name} survived {mutants.MOST_SEEDS} seeds"
    assert not run_seed(here, result.seed).violations, "and is gone afterwards"


def test_no_bug_has_rotted() -> None:
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS) >= 10
    for mutant in MUTANTS:
        assert mutant.sql or mutant.python or mutant.machine
        mutant.patched()
