"""AWS, as far as the platform leans on it: Step Functions' executions, SQS queues, and the calls that reach both."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from containers.worker import Later, Message
from tests.faults.injecting import Encounter, Killed
from tests.faults.interpreter import DEFINITION, Execution, TaskFailed

if TYPE_CHECKING:
    from tests.faults.world import World

VISIBILITY_SECONDS = 120.0
MOST_RECEIVES = 40
LONGEST_PAUSE_SECONDS = 300


class ExecutionAlreadyExists(Exception):
    """The name is taken."""


class ExecutionDoesNotExist(Exception):
    """Nobody has this name."""


class Throttling(Exception):
    """Not now."""


class NobodyWaits(Exception):
    """Nobody waits for this token (any more)."""

    response = {"Error": {"Code": "TaskTimedOut"}}  # noqa: RUF012


@dataclass
class Running:
    """One execution. `doomed`: it dies as soon as it has taken the answer it is waiting for."""

    execution: Execution
    saga: Any
    status: str = "RUNNING"
    doomed: Encounter | None = None
    wakes_at: datetime | None = None


class StepFunctions:
    """What boto3's client is to the sweeper, the member API and the workers."""

    class exceptions:  # noqa: N801
        ExecutionAlreadyExists = ExecutionAlreadyExists
        ExecutionDoesNotExist = ExecutionDoesNotExist

    def __init__(self, world: World) -> None:
        self._world = world
        self.executions: dict[str, Running] = {}

    # ---- the client ------------------------------------------------------------------------------------------------

    def start_execution(self, *, stateMachineArn: str, name: str, input: str) -> None:  # noqa: N803
        world = self._world
        if world.injector.by_chance() or world.is_down(world.plan.machine_down):
            raise Throttling("ThrottlingException")
        if name in self.executions:
            raise ExecutionAlreadyExists(name)
        given = json.loads(input)
        saga = world.sagas_by_id[given["redemption_id"]]
        execution = Execution(
            world.definition or DEFINITION,
            {name: self._guarded(name, function) for name, function in world.components.functions.items()},
            self._send,
            world.now,
            given,
            name,
            world.random,
            world.plan.invocations,
        )
        running = self.executions[name] = Running(execution, saga)
        world.trace(f"execution {saga.label} started{' again' if len(name) > 36 else ''}")
        world.later(0.05, lambda: self.advance(running))

    def start_twin(self, saga: Any) -> None:
        """Somebody starts the redemption's machine a second time."""
        given = {"program_id": saga.plan.program_id, "redemption_id": saga.id}
        self.start_execution(stateMachineArn="", name=f"{saga.id}-twin", input=json.dumps(given))

    def describe_execution(self, *, executionArn: str) -> dict[str, str]:  # noqa: N803
        name = executionArn.rpartition(":")[2]
        if name not in self.executions:
            raise ExecutionDoesNotExist(name)
        return {"status": self.executions[name].status}

    def send_task_success(self, *, taskToken: str, output: str) -> None:  # noqa: N803
        self._answer(taskToken, lambda execution: execution.succeed(taskToken, json.loads(output)), "success")

    def send_task_failure(self, *, taskToken: str, error: str, cause: str) -> None:  # noqa: N803
        self._answer(taskToken, lambda execution: execution.fail(taskToken, error, cause), error)

    def send_task_heartbeat(self, *, taskToken: str) -> None:  # noqa: N803
        raise AssertionError("no task has a heartbeat")

    def _answer(self, token: str, tell: Callable[[Execution], bool], told: str) -> None:
        if self._world.injector.by_chance():
            raise Throttling("ThrottlingException")
        running = self.executions[token.rpartition("/")[0]]
        if running.status != "RUNNING" or not tell(running.execution):
            self._world.trace(f"callback {running.saga.label} {told}: nobody waits")
            raise NobodyWaits
        self._world.trace(f"callback {running.saga.label} {told}")
        self._world.later(0.05, lambda: self.advance(running))

    # ---- going on --------------------------------------------------------------------------------------------------

    def advance(self, running: Running) -> None:
        """Run it as far as it goes now, and come back when it is due."""
        if running.status != "RUNNING":
            return
        execution, world = running.execution, self._world
        world.running = running
        before = len(execution.visited)
        try:
            execution.run()
            if running.doomed is not None:
                self._die(running)
        except Killed:
            pass
        finally:
            world.running = None
        for state in execution.visited[before:]:
            world.trace(f"state {running.saga.label} {state}")
        if running.status == "RUNNING" and execution.ended:
            running.status = "SUCCEEDED" if execution.failed is None else "FAILED"
            world.trace(f"execution {running.saga.label} {running.status} {execution.failed or ''}".rstrip())
        elif running.status == "RUNNING":
            self._wake(running, execution.due())

    def _wake(self, running: Running, due: datetime | None) -> None:
        if due is None or running.wakes_at == due:
            return
        running.wakes_at = due

        def wake() -> None:
            if running.wakes_at == due:
                running.wakes_at = None
                self.advance(running)

        self._world.at(due, wake)

    def _guarded(self, name: str, function: Callable[[dict[str, Any]], Any]) -> Callable[[dict[str, Any]], Any]:
        def call(payload: dict[str, Any]) -> Any:
            self._still_alive()
            return function(payload)

        return call

    def _send(self, queue: str, body: dict[str, Any]) -> None:
        self._still_alive()
        if self._world.injector.by_chance():
            raise TaskFailed("SQS.SdkClientException")
        self._world.queues[queue].send(body)

    def _still_alive(self) -> None:
        running = self._world.running
        if running is not None and running.doomed is not None:
            self._die(running)

    def _die(self, running: Running) -> None:
        encounter, running.doomed = running.doomed, None
        assert encounter is not None
        running.status = "ABORTED"
        self._world.trace(f"execution {running.saga.label} aborted")
        encounter.injector.died(encounter, "execution")

    def dead_names(self) -> list[str]:
        """Executions that are over."""
        return [name for name, running in self.executions.items() if running.status != "RUNNING"]


