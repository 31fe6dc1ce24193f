"""The platform's own components, as AWS runs them: functions that are invoked, services that loop, the sweeper."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from uuid import UUID

import psycopg

from containers.callbacks import Callbacks
from containers.orders.service import OrdersService
from containers.payments.service import PaymentsService
from containers.telemetry import Telemetry
from containers.worker import Message
from lambdas import order_information, sweeper
from loyalty.database import Connection
from loyalty.orders.following import Follower, Habits
from loyalty.orders.placing import Placing
from loyalty.payments.tasks import Settings
from loyalty.redemptions import engine
from tests.faults import cells
from tests.faults.amazon_business import Asker, Placer
from tests.faults.injecting import Encounter, Killed
from tests.faults.interpreter import TaskFailed
from tests.faults.machinery import Queue
from tests.faults.paying import provider
from tests.faults.people import Operator

if TYPE_CHECKING:
    from tests.faults.world import World

# Statements by which a worker writes down what came of a call.
RECORDS = re.compile(
    r"\.(record_\w+|conclude|put_back|ask_again_later|mark_unknown|not_found|close_bucket|pause|resume|answered|looked"
    r"|reported|report_page_read|write_off|at_rest|abandon)\("
)
SWEEPS = ("start_left", "replace_dead", "replace_overlooked", "abandon_payments", "extend_leases", "abandon_unstarted")
# Fewer reports than in production: what they find, they find a little later.
HABITS = Habits(report_seconds=24 * 3600)
# How a delivery of what was heard of an order comes out; the other outcomes are those of the question.
HEARING = frozenset({cells.OK, cells.PARTIAL, cells.TIMEOUT_AFTER, cells.DUPLICATE, cells.LATE})


class Quiet(Telemetry):
    """Says nothing."""

    def __init__(self) -> None:
        super().__init__("storm")

    def _write(self, line: dict[str, Any]) -> None:
        return


class Components:
    """Everything that is ours, on the world's clock, database and network."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.functions: dict[str, Callable[[dict[str, Any]], Any]] = {
            "${EngineStepFunction}": self._engine_step,
            "${OrderInformationFunction}": self._order_information,
        }
        self._start_services()

    def _start_services(self) -> None:
        world, quiet = self._world, Quiet()
        callbacks = Callbacks(world.machine, quiet, pause=lambda seconds: None)
        self.follower = Follower(
            Asker(world), "default", self._hand, lambda: (world.now() - world.started_at).total_seconds(), HABITS
        )
        self.orders = OrdersService(
            lambda: self._wire("orders"),
            Placing(Placer(world), "default", lease_id=lambda: UUID(int=world.random.getrandbits(128), version=4)),
            "default",
            callbacks,
            quiet,
            placing_threads=1,
        )
        self.payments = PaymentsService(
            lambda: self._wire("payments"),
            Settings({"amazon_pay": provider(world)}, "https://portal.test"),
            callbacks,
            quiet,
        )
        world.queues = {
            "${OrdersQueueUrl}": Queue(world, "orders", "orders", self._place),
            "${PaymentsQueueUrl}": Queue(world, "payments", "payments", self.payments.handle),
            "heard": Queue(world, "heard", "order_information", self._hear),
        }

    def _wire(self, component: str) -> Connection:
        """The component's connection. Raises psycopg.OperationalError while the database knows it no more."""
        if self._world.shut_out_until.get(component, self._world.started_at) > self._world.now():
            raise psycopg.OperationalError("password authentication failed")
        return self._world.place.wires[component]

    # ---- functions of the state machine ----------------------------------------------------------------------------

    def _engine_step(self, payload: dict[str, Any]) -> Any:
        action = payload["action"]
        if payload.get("reason") == "order_unknown":
            Operator(self._world, self._world.sagas_by_id[payload["redemption_id"]])

        def do() -> Any:
            return engine.step(
                self._connected("engine_step"),
                action,
                payload["program_id"],
                UUID(payload["redemption_id"]),
                payload.get("reason"),
            )

        return self._invoke("engine_step", "K" if action == "settle" else "step", action, payload, do)

    def _order_information(self, payload: dict[str, Any]) -> Any:
        def do() -> Any:
            return engine.record_order(
                self._connected("order_information"), payload["program_id"], UUID(payload["redemption_id"])
            )

        return self._invoke("order_information", "step", "record", payload, do)

    def _connected(self, component: str) -> Connection:
        # As the handlers do it.
        try:
            return self._wire(component)
        except psycopg.OperationalError as error:
            raise engine.DatabaseUnavailable(type(error).__name__) from error

    def _invoke(
        self, component: str, step: str, action: str, payload: dict[str, Any], do: Callable[[], Any]
    ) -> dict[str, Any]:
        """One invocation by the state machine, and how it comes out."""
        world = self._world
        saga = world.sagas_by_id[payload["redemption_id"]]
        try:
            encounter = world.injector.meet(
                step, saga.number, component, able=lambda o: _can_settle(o, saga.plan.accepts)
            )
            point, encounter.point = encounter.point, None
            try:
                answer = self._come_out(component, encounter, do)
            finally:
                world.trace(f"step {saga.label} {action} {encounter.outcome}")
                encounter.point = point
                if point == cells.RECORD and world.running is not None:
                    # The state machine has its answer; then the execution is gone.
                    world.running.doomed = encounter
                else:
                    encounter.happened(component)
        except Killed:
            world.revive(component)
            raise TaskFailed("Runtime.ExitError") from None
        return answer

    def _come_out(self, component: str, encounter: Encounter, do: Callable[[], Any]) -> Any:
        world, random = self._world, self._world.random
        match encounter.outcome:
            case cells.THROTTLED:
                raise TaskFailed("Lambda.TooManyRequestsException")
            case cells.ERROR:
                if random.random() < 0.5:
                    do()
                raise TaskFailed("Lambda.ServiceException")
            case cells.TIMEOUT_BEFORE:
                raise TaskFailed("Sandbox.Timedout")
            case cells.TIMEOUT_AFTER:
                do()
                raise TaskFailed("Sandbox.Timedout")
            case cells.DUPLICATE:
                do()
            case cells.LATE:
                world.later(random.uniform(1, 40), lambda: self._late(do))
                raise TaskFailed("States.Timeout")
            case cells.MALFORMED:
                # The database's answer cannot be read: the statement was done.
                do()
                raise engine.DatabaseUnavailable("InterfaceError")
            case cells.REVOKED:
                world.shut_out(component, random.uniform(30, 900))
            case cells.RESET:
                if random.random() < 0.5:
                    do()
                raise engine.DatabaseUnavailable("OperationalError")
        return do()

    def _late(self, do: Callable[[], Any]) -> None:
        # An invocation that everybody has given up still runs to its end.
        try:
            do()
            told = "done"
        except Exception as error:
            told = type(error).__name__
        self._world.trace(f"step arrives late: {told}")

    # ---- what is heard of orders -----------------------------------------------------------------------------------

    def _hand(self, bodies: Any) -> None:
        for body in bodies:
            self._world.queues["heard"].send(dict(body))

    def _hear(self, message: Message) -> None:
        """One record of the queue, as the function takes it."""
        world = self._world
        saga = world.saga_heard_of(message.body)
        text = json.dumps(message.body)

        def able(outcome: str) -> bool:
            return outcome in HEARING and (outcome != cells.PARTIAL or world.is_of_a_part(message.body))

        def do() -> str:
            return order_information._take(self._wire("order_information"), text)

        encounter = world.injector.meet("F", saga and saga.number, "order_information", able=able)
        told = "-"
        match encounter.outcome:
            case cells.LATE:
                world.later(world.random.uniform(60, 7200), lambda: self._late(do))
            case cells.DUPLICATE:
                do()
                told = do()
            case _:
                told = do()
        world.trace(f"heard {saga.label if saga else '-'} {encounter.outcome} → {told}")
        encounter.happened("order_information")
        if encounter.outcome == cells.TIMEOUT_AFTER:
            raise TimeoutError

    # ---- services --------------------------------------------------------------------------------------------------

    def _place(self, message: Message) -> None:
        self.orders.handle(message)
        self._world.wake("orders")

    def loop(self, name: str) -> float:
        """One turn of a service's loop. Seconds until the next."""
        world = self._world
        step: Callable[[], float] = {
            "orders": self.orders.place_next,
            "payments": self.payments.look,
            "following": self._follow,
            "sweeper": self._sweep,
        }[name]
        try:
            try:
                seconds = step()
            except Exception as error:
                world.trace(f"{name}: {type(error).__name__}")
                seconds = 5.0
            world.injector.recorded(name)
        except Killed:
            world.revive(name)
            return 5.0
        return seconds

    def _follow(self) -> float:
        # As OrdersService.follow_next, which has the same follower on a connection of its own.
        stepped = self.follower.step(self._wire("following"))
        if stepped.kind == "idle":
            return 60.0
        self._world.trace(f"following {stepped.kind} {stepped.outcome}")
        return min(stepped.wait_seconds, 5.0)

    def _sweep(self) -> float:
        for name in SWEEPS:
            try:
                count = sweeper.RULES[name](self._wire("sweeper"))
            except Exception as error:
                self._world.trace(f"sweeper {name}: {type(error).__name__}")
                continue
            if count:
                self._world.trace(f"sweeper {name}: {count}")
        return 60.0


def _can_settle(outcome: str, accepts: str) -> bool:
    return outcome != cells.PARTIAL or accepts == "part"
