"""The books once more, as plain Python over the whole points journal: slow, obvious, what the SQL is compared with."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from math import ceil, floor
from typing import Any

type Cohort = tuple[str, date]  # funder, lot month
type Totals = dict[tuple[str, str], Fraction]  # (event, funder) -> millionths

NEVER = 2147483647
TAKEN = ("reversed", "withdrawn", "repaid_pending", "repaid_transferred")
IN, OWED = {10: "opened", 14: "granted"}, {10: "repaid", 14: "repaid_granted"}


@dataclass(frozen=True)
class Rate:
    """What finance said, from a month on."""

    applies_from: date
    deferred: int
    breakage: int
    cost: int
    curve: tuple[int, ...]


def lot_key(expires_on: date | None) -> int:
    return NEVER if expires_on is None else (expires_on - date(2000, 1, 1)).days * 2 + 1


def month(day: date) -> date:
    return day.replace(day=1)


def day_of(row: dict[str, Any]) -> date:
    return min(row["occurred_at"], row["created_at"]).date()


def in_order(journal: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each member's rows in their order, and what is received after what was given."""
    waiting: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for row in sorted(journal, key=lambda row: row["sequence"]):
        waiting[row["member_id"]].append(row)
    ordered: list[dict[str, Any]] = []
    given = set()
    while any(waiting.values()):
        before = len(ordered)
        for rows in waiting.values():
            while rows and (rows[0]["dr"] != 16 or rows[0]["ref_op"] in given):
                if rows[0]["cr"] == 16:
                    given.add(rows[0]["op_id"])
                ordered.append(rows.pop(0))
        assert len(ordered) > before, "received before given"
    return ordered


def movements(
    journal: Iterable[dict[str, Any]], accruals: Iterable[dict[str, Any]]
) -> list[tuple[date, Cohort, str, int]]:
    """(day, lot month's points, event, points) of the whole journal of one programme, in UTC, nothing locked."""
    known = {row["op_id"]: row for row in accruals}
    lots: dict[tuple[int, int], dict[Cohort, int]] = defaultdict(lambda: defaultdict(int))
    spent: dict[tuple[Any, int], dict[Cohort, int]] = defaultdict(lambda: defaultdict(int))  # by redemption and lot
    given: dict[Any, list[tuple[int, Cohort, int]]] = {}  # by the giver's operation: lot, cohort, points
    found: list[tuple[date, Cohort, str, int]] = []

    def take(member: int, key: int, points: int, own: Cohort | None) -> list[tuple[Cohort, int]]:
        lot, taken = lots[member, key], []
        for cohort in sorted(lot, key=lambda c: (c != own, c[1], c[0])):
            part = min(lot[cohort], points)
            lot[cohort] -= part
            points -= part
            if part:
                taken.append((cohort, part))
        assert points == 0
        return taken

    def unspend(redemption: Any, key: int, points: int) -> list[tuple[Cohort, int]]:
        """Those earned last first."""
        lot, back = spent[redemption, key], []
        for cohort in sorted(lot, key=lambda c: (c[1], c[0]), reverse=True):
            part = min(lot[cohort], points)
            lot[cohort] -= part
            points -= part
            if part:
                back.append((cohort, part))
        assert points == 0
        return back

    def receive(op_id: Any, amount: int) -> list[tuple[int, Cohort, int]]:
        """The first points of what the giver parted with."""
        taken = []
        while amount:
            lot, cohort, points = given[op_id].pop(0)
            part = min(points, amount)
            amount -= part
            taken.append((lot, cohort, part))
            if points > part:
                given[op_id].insert(0, (lot, cohort, points - part))
        return taken

    for row in in_order(journal):
        member, dr, cr, amount, day = row["member_id"], row["dr"], row["cr"], row["amount"], day_of(row)
        own: Cohort | None = None
        cohort, key = ("programme", month(day)), NEVER
        if dr in (10, 3) or cr == 13:
            accrual = known[row["ref_op"]]
            own = cohort = (accrual["funder"], month(day_of(accrual)))
            key = lot_key(accrual["expires_on"])
        lot_rows = list(zip(row["lot_keys"] or [key], row["lot_amounts"] or [amount], strict=True))
        match dr, cr:
            case ((10 | 14), (1 | 3)):
                lots[member, lot_rows[0][0]][cohort] += amount
                found.append((day, cohort, IN[dr], amount))
            case ((10 | 14), 4):
                found.append((day, cohort, OWED[dr], amount))
            case 4, 13:
                found.append((day, cohort, "owed", amount))
            case 15, 13:
                found.append((day, cohort, "written_off", amount))
            case 15, 4:
                found.append((day, cohort, "forgiven", amount))
            case (1, 2) | (3, 1):
                pass
            case 1, 16:
                given[row["op_id"]] = [
                    (lot, one, part) for lot, points in lot_rows for one, part in take(member, lot, points, None)
                ]
            case 16, 4:
                found += [(day, one, "repaid_transferred", part) for _, one, part in receive(row["ref_op"], amount)]
            case 16, 1:
                for lot, one, part in receive(row["ref_op"], amount):
                    lots[member, lot][one] += part
            case 2, 1:
                for (lot, points), to in zip(lot_rows, row["lot_to"] or row["lot_keys"], strict=True):
                    if to != lot:
                        for one, part in take(member, lot, points, None):
                            lots[member, to][one] += part
            case 11, (1 | 12):
                for (lot, points), to in zip(lot_rows, row["lot_to"] or row["lot_keys"], strict=True):
                    for one, part in unspend(row["ref_op"], lot, points):
                        found.append((day, one, "restored", part))
                        if cr == 1:
                            lots[member, to][one] += part
                        else:
                            found.append((day, one, "lapsed", part))
            case _:
                event = {11: "redeemed", 12: "lapsed", 13: "reversed", 4: "repaid_pending", 14: "withdrawn"}[cr]
                for lot, points in lot_rows:
                    for one, part in take(member, lot, points, own):
                        found.append((day, one, event, part))
                        if event == "redeemed":
                            spent[row["ref_op"], lot][one] += part
    return found


