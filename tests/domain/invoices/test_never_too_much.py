"""Ways to pay too much, twice, or nobody, that each part's own rules would let pass."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from tests.domain.invoices.books import ANNA, LAMP, OTTO, Content, Desk, codes, content, doubt, reading


def test_a_number_is_paid_once_whatever_our_own_name_for_the_vendor_is(books: Desk) -> None:
    order = books.sent()
    paper = content(order.item(1))
    books.approved(paper)
    again = books.in_review(paper | {"issued_on": "2026-11-21", "tax_minor": 100, "total_minor": 2100})
    # As if it had been approved before the vendor was renamed.
    books.owner.execute(
        "update invoices.invoice set vendor = 'Renamed' where invoice_id = %s and state = 'review'", (again,)
    )
    assert books.decide(again, "approve_difference", reason="it is another one") == "number_taken"


def test_what_came_back_and_was_credited_is_not_paid_again_by_itself(books: Desk) -> None:
    order = books.sent(LAMP)
    books.approved(content(order.item()))
    assert books.give_back(order.redemption_id, 1, "r-1", 1)[0] == "ok"
    assert books.judge(content(order.item(), kind="credit_memo"))["state"] == "approved"
    assert codes(books.judge(content(order.item()))) == {"quantity_exceeds"}


def test_shipping_of_several_orders_on_one_paper_is_not_paid_again_with_the_rest_of_one(books: Desk) -> None:
    first, second = books.sent(shipping_minor=600), books.sent(LAMP, LAMP, LAMP)
    both = content(
        first.item(1),
        second.item(1),
        second.item(1, line=2),
        second.item(1, line=3),
        shipping_minor=600,
        tax_minor=1550,
    )
    assert books.judge(both)["state"] == "approved"
    assert codes(books.judge(content(first.item(1), shipping_minor=500))) == {"shipping_differs"}
    assert books.judge(content(first.item(1)))["state"] == "approved"


def test_of_two_lines_of_one_product_neither_may_be_without_a_quantity(books: Desk) -> None:
    order = books.sent()
    bare: Content = order.item(1) | {"quantity": None, "unit_price_minor": None}
    assert "missing_field" in codes(books.judge(content(order.item(1), bare)))


@pytest.mark.parametrize("days", [-800, 30, 365 * 20])
def test_a_day_that_cannot_be_is_a_persons(books: Desk, days: int) -> None:
    row = books.owner.execute("select clock.now()::date as today").fetchone()
    assert row is not None
    day = (row["today"] + timedelta(days=days)).isoformat()
    told = books.judge(content(books.sent().item(), issued_on=day))
    assert (told["state"], codes(told)) == ("review", {"unreadable"})


def test_a_credit_memo_gives_back_no_more_shipping_than_was_paid(books: Desk) -> None:
    order = books.sent(shipping_minor=600)
    books.approved(content(order.item(), shipping_minor=600))
    told = books.judge(content(order.item(1), kind="credit_memo", shipping_minor=-60_000, tax_minor=-200))
    assert codes(told) >= {"shipping_differs"}
    fits = books.judge(content(order.item(1), kind="credit_memo", shipping_minor=-200))
    assert fits["state"] == "approved"


def test_a_number_that_was_read_with_a_doubt_makes_no_duplicate(books: Desk) -> None:
    order = books.sent()
    paper = content(order.item(1))
    books.approved(paper)
    # The next parcel's invoice is the same but for its number, which a scan shows badly.
    told = books.judged([reading(paper, doubt("low_confidence", "number"))])["invoices"][0]
    assert (told["state"], codes(told)) == ("review", {"low_confidence", "duplicate_number"})


def test_one_invoice_that_cannot_be_given_to_the_erp_does_not_keep_the_others_waiting(books: Desk) -> None:
    stuck, fine = books.ordered(), books.ordered()
    paper = content(stuck.item())
    first, second = books.judge(paper), books.judge(content(fine.item()))
    # Somebody else's document has its number there, and is on its way.
    books.owner.execute(
        "select erp.hand_over(1, 'invoice', clock.new_id(), 'Amazon Business', %s, '{}')", (paper["number"],)
    )
    books.owner.execute(
        "update erp.document set state = 'sent', sent_at = clock.now() where number = %s", (paper["number"],)
    )
    for order in (stuck, fine):
        books.shipped(order, 3)
    books.database.shift_clock("6 minutes")
    assert books.again() == 2
    assert books.invoice(first["invoice_id"])["state"] == "review"
    assert books.decide(UUID(first["invoice_id"]), "approve") == "number_taken"
    assert books.case(first["invoice_id"]) is not None
    assert books.invoice(second["invoice_id"])["state"] == "approved"
    books.owner.execute("delete from erp.document where number = %s", (paper["number"],))


def test_the_same_paper_many_times_in_one_document_is_one_invoice(books: Desk) -> None:
    paper = content(books.sent().item())
    told = books.judged([reading(paper)] * 6)
    assert [one["state"] for one in told["invoices"]] == ["approved"] + ["duplicate"] * 5


def test_nobody_approves_what_was_changed_while_they_looked(books: Desk) -> None:
    order = books.sent()
    dear = content(order.item(unit_price_minor=2100))
    invoice_id = books.in_review(dear)
    assert books.correct(invoice_id, dear | {"issued_on": "2026-11-19"}, OTTO) == "ok"
    dearer = content(order.item(unit_price_minor=9100), number=dear["number"])
    assert books.correct(invoice_id, dearer, OTTO, revision=1) == "ok"
    decide = "select invoices.decide(1, %s, 'approve_difference', 'agreed', %s, '{finance}', %s) as said"
    seen = [books.desk.execute(decide, (invoice_id, ANNA, revision)).fetchone() for revision in (1, 2)]
    assert seen == [{"said": "stale"}, {"said": "ok"}]


def test_an_invoice_goes_nowhere_from_under_its_credit_memo(books: Desk) -> None:
    order = books.sent()
    paper = content(order.item())
    invoice_id = books.approved(paper)
    memo = books.approved(content(order.item(1), kind="credit_memo", corrects=paper["number"]))
    assert books.decide(invoice_id, "take_back") == "built_upon"
    books.refuses(invoice_id)
    assert books.violations() == {}
    assert books.decide(invoice_id, "refuse", reason="not ours") == "built_upon"
    assert books.decide(memo, "take_back") == "ok"
    assert books.decide(invoice_id, "refuse", reason="not ours") == "ok"
    assert books.decide(memo, "refuse", reason="nothing to take back") == "ok"


def test_a_credit_memo_gives_back_no_tax_that_was_not_paid(books: Desk) -> None:
    order = books.sent()
    books.approved(content(order.item(), tax_minor=0))
    assert codes(books.judge(content(order.item(1), kind="credit_memo", tax_minor=-200))) >= {"tax_exceeds"}


def test_what_was_given_up_before_it_ever_left_is_taken_back(books: Desk) -> None:
    invoice_id = books.approved(content(books.sent().item()))
    books.owner.execute(
        "update erp.document set state = 'given_up', ended_at = clock.now() where subject = %s", (invoice_id,)
    )
    assert books.decide(invoice_id, "take_back") == "ok"
    assert books.decide(invoice_id, "approve") == "ok"
    given = books.handed_over(invoice_id)
    assert given is not None
    assert given["state"] == "waiting"


def test_a_credit_memo_goes_nowhere_from_under_the_invoice_that_replaced_what_it_took(books: Desk) -> None:
    order = books.sent()
    books.approved(content(order.item()))
    memo = books.approved(content(order.item(1), kind="credit_memo"))
    again = books.approved(content(order.item(1)))
    assert books.decide(memo, "take_back") == "built_upon"
    books.refuses(memo)
    assert books.violations() == {}
    assert books.decide(memo, "refuse", reason="no") == "built_upon"
    assert books.decide(again, "take_back") == "ok"
    assert books.decide(memo, "refuse", reason="no") == "ok"
    assert books.decide(again, "refuse", reason="no") == "ok"
