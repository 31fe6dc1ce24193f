"""A world whose database can be taken back to an earlier instant, while Amazon, the bank and the machines go on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, repeat
from typing import Any
from uuid import UUID

import psycopg

from local import postgres
from loyalty.orders.amazon_business import Asked, OrderReport, Page
from loyalty.payments import tasks
from loyalty.payments.answers import TryLater
from loyalty.reconciliation import readopting
from loyalty.reconciliation.readopting import Done, World
from loyalty.reconciliation.running import Parties
from tests.conftest import TestDatabase
from tests.domain.reconciliation.bank import Bank
from tests.domain.reconciliation.books import Books
from tests.domain.redemptions.amazon import FakeAmazon

PORTAL = "https://portal.test"


class Amazon(FakeAmazon):
    """It reports its orders, too."""

    def order_reports(self, asked: Asked, statuses: tuple[str, ...] = ()) -> Page[OrderReport]:
        numbers = {order.external_id: order.purchase_order_number for order in self.requests}
        return Page(
            tuple(
                OrderReport(order_id, "PENDING_FULFILLMENT", numbers[name], asked.end)
                for name, result in self.orders.items()
                for line in result.lines.values()
                for order_id in line.order_ids
            )
        )


@dataclass
class Snapshot:
    """A database as it was."""

    name: str
    taken_at: datetime


class Restorable(Books):
    """Payments go through the real service's steps at a bank in memory."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if not isinstance(self.amazon, Amazon):
            self.amazon = Amazon()
            self.service = self.orders_service()
            self.bank = Bank()
        self.payments_worker = self.database.connect("payments_worker")
        self.readoption = self.database.connect("readoption")

    def close(self) -> None:
        self.payments_worker.close()
        self.readoption.close()
        super().close()

    def _pay(self, message: Mapping[str, Any]) -> None:
        settings = tasks.Settings({"amazon_pay": self.bank}, PORTAL)
        execution, token = self.executions[message["redemption_id"]], message["task_token"]
        redemption_id = UUID(message["redemption_id"])
        answer = self._run_task(settings, tasks.Task(message["task"], 1, redemption_id, token))
        if answer is None and message["task"] == "authorise":
            self.bank.approve_all()
            answer = self._run_task(settings, tasks.Task("complete", 1, redemption_id))
        if answer is not None:
            tasks.answered(self.payments_worker, tasks.Task(message["task"], 1, redemption_id), answer)
            heard = (
                execution.succeed(token, dict(answer.output))
                if answer.error is None
                else execution.fail(token, answer.error)
            )
            if heard:
                execution.run()

    def _run_task(self, settings: tasks.Settings, task: tasks.Task) -> Any:
        try:
            return tasks.run(self.payments_worker, settings, task)
        except TryLater:
            return None

    def parties(self) -> Parties:
        return Parties(lambda _: self.billing, {"amazon_pay": self.bank})  # type: ignore[dict-item]

    # ---- the restore -----------------------------------------------------------------------------------------------

    def snapshot(self) -> Snapshot:
        """What a backup of this instant would bring back."""
        row = self.owner.execute("select clock.now() as now").fetchone()
        assert row is not None
        copy = f"{self.database.name}_copy"
        with self._without_connections() as admin:
            self.database.leave()
            admin.execute(f"create database {copy} template {self.database.name}".encode())
        return Snapshot(copy, row["now"])

    def restore(self, snapshot: Snapshot) -> None:
        """The database is as it was; nobody else is."""
        with self._without_connections() as admin:
            admin.execute(f"drop database {self.database.name} with (force)".encode())
            admin.execute(f"alter database {snapshot.name} rename to {self.database.name}".encode())

    @contextmanager
    def _without_connections(self) -> Iterator[psycopg.Connection[Any]]:
        billing, cashier = self.billing, self.cashier
        self.close()
        dsn = f"postgresql://{postgres.SUPERUSER}@127.0.0.1:{self.database.port}/postgres"
        with psycopg.connect(dsn, autocommit=True) as admin:
            yield admin
        self.messages.clear()
        self.__post_init__()
        self.billing, self.cashier = billing, cashier

    def readopt(self, snapshot: Snapshot, charges: tuple[tuple[str, str], ...] = ()) -> Done:
        return readopting.readopt(self.readoption, self.outside(), snapshot.taken_at, charges)

    def outside(self) -> World:
        # A loop that never ends runs out of time.
        left = chain(repeat(1.0, 500), repeat(0.0))
        return World(
            amazon=lambda _: self.amazon,  # type: ignore[arg-type, return-value]
            providers={"amazon_pay": self.bank},
            portal_origin=PORTAL,
            execution_status=self.execution_status,
            seconds_left=lambda: next(left),
            pause=lambda seconds: None,
        )

    def execution_status(self, name: str) -> str | None:
        execution = self.executions.get(name[:36])
        return None if execution is None else "SUCCEEDED" if execution.ended else "RUNNING"

    def go_on(self, redemption_id: UUID) -> None:
        """The sweeper starts whatever has no execution; the services work."""
        row = self.row(redemption_id)
        if row["execution_started_at"] is None and row["state"] != "closed":
            self.run(redemption_id)


@contextmanager
def restorable(database: TestDatabase) -> Iterator[Restorable]:
    made = Restorable(database)
    try:
        yield made
    finally:
        made.close()
