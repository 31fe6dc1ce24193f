"""A product's page was open: noted by the batch, for those who want it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from loyalty.database import Connection

type CameFrom = Literal["home", "search", "category", "product", "wishlist", "elsewhere"]

# What a browser may bring in one request, and what is kept of a member in a day: nobody reads more pages than that.
MOST, MOST_A_DAY = 20, 500


@dataclass(frozen=True, slots=True)
class View:
    """`key`: the browser's name of it, by which what is sent twice is one; `came_from`: the page before it."""

    key: UUID
    asin: str
    came_from: CameFrom


@dataclass(frozen=True, slots=True)
class Recorded:
    """`wanted` False: the member wants nothing kept, and nothing was. `recorded`: new ones; `unknown`: of products that
    the programme does not have."""

    wanted: bool
    recorded: int
    unknown: int


def record(connection: Connection, program_id: int, member_id: int, views: Sequence[View]) -> Recorded:
    """Note these pages as looked at now; again changes nothing."""
    told = json.dumps([{"key": str(view.key), "asin": view.asin, "from": view.came_from} for view in views])
    row = connection.execute(
        "select * from interactions.record(%s, %s, %s::jsonb, %s)", (program_id, member_id, told, MOST_A_DAY)
    ).fetchone()
    assert row is not None
    return Recorded(**row)
