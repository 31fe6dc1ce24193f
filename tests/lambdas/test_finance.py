"""Finance at the door: rates with two people, days and months, what is owed now; and nobody else."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from loyalty.reports import journal
from tests.conftest import TestDatabase
from tests.domain.people import changed_points, somebody
from tests.lambdas.conftest import Answer, Doors, staff_token

FAY, FINN = staff_token("finance", subject="fay"), staff_token("finance", subject="finn")
OPERATOR = staff_token("business-operator", subject="olga")
NOON = "2027-03-10 12:00+00"
RATE = {
    "applies_from": "2027-01", "accounting_model": "deferred_revenue", "currency": "USD", "point_value_micros": 5000,
    "sales_micros": 1_000_000_000_000, "breakage_basis_points": 2000, "cost_micros": 3000, "curve": [8000, 7500],
    "accounts": {"sales": "4000", "deferred_revenue": "2400"}, "note": "first",
}  # fmt: skip

type Ask = Callable[..., Answer]


@pytest.fixture
def books(fresh_database: TestDatabase) -> Iterator[Doors]:
    """Noon of 10 March 2027, UTC."""
    with fresh_database.owner() as owner:
        owner.execute("update clock.setting set shift = %s::timestamptz - (clock.now() - shift)", (NOON,))
        owner.execute("call points.ensure_partitions()")
        changed_points(owner, time_zone="UTC")
        yield Doors(fresh_database)
        assert owner.execute("select * from reports.check_books() where violations > 0").fetchall() == []


@pytest.fixture
def ask(books: Doors) -> Ask:
    return asking(books)


@pytest.fixture
def knock(doors: Doors) -> Ask:
    """To ask what is refused: at the module's own doors, where nothing ever changes."""
    return asking(doors)


def asking(doors: Doors) -> Ask:
    def send(method: str, path: str, body: Any = None, token: dict[str, str] = FAY) -> Answer:
        return doors("manager_api", method, path, body, token=token)

    return send


def buy(doors: Doors, points: int, on: str, expires_on: str = "2027-12-31", funder: str = "brand") -> int:
    with doors.database.owner() as owner:
        member = somebody(owner).member_id
        owner.execute(
            "select points.accrue(1, %s, clock.new_id(), %s, %s, %s, 'shop', clock.new_id()::text, %s, 5000,"
            " sha256('x'), 'test')",
            (member, points, expires_on, f"{on} 12:00+00", funder),
        )
    return member


def rated(ask: Ask) -> None:
    version = ask("POST", "/finance/rates", RATE).body["version"]
    assert ask("POST", f"/finance/rates/{version}/approval", token=FINN).status == 200


def locked(doors: Doors, ask: Ask, month: str) -> Answer:
    """Others of the server may be at work: their transactions are waited for."""
    for _ in range(200):
        answer = ask("POST", f"/finance/months/{month}/lock")
        if answer.status != 503:
            break
    return answer


