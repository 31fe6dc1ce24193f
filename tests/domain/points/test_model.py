"""Any history ends, step by step, as the plain Python ledger says. EXAMPLES=10000 for a long run."""

from __future__ import annotations

import os

from tests.conftest import TestDatabase
from tests.domain.points.conftest import Book
from tests.domain.points.machine import run_histories

EXAMPLES = int(os.environ.get("EXAMPLES", "40"))


def test_any_history_ends_as_the_plain_ledger_says(database: TestDatabase) -> None:
    with database.owner() as connection:
        assert run_histories(Book(connection), EXAMPLES) > EXAMPLES
