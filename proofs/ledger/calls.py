"""One operation on the ledger as a client sends it, as SQL and as the plain Python ledger understands it."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import psycopg

from tests.domain.points import model
from tests.domain.points.model import NEVER

type Plain = psycopg.Connection[tuple[Any, ...]]
# status, version, available, held, pending, debt, amount
type Answer = tuple[Any, ...]

PENDING_DAYS = 7
RETURN_DAYS = 30


@dataclass(slots=True)
class Call:
    """`ref` is the hold or accrual it is about; `how` is the cause, the debt policy or `pending`, where it has one."""

    kind: str
    member: int
    op: UUID
    amount: int = 0
    expires_on: date | None = None
    ref: UUID | None = None
    how: str = ""
    answer: Answer | None = None

    def request_hash(self) -> bytes:
        """The SHA-256 a client would send: kind and amount are all that two requests under one key differ in."""
        return hashlib.sha256(f"{self.kind} {self.amount}".encode()).digest()


def minted(milliseconds: int) -> UUID:
    """A UUIDv7 of that instant, random beyond it."""
    random = int.from_bytes(os.urandom(10))
    value = (milliseconds << 80) | random
    value = value & ~(0xF << 76) | (7 << 76)
    return UUID(int=value & ~(0x3 << 62) | (2 << 62))


def send(connection: Plain, call: Call) -> Answer:
    """Do it; the answer without its key. Raises psycopg.Error, and then nobody knows whether it was done."""
    sql, arguments = _statement(call)
    row = connection.execute(sql, arguments, prepare=True).fetchone()
    assert row is not None
    return (row[0], *row[2:])


def _statement(call: Call) -> tuple[bytes, tuple[Any, ...]]:
    member, op, amount, ref = call.member, call.op, call.amount, call.ref
    match call.kind:
        case "accrue":
            return (
                b"select * from points.accrue(1, %s, %s, %s, %s, clock.now(), 'shop', %s, 'shop', 5000, %s, 'proof',"
                b" clock.now() + %s::interval)",
                (member, op, amount, call.expires_on, str(op), call.request_hash(),
                 timedelta(days=PENDING_DAYS) if call.how == "pending" else None),
            )  # fmt: skip
        case "hold":
            return (
                b"select * from points.hold(1, %s, %s, %s, clock.now() + interval '1 hour', %s, 'proof')",
                (member, op, amount, call.request_hash()),
            )
        case "settle":
            return b"select * from points.settle(1, %s, %s, %s, %s, 'proof')", (member, op, ref, amount)
        case "release":
            return (
                b"select * from points.release(1, %s, %s, %s, %s, %s, %s, 'proof')",
                (member, op, ref, amount, call.how, RETURN_DAYS),
            )
        case "adjust":
            return (
                b"select * from points.adjust(1, %s, %s, %s, %s, 'goodwill', %s, 'proof', 'second')",
                (member, op, amount, call.expires_on, call.request_hash()),
            )
        case "reverse":
            return (
                b"select * from points.reverse_accrual(1, %s, 'shop', %s, %s, %s, %s, %s, 'proof')",
                (op, str(ref), str(op), amount, call.how, call.request_hash()),
            )
        case "mature":
            return b"select * from points.mature(1, %s, %s, %s, 'proof')", (member, op, ref)
        case "expire":
            return b"select * from points.expire_member(1, %s, %s, 'proof')", (member, op)
    raise AssertionError(call.kind)


def send_many(connection: Plain, calls: list[Call]) -> list[str]:
    """Accruals of several members as one call of the importer's path; a status each."""
    rows = connection.execute(
        b"select status from points.accrue_many(1, 'shop', 'shop', 5000, 'proof', %s::bigint[], %s::uuid[],"
        b" %s::bigint[], %s::date[], array_fill(clock.now(), array[%s]), %s::text[], %s::bytea[]) order by position",
        (
            [call.member for call in calls],
            [call.op for call in calls],
            [call.amount for call in calls],
            [call.expires_on for call in calls],
            len(calls),
            [str(call.op) for call in calls],
            [call.request_hash() for call in calls],
        ),
        prepare=True,
    ).fetchall()
    return [row[0] for row in rows]


def replayed(member: model.Member, call: Call) -> model.Answer:
    """The same on the plain Python ledger."""
    op, amount, ref, expires_on = call.op, call.amount, call.ref, call.expires_on or NEVER
    match call.kind:
        case "accrue":
            return member.accrue(op, amount, expires_on, call.how == "pending")
        case "hold":
            return member.hold(op, amount)
        case "adjust":
            return member.adjust(op, amount, expires_on)
        case "expire":
            return member.expire(op)
    assert ref is not None
    match call.kind:
        case "settle":
            return member.settle(op, ref, amount)
        case "release":
            return member.release(op, ref, amount, call.how, RETURN_DAYS)
        case "reverse":
            return member.reverse(op, ref, amount, call.how)
        case "mature":
            return member.mature(op, ref)
    raise AssertionError(call.kind)