def test_a_rate_is_proposed_by_one_and_approved_by_another(ask: Ask) -> None:
    proposed = ask("POST", "/finance/rates", RATE)
    assert proposed.status == 201
    assert {**proposed.body, **RATE} == proposed.body
    assert (proposed.body["deferred_micros"], proposed.body["recognise_at"]) == (4000, "settlement")
    assert (proposed.body["proposed_by"], proposed.body["approved_by"]) == ("staff:fay", None)
    assert ask("POST", "/finance/rates", RATE).body == proposed.body  # asked again: the same
    version = proposed.body["version"]
    own = ask("POST", f"/finance/rates/{version}/approval")
    assert (own.status, own.body["code"]) == (403, "same-person")
    approved = ask("POST", f"/finance/rates/{version}/approval", token=FINN)
    assert (approved.status, approved.body["approved_by"]) == (200, "staff:finn")
    assert ask("POST", f"/finance/rates/{version}/approval", token=FINN).body == approved.body
    assert ask("GET", "/finance/rates").body["rates"] == [approved.body]
    assert ask("POST", "/finance/rates/99/approval", token=FINN).status == 404
    later = ask("POST", "/finance/rates", RATE | {"note": "again"}).body["version"]
    assert ask("POST", f"/finance/rates/{later}/approval", token=FINN).body["code"] == "not-after"


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"applies_from": "2027-13"}, "applies_from"),
        ({"applies_from": "2027-03-01"}, "applies_from"),
        ({"applies_from": 202703}, "applies_from"),
        ({"accounting_model": "both"}, "accounting_model"),
        ({"recognise_at": "never"}, "recognise_at"),
        ({"currency": "EUR"}, "currency"),
        ({"currency": "usd"}, "currency"),
        ({"point_value_micros": -1}, "point_value_micros"),
        ({"point_value_micros": 5000.0}, "point_value_micros"),
        ({"sales_micros": 0}, "sales_micros"),
        ({"breakage_basis_points": 9901}, "breakage_basis_points"),
        ({"cost_micros": 2**63}, "cost_micros"),
        ({"curve": []}, "curve"),
        ({"curve": [10_001]}, "curve[0]"),
        ({"curve": [1] * 241}, "curve"),
        ({"accounts": {"cash": "1"}}, "accounts.cash.[key]"),
        ({"accounts": {"sales": "=1+1"}}, "accounts.sales"),
        ({"accounts": {"sales": ""}}, "accounts.sales"),
        ({"note": ""}, "note"),
        ({"surprise": 1}, "surprise"),
    ],
)
def test_a_foolish_rate_is_refused(knock: Ask, wrong: dict[str, Any], field: str) -> None:
    answer = knock("POST", "/finance/rates", RATE | wrong)
    assert (answer.status, answer.body["errors"][0]["field"]) == (400, field)
    assert knock("GET", "/finance/rates").body["rates"] == []


def test_a_months_days_and_one_of_them_as_json_and_csv(books: Doors, ask: Ask) -> None:
    rated(ask)
    buy(books, 1000, "2027-02-10")
    buy(books, 501, "2027-03-09")
    assert ask("GET", "/finance/months/2027-02/days").body["waiting"] == 2
    days = locked(books, ask, "2027-02").body
    assert (days["locked_through"], days["waiting"], len(days["days"])) == ("2027-02-28", 0, 28)
    moved = [day for day in days["days"] if day["lines"]]
    assert [(day["day"], day["locked"], day["lines"], day["total_minor"]) for day in moved] == [
        ("2027-02-10", True, 1, 400)
    ]
    march = ask("GET", "/finance/months/2027-03/days").body
    assert [(day["day"], day["locked"], day["total_minor"]) for day in march["days"]] == [
        (f"2027-03-{day:02}", False, 200 if day == 9 else 0) for day in range(1, 11)
    ]
    day = ask("GET", "/finance/days/2027-02-10").body
    assert day["accounts"] == [
        {"account": "deferred_revenue", "code": "2400", "debit_minor": 0, "credit_minor": 400},
        {"account": "sales", "code": "4000", "debit_minor": 400, "credit_minor": 0},
    ]
    assert day["content_hash"] == moved[0]["content_hash"] == journal.content_hash(1, day)
    other = ask("GET", "/finance/days/2027-03-09?book=redemption_cost").body
    assert [(line["event"], line["amount_minor"]) for line in other["lines"]] == [("estimated", 120)]
    file = ask("GET", "/finance/days/2027-02-10/journal.csv")
    assert file.headers["content-type"] == "text/csv; charset=utf-8"
    assert file.headers["content-disposition"] == 'attachment; filename="journal-1-2027-02-10.csv"'
    (row,) = csv.DictReader(io.StringIO(file.body))
    assert (row["debit"], row["credit"], row["amount"], row["state"]) == ("4000", "2400", "4.00", "locked")
    assert row["content_hash"] == day["content_hash"]
    empty = ask("GET", "/finance/days/2026-01-01").body
    assert (empty["locked"], empty["lines"], empty["total_minor"]) == (False, [], 0)
    assert len(ask("GET", "/finance/days/2026-01-01/journal.csv").body.splitlines()) == 1
    assert ask("GET", "/finance/months/2027-04/days").body["days"] == []
    assert ask("GET", "/finance/days/2027-03-11").body["errors"] == [{"field": "day", "detail": "has not begun"}]


