"""What both exports do with a table's files: refuse, or publish them as a batch; the last step makes them exist."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from analytics.export import manifest
from analytics.export.contract import Contract
from analytics.export.manifest import Content, StateMoved
from analytics.export.target import Target
from analytics.export.window import Batch, Instance, State, Window, advanced, window


@dataclass(frozen=True)
class Table:
    """What became of one table. `status`: exported, unchanged, refused; `batch` None: nothing was written.
    `why_full`: why all of it was taken; `problems`: why it was refused, in words."""

    table: str
    status: str
    batch: int | None = None
    manifest: str | None = None
    rows: int = 0
    bytes: int = 0
    replaces: bool = False
    why_full: str = ""
    problems: tuple[str, ...] = ()


@dataclass(frozen=True)
class Exported:
    """All tables, in the contracts' order."""

    tables: tuple[Table, ...]

    @property
    def problems(self) -> tuple[str, ...]:
        return tuple(problem for table in self.tables for problem in table.problems)

    def __getitem__(self, table: str) -> Table:
        return next(one for one in self.tables if one.table == table)


@dataclass
class Read:
    """A table on its way: what it is to hold, and what is wrong with it. `content` None: there is nothing new."""

    contract: Contract
    state: State | None
    tag: str | None
    taken: Window
    instance: Instance
    content: Content | None = None
    problems: list[str] = field(default_factory=list)

    @property
    def folder(self) -> str:
        """Where its files go."""
        return manifest.folder_of(self.contract.table, self.taken.batch)

    @property
    def is_news(self) -> bool:
        """Whether there is a batch to write: not of a whole table that is what its last batch was."""
        last = self.state.batches[-1] if self.state and self.state.batches else None
        same = self.contract.whole and not self.taken.full and last is not None and self.content is not None
        return self.content is not None and not (same and last is not None and last.digest == self.content.digest)

    def compare(self, found: Mapping[str, object], expected: Mapping[str, object]) -> None:
        """Note sums that are not the database's, by column; `rows` is one of them."""
        for name, theirs in expected.items():
            if str(found[name]) != str(theirs):
                self.problems.append(
                    f"{self.contract.table}: {name}: the files have {found[name]}, the database {theirs}"
                )


def begin(contract: Contract, instance: Instance, lake: Target) -> Read:
    """What is to be read of a table. Raises NotTheWriter."""
    state, tag = manifest.state_of(lake, contract.table)
    taken = window(contract, state, instance, lost=manifest.lost(lake, state))
    return Read(contract, state, tag, taken, instance)


def publish(lake: Target, read: Read, files: Mapping[str, int]) -> Table:
    """Manifest, then state, of files that are all there (key, bytes): what stops in between has never been."""
    table, taken = read.contract.table, read.taken
    if read.problems:
        return refused(read, read.problems)
    batch: Batch | None = None
    if read.content is not None and read.is_news:
        lake.remove([key for key in lake.sizes(read.folder) if key not in files])
        batch, told = manifest.publish(lake, read.contract, taken, read.content, files)
        if missing := manifest.problems(lake, told):
            return refused(read, missing)
    state = advanced(read.state, taken, read.instance, batch, table)
    try:
        if state != read.state:
            manifest.commit(lake, state, read.tag)
    except StateMoved as moved:
        return refused(read, [str(moved)])
    if batch is None:
        return Table(table, "unchanged")
    if read.contract.whole:
        # What somebody wants forgotten must not lie on in an older batch. The last one may be being loaded.
        lake.remove(manifest.superseded(lake, table, state, read.state))
    return Table(
        table, "exported", batch.batch, batch.manifest, batch.rows, sum(files.values()), batch.replaces, taken.full
    )


def exported(lake: Target, tables: Iterable[Table]) -> Exported:
    """All tables. A refused one is noted beside the states, until an export takes it: who loads the others tells it."""
    done = Exported(tuple(tables))
    noted = lake.sizes(manifest.REFUSALS)
    for table in done.tables:
        key = manifest.refusal_key(table.table)
        if table.problems:
            lake.write(key, json.dumps({"table": table.table, "problems": table.problems}, indent=1).encode())
        elif key in noted:
            lake.remove([key])
    return done


def refused(read: Read, problems: list[str]) -> Table:
    """Nothing of the table counts, and why."""
    return Table(
        read.contract.table, "refused", replaces=read.taken.replaces, why_full=read.taken.full, problems=tuple(problems)
    )
