"""The general-ledger journal leaves by the same gateway: each locked day once, as it was locked."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from loyalty.erp import delivering, journal
from loyalty.erp.gateway import Unfit
from loyalty.refusal import Refusal
from tests.conftest import TestDatabase
from tests.domain.erp.conftest import Office
from tests.domain.people import somebody
from tests.domain.reports.conftest import NOON, Books
from tests.simulators.erp.running import erp_stand_in


@pytest.fixture
def finance(fresh_database: TestDatabase, tmp_path: Path) -> Iterator[tuple[Office, Books]]:
    """Three days with points on the first and the last of them, none locked; an ERP since before."""
    with erp_stand_in(tmp_path / "erp.sqlite") as stand_in:
        office = Office(fresh_database, stand_in)
        books = Books(office.owner)
        books.set_clock(NOON - timedelta(days=3))
        books.rate(applies_from=date(2027, 3, 1))
        office.programme()
        member = somebody(office.owner).member_id
        books.buy(member, 1000)
        books.set_clock(NOON - timedelta(days=1))
        books.buy(member, 500)
        books.set_clock(NOON)
        yield office, books
        office.close()


def journals(office: Office) -> list[dict[str, Any]]:
    return office.erp.rows("select number, total_minor, sha256 from documents where kind = 'journal' order by rowid")


def test_each_locked_day_with_lines_is_booked_once_in_order_and_says_its_hash(finance: tuple[Office, Books]) -> None:
    office, books = finance
    assert office.run() == delivering.Done()
    books.lock(date(2027, 3, 9))
    assert office.run().posted == 2
    # Nothing was posted on the 8th.
    assert [(row["number"], row["total_minor"]) for row in journals(office)] == [
        ("2027-03-07", 400),
        ("2027-03-09", 200),
    ]
    with pytest.raises(Refusal, match="locked already"):
        books.lock(date(2027, 3, 9))
    assert office.later() == delivering.Done()
    assert len(journals(office)) == 2
    (body,) = office.erp.rows("select body from documents where number = '2027-03-07'")
    told = json.loads(body["body"])
    days = office.owner.execute("select encode(content_hash, 'hex') as hash from reports.day order by day").fetchall()
    assert told["content_sha256"] == days[0]["hash"]
    sums = office.erp.rows("select sum(debit_minor) as debit, sum(credit_minor) as credit from entries")
    assert sums == [{"debit": 600, "credit": 600}]


def test_days_that_were_locked_before_there_was_an_erp_were_taken_by_hand(finance: tuple[Office, Books]) -> None:
    office, books = finance
    office.programme(None)
    books.lock(date(2027, 3, 7))
    office.database.shift_clock("1 minute")
    office.programme()
    assert office.run() == delivering.Done()
    books.lock(date(2027, 3, 9))
    assert office.run().posted == 1
    assert [row["number"] for row in journals(office)] == ["2027-03-09"]


def test_a_day_that_fails_holds_back_the_next_and_a_refused_one_is_a_case(finance: tuple[Office, Books]) -> None:
    office, books = finance
    books.lock(date(2027, 3, 9))
    office.erp.fault("postJournal", "error_503")
    assert office.run().failed == 1
    assert journals(office) == []
    office.erp.put("periods", month="2027-03", state="locked")
    assert office.later().refused == 2
    cases = office.cases()
    assert [reason for _, reason in cases] == ["refused", "refused"]
    assert {row["problem"] for row in delivering.parked(office.gateway)} == {"locked_period"}
    office.erp.put("periods", month="2027-03", state="open")
    assert delivering.redrive(office.gateway) == 2
    assert office.cases() == []
    assert office.run().posted == 2


def test_a_day_whose_lines_are_not_its_total_does_not_leave() -> None:
    line = {"line_number": 1, "event": "opened", "funder": "brand", "debit_account": "a", "credit_account": "b",
            "debit_code": "1", "credit_code": "2", "amount_minor": 5}  # fmt: skip
    content = {"program": "main", "day": "2027-03-07", "currency": "USD", "rate_version": 1, "total_minor": 5,
               "content_hash": "0" * 64, "lines": [line]}  # fmt: skip
    assert json.loads(journal.text(content))["lines"][0]["debit"] == {"account": "a", "code": "1"}
    with pytest.raises(Unfit, match="total"):
        journal.text(content | {"total_minor": 6})
