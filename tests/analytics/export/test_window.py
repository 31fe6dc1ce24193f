"""Which rows an export takes, and when it takes all of them again."""

from __future__ import annotations

from dataclasses import replace

import pytest

from analytics.export.contract import contracts
from analytics.export.window import GENERATION, Batch, Instance, NotTheWriter, State, advanced, window

MEMBER, WISH = (next(c for c in contracts() if c.table == table) for table in ("member", "wish"))
HERE = Instance("7", "e1", True, xmin=500, xmax=510)
BEFORE = State("member", "7", "e1", hi=400, generation=1, batches=(Batch(400, "m", 9, True, MEMBER.schema_hash, "d"),))


def test_the_first_export_takes_all_and_the_next_what_came_after_it() -> None:
    first = window(MEMBER, None, HERE)
    assert (first.lo, first.hi, first.batch, first.replaces, first.full) == (0, 500, 500, True, "first export")
    after = window(MEMBER, BEFORE, HERE)
    assert (after.lo, after.hi, after.batch, after.replaces) == (400, 500, 500, False)
    assert after.condition() == "row_xid >= 400 and row_xid < 500"


@pytest.mark.parametrize(
    ("instance", "why"),
    [
        (replace(HERE, cluster_id="8"), "another cluster"),
        (replace(HERE, epoch="e2"), "another epoch: the database was restored"),
        (replace(HERE, xmin=300, xmax=399), "the database is younger than the last export: it was restored"),
    ],
)
def test_another_life_of_the_database_is_exported_anew_under_numbers_that_never_were(
    instance: Instance, why: str
) -> None:
    taken = window(MEMBER, BEFORE, instance)
    assert (taken.full, taken.lo, taken.replaces) == (why, 0, True)
    assert taken.batch == GENERATION + instance.xmin > BEFORE.last
    state = advanced(BEFORE, taken, instance, Batch(taken.batch, "n", 1, True, MEMBER.schema_hash, "d"), "member")
    assert (state.hi, state.cluster_id, state.epoch) == (instance.xmin, instance.cluster_id, instance.epoch)
    assert [batch.batch for batch in state.batches] == [taken.batch]
    assert window(MEMBER, state, replace(instance, xmin=instance.xmin + 9, xmax=600)).full == ""


def test_another_schema_is_another_beginning() -> None:
    older = replace(BEFORE, batches=(replace(BEFORE.batches[0], schema_hash="other"),))
    assert window(MEMBER, older, HERE).full == "the contract has changed"


def test_a_small_table_is_taken_whole_and_its_batch_stands_for_all_before() -> None:
    state = replace(BEFORE, table="wish", hi=500, batches=(Batch(500, "m", 9, True, WISH.schema_hash, "d"),))
    taken = window(WISH, state, HERE)
    assert (taken.condition(), taken.replaces, taken.batch) == ("true", True, 501)
    same = advanced(state, taken, HERE, None, "wish")
    assert same.batches == state.batches


def test_a_long_transaction_holds_the_window_back_and_never_moves_it_back() -> None:
    held = window(MEMBER, BEFORE, replace(HERE, xmin=400))
    assert held.lo == held.hi == 400
    older = window(MEMBER, BEFORE, replace(HERE, xmin=390, xmax=510))
    assert advanced(BEFORE, older, HERE, None, "member").hi == 400


def test_a_reader_is_not_asked() -> None:
    with pytest.raises(NotTheWriter):
        window(MEMBER, None, replace(HERE, writer=False))


def test_a_state_is_read_as_it_was_written() -> None:
    assert State.read(BEFORE.document()) == BEFORE
