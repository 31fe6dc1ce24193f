"""Every mutant built and put before the quick checks: the one that survives shows a hole in the tests."""

from __future__ import annotations

import shutil
import tempfile
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from loyalty.migration import DATABASE_FOLDER, ROOMS
from proofs.ledger import checks, place
from proofs.ledger.mutants import MUTANTS, Mutant
from tests.conftest import TEMPLATE

UNCHANGED = "the ledger as it is"


@dataclass(frozen=True, slots=True)
class Verdict:
    """A mutant and the check that caught it; None: it survived."""

    mutant: str
    caught_by: str | None


def judge(port: int, mutant: Mutant | None) -> Verdict:
    """Build the mutant's database and check it; None is the ledger unchanged, which nothing may catch."""
    name = mutant.name if mutant else UNCHANGED
    template = f"mutant_{uuid.uuid4().hex}"
    if mutant is None:
        return Verdict(name, checks.caught_by(port, TEMPLATE, checks.cases()))
    if mutant.tables:
        place.create(port, template)
        with tempfile.TemporaryDirectory() as folder, place.owner(port, template) as connection:
            database = Path(folder) / "database"
            shutil.copytree(DATABASE_FOLDER, database)
            (database / mutant.file).write_text(mutant.patched())
            place.build(connection, database)
    else:
        place.create(port, template, TEMPLATE)
        with place.owner(port, template) as connection:
            connection.execute(mutant.patched().encode())
            # A patched file replaces functions only; the clock of the proofs stays.
            assert mutant.file.split("/")[0] in ROOMS
    try:
        return Verdict(name, checks.caught_by(port, template, checks.cases()))
    finally:
        with place.owner(port, "postgres") as admin:
            admin.execute(f"drop database {template} with (force)".encode())


def judge_all(
    port: int, mutants: Sequence[Mutant] = MUTANTS, *, processes: int = 2, tell: Callable[[Verdict], None] | None = None
) -> list[Verdict]:
    """Judge them side by side; the ledger unchanged comes first and must survive."""
    verdicts = []
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        for verdict in pool.map(judge, [port] * (len(mutants) + 1), [None, *mutants]):
            verdicts.append(verdict)
            if tell:
                tell(verdict)
    return verdicts


def survivors(verdicts: Sequence[Verdict]) -> list[str]:
    """What should have been caught and was not, or the reverse."""
    return [v.mutant for v in verdicts if (v.caught_by is None) != (v.mutant == UNCHANGED)]
