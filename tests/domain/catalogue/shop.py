"""A programme with members, a simulated Amazon Business, and a stored copy of its catalogue."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from loyalty.catalogue.syncing import sync
from loyalty.database import Connection
from loyalty.members import addresses
from loyalty.members.addresses import Address
from loyalty.members.membership import NewMember, create
from loyalty.programme import publishing, reading
from loyalty.programme.document import Programme
from tests.conftest import TestDatabase
from tests.simulators.amazon_business.running import Simulator, running

KEY = "a-signing-key-of-thirty-two-characters-or-more"
_numbers = itertools.count(1)
# What a sync writes.
_TABLES = (
    "catalogue.category",
    "catalogue.product",
    "catalogue.offer",
    "catalogue.price_seen",
    "catalogue.availability",
)
_stored: dict[str, bytes] = {}
# Where a picture is, each simulator at its own port.
_HERE = b"http://simulator.invalid"


@dataclass(frozen=True, slots=True)
class Shop:
    """Everything a quote needs, as the roles that use it."""

    database: TestDatabase
    amazon: Simulator
    owner: Connection

    def program(self) -> Programme:
        return reading.current(self.owner, 1).document

    def publish(self, **changes: Any) -> int:
        """Publish a version with these parts changed: publish(pricing={"included": "absorbed"})."""
        document = json.loads(self.program().model_dump_json())
        for part, values in changes.items():
            document[part] = {**document[part], **values} if isinstance(values, dict) else values
        return self._publish(Programme.model_validate_json(json.dumps(document)))

    def _publish(self, document: Programme) -> int:
        version = reading.current(self.owner, 1).version
        return publishing.publish(self.owner, 1, document, based_on=version, actor="test", why="test")

    def reset(self) -> None:
        """The initial document again, the simulator as new, no tokens used."""
        self.amazon.reset()
        initial = Programme.model_validate_json((publishing.INITIAL / "main.json").read_text())
        if self.program() != initial:
            self._publish(initial)
        self.owner.execute("delete from orders.bucket")
        self.owner.execute("delete from redemptions.cart_turn")

    def member(self, *, points: int = 0, tier: str = "member", state: str = "WA", postal_code: str = "98109") -> int:
        """A member with a default address and points of one lot."""
        number = f"M{next(_numbers):06d}"
        member_id, _ = create(
            self.owner, 1, NewMember(number, f"{number.lower()}@example.com", None, tier, "US", "en"), "test"
        )
        self.address(member_id, state=state, postal_code=postal_code)
        if points:
            self.accrue(member_id, points)
        return member_id

    def address(self, member_id: int, *, state: str = "WA", postal_code: str = "98109") -> UUID:
        given = Address(
            full_name="Alex Member",
            phone="+12065550100",
            line1=f"{next(_numbers)} Example Ave",
            line2=None,
            line3=None,
            city="Seattle",
            state_or_region=state,
            postal_code=postal_code,
            country_code="US",
        )
        return addresses.save(self.owner, 1, member_id, self.program(), given, make_default=False).address_id

    def accrue(self, member_id: int, points: int, expires_on: str = "2027-11-30") -> None:
        self.owner.execute(
            "select points.accrue(1, %s, clock.new_id(), %s, %s::date, clock.now(), 'test', clock.new_id()::text,"
            " 'programme', 4000, sha256('x'), 'test')",
            (member_id, points, expires_on),
        )


@contextmanager
def open_shop(database: TestDatabase, folder: Path) -> Iterator[Shop]:
    """Publish, start the simulator, fill the stored copy."""
    with running(folder) as amazon, database.owner() as owner:
        publishing.publish_initial(owner, {})
        fill(database, amazon)
        yield Shop(database, amazon, owner)


def fill(database: TestDatabase, amazon: Simulator) -> None:
    """The stored copy of a database that has none. What a sync writes is the same each time and takes seconds: this
    process's first sync writes it, for the others it is copied."""
    with database.owner() as owner:
        if _stored:
            # The rows were checked when the sync wrote them.
            owner.execute("set session_replication_role = replica")
            for table, rows in _stored.items():
                with owner.cursor().copy(f"copy {table} from stdin".encode()) as into:
                    into.write(rows.replace(_HERE, amazon.url.encode()))
            owner.execute("reset session_replication_role")
            return
        with database.connect("catalogue_sync") as connection:
            done = sync(connection, amazon.client(), (1, 2), 60, sleep=lambda _: None)
        assert done.due == 0, done
        for table in _TABLES:
            with owner.cursor().copy(f"copy {table} to stdout".encode()) as out:
                _stored[table] = b"".join(out).replace(amazon.url.encode(), _HERE)
