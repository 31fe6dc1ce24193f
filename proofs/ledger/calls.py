"""One operation on the ledger as a client sends it, as SQL and as the plain Python ledger understands it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from random import Random
from typing import Any
from uuid import UUID

import psycopg

from tests.domain.points import model
from tests.domain.points.model import NEVER

type Plain = psycopg.Connection[tuple[Any, ...]]
# status, version, available, held, pending, debt, amount
type Answer = tuple[Any, ...]
# What libpq sends: text, or null.
type Parameter = bytes | None

PENDING_DAYS = 7
RETURN_DAYS = 30
# What a member may give away in a day: often reached by those who are asked most.
GIVEN_A_DAY = 3000


@dataclass(slots=True)
class Call:
    """`ref` is the hold or accrual it is about, `to` who gets a transfer; `how` is cause, debt policy or `pending`."""

    kind: str
    member: int
    op: str
    amount: int = 0
    expires_on: date | None = None
    ref: str | None = None
    how: str = ""
    to: int = 0
    answer: Answer | None = None


_SOURCE = Random()


def minted(milliseconds: int, chance: Random = _SOURCE) -> UUID:
    """A UUIDv7 of that instant, by chance beyond it."""
    value = (milliseconds << 80) | chance.getrandbits(80)
    value = value & ~(0xF << 76) | (7 << 76)
    return UUID(int=value & ~(0x3 << 62) | (2 << 62))


def minted_text(milliseconds: int, chance: Random) -> str:
    """The same as text, by the shorter way."""
    time, rest = f"{milliseconds:012x}", f"{chance.getrandbits(72):018x}"
    return f"{time[:8]}-{time[8:]}-7{rest[:3]}-{'89ab'[int(rest[3], 16) & 3]}{rest[4:7]}-{rest[6:]}"


# ---- as SQL ----------------------------------------------------------------------------------------------------------
# A composite value, not a row: PostgreSQL makes a table of a function in `from`.
STATEMENTS = {
    "accrue": b"select points.accrue(1, $1, $2, $3, $4, clock.now(), 'shop', $5, 'shop', 5000, $6, 'proof',"
    b" clock.now() + $7::interval)",
    "hold": b"select points.hold(1, $1, $2, $3, clock.now() + interval '1 hour', $4, 'proof')",
    "settle": b"select points.settle(1, $1, $2, $3, $4, 'proof')",
    "release": b"select points.release(1, $1, $2, $3, $4, $5, $6, 'proof')",
    "restore": b"select points.restore(1, $1, $2, $3, $4, $5, $6, $7, 'proof')",
    "adjust": b"select points.adjust(1, $1, $2, $3, $4, 'goodwill', $5, 'proof', 'second')",
    "reverse": b"select points.reverse_accrual(1, $1, 'shop', $2, $3, $4, $5, $6, 'proof')",
    "mature": b"select points.mature(1, $1, $2, $3, 'proof')",
    "expire": b"select points.expire_member(1, $1, $2, 'proof')",
    "transfer": b"select points.transfer(1, $1, $2, $3, $4, 'proof')",
    "accrue_many": b"select array_to_string(array_agg(status order by position), ',') from points.accrue_many("
    b"1, 'shop', 'shop', 5000, 'proof', $1::bigint[], $2::uuid[], $3::bigint[], $4::date[],"
    b" array_fill(clock.now(), array[cardinality($1)]), $5::text[], $6::bytea[])",
    "extend_lease": b"select points.extend_lease(1, $1, $2, clock.now() + interval '2 hours')",
    "mature_due": b"select points.mature_due(5, 'sweeper')",
    "expire_due": b"select points.expire_due(5, 'sweeper')",
}


def parameters(call: Call) -> tuple[Parameter, ...]:
    """What goes into the statement of its kind."""
    member, op, amount = b"%d" % call.member, call.op.encode(), b"%d" % call.amount
    match call.kind:
        case "accrue":
            pending = b"%d days" % PENDING_DAYS if call.how == "pending" else None
            return member, op, amount, _day(call.expires_on), op, request_hash(call.kind, call.amount), pending
        case "hold":
            return member, op, amount, request_hash(call.kind, call.amount)
        case "adjust":
            return member, op, amount, _day(call.expires_on), request_hash(call.kind, call.amount)
        case "expire":
            return member, op
        case "transfer":
            return member, b"%d" % call.to, op, amount
    assert call.ref is not None
    ref = call.ref.encode()
    match call.kind:
        case "settle":
            return member, op, ref, amount
        case "release":
            return member, op, ref, amount, call.how.encode(), b"%d" % RETURN_DAYS
        case "restore":
            return member, op, ref, op, amount, call.how.encode(), b"%d" % RETURN_DAYS
        case "reverse":
            return op, ref, op, amount, call.how.encode(), request_hash(call.kind, call.amount)
        case "mature":
            return member, op, ref
    raise AssertionError(call.kind)


def parameters_of_many(calls: Sequence[Call]) -> tuple[Parameter, ...]:
    """Accruals of several members as one call of the importer's path."""
    ops = _array(call.op.encode() for call in calls)
    return (
        _array(b"%d" % call.member for call in calls),
        ops,
        _array(b"%d" % call.amount for call in calls),
        _array(_day(call.expires_on) or b"null" for call in calls),
        ops,
        _array(b'"\\' + request_hash(call.kind, call.amount) + b'"' for call in calls),
    )


def answered(value: bytes) -> Answer:
    """The composite value that the ledger answered, without its key."""
    status, _, *numbers = value[1:-1].split(b",")
    return (status.decode(), *[int(number) if number else None for number in numbers])


@cache
def request_hash(kind: str, amount: int) -> bytes:
    """The SHA-256 a client would send: kind and amount are all that two requests under one key differ in."""
    return b"\\x" + hashlib.sha256(f"{kind} {amount}".encode()).hexdigest().encode()


@cache
def _day(day: date | None) -> Parameter:
    return None if day is None else day.isoformat().encode()


def _array(items: Any) -> bytes:
    return b"{" + b",".join(items) + b"}"


# ---- on the plain ledger ---------------------------------------------------------------------------------------------
def replayed(members: dict[int, model.Member], call: Call) -> model.Answer:
    """The same on the plain Python ledger."""
    member, op, amount, ref = members[call.member], call.op, call.amount, call.ref
    match call.kind:
        case "accrue":
            return member.accrue(op, amount, call.expires_on or NEVER, call.how == "pending")
        case "hold":
            return member.hold(op, amount)
        case "adjust":
            return member.adjust(op, amount, call.expires_on or NEVER)
        case "expire":
            return member.expire(op)
        case "transfer":
            return member.give(op, members[call.to], amount, GIVEN_A_DAY)
    assert ref is not None
    match call.kind:
        case "settle":
            return member.settle(op, ref, amount)
        case "release":
            return member.release(op, ref, amount, call.how, RETURN_DAYS)
        case "restore":
            return member.restore(op, ref, op, amount, call.how, RETURN_DAYS)
        case "reverse":
            return member.reverse(op, ref, amount, call.how)
        case "mature":
            return member.mature(op, ref)
    raise AssertionError(call.kind)