def test_a_month_is_locked_once_and_verified_as_often_as_wanted(books: Doors, ask: Ask) -> None:
    buy(books, 1000, "2027-02-10")
    assert ask("POST", "/finance/months/2027-02/lock").body["code"] in ("no-rate", "not-posted")
    rated(ask)
    assert ask("POST", "/finance/months/2027-03/lock").body["code"] == "too-early"
    first = locked(books, ask, "2027-02").body
    assert ask("POST", "/finance/months/2027-02/lock", token=FINN).body == first
    assert ask("POST", "/finance/months/2020-02/lock").body["locked_through"] == "2027-02-28"
    found = ask("GET", "/finance/months/2027-02/verification").body
    # The books begin with the first movement.
    assert (found["verified"], found["locked"], len(found["days"])) == (True, True, 19)
    open_month = ask("GET", "/finance/months/2027-03/verification").body
    assert (open_month["verified"], open_month["locked"], open_month["days"]) == (False, False, [])
    with books.database.owner() as owner:
        owner.execute("alter table reports.line disable trigger user")
        owner.execute("update reports.line set amount_minor = 401")
        found = ask("GET", "/finance/months/2027-02/verification").body
        owner.execute("update reports.line set amount_minor = 400")
    assert found["verified"] is False
    assert [(day["unaltered"], day["reproduced"]) for day in found["days"] if not day["unaltered"]] == [(False, True)]


def test_the_position_and_the_liability_are_of_this_moment(books: Doors, ask: Ask) -> None:
    buy(books, 600, "2027-03-09", "2027-04-30")
    before = ask("GET", "/liability", token=OPERATOR).body
    assert (before["points"], before["currency"], before["deferred_minor"]) == (600, None, None)
    assert ask("GET", "/finance/position").body["accounts"] == []
    rated(ask)
    buy(books, 400, "2027-02-09", "2027-06-01")
    now = ask("GET", "/finance/position").body
    assert (now["agreement"], now["waiting"], now["ledger_points"], now["books_points"]) == ("agrees", 0, 1000, 1000)
    balances = {one["account"]: (one["code"], one["balance_minor"], one["balance_micros"]) for one in now["accounts"]}
    assert balances["deferred_revenue"] == ("2400", -400, "-4000000")
    assert balances["redemption_liability"] == ("redemption_liability", -234, "-2340000")  # 600 × .8 + 400 × .75
    assert [(one["lot_month"], one["outstanding"], one["deferred_micros"]) for one in now["lot_months"]] == [
        ("2027-02-01", 400, "1600000"),
        ("2027-03-01", 600, "2400000"),
    ]
    liability = ask("GET", "/liability", token=OPERATOR).body
    assert liability == ask("GET", "/liability").body | {"at": liability["at"]}
    assert liability["agreement"] == "agrees"
    assert (liability["points"], liability["deferred_minor"], liability["cost_minor"]) == (1000, 400, 234)
    assert liability["months"] == [
        {"month": "2027-04", "points": 600, "deferred_minor": 240, "cost_minor": 144},
        {"month": "2027-06", "points": 400, "deferred_minor": 160, "cost_minor": 90},
    ]


def test_each_funder_has_its_month(books: Doors, ask: Ask) -> None:
    assert ask("GET", "/finance/months/2027-02/funders").body == {"month": "2027-02", "funders": []}
    rated(ask)
    buy(books, 1000, "2027-02-10")
    buy(books, 10, "2027-02-11", funder="shop")
    locked(books, ask, "2027-02")
    found = ask("GET", "/finance/months/2027-02/funders").body["funders"]
    assert [(one["funder"], one["issued"], one["amount_minor"], one["final"]) for one in found] == [
        ("brand", 1000, 500, True),
        ("shop", 10, 5, True),
    ]
    assert found[0]["prices"] == [{"campaign": None, "unit_cost_micros": 5000, "issued": 1000, "reversed": 0}]
    assert (found[0]["discounts"], found[0]["discount_minor"]) == ([], 0)
    file = ask("GET", "/finance/months/2027-02/funders.csv")
    rows = list(csv.DictReader(io.StringIO(file.body)))
    assert [(row["funder"], row["amount"]) for row in rows if row["unit_cost_micros"] == "total"] == [
        ("brand", "5.00"),
        ("shop", "0.05"),
    ]


