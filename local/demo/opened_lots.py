"""A month's figures opened: into days, members' lots, and one lot's entries, which add up on every floor."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import httpx

from local.connected import Connected
from local.demo.closed_books import FIGURES, Told, got, month_end, rows

PAGE = 3


class Opened:
    """`lots` has each figure's lots, as finance reads them; `wrong` a line for each floor that does not add up."""

    def __init__(self, finance: httpx.Client, month: date, books: Told) -> None:
        self.finance, self.month, self.books = finance, month, books
        self.lots: dict[str, list[dict[str, Any]]] = {}
        self.entries = 0
        self.wrong: list[str] = []
        self._path = f"/finance/months/{month:%Y-%m}/close"

    def open_all(self) -> None:
        """Every figure to its last lot, every lot to its entries."""
        for figure in FIGURES:
            total = self.books.points[figure]
            seen = got(self.finance, f"{self._path}/{figure}")
            self._adds_up(f"{figure}: its movements", sum(one["points"] for one in seen["movements"]), total)
            self.lots[figure] = self._pages(figure)
            self._adds_up(f"{figure}: its lots", sum(one["points"] for one in self.lots[figure]), total)
        for number, name in sorted({_of(one) for lots in self.lots.values() for one in lots}):
            lot = self.lot(number, name)
            self.entries += len(lot["entries"])
            moved = sum(one["points"] for one in lot["entries"])
            self._adds_up(f"lot {name} of {number}", lot["before"] + moved, lot["outstanding"])
            had = {figure: self._had(lot, figure) for figure in FIGURES}
            for figure, points in had.items():
                there = sum(one["points"] for one in self.lots[figure] if _of(one) == (number, name))
                self._adds_up(f"lot {name} of {number} in {figure}", points, there)

    def in_the_lake(self, cloud: Connected) -> int:
        """The same lots by the metric `close_lots`, where members are keys: how many keys there are."""
        with cloud.query() as connection:
            numbers = {
                row["key"]: row["number"]
                for row in connection.execute(
                    "select k.member_key::text as key, m.number from lake.member_key k"
                    " join members.member m using (program_id, member_id) where program_id = 1"
                ).fetchall()
            }
        span = {"from": self.month.isoformat(), "to": month_end(self.month).isoformat()}
        days: Counter[tuple[str, str]] = Counter()
        for row in rows(self.finance, "close_by_day", span):
            days[row["figure"], row["day"][:10]] += row["points"]
        lake: Counter[tuple[str, str, str, str]] = Counter()
        keys = set()
        for row in rows(self.finance, "close_lots", span):
            keys.add(row["member_key"])
            lake[row["figure"], row["day"][:10], numbers[row["member_key"]], row["lot"]] += row["points"]
        ours: Counter[tuple[str, str, str, str]] = Counter()
        of_days: Counter[tuple[str, str]] = Counter()
        for figure in FIGURES[1:-1]:
            for one in self.lots[figure]:
                ours[figure, one["day"], *_of(one)] += one["points"]
                of_days[figure, one["day"]] += one["points"]
        self._same("the lake's days", days, of_days)
        self._same("the lake's lots", lake, ours)
        return len(keys)

    def lot(self, number: str, name: str) -> dict[str, Any]:
        """One lot with its entries."""
        return got(self.finance, f"/finance/members/{number}/lots/{name}")

    def tell(self, number: str, say: Callable[[str], None]) -> None:
        """What each figure is made of; and the lot of this member to which most happened, entry by entry."""
        say("\n  each figure opened")
        for figure, found in self.lots.items():
            days: Counter[str] = Counter()
            for one in found:
                days[f"{one['day']} {one['event']}" if one["day"] else f"earned in {one['lot_month'][:7]}"] += one[
                    "points"
                ]
            who, which = {one["member_number"] for one in found}, {_of(one) for one in found}
            parts = ", ".join(f"{what} {points:,}" for what, points in sorted(days.items()))
            say(f"    {figure:<10}{parts} (members {len(who)}, lots {len(which)})")
        names = {name for lots in self.lots.values() for who, name in map(_of, lots) if who == number}
        lots = (self.lot(number, name) for name in sorted(names))
        lot = max(lots, key=lambda one: (len({entry["event"] for entry in one["entries"]}), len(one["entries"])))
        say(f"\n  lot {lot['lot']} of {number}: {lot['outstanding']:,} points")
        say(f"    {'day':<12}{'what':<20}{'counts as':<11}{'earned in':<11}{'points':>9}{'then':>9}  operation")
        for one in lot["entries"]:
            say(
                f"    {one['day']:<12}{one['event'].replace('_', ' '):<20}{one['figure'] or '–':<11}"
                f"{one['lot_month'][:7]:<11}{one['points']:>+9,}{one['through']:>9,}  {one['op_id']}"
            )

    def write(self, file: Path) -> None:
        """Every lot of every figure, as a table."""
        with file.open("w", newline="") as out:
            writer = csv.writer(out)
            writer.writerow(("figure", "member_number", "lot", "earned_in", "funder", "day", "event", "points"))
            for figure, lots in self.lots.items():
                writer.writerows(
                    (figure, *_of(one), one["lot_month"][:7], one["funder"], one["day"] or "", one["event"] or "",
                     one["points"])
                    for one in lots
                )  # fmt: skip

    def _pages(self, figure: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        after = ""
        while True:
            page = got(self.finance, f"{self._path}/{figure}/lots?limit={PAGE}{after}")
            found += page["lots"]
            if page["next"] is None:
                return found
            after = f"&after={page['next']}"

    def _had(self, lot: dict[str, Any], figure: str) -> int:
        """What a lot's entries say of it in a figure of the month."""
        first, last = self.month.isoformat(), month_end(self.month).isoformat()
        if figure == "opening":
            return sum(int(one["points"]) for one in lot["entries"] if one["day"] < first)
        if figure == "closing":
            return sum(int(one["points"]) for one in lot["entries"] if one["day"] <= last)
        sign = -1 if figure in ("redeemed", "expired") else 1
        inside = [one for one in lot["entries"] if first <= one["day"] <= last and one["figure"] == figure]
        return sign * sum(int(one["points"]) for one in inside)

    def _adds_up(self, what: str, found: int, expected: int) -> None:
        if found != expected:
            self.wrong.append(f"{what} add up to {found:,}, not {expected:,}: {found - expected:+,}")

    def _same(self, what: str, found: Counter[Any], expected: Counter[Any]) -> None:
        for key in sorted({*found, *expected}):
            if found[key] != expected[key]:
                self.wrong.append(f"{what}: {' '.join(key)} is {found[key]:,}, not {expected[key]:,}")


def _of(one: dict[str, Any]) -> tuple[str, str]:
    return one["member_number"], one["lot"]
