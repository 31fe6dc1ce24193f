"""A database with a little of everything, its lake in a folder, and a reader that knows only what the states name."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from analytics.export import duck, manifest
from analytics.export.contract import Contract, contracts
from analytics.export.target import Folder
from analytics.export.window import State
from loyalty.database import Connection
from tests.conftest import TestDatabase
from tests.domain.orders.deliveries import LAMP, TOWELS, Ordered
from tests.domain.redemptions.saga import Saga
from tests.waiting import others_end

CONTRACTS = {contract.table: contract for contract in contracts()}
type Row = tuple[Any, ...]


@dataclass
class Lake:
    """`only`: the tables that are exported; all unless said."""

    database: TestDatabase
    folder: Path
    world: Saga
    only: tuple[str, ...] = tuple(CONTRACTS)
    owner: Connection = field(init=False)
    target: Folder = field(init=False)

    def __post_init__(self) -> None:
        self.owner = self.world.owner
        self.target = Folder(self.folder)

    @property
    def dsn(self) -> str:
        return f"host=127.0.0.1 port={self.database.port} dbname={self.database.name} user=lake_reader"

    def export(self, *tables: str, wait: bool = True) -> duck.Exported:
        """Once nobody else on the server is writing, unless told not to wait."""
        if wait:
            others_end(self.owner)
        return duck.export(self.dsn, self.target, [CONTRACTS[table] for table in tables or self.only])

    def state(self, table: str) -> State | None:
        return manifest.state_of(self.target, table)[0]

    def batch(self, table: str, place: int = -1) -> dict[str, Any]:
        """A batch's manifest."""
        state = self.state(table)
        assert state is not None
        content = self.target.read(state.batches[place].manifest)
        assert content is not None
        told: dict[str, Any] = json.loads(content[0])
        return told

    def rows(self, table: str) -> list[Row]:
        """The table as who loads batch after batch has it."""
        contract, state = CONTRACTS[table], self.state(table)
        assert state is not None
        held: dict[Row, Row] = {}
        names = [column.name for column in contract.columns]
        key = [names.index(name) for name in contract.key]
        group = [names.index(name) for name in contract.group or contract.key]
        for place in range(len(state.batches)):
            told = self.batch(table, place)
            if told["meta"]["replaces"]:
                held.clear()
            found: list[Row] = []
            for entry in told["entries"]:
                found += read(Path(entry["url"].removeprefix("file://")))
            groups = {tuple(row[i] for i in group) for row in found}
            held = {k: row for k, row in held.items() if tuple(row[i] for i in group) not in groups}
            held |= {tuple(row[i] for i in key): row for row in found}
        return sorted(held.values(), key=repr)

    def source(self, table: str) -> list[Row]:
        """The same as the database has it now."""
        names = ", ".join(column.name for column in CONTRACTS[table].columns)
        found = self.owner.execute(f"select {names} from lake.{table}".encode()).fetchall()
        return sorted((tuple(row.values()) for row in found), key=repr)

    def one(self, sql: str, *values: Any) -> Any:
        row = self.owner.execute(sql.encode(), values).fetchone()
        assert row is not None
        return next(iter(row.values()))

    # ---- what happens ------------------------------------------------------------------------------------------------

    def bought(self, points: int | None = 9000) -> Ordered:
        """A redemption with money that was ordered, shipped, delivered, and one unit of it given back."""
        bought = Ordered(self.world, TOWELS, LAMP, points=points)
        bought.hear(
            bought.details(1, {"S1": {1: 3}, "S2": {2: 1}}),
            bought.push("DELIVERED", 30, "S1"),
            bought.push("SHIPPED", 20, "S2", line=2),
        )
        self.world.give_back(bought.redemption_id, 1, "case:1", 1)
        self.world.work()
        return bought

    def consent(self, member_id: int, channel: str, wanted: bool) -> None:
        self.owner.execute(
            "insert into notifications.consent(program_id, member_id, channel, kind, wanted, source, given_at)"
            " values (1, %s, %s, 'marketing', %s, 'member', clock.now())",
            (member_id, channel, wanted),
        )

    def wish(self, member_id: int, asin: str) -> None:
        self.owner.execute(
            "insert into wishes.wish(program_id, member_id, asin, title, added_at)"
            " values (1, %s, %s, 'Thing', clock.now())",
            (member_id, asin),
        )

    def noted(self, asin: str) -> None:
        self.owner.execute(
            "insert into catalogue.availability(program_id, asin, at, state, quantity, price_minor)"
            " values (1, %s, clock.now(), 'available', 3, 500)",
            (asin,),
        )

    def look(self, member_id: int, asin: str) -> None:
        """The member's own key, and a look under it."""
        self.owner.execute(
            "with key as (insert into interactions.viewer(program_id, viewer_key, member_id, since)"
            " values (1, gen_random_uuid(), %s, clock.now()) returning viewer_key)"
            " insert into interactions.catalogue_view(program_id, event_key, viewer_key, asin, came_from, seen_at)"
            " select 1, clock.new_id(), viewer_key, %s, 'home', clock.now() from key",
            (member_id, asin),
        )


def read(path: Path) -> list[Row]:
    """A Parquet file's rows; the folder's name is no column."""
    with duckdb.connect() as duck_:
        source = duck_.read_parquet(str(path), hive_partitioning=False)
        return [tuple(int(v) if isinstance(v, Decimal) else v for v in row) for row in source.fetchall()]


def columns(contract: Contract) -> list[tuple[str, str]]:
    """(name, DuckDB's type), in order."""
    return [(column.name, column.duck) for column in contract.columns]
