"""Every mutant built and put before the quick checks: the one that survives shows a hole in the tests.

`python -m proofs.ledger.killing` judges them all and keeps who caught each in caught.json. That is only an order: next
time a mutant meets that check first, and if it passes it, all the others.
"""

from __future__ import annotations

import json
import shutil
import tempfile
import uuid
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from loyalty.migration import DATABASE_FOLDER, ROOMS
from proofs.ledger import checks, place
from proofs.ledger.mutants import Mutant
from proofs.ledger.other_mutants import EVERY
from proofs.workers import side_by_side
from tests.conftest import TEMPLATE

UNCHANGED = "the ledger as it is"
REMEMBERED = Path(__file__).with_name("caught.json")


@dataclass(frozen=True, slots=True)
class Verdict:
    """A mutant and the check that caught it; None: it survived."""

    mutant: str
    caught_by: str | None


@dataclass(frozen=True, slots=True)
class Trial:
    """A mutant before the checks on a server, one of them before the others. No mutant: the ledger unchanged."""

    port: int
    mutant: Mutant | None
    first: str | None = None

    @property
    def name(self) -> str:
        return self.mutant.name if self.mutant else UNCHANGED


def judge(trial: Trial) -> Verdict:
    """Build the mutant's database and check it."""
    port, mutant = trial.port, trial.mutant
    if mutant is None:
        return Verdict(UNCHANGED, checks.caught_by(port, TEMPLATE))
    template = f"mutant_{uuid.uuid4().hex}"
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
        return Verdict(mutant.name, checks.caught_by(port, template, first=trial.first))
    finally:
        with place.owner(port, "postgres") as admin:
            admin.execute(f"drop database {template} with (force)".encode())


def judge_all(
    port: int, mutants: Sequence[Mutant] = EVERY, *, processes: int = 2, tell: Callable[[Verdict], None] | None = None
) -> list[Verdict]:
    """Judge them side by side, and with them the ledger unchanged, which must survive; the slowest are begun first."""
    known = remembered()
    trials = [Trial(port, None), *(Trial(port, mutant, known.get(mutant.name)) for mutant in mutants)]
    trials.sort(key=lambda trial: (trial.mutant is not None, trial.first is not None))
    verdicts = []
    for _, verdict in side_by_side(judge, trials, processes):
        verdicts.append(verdict)
        if tell:
            tell(verdict)
    return verdicts


def survivors(verdicts: Sequence[Verdict]) -> list[str]:
    """What should have been caught and was not, or the reverse."""
    return [v.mutant for v in verdicts if (v.caught_by is None) != (v.mutant == UNCHANGED)]


def remembered() -> dict[str, str]:
    """Who caught each last time."""
    return dict(json.loads(REMEMBERED.read_text())) if REMEMBERED.exists() else {}


def _remember() -> None:
    with place.server(durable=False) as running:
        verdicts = judge_all(running.port, tell=lambda verdict: print(asdict(verdict), flush=True))
    caught = {verdict.mutant: verdict.caught_by for verdict in verdicts if verdict.caught_by}
    order = {mutant.name: caught[mutant.name] for mutant in EVERY if mutant.name in caught}
    REMEMBERED.write_text(json.dumps(order, indent=0) + "\n")


if __name__ == "__main__":
    _remember()
