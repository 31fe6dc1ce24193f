"""What the payments service does with a message, and what its loop finds without one."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from containers.callbacks import Callbacks
from containers.telemetry import Telemetry
from containers.worker import Later, Loop, Message
from loyalty.database import Connection
from loyalty.payments import tasks
from loyalty.payments.answers import TryLater

# How often the worker looks for what is due, and how much it takes a programme: reads at the provider are throttled.
LOOK_SECONDS = 2.0
PAGE_SIZE = 5
# After so many deliveries the row remembers the task better than the queue does: the loop goes on with it.
LAST_DELIVERY = 3


class PaymentsService:
    """Shared by the threads of one process; `connect` gives each its own connection."""

    def __init__(
        self,
        connect: Callable[[], Connection],
        settings: tasks.Settings,
        callbacks: Callbacks,
        telemetry: Telemetry,
    ) -> None:
        self._connect = connect
        self._settings = settings
        self._callbacks = callbacks
        self._telemetry = telemetry
        self.loops: Sequence[Loop] = [Loop("looks", self.look)]

    def handle(self, message: Message) -> None:
        """One task. Raises Later while it is not decided, ValueError for a message that is none of ours."""
        try:
            self._run(tasks.Task.from_message(message.body))
        except TryLater as later:
            if message.receive_count < LAST_DELIVERY:
                raise Later(later.seconds) from later

    def look(self) -> float:
        """Go on with what is due. Seconds until the next look."""
        connection = self._connect()
        for task in tasks.due(connection, PAGE_SIZE):
            try:
                self._run(task)
            except TryLater:
                continue
            except Exception as error:
                # One payment that needs a person must not keep the others waiting.
                self._telemetry.error("look failed", error, task=task.task, redemption_id=task.redemption_id)
                self._telemetry.metric("PaymentLooksFailed", 1)
        return LOOK_SECONDS

    def _run(self, task: tasks.Task) -> None:
        connection = self._connect()
        try:
            answer = tasks.run(connection, self._settings, task)
        except TryLater as later:
            self._telemetry.log(
                "payment waits",
                level="ERROR" if later.alarm else "INFO",
                task=task.task,
                program_id=task.program_id,
                redemption_id=task.redemption_id,
                reason=later.reason,
                seconds=later.seconds,
            )
            if later.alarm:
                self._telemetry.metric("PaymentProviderRefusesUs", 1)
            raise
        if answer is None:
            return
        if answer.error is None:
            self._callbacks.success(answer.task_token, answer.output)
        else:
            self._callbacks.failure(answer.task_token, answer.error, answer.cause)
        tasks.answered(connection, task, answer)
        outcome = answer.error or str(answer.output["state"])
        self._telemetry.log(
            "payment",
            outcome=outcome,
            task=task.task,
            program_id=task.program_id,
            redemption_id=task.redemption_id,
        )
        self._telemetry.metric("Payments", 1, outcome=outcome)
