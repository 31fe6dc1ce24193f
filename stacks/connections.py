"""How many connections Aurora allows, and how those that the APIs may hold are shared among their functions.

A function holds one connection a copy of it that runs, so its reserved concurrency is the most it can hold.
"""

from __future__ import annotations

import re

from stacks.sections import Database

# Percent of `api.reserved_concurrency`, for each function behind a gateway (and the sign-up's) that comes to the
# database. At 100 in all everybody has at least one.
SHARES = {
    "member_api": 46,
    "quote_api": 16,
    "partner_api": 16,
    "manager_api": 8,
    "payment_webhook": 6,
    "identity_trigger": 2,
    "catalogue_desk": 2,
    "invoice_desk": 2,
    "integrations_desk": 1,
    "demand_desk": 1,
}
assert sum(SHARES.values()) == 100
LEAST = 100
# What workers, schedules, the lake's export and people at a prompt are left, of all connections.
LEFT_PERCENT = 25
# By the most capacity units, as the Aurora user guide has them; a database that may shrink below one unit has no more
# than FEW, however large it may grow.
_BY_ACU = {1: 189, 4: 823, 8: 1_669, 16: 3_360, 32: 5_000}
FEW, MOST = 2_000, 5_000
# The default of max_connections: memory over so many bytes. Gigabytes of a processor by the family, at two of `large`.
_BYTES_EACH = 9_531_392
_GIGABYTES = {"r": 16, "x": 32, "m": 8}
_TIMES = re.compile(r"^([rxm])\d+\w*\.(?:(large)|(\d*)xlarge)$")


def reserved(name: str, in_all: int) -> int | None:
    """Of the function `name`; None: nothing is set aside for it, and nothing kept from it."""
    return in_all * SHARES[name] // 100 if in_all and name in SHARES else None


def connections(database: Database) -> int | None:
    """What Aurora's writer allows by its defaults; None where nobody says how much memory a class has."""
    if database.mode == "serverless":
        most = next(count for units, count in reversed(_BY_ACU.items()) if units <= database.max_acu)
        return min(most, FEW) if database.min_acu < 1 else most
    if (found := _TIMES.match(database.instance_class)) is None:
        return None
    times = 1 if found[2] else 2 * int(found[3] or 1)
    return min(_GIGABYTES[found[1]] * times * 1_000_000_000 // _BYTES_EACH, MOST)


def for_the_apis(database: Database) -> int | None:
    """The most that all APIs together may hold."""
    allowed = connections(database)
    return None if allowed is None else allowed * (100 - LEFT_PERCENT) // 100
