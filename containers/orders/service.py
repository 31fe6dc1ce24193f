"""What the orders service does with a message, and what its loops do without one."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from uuid import UUID

from containers.callbacks import Callbacks
from containers.telemetry import Telemetry, correlated
from containers.tracing import present_origin
from containers.worker import Loop, Message
from loyalty.database import Connection
from loyalty.orders import placing
from loyalty.orders.following import Follower, following
from loyalty.orders.placing import Answer, Happened, Placing

# Longest sleep of an idle loop: what another task put into the queue is found after this.
IDLE_SECONDS = 2.0
# A hint waits no longer than this for its look.
FOLLOW_SECONDS = 5.0
STANDING_SECONDS = 300.0


class OrdersService:
    """Shared by the threads of one process; `connect` gives each its own connection."""

    def __init__(
        self,
        connect: Callable[[], Connection],
        placing: Placing,
        connection_name: str,
        callbacks: Callbacks,
        telemetry: Telemetry,
        placing_threads: int = 2,
        follower: Follower | None = None,
    ) -> None:
        self._connect = connect
        self._placing = placing
        self._connection_name = connection_name
        self._callbacks = callbacks
        self._telemetry = telemetry
        self._answering = threading.Lock()
        self._follower = follower
        self._placing_loops = [Loop(f"placing-{number}", self.place_next) for number in range(placing_threads)]
        self.loops: Sequence[Loop] = self._placing_loops
        if follower is not None:
            self.loops = [
                *self._placing_loops,
                Loop("following", self.follow_next),
                Loop("standing", self.tell_standing),
            ]

    def handle(self, message: Message) -> None:
        """A placement to be queued. The queue is the database: the message may go as soon as the row knows of it."""
        if message.body.get("task") != "place":
            raise ValueError("not a task of this service")
        program_id, redemption_id = int(message.body["program_id"]), UUID(message.body["redemption_id"])
        token = str(message.body["task_token"])
        state = placing.enqueue(self._connect(), program_id, redemption_id, token, present_origin())
        if state == "unknown_redemption":
            raise LookupError("no such placement")
        for loop in self._placing_loops:
            loop.wake()

    def follow_next(self) -> float:
        """One question about orders on their way. Seconds until there may be another."""
        assert self._follower is not None
        stepped = self._follower.step(self._connect())
        if stepped.kind != "idle":
            self._telemetry.log("following", asked=stepped.kind, outcome=stepped.outcome, heard=stepped.heard)
            self._telemetry.metric("Followed", 1, asked=stepped.kind, outcome=stepped.outcome)
        return min(stepped.wait_seconds, FOLLOW_SECONDS)

    def tell_standing(self) -> float:
        """How following stands, for the dashboard and its alarm."""
        standing = following(self._connect(), self._connection_name)
        self._telemetry.metric("FollowingOpen", standing["open"])
        self._telemetry.metric("FollowingHinted", standing["hinted"])
        # The alarm stands on this one: open orders that nobody has looked at for a day.
        self._telemetry.metric("FollowingUnseen", standing["unseen"])
        self._telemetry.metric("FollowingStrays", standing["strays"])
        return STANDING_SECONDS

    def place_next(self) -> float:
        """One step of the queue and the answers that have come of it. Seconds until there may be more to do."""
        connection = self._connect()
        happened = self._placing.step(connection)
        if happened.kind != "idle":
            with correlated(happened.correlation_id):
                self._tell(happened)
        self.answer_all(connection)
        return min(happened.wait_seconds, IDLE_SECONDS)

    def answer_all(self, connection: Connection) -> None:
        """Tell the state machine what it waits for. What cannot be delivered is tried again with the next step."""
        if not self._answering.acquire(blocking=False):
            return  # another thread is at it
        try:
            for answer in placing.unanswered(connection, self._connection_name):
                self._answer(connection, answer)
        finally:
            self._answering.release()

    def _answer(self, connection: Connection, answer: Answer) -> None:
        if answer.outcome in ("accepted", "partial"):
            output = {"outcome": answer.outcome, "accepted_quantity": answer.accepted_quantity}
            self._callbacks.success(answer.task_token, output)
        elif answer.outcome in ("rejected", "withdrawn"):
            self._callbacks.failure(answer.task_token, "OrderRejected", answer.outcome)
        else:
            self._callbacks.failure(answer.task_token, "OrderUnknown", "no look-up has found it")
        placing.answered(connection, answer)

    def _tell(self, happened: Happened) -> None:
        self._telemetry.log(
            "order",
            outcome=happened.kind,
            program_id=happened.program_id,
            redemption_id=happened.redemption_id,
            reason=happened.reason,
        )
        # What becomes of the canary's, the canary says itself.
        if not happened.trial:
            self._telemetry.metric("Orders", 1, outcome=happened.kind)
        if happened.kind == "trial_ordered":
            self._telemetry.metric("TrialsOrdered", 1)
        if happened.kind in ("paused", "resumed"):
            # The alarm stands on this one: 1 while orders do not go through.
            self._telemetry.metric("OrdersPaused", 1 if happened.kind == "paused" else 0)
