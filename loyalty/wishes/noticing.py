"""What members wish for and can be had again, in bounded pieces: seen by the database, told by the outbox."""

from __future__ import annotations

import time
from dataclasses import dataclass

from loyalty.catalogue import cards
from loyalty.catalogue.visibility import Everybody
from loyalty.database import Connection
from loyalty.programme import reading

PRODUCTS, MEMBERS = 200, 200


@dataclass(slots=True)
class Noticed:
    """Products looked at and members told."""

    looked: int = 0
    told: int = 0


def notice(connection: Connection, program_id: int, seconds: float) -> Noticed:
    """Look at every wished product and tell who waits, until `seconds` are over; the next time goes on from there."""
    end = time.monotonic() + seconds
    done = Noticed()
    # Who wished for what only some may have was one of them.
    document = reading.current(connection, program_id).document
    rules = cards.prices(connection, program_id, document, Everybody()).rules
    while True:
        looked = _count(connection, "select wishes.look(%s, %s::jsonb, %s) as count", (program_id, rules, PRODUCTS))
        done.looked += looked
        if looked < PRODUCTS or time.monotonic() >= end:
            break
    while True:
        told = _count(connection, "select wishes.tell(%s, %s) as count", (program_id, MEMBERS))
        done.told += told
        if told == 0 or time.monotonic() >= end:
            return done


def _count(connection: Connection, statement: str, arguments: tuple[object, ...]) -> int:
    row = connection.execute(statement.encode(), arguments).fetchone()
    assert row is not None
    return int(row["count"])
