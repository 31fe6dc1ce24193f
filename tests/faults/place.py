"""The database of a storm: a clone whose clock stands, a connection for each component, and a way back to empty."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from loyalty.programme.publishing import publish_initial
from tests.conftest import TestDatabase
from tests.faults.plan import BY_ACCEPTANCE, BY_SHIPMENT

WORLD = Path(__file__).with_name("world.sql")
# Each component comes in as its own role, on a connection of its own.
ROLES = {
    "member_api": "member_api",
    "manager_api": "manager_api",
    "engine_step": "engine_step",
    "order_information": "order_information",
    "orders": "orders_worker",
    "following": "orders_worker",
    "payments": "payments_worker",
    "sweeper": "sweeper",
    "auditor": "auditor",
}
# One plan for each statement, whatever was asked before: a seed does the same wherever it runs.
_SETTINGS = "-c plan_cache_mode=force_generic_plan -c jit=off -c max_parallel_workers_per_gather=0"
# Rows of these are there before the first seed and no saga changes them.
_GIVEN = ("storm", "migration", "clock", "programme", "pg_catalog", "information_schema", "pg_toast")


class Wire(psycopg.Connection[dict[str, Any]]):
    """A connection that may break. `sent` is asked before each statement and `answered` told after it: what they raise
    is what the caller gets."""

    sent: Callable[[str], None] | None = None
    answered: Callable[[str], None] | None = None

    def execute(self, query: Any, params: Any = None, **more: Any) -> Any:
        text = query.decode() if isinstance(query, bytes) else str(query)
        if self.sent is not None:
            self.sent(text)
        cursor = super().execute(query, params, **more)
        if self.answered is not None:
            self.answered(text)
        return cursor


@dataclass
class Place:
    """One worker's database, ready for any number of seeds."""

    database: TestDatabase

    def __post_init__(self) -> None:
        self.owner = self._connect("postgres")
        self._clock = clock_file(self.owner).open("r+b", buffering=0)
        self.wires = {component: self._connect(role) for component, role in ROLES.items()}

    def _connect(self, role: str) -> Wire:
        return Wire.connect(
            host="127.0.0.1",
            port=self.database.port,
            dbname=self.database.name,
            user=role,
            sslmode="disable",
            autocommit=True,
            # The same statements thousands of times: the product itself prepares none.
            prepare_threshold=1,
            row_factory=dict_row,
            options=_SETTINGS,
        )

    def again(self, component: str) -> None:
        """The component's connection breaks, and is made anew."""
        old = self.wires[component]
        self.wires[component] = self._connect(ROLES[component])
        self.wires[component].sent, self.wires[component].answered = old.sent, old.answered
        old.close()

    def move(self, at: datetime) -> None:
        """It is this instant now, for every connection."""
        self._clock.seek(0)
        self._clock.write(at.isoformat(timespec="microseconds").encode())

    def reset(self, seed: int, at: datetime) -> None:
        """As it was before the first seed, at this instant."""
        self.move(at)
        self.owner.execute("select storm.reset(%s)", (seed,))

    def tidy(self) -> None:
        """The rows of seeds that are over cost nobody anything."""
        self.owner.execute("vacuum", prepare=False)

    def close(self) -> None:
        for wire in (self.owner, *self.wires.values()):
            wire.close()
        self._clock.close()


def clock_file(owner: psycopg.Connection[dict[str, Any]]) -> Path:
    """Where the database reads what time it is."""
    row = owner.execute("select current_setting('data_directory') as folder, current_database() as name").fetchone()
    assert row is not None
    return Path(row["folder"]) / f"storm.{row['name']}"


def begin_clock(owner: psycopg.Connection[dict[str, Any]], at: datetime) -> None:
    """The database's clock stands at this instant; also of a clone, which is another database."""
    file = clock_file(owner)
    file.write_text(at.isoformat(timespec="microseconds"))
    file.chmod(0o644)


def prepare(owner: psycopg.Connection[dict[str, Any]], at: datetime) -> None:
    """Make a database the simulation's: its clock and ids, two programmes, and `storm.reset`."""
    begin_clock(owner, at)
    owner.execute(WORLD.read_bytes())
    publish_initial(owner, _PROGRAMME)
    owner.execute("insert into programme.program (program_id, code) values (%s, 'shipping')", (BY_SHIPMENT,))
    owner.execute(
        "select programme.publish(%s, 0, jsonb_set(jsonb_set(c.document,"
        " '{integrations,payment,capture_at}', '\"shipment\"'), '{redemption,release_delay_seconds}', '120'),"
        " 'storm', 'storm') from programme.current(%s) as c",
        (BY_SHIPMENT, BY_ACCEPTANCE),
    )
    owner.execute("call points.ensure_partitions()")
    _make_reset(owner)


# Two programmes, one connection at Amazon's real pace: one takes its money when Amazon accepts, one by shipment.
_PROGRAMME = {
    "redemption": {"release_delay_seconds": 0},
    "integrations": {
        "amazon_business": {"orders_per_second": 0.5, "burst": 10},
        "payment": {"provider": "amazon_pay", "capture_at": "acceptance"},
    },
}


def _make_reset(owner: psycopg.Connection[dict[str, Any]]) -> None:
    """A function that empties every table which is empty now, and turns every sequence back."""
    tables = owner.execute(
        "select n.nspname as schema, c.relname as name from pg_class as c"
        " join pg_namespace as n on n.oid = c.relnamespace"
        " where c.relkind in ('r', 'p') and not c.relispartition and n.nspname <> all (%s) order by 1, 2",
        (list(_GIVEN),),
    ).fetchall()
    empty = []
    for table in tables:
        where = sql.Identifier(table["schema"], table["name"])
        row = owner.execute(sql.SQL("select exists (select from {}) as any").format(where)).fetchone()
        if row is not None and not row["any"]:
            empty.append(where)
    sequences = owner.execute(
        "select schemaname, sequencename, start_value, last_value from pg_sequences"
        " where schemaname <> all (%s) order by 1, 2",
        ([name for name in _GIVEN if name != "storm"],),
    ).fetchall()
    body = [sql.SQL("delete from {};").format(table) for table in empty]
    body += [
        sql.SQL("perform setval({}, {}, {});").format(
            f"{one['schemaname']}.{one['sequencename']}",
            one["last_value"] if one["last_value"] is not None else one["start_value"],
            one["last_value"] is not None,
        )
        for one in sequences
    ]
    text = sql.SQL("\n    ").join(body)
    owner.execute(
        sql.SQL(
            "create or replace function storm.reset(p_seed bigint) returns void language plpgsql"
            # No append-only table's trigger and no foreign key stands in the way.
            " set session_replication_role = replica as $storm$\nbegin\n    {}\n"
            "    update storm.world set seed = p_seed;\nend\n$storm$"
        ).format(text)
    )


@contextmanager
def place(database: TestDatabase) -> Iterator[Place]:
    """The database's connections, closed at the end."""
    made = Place(database)
    try:
        yield made
    finally:
        made.close()
