"""A connection that sends several operations in one go, each a transaction of its own, and takes answers as they come.

On libpq itself: what is proven is the ledger, and two cores carry 32 sessions, their server and the checker.
"""

from __future__ import annotations

import select
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import psycopg
import psycopg.pq.abc
from psycopg import pq

from loyalty.database import DatabaseSettings
from proofs.ledger.calls import STATEMENTS, Call, Parameter, answered, parameters, parameters_of_many

# The name by which whoever terminates backends finds them.
APPLICATION = "proof"
_CONNECTED = 0
_SYNCED = pq.ExecStatus.PIPELINE_SYNC
_ANSWERED = pq.ExecStatus.TUPLES_OK
_PREPARED = pq.ExecStatus.COMMAND_OK
ANSWER_SECONDS = 120


class Lost(Exception):
    """The connection is gone: nobody knows what became of what was sent. The argument is an SQLSTATE or words."""


class Failed(Exception):
    """An operation ended in an error, which none of the ledger's does."""


@dataclass(slots=True)
class Request:
    """One round trip: a call, several of the importer's, or none if it is a duty or a lease (`kind`, `fixed`)."""

    kind: str
    calls: Sequence[Call] = ()
    fixed: tuple[Parameter, ...] = ()
    value: bytes = b""

    def parameters(self) -> tuple[Parameter, ...]:
        if self.kind == "accrue_many":
            return parameters_of_many(self.calls)
        return parameters(self.calls[0]) if self.calls else self.fixed

    def answer(self, value: bytes) -> None:
        """Give each of its calls its answer."""
        self.value = value
        if self.kind == "accrue_many":
            for call, status in zip(self.calls, value.decode().split(","), strict=True):
                call.answer = (status, None, None, None, None, None, None)
        elif self.calls:
            self.calls[0].answer = answered(value)


@dataclass
class Session:
    """Requests go out in order and are answered in order; `waiting` are those without an answer."""

    settings: DatabaseSettings
    waiting: deque[Request] = field(default_factory=deque)
    _connection: pq.abc.PGconn | None = None
    _prepared: set[str] = field(default_factory=set)
    # What libpq will hand out next: `False` is the preparation of a statement.
    _expected: deque[bool] = field(default_factory=deque)

    def open(self) -> None:
        """Connect. Raises Lost if there is nobody."""
        words = psycopg.conninfo.make_conninfo(
            "", host=self.settings.host, port=self.settings.port, dbname=self.settings.name, user=self.settings.role,
            sslmode="disable", application_name=APPLICATION, connect_timeout=5,
        )  # fmt: skip
        connection = pq.PGconn.connect(words.encode())
        if connection.status != _CONNECTED:
            raise Lost("08006")
        connection.enter_pipeline_mode()
        self._connection = connection
        self._prepared.clear()
        self._expected.clear()

    @property
    def is_open(self) -> bool:
        return self._connection is not None

    def fileno(self) -> int:
        """Its socket, for who waits for several."""
        assert self._connection is not None
        return self._connection.socket

    def send(self, requests: Sequence[Request]) -> None:
        """Send these; they wait for their answers from now on. Raises Lost."""
        self.waiting.extend(requests)
        self._send(requests)

    def send_again(self) -> None:
        """After a loss: connect again and repeat all that got no answer."""
        if self._connection is None:
            self.open()
        self._send(list(self.waiting))

    def _send(self, requests: Sequence[Request]) -> None:
        assert self._connection is not None
        try:
            for request in requests:
                name = request.kind.encode()
                if request.kind not in self._prepared:
                    self._connection.send_prepare(name, STATEMENTS[request.kind])
                    self._expected.append(False)
                    self._prepared.add(request.kind)
                self._connection.send_query_prepared(name, request.parameters())
                self._connection.pipeline_sync()
                self._expected.append(True)
        except psycopg.OperationalError as error:
            raise self._lost("connection lost") from error

    def take(self) -> Iterator[Request]:
        """What has been answered by now. Raises Lost or Failed."""
        assert self._connection is not None
        try:
            self._connection.consume_input()
            while self._expected and not self._connection.is_busy():
                yield from self._next()
        except psycopg.OperationalError as error:
            raise self._lost("connection lost") from error

    def _next(self) -> Iterator[Request]:
        assert self._connection is not None
        result = self._connection.get_result()
        if result is None or result.status == _SYNCED:
            return  # between two results
        if result.status == _PREPARED and not self._expected[0]:
            self._expected.popleft()
            return
        if result.status != _ANSWERED:
            state = (result.error_field(pq.DiagnosticField.SQLSTATE) or b"connection lost").decode()
            if state.startswith(("57P", "08")) or self._connection.status != _CONNECTED:
                raise self._lost(state)
            raise Failed(f"{state} {result.error_message.decode().strip()} in {self.waiting[0]}")
        self._expected.popleft()
        request = self.waiting.popleft()
        request.answer(result.get_value(0, 0) or b"")
        yield request

    def ask(self, call: Call) -> Call:
        """One call, and wait for its answer. Raises Lost or Failed."""
        self.send([Request(call.kind, (call,))])
        while self.waiting:
            if not select.select([self], [], [], ANSWER_SECONDS)[0]:
                raise Failed(f"no answer in {ANSWER_SECONDS} s: {call}")
            for _ in self.take():
                pass
        return call

    def close(self) -> None:
        if self._connection is not None:
            self._connection.finish()
            self._connection = None

    def _lost(self, state: str) -> Lost:
        self.close()
        return Lost(state)
