"""Clients that do everything at once to few members, repeat what they are not sure of, and keep every answer.

A client is a thread with a connection of its own. Two processes carry them, so that Python is not what limits them.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import random
import threading
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from multiprocessing.connection import Connection as Pipe
from typing import Any, cast
from uuid import UUID

import psycopg

from loyalty.database import DatabaseSettings
from proofs.ledger.calls import Call, Plain, minted, send, send_many

PROCESSES = 2
# The name by which whoever terminates backends finds them.
APPLICATION = "proof"
_KINDS = {
    "hold": 30, "settle": 17, "release": 15, "accrue": 10, "accrue_many": 2, "mature": 2, "reverse": 5, "adjust": 5,
    "expire": 2, "extend_lease": 2, "again": 5, "key_reuse": 3, "mature_due": 1, "expire_due": 1,
}  # fmt: skip


def open_plain(settings: DatabaseSettings, name: str = APPLICATION) -> Plain:
    """A connection that prepares its statements: what is proven is the ledger, not the parser."""
    return psycopg.connect(
        host=settings.host, port=settings.port, dbname=settings.name, user=settings.role, sslmode="disable",
        application_name=name, autocommit=True, prepare_threshold=1, connect_timeout=5,
    )  # fmt: skip


@dataclass(frozen=True)
class Part:
    """What the clients do between two rests: how much, on which day, with what seed. `opened` holds are theirs."""

    members: Sequence[int]
    operations: int
    day: date
    milliseconds: int
    seed: int


@dataclass
class Told:
    """What the clients were told: all calls with their answers, errors by SQLSTATE, leases extended or not."""

    calls: list[Call] = field(default_factory=list)
    errors: Counter[str] = field(default_factory=Counter)
    leases: list[tuple[UUID, bool]] = field(default_factory=list)
    unanswered: list[Call] = field(default_factory=list)


@dataclass
class Known:
    """What the clients of one process know of the ledger and use as the material of the next operation."""

    holds: dict[int, list[tuple[UUID, int]]] = field(default_factory=lambda: defaultdict(list))
    accruals: dict[int, list[tuple[UUID, int]]] = field(default_factory=lambda: defaultdict(list))
    waiting: dict[int, list[UUID]] = field(default_factory=lambda: defaultdict(list))
    recent: list[Call] = field(default_factory=list)


class Client:
    """One connection. With `give_up` a lost connection ends it (the server is gone); else it connects again."""

    def __init__(self, settings: DatabaseSettings, known: Known, told: Told, *, give_up: bool = False) -> None:
        self._settings = settings
        self._known = known
        self._told = told
        self._give_up = give_up
        self._connection: Plain | None = None

    def run(self, part: Part, number: int, operations: int) -> None:
        """Do so many operations, or until the server is gone."""
        chance = random.Random(f"{part.seed}-{number}")
        try:
            with contextlib.suppress(_Gone):
                for _ in range(operations):
                    self._one(part, chance)
        finally:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _one(self, part: Part, chance: random.Random) -> None:
        # Half of everything goes to a quarter of the members.
        crowd = part.members if chance.random() < 0.5 else part.members[: max(1, len(part.members) // 4)]
        member = chance.choice(crowd)
        kind = chance.choices(list(_KINDS), list(_KINDS.values()))[0]
        match kind:
            case "accrue_many":
                self._many(part, chance)
            case "mature_due" | "expire_due":
                self._sweep(kind)
            case "extend_lease":
                self._extend(member, chance)
            case _:
                self._keep(self._call(kind, member, part, chance))

    def _call(self, kind: str, member: int, part: Part, chance: random.Random) -> Call:
        known, op = self._known, minted(part.milliseconds + chance.randrange(1000))
        holds, accruals, waiting = known.holds[member], known.accruals[member], known.waiting[member]
        if kind in ("again", "key_reuse") and known.recent:
            first = chance.choice(known.recent)
            more = chance.randint(1, 9) if kind == "key_reuse" else 0
            return Call(first.kind, first.member, first.op, first.amount + more, first.expires_on, first.ref, first.how)
        if kind == "settle" and holds:
            hold, left = _pick(holds, chance)
            return Call("settle", member, op, ref=hold, amount=chance.choice([left, left, chance.randint(1, left + 1)]))
        if kind == "release" and holds:
            hold, left = _pick(holds, chance)
            amount = chance.choice([left, left, chance.randint(1, left + 1)])
            return Call("release", member, op, ref=hold, amount=amount, how=chance.choice(["member", "ours"]))
        if kind == "reverse" and accruals:
            accrual, amount = _pick(accruals, chance)
            how = chance.choice(["debt", "write_off"])
            return Call("reverse", member, op, ref=accrual, amount=chance.randint(0, amount + 5), how=how)
        if kind == "mature" and waiting:
            return Call("mature", member, op, ref=waiting.pop(chance.randrange(len(waiting))))
        if kind == "adjust":
            return Call("adjust", member, op, chance.randint(-60, 60), _expiry(part.day, chance))
        if kind == "expire":
            return Call("expire", member, op)
        if kind == "hold" and chance.random() < 0.9:
            return Call("hold", member, op, chance.choice([0, 1, 5, 20, 60, 300, 900]))
        how = "pending" if chance.random() < 0.2 else ""
        return Call("accrue", member, op, chance.randint(1, 400), _expiry(part.day, chance), how=how)

    def _keep(self, call: Call) -> None:
        while call.answer is None:
            try:
                call.answer = send(self._open(), call)
            except psycopg.Error as error:
                self._lost(error, call)
        self._told.calls.append(call)
        self._learn(call)

    def _learn(self, call: Call) -> None:
        known = self._known
        assert call.answer is not None
        if call.answer[0] not in ("ok", "replay"):
            return
        if call.answer[0] == "ok" and call.answer[6] != 0:
            known.recent.append(call)
            if len(known.recent) > 500:
                del known.recent[:250]
        match call.kind:
            case "hold":
                _remember(known.holds[call.member], (call.op, call.amount), 60)
            case "accrue":
                _remember(known.accruals[call.member], (call.op, call.amount), 200)
                if call.how == "pending":
                    _remember(known.waiting[call.member], call.op, 40)
            case "settle" | "release" if call.ref is not None:
                # Whole ones are gone; of a part the rest is guessed, and the guess may be refused.
                with contextlib.suppress(ValueError):
                    holds = known.holds[call.member]
                    place = [hold for hold, _ in holds].index(call.ref)
                    hold, left = holds.pop(place)
                    if hold == call.ref and left > call.amount:
                        holds.append((hold, left - call.amount))

    def _many(self, part: Part, chance: random.Random) -> None:
        calls = [
            Call(
                "accrue", member, minted(part.milliseconds), chance.randint(1, 50), _expiry(part.day, chance)
            )
            for member in chance.choices(part.members, k=4)
        ]  # fmt: skip
        while calls[0].answer is None:
            try:
                for call, status in zip(calls, send_many(self._open(), calls), strict=True):
                    call.answer = (status, None, None, None, None, None, None)
            except psycopg.Error as error:
                self._lost(error, *calls)
        self._told.calls += calls

    def _sweep(self, kind: str) -> None:
        try:
            self._open().execute(f"select points.{kind}(5, 'sweeper')".encode())
        except psycopg.Error as error:
            self._lost(error)

    def _extend(self, member: int, chance: random.Random) -> None:
        holds = self._known.holds[member]
        if not holds:
            return
        hold = _pick(holds, chance)[0]
        try:
            row = self._open().execute(
                b"select points.extend_lease(1, %s, %s, clock.now() + interval '2 hours')", (member, hold)
            ).fetchone()  # fmt: skip
            assert row is not None
            self._told.leases.append((hold, row[0]))
        except psycopg.Error as error:
            self._lost(error)

    def _open(self) -> Plain:
        if self._connection is None or self._connection.closed:
            self._connection = open_plain(self._settings)
        return self._connection

    def _lost(self, error: psycopg.Error, *calls: Call) -> None:
        broken = self._connection is None or self._connection.broken or self._connection.closed
        self._told.errors[error.sqlstate or "connection lost"] += 1
        if self._give_up and broken:
            self._told.unanswered += calls
            raise _Gone
        if not broken:
            raise error  # no operation of the ledger ends in an error
        if self._connection is not None:
            self._connection.close()


class _Gone(Exception):
    pass


def _pick[T](items: list[T], chance: random.Random) -> T:
    # Others take items away meanwhile.
    try:
        return chance.choice(items)
    except IndexError:
        return items[0]


def _remember[T](items: list[T], item: T, limit: int) -> None:
    items.append(item)
    if len(items) > limit:
        del items[0]


def _expiry(day: date, chance: random.Random) -> date | None:
    return None if chance.random() < 0.1 else day + timedelta(days=chance.choice([0, 1, 2, 3, 5, 8, 13, 30]))


def run_part(settings: DatabaseSettings, known: Known, part: Part, clients: int, *, give_up: bool = False) -> Told:
    """All clients of this process do their part; raises what a client met that was no lost connection."""
    known.recent.clear()
    told = [Told() for _ in range(clients)]
    failures: list[BaseException] = []

    def work(number: int) -> None:
        try:
            share = part.operations // clients
            Client(settings, known, told[number], give_up=give_up).run(part, number, share)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,), daemon=True) for number in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    whole = Told()
    for one in told:
        whole.calls += one.calls
        whole.errors += one.errors
        whole.leases += one.leases
        whole.unanswered += one.unanswered
    return whole


class Crowd:
    """The clients of all processes: `start` a part, then `finish` it."""

    def __init__(self, settings: DatabaseSettings, clients: int, processes: int = PROCESSES) -> None:
        self._workers: list[tuple[Any, Pipe]] = []
        context = multiprocessing.get_context("fork")
        for _ in range(processes):
            mine, theirs = context.Pipe()
            worker = context.Process(target=_worker, args=(settings, clients // processes, theirs), daemon=True)
            worker.start()
            self._workers.append((worker, mine))

    def start(self, part: Part) -> None:
        share = part.operations // len(self._workers)
        for number, (_, pipe) in enumerate(self._workers):
            pipe.send(Part(part.members, share, part.day, part.milliseconds, part.seed * 100 + number))

    def finish(self) -> Told:
        whole = Told()
        for _, pipe in self._workers:
            told = pipe.recv()
            if isinstance(told, str):
                raise RuntimeError(told)
            one = cast(Told, told)
            whole.calls += one.calls
            whole.errors += one.errors
            whole.leases += one.leases
        return whole

    def close(self) -> None:
        for worker, pipe in self._workers:
            pipe.close()
            worker.terminate()
            worker.join()


def _worker(settings: DatabaseSettings, clients: int, pipe: Pipe) -> None:
    known = Known()
    with contextlib.suppress(EOFError):
        while True:
            part = pipe.recv()
            try:
                pipe.send(run_part(settings, known, part, clients))
            except Exception as error:
                pipe.send(f"{type(error).__name__}: {error}")
