"""Which rows an export takes: those of transactions that are over and that no export had before.

A row carries the number of the transaction that wrote it. Below `xmin` of a snapshot every transaction has ended, so
nothing can appear there any more; what a long transaction is still writing lies above and comes next time. No clock is
asked.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace

from analytics.export.contract import Contract

# Batches are numbered by `hi`; each full export after the first begins a thousand million million higher, so that a
# number never comes again though the database's may.
GENERATION = 10**15


@dataclass(frozen=True)
class Instance:
    """What the database says of itself in the snapshot that the rows are read in."""

    cluster_id: str
    epoch: str
    writer: bool
    xmin: int
    xmax: int


@dataclass(frozen=True)
class Batch:
    """A batch that was completed. `manifest`: its key. `replaces`: nothing of before stays beside it."""

    batch: int
    manifest: str
    rows: int
    replaces: bool
    schema_hash: str
    # Of the batch's files, to see that a whole table has not changed.
    digest: str


@dataclass(frozen=True)
class State:
    """How far a table was exported, from which life of which database. `batches`: what has to be loaded, oldest first,
    from the last that replaces everything."""

    table: str
    cluster_id: str
    epoch: str
    hi: int
    generation: int
    batches: tuple[Batch, ...] = ()

    @property
    def last(self) -> int:
        return self.batches[-1].batch if self.batches else 0

    def document(self) -> bytes:
        """As it is stored."""
        return json.dumps(asdict(self), indent=1).encode()

    @classmethod
    def read(cls, content: bytes) -> State:
        """From what was stored. Raises ValueError, TypeError for anything else."""
        told = json.loads(content)
        return cls(**{**told, "batches": tuple(Batch(**batch) for batch in told["batches"])})


@dataclass(frozen=True)
class Window:
    """Rows with lo ≤ row_xid < hi, or the table as it is if `whole`. `full`: why all is exported; empty: it is not."""

    lo: int
    hi: int
    batch: int
    generation: int
    whole: bool
    full: str

    @property
    def replaces(self) -> bool:
        return self.whole or bool(self.full)

    def condition(self) -> str:
        """For the source's `where`."""
        return "true" if self.whole else f"row_xid >= {self.lo} and row_xid < {self.hi}"


class NotTheWriter(Exception):
    """A reader answered: its snapshot is not the one that the next export goes on from."""


def window(contract: Contract, state: State | None, instance: Instance, *, lost: bool = False) -> Window:
    """What to export now. `lost`: a batch that the state names is not there any more. Raises NotTheWriter."""
    if not instance.writer:
        raise NotTheWriter("a reader answered: exports go to the cluster's writer endpoint")
    full = _why_full(contract, state, instance, lost)
    generation = (state.generation if state else 0) + (1 if full else 0)
    lo = 0 if state is None or full else state.hi
    batch = (generation - 1) * GENERATION + instance.xmin
    if state is not None:
        batch = max(batch, state.last + 1)
    return Window(lo, instance.xmin, batch, generation, contract.whole, full)


def _why_full(contract: Contract, state: State | None, instance: Instance, lost: bool) -> str:
    if state is None:
        return "first export"
    if state.cluster_id != instance.cluster_id:
        return "another cluster"
    if state.epoch != instance.epoch:
        return "another epoch: the database was restored"
    if instance.xmax < state.hi:
        return "the database is younger than the last export: it was restored"
    if state.batches and state.batches[-1].schema_hash != contract.schema_hash:
        return "the contract has changed"
    if lost:
        return "a batch is not there any more"
    return ""


def advanced(state: State | None, taken: Window, instance: Instance, batch: Batch | None, table: str) -> State:
    """The state after a batch; None: there was nothing to write."""
    if state is None or taken.full:
        state = State(table, instance.cluster_id, instance.epoch, taken.hi, taken.generation)
    before = () if taken.replaces and batch else state.batches
    return replace(
        state, hi=max(taken.hi, 0 if taken.full else state.hi), batches=(*before, *([batch] if batch else []))
    )
