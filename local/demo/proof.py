"""The proof: our books against the outside parties' own, read by SQL when everything has come to rest."""

from __future__ import annotations

import sqlite3
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.connected import Connected
from local.demo.purchases import NUMBER_PREFIX
from local.told import WENT_FORWARD, violations


@dataclass(frozen=True, slots=True)
class Proof:
    """What the databases say. `violations` and `orphans` say what is wrong, one line each; both should be empty."""

    members: int
    points_issued: int
    outcomes: Counter[str]
    violations: list[str]
    orphans: list[str]

    @property
    def redemptions(self) -> int:
        return sum(self.outcomes.values())

    @property
    def completed(self) -> int:
        return sum(self.outcomes[outcome] for outcome in WENT_FORWARD)

    @property
    def compensated(self) -> int:
        """Ended with every point and cent back."""
        return self.redemptions - self.completed

    def line(self) -> str:
        """The figures of the last line."""
        return (
            f"members={self.members} points_issued={self.points_issued} redemptions={self.redemptions}"
            f" completed={self.completed} compensated={self.compensated}"
            f" invariants_violated={len(self.violations)} orphans={len(self.orphans)}"
        )


def prove(cloud: Connected) -> Proof:
    """Read the ledger, the redemptions, Amazon's orders, Amazon Pay's charges, the ERP's books; compare them one by
    one."""
    with cloud.query() as connection:
        counted = connection.execute(
            "select (select count(*) from members.member where number like %s) as members,"
            " (select coalesce(sum(amount), 0)::bigint from points.journal where dr = 10) as points_issued",
            (f"{NUMBER_PREFIX}%",),
        ).fetchone()
        assert counted is not None
        redemptions = connection.execute(
            "select r.redemption_id::text, r.state, coalesce(r.outcome, 'open') as outcome, r.settled_points,"
            " coalesce(r.accepted_money_minor, 0) - back.money_minor as money_minor, p.external_id"
            " from redemptions.redemption r left join orders.placement p using (program_id, redemption_id)"
            " cross join lateral (select coalesce(sum(b.money_minor), 0)::bigint as money_minor"
            " from redemptions.units_back b where b.program_id = r.program_id"
            " and b.redemption_id = r.redemption_id) as back"
        ).fetchall()
        lines = connection.execute(
            "select p.external_id, l.line_number, coalesce(l.accepted_quantity, 0) as accepted"
            " from redemptions.line l join orders.placement p using (program_id, redemption_id)"
        ).fetchall()
        spent = connection.execute(
            "select coalesce(sum(amount), 0)::bigint as points from points.journal where cr = 11"
        ).fetchone()
        assert spent is not None
        invoices = connection.execute(
            "select number, total_minor, state, erp_document_id from invoices.invoice"
            " where state in ('approved', 'posted')"
        ).fetchall()
    orphans = [f"{row['redemption_id']} is still {row['state']}" for row in redemptions if row["state"] != "closed"]
    if spent["points"] != sum(row["settled_points"] for row in redemptions):
        orphans.append(f"the ledger spent {spent['points']} points, the redemptions say otherwise")
    orphans += _against_amazon_business(cloud.state / "amazon_business.sqlite", redemptions, lines)
    orphans += _against_amazon_pay(cloud.state / "amazon_pay.sqlite", redemptions)
    orphans += _against_erp(cloud.state / "erp.sqlite", invoices)
    return Proof(
        members=counted["members"],
        points_issued=counted["points_issued"],
        outcomes=Counter(row["outcome"] for row in redemptions),
        violations=violations(cloud),
        orphans=orphans,
    )


def _against_amazon_business(file: Path, redemptions: list[dict[str, Any]], lines: list[dict[str, Any]]) -> list[str]:
    """Every accepted order is a redemption that went forward, once, with the same units; and the other way."""
    placed = {row["external_id"] for row in _rows(file, "select external_id from orders where accepted = 1")}
    theirs = Counter(
        {
            (row["external_id"], int(row["line_external_id"])): row["accepted_quantity"]
            for row in _rows(file, "select * from order_lines where accepted_quantity > 0")
        }
    )
    forward = {row["external_id"] for row in redemptions if row["outcome"] in WENT_FORWARD}
    ours = Counter(
        {(row["external_id"], row["line_number"]): row["accepted"] for row in lines if row["external_id"] in forward}
    )
    return [
        *(f"Amazon delivers {order}, no redemption went forward" for order in sorted(placed - forward)),
        *(f"{order} went forward, Amazon has no order" for order in sorted(forward - placed, key=str)),
        *(
            f"{order} line {line}: Amazon accepted {theirs[order, line]}, we recorded {ours[order, line]}"
            for order, line in sorted(theirs.keys() | ours.keys(), key=str)
            if theirs[order, line] != ours[order, line]
        ),
    ]


def _against_amazon_pay(file: Path, redemptions: list[dict[str, Any]]) -> list[str]:
    """Captured money is what was accepted, to the cent; what has not left yet is reserved, and nothing else is."""
    charges = _rows(
        file,
        "select merchant_reference, state, captured_minor - refunded_minor as taken,"
        " iif(state = 'Authorized', authorised_minor, 0) as reserved from charges",
    )
    taken: Counter[str] = Counter()
    reserved: Counter[str] = Counter()
    for charge in charges:
        taken[charge["merchant_reference"]] += charge["taken"]
        reserved[charge["merchant_reference"]] += charge["reserved"]
    owed = Counter({row["redemption_id"]: row["money_minor"] for row in redemptions if row["outcome"] in WENT_FORWARD})
    return [
        *(
            f"{charge['merchant_reference']}: a charge is left {charge['state']}"
            for charge in charges
            if charge["state"] not in ("Captured", "Canceled", "Declined")
            and not (
                charge["state"] == "Authorized"
                and taken[charge["merchant_reference"]] < owed[charge["merchant_reference"]]
            )
        ),
        *(
            f"{redemption}: {taken[redemption]} captured, {reserved[redemption]} reserved, {owed[redemption]} owed"
            for redemption in sorted(taken.keys() | owed.keys(), key=str)
            if not taken[redemption] <= owed[redemption] <= taken[redemption] + reserved[redemption]
        ),
    ]


def _against_erp(file: Path, invoices: list[dict[str, Any]]) -> list[str]:
    """What the ERP booked is what we approved, to the cent; what we call posted is there. There credit memos are above
    zero."""
    booked = {
        row["number"]: row
        for row in _rows(file, "select * from documents where kind in ('invoice', 'credit_memo') and status = 'posted'")
    }
    ours = {row["number"]: row for row in invoices}
    return [
        *(f"the ERP booked {number}, which nobody approved" for number in sorted(booked.keys() - ours.keys())),
        *(
            f"{number}: posted as {row['erp_document_id']} over {row['total_minor']}, the ERP has it otherwise"
            for number, row in sorted(ours.items())
            if (row["state"] == "posted" or number in booked)
            and (number not in booked or booked[number]["total_minor"] != abs(row["total_minor"]))
        ),
    ]


def _rows(file: Path, statement: str) -> list[sqlite3.Row]:
    connection = sqlite3.connect(f"file:{file}?mode=ro", uri=True)
    connection.row_factory = sqlite3.Row
    try:
        return connection.execute(statement).fetchall()
    finally:
        connection.close()
