"""One seed's world: the platform, its providers, its people and its time, until everything is quiet."""

from __future__ import annotations

import itertools
import json
import logging
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from random import Random
from typing import Any
from unittest import mock
from uuid import UUID

from lambdas import machine
from tests.domain.redemptions.promises import Promises
from tests.faults.amazon_business import Amazon
from tests.faults.amazon_pay import Books
from tests.faults.components import RECORDS, Components
from tests.faults.injecting import Injector
from tests.faults.machinery import Queue, Running, StepFunctions
from tests.faults.people import Member, Saga
from tests.faults.place import Place
from tests.faults.plan import STAYS, Plan, SagaPlan
from tests.faults.timeline import START, Timeline
from tests.faults.travelling import Traveller

# So long after the faults nothing is left to happen, not even the time limit of an execution that waits in vain.
LAST_AFTER = timedelta(days=12)
NEVER = START + timedelta(days=365)
MOST_EVENTS = 6_000
# A death is a lost connection as well; now and then a real one.
REAL_LOSS = 0.02
# How long after something falls due a loop comes by.
LAG = {
    "orders": timedelta(seconds=0.4),
    "payments": timedelta(seconds=0.9),
    "following": timedelta(seconds=1.3),
}
MINUTE = timedelta(minutes=1)
SOON = timedelta(seconds=0.35)


class NeverQuiet(Exception):
    """It goes on and on."""


class Keyed(Promises):
    """Promises whose keys follow from the seed."""

    def __init__(self, world: World) -> None:
        self.owner, self.numbers, self.new_key = world.place.owner, itertools.count(1), world.new_key


