"""A programme with a past, made by bulk SQL: members, balances, a shop, 90 days of redemptions with quotes and orders.

Every redemption is what the product itself would have written under the initial document: prices, points and splits are
by the same arithmetic, so a replay under that document finds exactly what is recorded.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from loyalty.database import Connection

CATEGORIES = 12
PRODUCTS = 2_000
DAYS = 90
# So many at a time, so that nothing is sorted on disk.
BATCH = 250_000
# Foreign keys are true by construction; checking them row by row would be most of the time.
FAST = "set session_replication_role = replica; set synchronous_commit = off; set work_mem = '256MB'; set jit = off"


def build(owner: Connection, members: int, redemptions: int, tiers: Sequence[str], factor: int) -> None:
    """Fill a migrated database as its superuser. `factor`: points per dollar of the document that is published."""
    owner.execute(FAST.encode())
    numbers = {
        "categories": CATEGORIES, "products": PRODUCTS, "members": members, "tiers": list(tiers), "days": DAYS,
        "redemptions": redemptions, "factor": factor,
    }  # fmt: skip
    _run(owner, "shop", numbers)
    _run(owner, "members", numbers)
    for first in range(1, redemptions + 1, BATCH):
        last = min(first + BATCH - 1, redemptions)
        _run(owner, "redemptions", numbers | {"first": first, "last": last})
    owner.execute("drop table bench_product")
    owner.execute("vacuum analyze")


def _run(owner: Connection, name: str, values: dict[str, object]) -> None:
    script = Path(__file__).with_name(f"{name}.sql").read_text()
    for statement in script.split(";\n"):
        if statement.strip():
            owner.execute(statement.encode(), values)