def rate_on(rates: list[Rate], day: date) -> Rate:
    return max(
        (rate for rate in rates if rate.applies_from <= day),
        key=lambda rate: rate.applies_from,
        default=min(rates, key=lambda rate: rate.applies_from),
    )


def deferred(moved: list[tuple[date, Cohort, str, int]], rates: list[Rate], through: date) -> Totals:
    """Exact sums of the deferred revenue book's postings through a day."""
    totals: Totals = defaultdict(Fraction)
    points: dict[Cohort, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for day, cohort, event, amount in moved:
        if day <= through:
            points[cohort][event] += amount
            if event != "lapsed":
                totals[event, cohort[0]] += amount * rate_on(rates, cohort[1]).deferred
    for cohort, count in points.items():
        value = rate_on(rates, cohort[1]).deferred
        net = count["opened"] + count["granted"] - sum(count[event] for event in TAKEN)
        used = count["redeemed"] - count["restored"]
        left = net - used - count["lapsed"]
        expected = max(0, min(left, ceil(Fraction(net * (10000 - rate_on(rates, through).breakage), 10000)) - used))
        done = net * value if used + expected == 0 else floor(Fraction(net * value * used, used + expected))
        totals["delivered", cohort[0]] += count["redeemed"] * value
        totals["returned", cohort[0]] += count["restored"] * value
        totals["breakage", cohort[0]] += done - used * value
    return totals


def cost(moved: list[tuple[date, Cohort, str, int]], rates: list[Rate], through: date) -> Totals:
    """Exact sums of the redemption cost book's postings through a day."""
    totals: Totals = defaultdict(Fraction)
    outstanding: dict[Cohort, int] = defaultdict(int)
    for day, cohort, event, amount in moved:
        if day > through:
            continue
        if event in ("opened", "granted", "restored"):
            outstanding[cohort] += amount
        elif event in (*TAKEN, "redeemed", "lapsed"):
            outstanding[cohort] -= amount
        if event == "redeemed":
            totals["used", cohort[0]] += amount * rate_on(rates, cohort[1]).cost
            totals["estimated", cohort[0]] += amount * rate_on(rates, cohort[1]).cost
        elif event == "restored":
            totals["restored", cohort[0]] += amount * rate_on(rates, cohort[1]).cost
            totals["estimated", cohort[0]] -= amount * rate_on(rates, cohort[1]).cost
    now = rate_on(rates, through)
    for cohort, left in outstanding.items():
        age = (through.year - cohort[1].year) * 12 + through.month - cohort[1].month
        share = now.curve[min(age, len(now.curve) - 1)]
        totals["estimated", cohort[0]] += floor(Fraction(left * now.cost * share, 10000))
    return totals
