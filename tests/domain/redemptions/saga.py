"""A programme with members, quotes and the whole saga in one process: the real state machine definition, the real
SQL under the entry points' own roles, the real orders service, a fake Amazon and a small payments service."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from typing import Any
from uuid import UUID

from containers.callbacks import Callbacks
from containers.orders.service import OrdersService
from containers.telemetry import Telemetry
from containers.worker import Message
from loyalty.database import Connection
from loyalty.orders.placing import Patience, Placing
from loyalty.programme.publishing import publish_initial
from loyalty.redemptions import engine, redeeming
from loyalty.redemptions.redeeming import Redeem, Redeemed
from tests.conftest import TestDatabase
from tests.domain.redemptions.amazon import FakeAmazon
from tests.domain.redemptions.promises import Line, Promises
from tests.faults.interpreter import DEFINITION, Execution

__all__ = ["FAST", "SOON", "Line", "Saga", "saga"]

FAST = {
    "redemption": {"release_delay_seconds": 0},
    "integrations": {
        "amazon_business": {"orders_per_second": 100.0, "burst": 1000},
        "payment": {"capture_at": "acceptance"},
    },
}
LONGEST_PAUSE_SECONDS = 60
SOON = Patience(first_look=0, not_found_quiet=0, longest_pause=0)


@dataclass
class Saga(Promises):
    """One database, one Amazon. `payments` is what its service does: authorise (and all that follows),
    decline, abandon, ignore, not_capture.

    The state machine's time passes by itself wherever nothing else is left to do; with `waits` not over Wait states.
    """

    database: TestDatabase
    amazon: FakeAmazon = field(default_factory=FakeAmazon)
    payments: str = "authorise"
    patience: Patience = SOON
    orders_at_once: bool = True
    waits: bool = False
    crash: str | None = None
    machine_time: datetime = datetime(2026, 1, 1, tzinfo=UTC)
    messages: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    executions: dict[str, Execution] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.owner = self.database.owner()
        publish_initial(self.owner, FAST)
        self.member_api = self.database.connect("member_api")
        self.engine_step = self.database.connect("engine_step")
        self.order_information = self.database.connect("order_information")
        self.orders_worker = self.database.connect("orders_worker")
        self.log = io.StringIO()
        self.service = self.orders_service()

    def close(self) -> None:
        for connection in (
            self.owner,
            self.member_api,
            self.engine_step,
            self.order_information,
            self.orders_worker,
        ):
            connection.close()

    def redeem(self, member_id: int, request: Redeem, program_id: int = 1) -> Redeemed:
        return redeeming.redeem(self.member_api, program_id, member_id, request, f"member:{member_id}")

    # ---- the machine and the services ------------------------------------------------------------------------------

    def start(self, redemption_id: UUID, *, invocations: int = 1, program_id: int = 1, **given: str) -> Execution:
        """A new execution; not yet run. `given`: what else is in its input."""
        execution = Execution(
            DEFINITION,
            {"${EngineStepFunction}": self._step, "${OrderInformationFunction}": self._order_information},
            self._deliver,
            lambda: self.machine_time,
            {"program_id": program_id, "redemption_id": str(redemption_id), **given},
            f"{redemption_id}-{next(self.numbers)}",
            Random(0),
            invocations,
        )
        self.executions[str(redemption_id)] = execution
        return execution

    def run(self, redemption_id: UUID, *, invocations: int = 1, program_id: int = 1) -> Execution:
        """A whole execution, until it ends or waits for something a test has held back."""
        execution = self.start(redemption_id, invocations=invocations, program_id=program_id)
        execution.run()
        self.work()
        return execution

    def pass_over(self, execution: Execution) -> None:
        """Time passes until the execution's Wait, its pause before another attempt or its task's time limit is over."""
        due = execution.due()
        assert due is not None, "it has ended"
        self.machine_time = max(self.machine_time, due)
        execution.run()

    def work(self, most: int = 60) -> None:
        """Let the services do what they have and the time pass, until nothing changes."""
        for _ in range(most):
            if not self._work_once():
                return
        raise AssertionError("the services do not come to rest")

    def orders_service(self, amazon: FakeAmazon | None = None) -> OrdersService:
        """A new process of the orders service: it knows only what the database knows."""
        telemetry = Telemetry("orders", self.log)
        return OrdersService(
            lambda: self.orders_worker,
            Placing(amazon or self.amazon, "default", self.patience),
            "default",
            Callbacks(_Machine(self), telemetry, pause=lambda seconds: None),
            telemetry,
        )

    def _work_once(self) -> bool:
        if self.messages and (self.orders_at_once or self.messages[0][0] != "${OrdersQueueUrl}"):
            queue, body = self.messages.pop(0)
            if queue == "${OrdersQueueUrl}":
                self.service.handle(Message("m", "r", body))
            else:
                self._pay(body)
            return True
        before = self._orders_mark()
        self.service.place_next()
        return self._orders_mark() != before or self._time_passes()

    def _time_passes(self) -> bool:
        for execution in self.executions.values():
            state = execution.waiting
            if state and not (self.waits and DEFINITION["States"][state]["Type"] == "Wait"):
                if state == "AwaitScreening":
                    # Whoever looks after it goes by the database's clock.
                    self.database.shift_clock(f"{LONGEST_PAUSE_SECONDS} seconds")
                self.pass_over(execution)
                return True
        return False

    def _orders_mark(self) -> Any:
        return self.owner.execute(
            "select coalesce(max(row_xid::text::bigint), 0) as x, count(answered_at) as a from orders.placement"
        ).fetchone(), len(self.messages)

    def _step(self, payload: dict[str, Any]) -> Any:
        if self.crash == f"before {payload['action']}":
            self.crash = None
            raise engine.DatabaseUnavailable
        answer = engine.step(
            self.engine_step,
            payload["action"],
            payload["program_id"],
            UUID(payload["redemption_id"]),
            payload.get("reason"),
        )
        if self.crash == f"after {payload['action']}":
            self.crash = None
            raise engine.DatabaseUnavailable
        return answer

    def _order_information(self, payload: dict[str, Any]) -> Any:
        return engine.record_order(self.order_information, payload["program_id"], UUID(payload["redemption_id"]))

    def _deliver(self, queue: str, message: dict[str, Any]) -> None:
        self.messages.append((queue, message))

    def _pay(self, message: Mapping[str, Any]) -> None:
        """A payments service of one behaviour; its own tests are elsewhere."""
        if self.payments == "ignore":
            return
        machine, token = _Machine(self), message["task_token"]
        match message["task"]:
            case "authorise" if self.payments in ("authorise", "not_capture"):
                self._payment(message, "state = 'authorised', charge_id = 'c', authorised_minor = amount_minor")
                machine.answer(token, {"state": "authorised"})
            case "authorise":
                name = {"decline": "PaymentDeclined", "abandon": "PaymentAbandoned"}[self.payments]
                self._payment(message, f"state = '{'declined' if self.payments == 'decline' else 'abandoned'}'")
                machine.send_task_failure(taskToken=token, error=name, cause="")
            case "capture" if self.payments == "not_capture":
                self._payment(message, "state = 'declined'")
                machine.send_task_failure(taskToken=token, error="PaymentDeclined", cause="")
            case "capture":
                self._payment(message, "state = 'captured', captured_minor = capture_minor, captures = 1")
                self.owner.execute(
                    "insert into payments.capture select program_id, redemption_id, 1, charge_id, captured_minor,"
                    " clock.now() from payments.payment where redemption_id = %s and captured_minor > 0"
                    " on conflict do nothing",
                    (message["redemption_id"],),
                )
                machine.answer(token, {"state": "captured"})
            case "void":
                self._payment(
                    message, "state = case when state in ('declined', 'abandoned') then state else 'voided' end"
                )
                machine.answer(token, {"state": "voided"})

    def _payment(self, message: Mapping[str, Any], change: str) -> None:
        self.owner.execute(
            f"update payments.payment set {change} where program_id = %s and redemption_id = %s".encode(),
            (message["program_id"], message["redemption_id"]),
        )

    def publish(self, *, capture_at: str) -> None:
        """Another version of the programme."""
        self.owner.execute(
            "select programme.publish(1, c.version, jsonb_set(c.document, '{integrations,payment,capture_at}',"
            " to_jsonb(%s::text)), 'test', 'test') from programme.current(1) as c",
            (capture_at,),
        )

    # ---- what came of it -------------------------------------------------------------------------------------------

    def row(self, redemption_id: UUID, table: str = "redemptions.redemption") -> dict[str, Any]:
        row = self.owner.execute(
            f"select * from {table} where redemption_id = %s".encode(), (redemption_id,)
        ).fetchone()
        assert row is not None
        return row

    def balance(self, member_id: int, program_id: int = 1) -> tuple[int, int]:
        """(available, held)"""
        row = self.owner.execute(
            "select available, held from points.member where program_id = %s and member_id = %s",
            (program_id, member_id),
        ).fetchone()
        assert row is not None
        return row["available"], row["held"]

    def give_back(
        self,
        redemption_id: UUID,
        line_number: int,
        event_key: str,
        quantity: int | None,
        caused_by: str = "ours",
        reason: str = "returned",
        program_id: int = 1,
    ) -> tuple[str, int | None, int | None]:
        """(status, points, cents)"""
        row = self.owner.execute(
            "select * from redemptions.give_back(%s, %s, %s, %s, %s, %s, %s, 'test')",
            (program_id, redemption_id, line_number, event_key, quantity, caused_by, reason),
        ).fetchone()
        assert row is not None
        return row["status"], row["points"], row["money_minor"]

    def kinds(self, redemption_id: UUID) -> list[str]:
        """The timeline."""
        rows = self.owner.execute(
            "select kind from redemptions.event where redemption_id = %s order by event_number", (redemption_id,)
        ).fetchall()
        return [row["kind"] for row in rows]

    def violations(self) -> dict[str, int]:
        """Every invariant that does not hold, of the ledger, the payments and the redemptions."""
        found: dict[str, int] = {}
        with self.database.connect("auditor") as auditor:
            for view in ("points.invariants", "points.budget_invariants", "redemptions.invariants"):
                for row in auditor.execute(f"select name, violations from {view}".encode()).fetchall():
                    if row["violations"]:
                        found[f"{view}: {row['name']}"] = row["violations"]
        return found

    def connection(self, role: str) -> Connection:
        return self.database.connect(role)


class _Machine:
    """Step Functions as the services call it: whom an answer reaches goes on."""

    def __init__(self, saga: Saga) -> None:
        self._saga = saga

    def answer(self, token: str, output: Any) -> None:
        for execution in list(self._saga.executions.values()):
            if execution.succeed(token, output):
                execution.run()

    def send_task_success(self, *, taskToken: str, output: str) -> None:  # noqa: N803
        self.answer(taskToken, json.loads(output))

    def send_task_failure(self, *, taskToken: str, error: str, cause: str) -> None:  # noqa: N803
        for execution in list(self._saga.executions.values()):
            if execution.fail(taskToken, error, cause):
                execution.run()

    def send_task_heartbeat(self, *, taskToken: str) -> None:  # noqa: N803
        raise AssertionError("orders have no heartbeat")


@contextmanager
def saga(database: TestDatabase, **settings: Any) -> Iterator[Saga]:
    """A saga with its connections closed at the end."""
    made = Saga(database, **settings)
    try:
        yield made
    finally:
        made.close()
