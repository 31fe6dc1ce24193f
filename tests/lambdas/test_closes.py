"""Finance opens a month's close at the door, down to one lot; whoever looks at members' lots is in the audit log."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest

from loyalty.reports import month as closing
from tests.lambdas.conftest import Doors, staff_token
from tests.lambdas.test_finance import Ask, ask, books, buy, knock, locked, rated

__all__ = ["ask", "books", "knock"]


def number(doors: Doors, member_id: int) -> str:
    with doors.database.owner() as owner:
        row = owner.execute("select number from members.member where member_id = %s", (member_id,)).fetchone()
    assert row is not None
    return str(row["number"])


def test_a_figure_opens_to_members_lots_and_a_lot_to_its_entries(books: Doors, ask: Ask) -> None:
    rated(ask)
    first, second = buy(books, 1000, "2027-02-10", "2027-06-30"), buy(books, 500, "2027-02-10")
    assert locked(books, ask, "2027-02").status == 200
    close = ask("GET", "/finance/months/2027-02/close").body
    assert [close[name] for name in ("opening", "issued", "closing", "final", "opened")] == [0, 1500, 1500, True, True]
    assert [close[name] for name in ("opening_minor", "issued_minor", "closing_minor")] == [0, 600, 600]
    issued = ask("GET", "/finance/months/2027-02/close/issued").body
    assert issued == {
        "month": "2027-02", "figure": "issued", "points": 1500, "movements": [{
            "day": "2027-02-10", "event": "opened", "lot_month": "2027-02-01", "funder": "brand", "points": 1500,
            "deferred_micros": "6000000",
        }],
    }  # fmt: skip
    page = ask("GET", "/finance/months/2027-02/close/issued/lots?day=2027-02-10&limit=1").body
    (one,) = page["lots"]
    assert (one["member_number"], one["lot"], one["points"]) == (number(books, first), "2027-06-30", 1000)
    following = ask("GET", f"/finance/months/2027-02/close/issued/lots?limit=1&after={page['next']}").body
    assert [lot["member_number"] for lot in following["lots"]] == [number(books, second)]
    assert ask("GET", f"/finance/months/2027-02/close/issued/lots?after={following['next']}").body["lots"] == []
    lot = ask("GET", f"/finance/members/{one['member_number']}/lots/2027-06-30").body
    assert (lot["before"], lot["outstanding"]) == (0, 1000)
    assert [(entry["kind"], entry["figure"], entry["points"]) for entry in lot["entries"]] == [
        ("accrue", "issued", 1000)
    ]
    rows = list(csv.DictReader(io.StringIO(ask("GET", "/finance/months/2027-02/close.csv").body)))
    totals = {row["figure"]: (row["points"], row["amount"], row["state"]) for row in rows if row["event"] == "total"}
    assert totals["closing"] == ("1500", "6.00", "final")
    with books.database.owner() as owner:
        seen = owner.execute(
            "select e.action, o.member_number from audit.entry e join audit.outcome o using (program_id, entry_id)"
            " where e.action like '%%/lots%%' order by 1"
        ).fetchall()
    assert {(row["action"], row["member_number"]) for row in seen} == {
        ("GET /finance/months/{month}/close/{figure}/lots", None),
        ("GET /finance/members/{member_number}/lots/{lot}", one["member_number"]),
    }


def test_the_table_is_of_one_instant(books: Doors, ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    rated(ask)
    buy(books, 1000, "2027-02-10")
    movements = closing.movements

    def while_points_are_posted(*asked: Any) -> list[closing.Movement]:
        """Others of the server may be at work: their transactions are waited for."""
        with books.database.owner() as owner:
            for _ in range(200):
                if owner.execute("select from reports.movement").fetchone():
                    break
                owner.execute("select reports.post(1000)")
        return movements(*asked)

    monkeypatch.setattr(closing, "movements", while_points_are_posted)
    rows = list(csv.DictReader(io.StringIO(ask("GET", "/finance/months/2027-02/close.csv").body)))
    for figure in closing.FIGURES:
        total, *parts = [int(row["points"]) for row in rows if row["figure"] == figure]
        assert sum(parts) == total
    assert ask("GET", "/finance/months/2027-02/close").body["issued"] == 1000


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/finance/months/2027-13/close", 400),
        ("/finance/months/2027-02/close/everything", 400),
        ("/finance/months/2027-02/close/issued/lots?after=nobody", 400),
        ("/finance/months/2027-02/close/issued/lots?day=2027-02-30", 400),
        ("/finance/members/M1/lots/2027-6-30", 400),
        ("/finance/members/M1/lots/2027-02-30", 404),
        ("/finance/members/nobody/lots/never", 404),
    ],
)
def test_what_there_is_not_is_said(knock: Ask, path: str, status: int) -> None:
    assert knock("GET", path).status == status


def test_members_lots_are_finances_own(knock: Ask) -> None:
    for path in ("/finance/months/2027-02/close/issued/lots", "/finance/members/M1/lots/never"):
        assert knock("GET", path, token=staff_token("business-operator", "support")).body["code"] == "wrong-group"
