"""What is known before a paper is read: what we ordered, and which invoices Amazon says it has issued."""

from __future__ import annotations

import json

import pytest

from loyalty.invoices import recalling
from loyalty.invoices.papers import pages
from loyalty.invoices.recalling import Ordered
from tests.domain.invoices.books import LAMP, TOWELS, Content, Desk, Json, Order, codes, content, doubt, reading
from tests.domain.invoices.expenses import document
from tests.domain.invoices.expenses import field as printed

DAY = "2026-11-20"


# ---- our orders ------------------------------------------------------------------------------------------------------


def asked(books: Desk, *texts: str, program_id: int = 1) -> list[Ordered]:
    """What is ours under numbers that stand so on a paper."""
    fields = [printed("OTHER", text, "Order #") for text in texts]
    ask = recalling.ours(books.matching, program_id)
    return list(ask(recalling.clues(pages([document(fields)]))))


def test_an_order_is_found_by_what_was_read_well_of_its_numbers(books: Desk) -> None:
    order = books.sent(TOWELS, LAMP)
    whole = [
        Ordered(order.amazon, order.number, line.asin, line.quantity, line.unit_price_minor, "USD", 0)
        for line in sorted((TOWELS, LAMP), key=lambda each: each.asin)
    ]
    first, middle, last = order.amazon.split("-")
    for text in (
        order.amazon,
        f"{first}-{middle.replace('0', 'O')}-{last}",
        f"{first}-{middle}-9999999",
        order.number,
        order.number[:24] + "Be",
        f"see {order.number[:20]}\n{order.number[20:]}",
    ):
        found = [each for each in asked(books, text) if each.amazon_order_id == order.amazon]
        assert found == whole, text
    assert asked(books, "999-9999999-9999999", "LOY-ffffffff-ffff-7000-8000-000000000000") == []


def test_nothing_is_told_of_another_programmes_orders(books: Desk) -> None:
    order = books.sent()
    assert asked(books, order.amazon, order.number, program_id=2) == []


def test_of_more_orders_than_can_be_told_apart_none_is_told(books: Desk) -> None:
    order, _ = books.sent(), books.sent()
    query = "select amazon_order_id from invoices.ours(1, %s::text[], '{}', %s)"
    # All orders of these tests end alike.
    ending = [f"000-0000000-{order.amazon[-7:]}"]
    assert len(books.matching.execute(query, (ending, 200)).fetchall()) > 1
    assert books.matching.execute(query, (ending, 1)).fetchall() == []


# ---- Amazon's word ---------------------------------------------------------------------------------------------------


def told(
    books: Desk,
    order: Order,
    number: str | None,
    at: str = f"{DAY}T08:00:00Z",
    kind: str = "CHARGE",
    program_id: int = 1,
) -> None:
    """Amazon says that it has charged for the order, and by which invoice; as its feed was written down."""
    row = books.owner.execute(
        "insert into reconciliation.transaction (connection, transaction_type, transaction_id, transacted_at, currency,"
        " amount_minor, raw, content, first_heard_at, last_heard_at) values ('default', %s, clock.new_id()::text, %s,"
        " 'USD', 6600, %s::jsonb, '', clock.now(), clock.now()) returning transaction_id",
        (kind, at, json.dumps({"invoiceNumber": number})),
    ).fetchone()
    assert row is not None
    books.owner.execute(
        "insert into reconciliation.transaction_line (connection, transaction_type, transaction_id, position,"
        " amazon_order_id, quantity, currency, amount_minor, principal_minor, program_id, redemption_id)"
        " values ('default', %s, %s, 1, %s, 1, 'USD', 6600, 6600, %s, %s)",
        (kind, row["transaction_id"], order.amazon, program_id, order.redemption_id),
    )


def read_so(books: Desk, paper: Content, *fields: str) -> Json:
    """The paper as it was judged, of which these fields are proven by nothing."""
    judged: Json = books.judged([reading(paper, *(doubt("unproven", field) for field in fields))])["invoices"][0]
    return judged


def later(books: Desk, invoice_id: str) -> str:
    """What has become of it once it was looked at again."""
    books.owner.execute(
        "update invoices.invoice set judged_at = judged_at - interval '6 minutes' where invoice_id = %s", (invoice_id,)
    )
    books.again()
    return str(books.invoice(invoice_id)["state"])


def test_a_number_that_nothing_proves_waits_until_amazon_says_it(books: Desk) -> None:
    order = books.sent()
    paper = content(order.item())
    first = read_so(books, paper, "number")
    assert (first["state"], codes(first)) == ("waiting", {"unproven"})
    assert books.handed_over(first["invoice_id"]) is None
    assert later(books, first["invoice_id"]) == "waiting"
    told(books, order, str(paper["number"]).lower())
    assert later(books, first["invoice_id"]) == "approved"


def test_a_number_that_amazon_has_said_already_waits_for_nothing(books: Desk) -> None:
    order = books.sent()
    paper = content(order.item())
    told(books, order, paper["number"])
    assert read_so(books, paper, "number")["state"] == "approved"


@pytest.mark.parametrize("what", ["another number", "another order", "another programme", "a refund", "no number"])
def test_only_the_very_number_of_the_papers_own_order_settles_it(books: Desk, what: str) -> None:
    order = books.sent()
    paper = content(order.item())
    number = str(paper["number"])
    if what == "another number":
        told(books, order, f"{number[:-1]}0")
    elif what == "another order":
        told(books, books.sent(), number)
    elif what == "another programme":
        told(books, order, number, program_id=2)
    elif what == "a refund":
        told(books, order, number, kind="REFUND")
    else:
        told(books, order, None)
    judged = read_so(books, paper, "number")
    assert (judged["state"], codes(judged)) == ("waiting", {"unproven"})


def test_a_day_that_nothing_proves_is_that_of_the_transaction_with_its_number(books: Desk) -> None:
    order, other = books.sent(), books.sent()
    paper, second = content(order.item(), issued_on=DAY), content(other.item(), issued_on=DAY)
    told(books, order, paper["number"])
    assert read_so(books, paper, "issued_on")["state"] == "approved"
    told(books, other, second["number"], at="2026-11-19T08:00:00Z")
    told(books, other, "1XXX-OTHER", at=f"{DAY}T08:00:00Z")
    assert read_so(books, second, "issued_on", "number")["state"] == "waiting"


@pytest.mark.parametrize("twin", ["another digit", "longer"])
def test_amazons_word_settles_nothing_between_two_numbers_that_are_nearly_the_same(books: Desk, twin: str) -> None:
    order = books.sent()
    paper = content(order.item())
    number = str(paper["number"])
    told(books, order, number)
    told(books, order, f"{number[:-1]}{'1' if number[-1] == '7' else '7'}" if twin == "another digit" else f"{number}1")
    assert read_so(books, paper, "number")["state"] == "waiting"


def test_nobody_waits_longer_than_three_days_for_amazons_word(books: Desk) -> None:
    judged = read_so(books, content(books.sent().item()), "number")
    books.owner.execute(
        "update invoices.invoice set waits_until = waits_until - interval '4 days' where invoice_id = %s",
        (judged["invoice_id"],),
    )
    assert later(books, judged["invoice_id"]) == "review"


def test_what_else_was_read_with_a_doubt_is_a_persons_at_once(books: Desk) -> None:
    order = books.sent()
    paper = content(order.item())
    told(books, order, paper["number"])
    findings = [doubt("unproven", "number"), doubt("low_confidence", "lines.0.quantity")]
    judged = books.judged([reading(paper, *findings)])["invoices"][0]
    assert (judged["state"], codes(judged)) == ("review", {"low_confidence"})