class World(Timeline):
    """`run` it once. Everything random is drawn from `random`, which the seed has made."""

    def __init__(self, place: Place, plan: Plan, seed: int, random: Random) -> None:
        super().__init__()
        self.place, self.plan, self.seed, self.random = place, plan, seed, random
        self.started_at = START
        self.definition: Mapping[str, Any] | None = None
        self.injector = Injector(random, self.trace, plan.noise, list(plan.aims))
        self.books = Books(self.now)
        self.amazon = Amazon(duplicates=plan.duplicates, kept=self._order_exists)
        self.pay_revoked_until = self.amazon_revoked_until = START
        self.shut_out_until: dict[str, datetime] = {}
        self.machine = StepFunctions(self)
        self.queues: dict[str, Queue] = {}
        self.running: Running | None = None
        self.sagas: list[Saga] = []
        self.members: dict[int, Member] = {}
        self.sagas_by_id: dict[str, Saga] = {}
        self.points: dict[int, int] = {}
        self.calm_at: datetime | None = None
        self._calms_at = START + timedelta(days=plan.days)
        self.events = 0
        # What is looked at after each event.
        self.look: Callable[[], None] = lambda: None
        self._ready = dict.fromkeys(("orders", "payments", "following", "sweeper"), START)
        self._changed = True
        # The database's clock is not where ours is.
        self._behind = False
        self.travelling: list[str] = []
        self._agenda: dict[str, datetime | None] = dict.fromkeys(self._ready)
        place.reset(seed, START)
        self.components = Components(self)
        self._people()

    # ---- beginning -------------------------------------------------------------------------------------------------

    def _people(self) -> None:
        promises = Keyed(self)
        members: dict[tuple[int, int], int] = {}
        for number, plan in enumerate(self.plan.sagas):
            who = (plan.program_id, plan.member)
            if who not in members:
                # In two lots, so that most redemptions take from both.
                first, second = self._needed(who) // 3, self._needed(who) - self._needed(who) // 3
                members[who] = promises.member(first, plan.program_id)
                promises.accrue(members[who], second, plan.program_id, expires="1 year")
                self.points[members[who]] = first + second
            quote_id = promises.quote(members[who], *plan.lines, program_id=plan.program_id, minutes=60)
            full = sum(line.quantity * line.unit_points_full for line in plan.lines)
            wanted = None if plan.share == 1.0 else int(full * plan.share)
            request = promises.request(quote_id, wanted, plan.program_id)
            saga = Saga(number, plan, members[who], request)
            self._accept(plan)
            self.sagas.append(saga)
            self.sagas_by_id[saga.id] = saga
            self.members[number] = Member(self, saga)

    def _needed(self, who: tuple[int, int]) -> int:
        """Points for what the member wants, except for what they cannot afford."""
        return 5000 + sum(
            line.quantity * line.unit_points_full
            for plan in self.plan.sagas
            if (plan.program_id, plan.member) == who and not plan.too_few_points
            for line in plan.lines
        )

    def _accept(self, plan: SagaPlan) -> None:
        first = plan.lines[0]
        if plan.accepts == "dearer":
            self.amazon.prices.update({line.asin: line.unit_price_minor * 104 // 100 for line in plan.lines})
        elif plan.accepts == "none":
            self.amazon.prices.update({line.asin: line.unit_price_minor * 3 for line in plan.lines})
        elif plan.accepts == "part":
            self.amazon.accepts[first.asin] = first.quantity - 1

    # ---- what components ask of the world --------------------------------------------------------------------------

    def revive(self, component: str) -> None:
        """A component died: its connection is gone, another process takes its place."""
        self.injector.doomed.pop(component, None)
        if component in self.place.wires and self.random.random() < REAL_LOSS:
            self.place.again(component)
            self.trace(f"{component} has lost its connection")
        if component in self._ready:
            self._ready[component] = self.now() + timedelta(seconds=3)

    def revoke_pay(self, seconds: float) -> None:
        self.pay_revoked_until = self.now() + timedelta(seconds=seconds)

    def revoke_amazon(self, seconds: float) -> None:
        self.amazon_revoked_until = self.now() + timedelta(seconds=seconds)

    def shut_out(self, component: str, seconds: float) -> None:
        """The database does not know the component's password for so long."""
        self.shut_out_until[component] = self.now() + timedelta(seconds=seconds)
        # The connection that it has is as good as gone.

    def is_down(self, between: tuple[float, float]) -> bool:
        """Whether what is down between these seconds is down now."""
        return between[0] <= (self.now() - START).total_seconds() < between[1]

    def wake(self, loop: str) -> None:
        self._ready[loop] = self.now()

    def new_key(self) -> UUID:
        """A key as a browser mints it: a UUIDv7 of now."""
        milliseconds = int(self.clock.timestamp() * 1000)
        bits = self.random.getrandbits(74)
        return UUID(int=milliseconds << 80 | 7 << 76 | bits >> 62 << 64 | 2 << 62 | bits & (1 << 62) - 1)

    def saga_heard_of(self, body: Mapping[str, Any]) -> Saga | None:
        """Whose order a message of the queue is about."""
        said = body.get("observation") or body
        name = str(said.get("external_id") or said.get("externalId") or body.get("redemption_id") or "")
        if not name:
            name = str(said.get("amazon_order_id", "")).removeprefix("114-")
        return self.sagas_by_id.get(name[:36])

    def is_of_a_part(self, body: Mapping[str, Any]) -> bool:
        """Whether it says that some units of a line have left and others have not."""
        said = body.get("observation") or {}
        name = str(said.get("external_id") or str(said.get("amazon_order_id", "")).removeprefix("114-"))
        saga = self.sagas_by_id.get(name[:36])
        result = self.amazon.orders.get(saga.orders[0]) if saga and saga.orders else None
        if saga is None or result is None:
            return False
        left = sum(parcel.units for parcel in self.amazon.parcels.get(saga.orders[0], []))
        return 0 < left < result.accepted_quantity

    def _order_exists(self, name: str) -> None:
        saga = self.sagas_by_id[name[:36]]
        saga.orders.append(name)
        if not self.injector.calm and self.random.random() < 0.15:
            self.amazon.shows_at[name] = self.now() + timedelta(seconds=self.random.uniform(0, 900))
        self.trace(f"order {saga.label} exists")
        if saga.plan.journey != STAYS:
            self.travelling.append(saga.id)
            Traveller(self, saga, name)

    def goes_back(self, saga: Saga, name: str) -> None:
        """All has arrived: the member is not content with some of the first line."""
        units = min(saga.plan.back, self.amazon.delivered_units(name).get(1, 0))
        if units:
            self.members[saga.number].send_back(units)

    # ---- time ------------------------------------------------------------------------------------------------------

    def run(self) -> None:
        """Until nothing is left to happen. Raises NeverQuiet."""
        while self._next():
            self.events += 1
            self.look()
            if self.events > MOST_EVENTS or self.clock > self._calms_at + LAST_AFTER:
                raise NeverQuiet(f"after {self.events} events")

    def _next(self) -> bool:
        """The next thing that happens. False: nothing will."""
        moment, loop = self.next_at, None
        # No loop comes by so soon, so that a quick answer needs no look ahead.
        if not self._changed or moment is None or moment > self.clock + SOON:
            if self._changed:
                self._look_ahead()
            for name, at in self._turns():
                if moment is None or at < moment:
                    moment, loop = at, name
        if moment is None:
            return self._redriven()
        if self.calm_at is None and moment >= self._calms_at:
            self.be_calm()
        if moment > self.clock:
            self.clock, self._behind = moment, True
        if loop is None:
            self.pop()()
        else:
            self._turn(loop)
        return True

    def _turn(self, loop: str) -> None:
        seconds = self.components.loop(loop)
        if loop == "orders" and self.is_down(self.plan.amazon_paused):
            # It would ask every minute, and nothing would come of it.
            seconds = 3600.0
        self._ready[loop] = self.now() + timedelta(seconds=max(seconds, 0.05))
        self._changed = True

    def _turns(self) -> Iterator[tuple[str, datetime]]:
        """Each loop that has something to do, and when it will come by."""
        for name, lag in LAG.items():
            due = self._agenda[name]
            if due is not None:
                yield name, max(self._ready[name], due + lag)
        due = self._agenda["sweeper"]
        if due is not None:
            # Every minute.
            minutes = -((START - due) // MINUTE)
            if self.is_down(self.plan.machine_down):
                # It would try every minute, and nothing would come of it.
                minutes = -((START - self.clock) // MINUTE) + 59
            yield "sweeper", max(START + minutes * MINUTE, self._ready["sweeper"])

    def _look_ahead(self) -> None:
        if self._behind:
            self._catch_up()
        row = self.place.owner.execute(
            "select * from storm.agenda(%s, %s)", (self.machine.dead_names(), self.travelling)
        ).fetchone()
        assert row is not None
        self._agenda = {name: _within(row[name]) for name in self._agenda}
        self._changed = False

    def sent(self) -> None:
        """A component is about to speak to the database: it must be now there too, and nothing may stay as it was."""
        self._changed = True
        if self._behind:
            self._catch_up()

    def _catch_up(self) -> None:
        self._behind = False
        self.place.move(self.clock)

    def be_calm(self) -> None:
        """From now on nothing goes wrong."""
        self.calm_at = self.clock
        self.injector.calm = True
        self.trace("calm")

    def _redriven(self) -> bool:
        """Nothing happens by itself any more: a person redrives the dead letters, once faults have stopped."""
        dead = [queue for queue in self.queues.values() if queue.dead]
        if not dead:
            return False
        if self.calm_at is None:
            self.be_calm()
        for queue in dead:
            queue.redrive()
        return True


def _within(due: Any) -> datetime | None:
    """A time of the agenda: long ago is the beginning, far ahead is never."""
    if due is None or due > NEVER:
        return None
    found: datetime = max(due, START)
    return found


class _Queue:
    """boto3's SQS client, as lambdas.machine uses it."""

    def __init__(self, world: World) -> None:
        self._world = world

    def send_message(self, *, QueueUrl: str, MessageBody: str) -> None:  # noqa: N803
        self._world.queues[QueueUrl].send(json.loads(MessageBody))


@contextmanager
def inhabited(world: World) -> Iterator[World]:
    """The process belongs to this world: its state machine, its queues, the hooks on its connections; and no logs."""
    environment = {
        "STATE_MACHINE_ARN": "arn:aws:states:region:1:stateMachine:storm",
        "PAYMENTS_QUEUE_URL": "${PaymentsQueueUrl}",
    }
    sqs = _Queue(world)

    def step_functions() -> StepFunctions:
        return world.machine

    def queues() -> _Queue:
        return sqs

    logging.disable(logging.CRITICAL)
    _hook(world)
    try:
        with (
            mock.patch.dict(os.environ, environment),
            mock.patch.object(machine, "step_functions", step_functions),
            mock.patch("lambdas.queues.sqs", queues),
        ):
            yield world
    finally:
        logging.disable(logging.NOTSET)
        for wire in world.place.wires.values():
            wire.sent = wire.answered = None


def _hook(world: World) -> None:
    def sent(text: str) -> None:
        world.sent()

    def doorkeeper(text: str) -> None:
        # Started, and dead before it could say so.
        if "redemptions.started(" in text:
            for member in world.members.values():
                member.dies_if_doomed()
        world.sent()

    for component, wire in world.place.wires.items():
        wire.sent = doorkeeper if component == "member_api" else sent
        wire.answered = _recorder(world, component) if component in ("orders", "following", "payments") else None


def _recorder(world: World, component: str) -> Any:
    doomed, recorded = world.injector.doomed, world.injector.recorded

    def answered(text: str) -> None:
        if component in doomed and RECORDS.search(text):
            recorded(component)

    return answered
