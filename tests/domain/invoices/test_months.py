"""The month's close: what was invoiced beside what Amazon charged, and which orders explain the difference."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

import pytest

from tests.conftest import TestDatabase
from tests.domain.invoices.books import LAMP, Desk, Json, Order, content, desk


@pytest.fixture
def books(fresh_database: TestDatabase) -> Iterator[Desk]:
    with desk(fresh_database) as made:
        yield made
        assert made.violations() == {}


def charged(books: Desk, order: Order, minor: int, at: str = "2026-11-21T08:00:00Z", kind: str = "CHARGE") -> None:
    """Amazon says so, as its feed was written down."""
    row = books.owner.execute(
        "insert into reconciliation.transaction (connection, transaction_type, transaction_id, transacted_at, currency,"
        " amount_minor, raw, content, first_heard_at, last_heard_at) values ('default', %s, clock.new_id()::text, %s,"
        " 'USD', %s, '{}', '', clock.now(), clock.now()) returning transaction_id",
        (kind, at, minor),
    ).fetchone()
    assert row is not None
    books.owner.execute(
        "insert into reconciliation.transaction_line (connection, transaction_type, transaction_id, position,"
        " amazon_order_id, quantity, currency, amount_minor, principal_minor, program_id, redemption_id)"
        " values ('default', %s, %s, 1, %s, 1, 'USD', %s, %s, 1, %s)",
        (kind, row["transaction_id"], order.amazon, minor, minor, order.redemption_id),
    )


def month(books: Desk, first: str = "2026-11-01") -> Json:
    row = books.desk.execute("select invoices.month(1, %s::date, 100) as told", (first,)).fetchone()
    assert row is not None
    told: Json = row["told"]
    return told


def test_a_month_adds_up_and_says_which_orders_do_not(books: Desk) -> None:
    even, credited, silent, dear, doubtful = (books.sent(LAMP) for _ in range(5))
    invoice_id = books.approved(content(even.item()))
    books.posts(invoice_id)
    books.approved(content(credited.item()))
    books.approved(content(credited.item(), kind="credit_memo"))
    books.approved(content(dear.item()))
    books.in_review(content(doubtful.item(asin="B0NEVERBUY")))
    for order in (even, credited, silent, doubtful):
        charged(books, order, 4950)
    charged(books, credited, -4950, kind="REFUND")
    charged(books, dear, 5000)

    told = month(books)
    assert {name: told["month"][name] for name in ("month", "invoices", "credit_memos", "waiting")} == {
        "month": "2026-11",
        "invoices": 3,
        "credit_memos": 1,
        "waiting": 1,
    }
    sums = told["month"]
    assert (sums["gross_minor"], sums["credited_minor"], sums["posted_minor"]) == (14_850, -4950, 4950)
    assert (sums["charged_minor"], sums["invoiced_minor"], sums["difference_minor"]) == (19_850, 9900, 9950)
    assert {(one["amazon_order_id"], one["difference_minor"], one["why"]) for one in told["differences"]} == {
        (silent.amazon, 4950, "not_invoiced"),
        (doubtful.amazon, 4950, "in_review"),
        (dear.amazon, 50, "differs"),
    }
    (row,) = books.desk.execute("select invoices.months(1) as told").fetchall()
    assert row["told"] == sums


def test_a_charge_of_one_month_and_its_invoice_of_the_next_explain_both(books: Desk) -> None:
    order = books.sent(LAMP)
    charged(books, order, 4950, at="2026-10-31T20:00:00Z")
    books.approved(content(order.item(), issued_on="2026-11-01"))
    assert [one["why"] for one in month(books, "2026-10-01")["differences"]] == ["other_month"]
    assert [one["why"] for one in month(books)["differences"]] == ["not_charged"]


def test_of_a_month_without_anything_nothing_is_known(books: Desk) -> None:
    assert month(books, "2020-01-01") is None


def test_a_planted_error_is_seen(books: Desk) -> None:
    order = books.sent()
    invoice_id = books.approved(content(order.item()))

    def broken(change: str, mend: str, *, key: UUID = invoice_id) -> set[str]:
        books.owner.execute(change.encode(), (key,))
        found = set(books.violations())
        books.owner.execute(mend.encode(), (key,))
        return found

    where = "where invoice_id = %s"
    assert broken(
        f"update invoices.line set quantity = 4 {where}", f"update invoices.line set quantity = 3 {where}"
    ) == {"no more units are paid for than have left, or a person said so"}
    assert broken(
        f"update invoices.share set tax_minor = 0 {where}", f"update invoices.share set tax_minor = 600 {where}"
    ) == {"what falls to the orders is the whole invoice"}
    assert broken(
        "update erp.document set state = 'refused', ended_at = clock.now() where subject = %s",
        "update erp.document set state = 'waiting', ended_at = null where subject = %s",
    ) == {"what is approved is with the ERP, to the word and to the cent, and what is posted has its document"}
