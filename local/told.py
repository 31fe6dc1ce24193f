"""What members were told, held against what is: redemptions, ledger, the shop's orders, the provider's charges.

`lost`: told accepted, and it is not there, or does not end, or its ending is another than was told, or nothing was
delivered for it. `doubled`: more than was asked for once: a redemption nobody sent, a second hold, order or charge.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from local.connected import Connected

WENT_FORWARD = ("completed", "partially_completed")
INVARIANTS = (
    "points.invariants", "points.budget_invariants", "payments.invariants", "redemptions.invariants",
    "orders.invariants", "notifications.invariants", "invoices.invariants",
)  # fmt: skip


@dataclass(slots=True)
class Told:
    """One request to redeem as its member knows it. `number` is the member's; amounts are as sent, then as last told.

    `accepted`: an answer said so; `refused` is the code of an answer that said no; neither: no answer ever came.
    """

    number: str
    key: str
    points: int
    money_minor: int
    accepted: bool = False
    refused: str = ""
    status: str = ""
    closed: bool = False
    points_spent: int = 0
    points_returned: int = 0

    def learn(self, seen: dict[str, Any]) -> None:
        """An answer of GET /redemptions/{id}."""
        self.status, self.closed = seen["status"], seen["closed_at"] is not None
        self.points_spent, self.points_returned = seen["points_spent"], seen["points_returned"]


@dataclass(slots=True)
class Reckoning:
    """Lines that say what is wrong, one a case; `outcomes` counts the redemptions by their endings."""

    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    outcomes: Counter[str] = field(default_factory=Counter)

    @property
    def redemptions(self) -> int:
        return sum(self.outcomes.values())


def reckon(cloud: Connected, told: Iterable[Told], since: datetime) -> Reckoning:
    """Compare when everything has come to rest. `since`: what these members redeemed from then on is all theirs."""
    known = {one.key: one for one in told}
    rows = {row["key"]: row for row in _redemptions(cloud, known, since)}
    held = _held(cloud, list(rows))
    orders = _orders(cloud.state / "amazon_business.sqlite")
    taken, bound = _charged(cloud.state / "amazon_pay.sqlite")
    found = Reckoning()
    for one in known.values():
        found.lost += [f"{one.key} of {one.number}: {what}" for what in _missing(one, rows.get(one.key), orders)]
    for key, row in rows.items():
        found.outcomes[row["outcome"] or f"open: {row['state']}"] += 1
        surplus = _surplus(known.get(key), row, held[key], orders[key], (taken[key], bound[key]))
        found.doubled += [f"{key} of {row['number']}: {what}" for what in surplus]
    return found


def violations(cloud: Connected) -> list[str]:
    """What must hold at any instant and does not: `name: how many`."""
    with cloud.query() as connection:
        return [
            f"{row['name']}: {row['violations']}"
            for view in INVARIANTS
            for row in connection.execute(f"select name, violations from {view}".encode()).fetchall()  # noqa: S608
            if row["violations"]
        ]


def _missing(one: Told, row: dict[str, Any] | None, orders: Counter[str]) -> Iterable[str]:
    if row is None:
        if one.accepted:
            yield "was accepted and is not there"
        return
    if row["state"] != "closed":
        yield f"has not ended, it is {row['state']}"
        return
    if row["outcome"] in WENT_FORWARD and not orders[one.key]:
        yield f"ended {row['outcome']} and the shop has no order"
    if not one.accepted:
        return
    if not one.closed:
        yield f"its member was never told an ending, the last word was {one.status or 'accepted'}"
    elif (one.points_spent, one.points_returned) != (row["settled_points"], row["released_points"]):
        yield (
            f"its member was told {one.points_spent} points spent and {one.points_returned} returned,"
            f" the books say {row['settled_points']} and {row['released_points']}"
        )


def _surplus(one: Told | None, row: dict[str, Any], held: int, orders: int, charged: tuple[int, int]) -> Iterable[str]:
    if one is None:
        yield "nobody asked for it"
    elif one.refused:
        yield f"it was refused ({one.refused}) and is there"
    elif (one.points, one.money_minor) != (row["points"], row["money_minor"]):
        yield f"{one.points} points and {one.money_minor} were asked for, it has {row['points']}, {row['money_minor']}"
    if held != row["points"]:
        yield f"the ledger held {held} points for {row['points']}"
    if orders > (row["state"] != "closed" or row["outcome"] in WENT_FORWARD):
        yield f"the shop has {orders} orders for an ending {row['outcome']}"
    taken, bound = charged
    if row["state"] == "closed" and taken > (row["accepted_money_minor"] or 0):
        yield f"{taken} taken for {row['accepted_money_minor'] or 0}"
    if bound > row["money_minor"]:
        yield f"{bound} taken or reserved for {row['money_minor']}"


def _redemptions(cloud: Connected, known: dict[str, Told], since: datetime) -> list[dict[str, Any]]:
    with cloud.query() as connection:
        return connection.execute(
            "select r.redemption_id::text as key, m.number, r.state, r.outcome, r.points, r.money_minor,"
            " r.settled_points, r.released_points, r.accepted_money_minor"
            " from redemptions.redemption r join members.member m using (program_id, member_id)"
            " where r.redemption_id = any (%s::uuid[]) or (m.number = any (%s) and r.created_at >= %s)",
            (list(known), sorted({one.number for one in known.values()}), since),
        ).fetchall()


def _held(cloud: Connected, keys: list[str]) -> Counter[str]:
    with cloud.query() as connection:
        rows = connection.execute(
            "select op_id::text as key, sum(amount)::bigint as points from points.journal"
            " where kind = 'hold' and op_id = any (%s::uuid[]) group by op_id",
            (keys,),
        ).fetchall()
    return Counter({row["key"]: row["points"] for row in rows})


def _orders(file: Path) -> Counter[str]:
    """Accepted orders by redemption: a redemption's orders are named by its id."""
    rows = _rows(file, "select substr(external_id, 1, 36) as key from orders where accepted = 1")
    return Counter(row["key"] for row in rows)


def _charged(file: Path) -> tuple[Counter[str], Counter[str]]:
    """Minor units by redemption: taken and not given back; and the same with what is reserved."""
    taken: Counter[str] = Counter()
    bound: Counter[str] = Counter()
    for row in _rows(
        file,
        "select merchant_reference as key, captured_minor - refunded_minor as taken,"
        " iif(state in ('Authorized', 'CaptureInitiated'), authorised_minor, captured_minor - refunded_minor) as bound"
        " from charges",
    ):
        taken[row["key"]] += row["taken"]
        bound[row["key"]] += row["bound"]
    return taken, bound


def _rows(file: Path, statement: str) -> list[sqlite3.Row]:
    connection = sqlite3.connect(f"file:{file}?mode=ro", uri=True)
    connection.row_factory = sqlite3.Row
    try:
        return connection.execute(statement).fetchall()
    finally:
        connection.close()
