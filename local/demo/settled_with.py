"""What was redeemed, held against who sent goods for it and who took money: Amazon's orders, the provider's charges."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from local.connected import Connected

WENT_FORWARD = ("completed", "partially_completed")


def settled_with(cloud: Connected, redeemed: int, say: Callable[[str], None]) -> list[str]:
    """`redeemed` points of the books are Amazon's units that stayed at their price in points, and the money beside them
    is what the provider took; a line for each that is not."""
    with cloud.query() as connection:
        lines = connection.execute(
            "select r.redemption_id::text as external_id, l.line_number, l.unit_points, l.unit_money_minor"
            " from redemptions.redemption r join redemptions.line l using (program_id, redemption_id)"
            " where r.program_id = 1 and r.outcome = any(%s)",
            (list(WENT_FORWARD),),
        ).fetchall()
    units = _stayed(cloud.state / "amazon_business.sqlite")
    points = money = 0
    for line in lines:
        stayed = units[line["external_id"], line["line_number"]]
        points += stayed * line["unit_points"]
        money += stayed * line["unit_money_minor"]
    taken = _taken(cloud.state / "amazon_pay.sqlite")
    say(
        f"    redeemed: {redeemed:,} points by the books, {points:,} for Amazon's units that stayed;"
        f" by card {money / 100:,.2f} for them, {taken / 100:,.2f} taken"
    )
    wrong = []
    if points != redeemed:
        wrong.append(
            f"redeemed: Amazon's units come to {points:,} points, the books to {redeemed:,}: {points - redeemed:+,}"
        )
    if money != taken:
        wrong.append(
            f"by card: {taken / 100:,.2f} was taken, {money / 100:,.2f} is owed: {(taken - money) / 100:+,.2f}"
        )
    return wrong


def _stayed(file: Path) -> Counter[tuple[Any, int]]:
    """Units that Amazon accepted and did not cancel, by our number of the order and its line."""
    rows = _rows(
        file,
        "select external_id, line_external_id, accepted_quantity - (select coalesce(sum(c.quantity), 0)"
        " from cancelled_units c where c.external_id = l.external_id and c.line_external_id = l.line_external_id)"
        " as stayed from order_lines l",
    )
    return Counter({(row["external_id"], int(row["line_external_id"])): row["stayed"] for row in rows})


def _taken(file: Path) -> int:
    (row,) = _rows(file, "select coalesce(sum(captured_minor - refunded_minor), 0) as taken from charges")
    return int(row["taken"])


def _rows(file: Path, statement: str) -> list[sqlite3.Row]:
    connection = sqlite3.connect(f"file:{file}?mode=ro", uri=True)
    connection.row_factory = sqlite3.Row
    try:
        return connection.execute(statement).fetchall()
    finally:
        connection.close()