def test_the_ledgers_months_are_listed_and_verified(books: Doors, ask: Ask) -> None:
    assert ask("GET", "/finance/closes").body == {"closes": []}
    buy(books, 1000, "2027-03-10")
    with books.database.owner() as owner:
        owner.execute("update clock.setting set shift = shift + interval '30 days'")
        owner.execute("call points.ensure_partitions()")
        # Rolled up whatever runs elsewhere on this server.
        owner.execute("update points.rollup_mark set below = (select (max(txid)::text::bigint + 1)::text::xid8"
                      " from points.journal)")  # fmt: skip
        owner.execute("insert into points.rollup select t.* from points.sums('0', null) t")
        owner.execute("select points.close_month(1, '2027-03-01', 'test')")
    (close,) = ask("GET", "/finance/closes").body["closes"]
    assert (close["month"], close["state"], close["members"], close["available"]) == ("2027-03", "closed", 1, 1000)
    assert len(close["head"]) == 64
    assert ask("GET", "/finance/closes/2027-03/verification").body == {
        "month": "2027-03", "verified": True, "violations": {},
    }  # fmt: skip
    answer = ask("GET", "/finance/closes/2027-02/verification")
    assert (answer.status, answer.body["code"]) == (404, "not-closed")


@pytest.mark.parametrize("month", ["2027-00", "2027-13", "2027-3", "202703", "2027-03-01", "1999-12", "x", "٢٠٢٧-٠٣"])
@pytest.mark.parametrize(
    "path", ["/finance/months/{}/days", "/finance/months/{}/funders.csv", "/finance/closes/{}/verification"]
)
def test_what_is_no_month_is_refused(knock: Ask, path: str, month: str) -> None:
    answer = knock("GET", path.format(month))
    assert (answer.status, answer.body["errors"][0]["field"]) == (400, "month")


@pytest.mark.parametrize("day", ["2027-02-29", "2027-02-30", "2027-3-1", "2027-03", "20270301", "2099-01-01"])
def test_what_is_no_day_or_has_not_begun_is_refused(knock: Ask, day: str) -> None:
    for path in (f"/finance/days/{day}", f"/finance/days/{day}/journal.csv"):
        answer = knock("GET", path)
        assert (answer.status, answer.body["errors"][0]["field"]) == (400, "day")


@pytest.mark.parametrize("version", ["0", "-1", "x", "1.5", str(2**31), str(2**70)])
def test_what_is_no_version_is_refused(knock: Ask, version: str) -> None:
    answer = knock("POST", f"/finance/rates/{version}/approval", token=FINN)
    assert (answer.status, answer.body["errors"][0]["field"]) == (400, "version")


@pytest.mark.parametrize(
    "groups", [(), ("support",), ("business-operator", "support"), ("catalogue-manager",), ("finances",)]
)
def test_the_books_are_finances_own(knock: Ask, groups: tuple[str, ...]) -> None:
    token = staff_token(*groups)
    for method, path, body in (
        ("GET", "/finance/rates", None),
        ("POST", "/finance/rates", RATE),
        ("POST", "/finance/rates/1/approval", None),
        ("GET", "/finance/months/2027-02/days", None),
        ("POST", "/finance/months/2027-02/lock", None),
        ("GET", "/finance/months/2027-02/verification", None),
        ("GET", "/finance/months/2027-02/funders", None),
        ("GET", "/finance/months/2027-02/funders.csv", None),
        ("GET", "/finance/days/2027-02-01", None),
        ("GET", "/finance/days/2027-02-01/journal.csv", None),
        ("GET", "/finance/position", None),
        ("GET", "/finance/closes", None),
        ("GET", "/finance/closes/2027-02/verification", None),
    ):
        answer = knock(method, path, body, token=token)
        assert (answer.status, answer.body["code"]) == (403, "wrong-group"), path
    liability = knock("GET", "/liability", token=token)
    assert liability.status == (200 if "business-operator" in groups else 403)


def test_finance_touches_no_member(knock: Ask) -> None:
    for method, path, body in (
        ("GET", "/members/M1", None),
        ("GET", "/adjustments", None),
        ("POST", "/members", {"member_number": "S1", "email": "s@example.com", "country": "US"}),
    ):
        assert knock(method, path, body).body["code"] == "wrong-group"