@dataclass
class Letter:
    """One message of a queue."""

    number: int
    body: dict[str, Any]
    received: int = 0
    deleted: bool = False


@dataclass
class Queue:
    """SQS: at least once, in no particular order. `handle` takes a delivery; what it raises brings the letter again."""

    world: World
    name: str
    component: str
    handle: Callable[[Message], None]
    dead: list[Letter] = field(default_factory=list)
    waiting: int = 0
    _numbers: int = 0

    def send(self, body: dict[str, Any], delay: float = 0.0) -> None:
        """A message; sometimes SQS delivers it twice."""
        self._numbers += 1
        letter = Letter(self._numbers, json.loads(json.dumps(body, default=str)))
        self.waiting += 1
        self._deliver_in(letter, delay + self.world.random.uniform(0.01, 0.3))
        if self.world.injector.by_chance():
            self._deliver_in(letter, delay + self.world.random.uniform(0.3, 90))

    def redrive(self) -> None:
        """The dead letters come again, as the runbook's command does it."""
        letters, self.dead = self.dead, []
        for letter in letters:
            letter.received = 0
            self._deliver_in(letter, 1.0)

    def _deliver_in(self, letter: Letter, seconds: float) -> None:
        self.world.later(seconds, lambda: self._deliver(letter))

    def _deliver(self, letter: Letter) -> None:
        world = self.world
        letter.received += 1
        if letter.received > MOST_RECEIVES:
            world.trace(f"queue {self.name} #{letter.number} is a dead letter")
            self.dead.append(letter)
            return
        message = Message(f"{self.name}-{letter.number}", f"{letter.number}", letter.body, letter.received)
        failure: Exception | None = None
        try:
            try:
                self.handle(message)
            except Exception as error:
                failure = error
            world.injector.recorded(self.component)
        except Killed:
            world.revive(self.component)
            self._deliver_in(letter, VISIBILITY_SECONDS)
            return
        if isinstance(failure, Later):
            self._deliver_in(letter, failure.seconds)
        elif failure is not None:
            world.trace(f"queue {self.name} #{letter.number}: {type(failure).__name__}")
            longest = min(2 ** min(letter.received, 16), LONGEST_PAUSE_SECONDS)
            self._deliver_in(letter, world.random.randint((longest + 1) // 2, longest))
        elif not letter.deleted:
            letter.deleted = True
            self.waiting -= 1
