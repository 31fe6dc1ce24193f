"""Clients that do everything at once to few members, repeat what they are not sure of, and keep every answer.

A client is a session of its own, with several requests on their way. Two processes carry them, each with one loop that
waits for all of its sessions, so that Python is not what limits them.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import selectors
import signal
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from multiprocessing.connection import Connection as Pipe
from multiprocessing.process import BaseProcess
from typing import cast

import psycopg

from loyalty.database import DatabaseSettings
from proofs.ledger.calls import Call, Plain
from proofs.ledger.mix import Mix, Part
from proofs.ledger.sessions import ANSWER_SECONDS, Failed, Lost, Request, Session

PROCESSES = 2
# Requests that a session has on their way.
DEPTH = 4
RECONNECT_SECONDS = 10


def open_plain(settings: DatabaseSettings, name: str = "proof checker") -> Plain:
    """An ordinary connection, for those who look on."""
    return psycopg.connect(
        host=settings.host, port=settings.port, dbname=settings.name, user=settings.role, sslmode="disable",
        application_name=name, autocommit=True, prepare_threshold=1, connect_timeout=5,
    )  # fmt: skip


@dataclass
class Told:
    """What the clients were told: all calls with their answers, errors by SQLSTATE, leases extended or not."""

    calls: list[Call] = field(default_factory=list)
    errors: Counter[str] = field(default_factory=Counter)
    leases: list[tuple[str, bool]] = field(default_factory=list)
    unanswered: list[Call] = field(default_factory=list)

    def add(self, other: Told) -> None:
        self.calls += other.calls
        self.errors += other.errors
        self.leases += other.leases
        self.unanswered += other.unanswered


class Clients:
    """The sessions of one process. With `give_up` a lost connection ends its client (the server is gone)."""

    def __init__(self, settings: DatabaseSettings, count: int, *, give_up: bool = False) -> None:
        self._sessions = [Session(settings) for _ in range(count)]
        self._give_up = give_up

    def open(self) -> None:
        """Connect all; raises Lost."""
        for session in self._sessions:
            session.open()

    def run(self, part: Part) -> Told:
        """Do the part, or until the server is gone. Raises Failed if an operation ended in an error."""
        mix, told = Mix(part), Told()
        with selectors.DefaultSelector() as selector:
            for session in self._sessions:
                with self._minding(session, mix, told, selector):
                    if not session.is_open:
                        session.open()
                    selector.register(session, selectors.EVENT_READ, session)
                    session.send(_batch(mix))
            while any(session.waiting for session in self._sessions):
                ready = selector.select(ANSWER_SECONDS)
                if not ready:
                    raise Failed(f"no answer in {ANSWER_SECONDS} s")
                for key, _ in ready:
                    session = cast(Session, key.data)
                    with self._minding(session, mix, told, selector):
                        for request in session.take():
                            _keep(request, mix, told)
                        if not session.waiting:
                            session.send(_batch(mix))
        return told

    @contextlib.contextmanager
    def _minding(self, session: Session, mix: Mix, told: Told, selector: selectors.BaseSelector) -> Iterator[None]:
        try:
            yield
        except Lost as lost:
            told.errors[str(lost)] += 1
            _forget(selector, session)
            if self._give_up:
                told.unanswered += [call for request in session.waiting for call in request.calls]
                session.waiting.clear()
            else:
                _connect_again(session, mix, told)
                selector.register(session, selectors.EVENT_READ, session)

    def close(self) -> None:
        for session in self._sessions:
            session.close()


def _connect_again(session: Session, mix: Mix, told: Told) -> None:
    deadline = time.monotonic() + RECONNECT_SECONDS
    while True:
        try:
            session.send_again()
            if not session.waiting:
                session.send(_batch(mix))
            return
        except Lost as lost:
            told.errors[str(lost)] += 1
            if time.monotonic() > deadline:
                raise Failed(f"no connection in {RECONNECT_SECONDS} s") from lost


def _forget(selector: selectors.BaseSelector, session: Session) -> None:
    # Its socket is closed and has no number any more; the selector remembers by whom it was registered.
    for key in list(selector.get_map().values()):
        if key.data is session:
            with contextlib.suppress(KeyError, ValueError):
                selector.unregister(key.fd)


def _batch(mix: Mix) -> list[Request]:
    requests: list[Request] = []
    while mix.left > 0 and len(requests) < DEPTH:
        requests.append(mix.next())
    return requests


def _keep(request: Request, mix: Mix, told: Told) -> None:
    told.calls += request.calls
    for call in request.calls:
        mix.learn(call)
    if request.kind == "extend_lease":
        told.leases.append(((request.fixed[1] or b"").decode(), request.value == b"t"))


class Crowd:
    """The clients of all processes: `start` a part, then `finish` it."""

    def __init__(self, settings: DatabaseSettings, clients: int, processes: int = PROCESSES) -> None:
        self._workers: list[tuple[BaseProcess, Pipe]] = []
        context = multiprocessing.get_context("fork")
        for _ in range(processes):
            mine, theirs = context.Pipe()
            others = [pipe for _, pipe in self._workers]
            worker = context.Process(
                target=_worker, args=(settings, clients // processes, theirs, [mine, *others]), daemon=True
            )
            worker.start()
            theirs.close()
            self._workers.append((worker, mine))

    def start(self, part: Part) -> None:
        count = len(self._workers)
        for number, (_, pipe) in enumerate(self._workers):
            share = part.operations // count + (number < part.operations % count)
            pipe.send(replace(part, operations=share, seed=part.seed * 100 + number))

    def finish(self) -> Told:
        """Raises Failed."""
        whole = Told()
        for _, pipe in self._workers:
            told = pipe.recv()
            if isinstance(told, str):
                raise Failed(told)
            whole.add(cast(Told, told))
        return whole

    def close(self) -> None:
        for worker, pipe in self._workers:
            pipe.close()
            worker.terminate()
            worker.join()


def _worker(settings: DatabaseSettings, clients: int, pipe: Pipe, others: list[Pipe]) -> None:
    # Whoever interrupts, interrupts the parent; it ends this one, and if it cannot, its end of the pipe closes.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    for other in others:
        other.close()
    mine = Clients(settings, clients)
    with contextlib.suppress(EOFError, BrokenPipeError):
        while True:
            part = pipe.recv()
            try:
                pipe.send(mine.run(part))
            except Exception as error:
                pipe.send(f"{type(error).__name__}: {error}")
