"""The three-way match: what is paid by itself is of our orders, for units that left, at their price."""

from __future__ import annotations

import json

import pytest

from tests.domain.invoices.books import LAMP, TOWELS, Content, Desk, codes, content, reading
from tests.domain.redemptions.saga import Line


def test_an_invoice_of_what_was_ordered_and_has_left_is_approved(books: Desk) -> None:
    order = books.sent(TOWELS, LAMP)
    told = books.judge(content(order.item(), order.item(line=2), order=order))
    assert (told["state"], told["findings"]) == ("approved", [])


def test_the_erp_gets_it_with_our_numbers_in_the_same_breath(books: Desk) -> None:
    order = books.sent()
    paper = content(order.item(), order=order)
    invoice_id = books.approved(paper)
    given = books.handed_over(invoice_id)
    assert given is not None
    assert (given["kind"], given["number"], given["vendor"]) == ("invoice", paper["number"], "Amazon Business")
    assert given["content"] == paper | {
        "purchase_orders": [order.number],
        "redemptions": [str(order.redemption_id)],
    }


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"amazon_order_id": "114-9999999-9999999"}, "unknown_order"),
        ({"asin": "B0NEVERBUY"}, "unknown_product"),
        ({"unit_price_minor": 2001}, "price_differs"),
        # The line's amount decides, whatever its price says.
        ({"amount_minor": 6300}, "price_differs"),
        ({"quantity": 4}, "quantity_exceeds"),
    ],
)
def test_a_line_that_is_not_as_ordered_is_a_persons(books: Desk, change: Content, code: str) -> None:
    order = books.sent()
    told = books.judge(content(order.item(**change)))
    assert told["state"] == "review"
    assert code in codes(told)
    assert books.handed_over(told["invoice_id"]) is None


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"currency": "EUR"}, "currency_differs"),
        ({"purchase_order_numbers": ["SOMEBODY-ELSES-7"]}, "other_purchase_order"),
        ({"total_minor": 6603}, "total_differs"),
        ({"subtotal_minor": 5000, "total_minor": 5600}, "total_differs"),
        ({"lines": []}, "missing_field"),
        ({"total_minor": -6600}, "negative_total"),
    ],
)
def test_a_paper_that_is_not_as_it_should_be_is_a_persons(books: Desk, change: Content, code: str) -> None:
    order = books.sent()
    told = books.judge(content(order.item(), **change))
    assert (told["state"], code in codes(told)) == ("review", True), told


def test_another_programmes_order_is_nobodys(books: Desk) -> None:
    order = books.sent()
    books.owner.execute("insert into programme.program (program_id, code) values (2, 'other') on conflict do nothing")
    document_id = books.document(program_id=2)
    row = books.matching.execute(
        "select invoices.judge(2, %s, %s::jsonb) as judged", (document_id, json.dumps([reading(content(order.item()))]))
    ).fetchone()
    assert row is not None
    assert codes(row["judged"]["invoices"][0]) == {"unknown_order"}


def test_a_unit_may_cost_less_and_that_is_noted(books: Desk) -> None:
    order = books.sent()
    told = books.judge(content(order.item(unit_price_minor=1500)))
    assert (told["state"], codes(told)) == ("approved", {"cheaper"})


def test_an_invoice_may_be_for_a_part_and_another_for_the_rest(books: Desk) -> None:
    order = books.sent()
    assert books.judge(content(order.item(1)))["state"] == "approved"
    assert books.judge(content(order.item(2)))["state"] == "approved"
    assert codes(books.judge(content(order.item(1)))) == {"quantity_exceeds"}


def test_one_invoice_may_be_for_many_orders(books: Desk) -> None:
    orders = [books.sent(LAMP) for _ in range(3)]
    paper = content(*(order.item() for order in orders), purchase_order_numbers=[order.number for order in orders])
    invoice_id = books.approved(paper)
    shares = books.owner.execute(
        "select amazon_order_id, goods_minor + shipping_minor + tax_minor as minor from invoices.share"
        " where invoice_id = %s order by 1",
        (invoice_id,),
    ).fetchall()
    assert [(row["amazon_order_id"], row["minor"]) for row in shares] == [(o.amazon, 4950) for o in orders]


def test_one_that_names_an_order_of_ours_but_not_its_number_is_a_persons(books: Desk) -> None:
    first, second = books.sent(LAMP), books.sent(LAMP)
    told = books.judge(content(first.item(), second.item(), order=first))
    assert codes(told) == {"other_purchase_order"}


def test_one_without_any_number_of_ours_is_a_persons_though_all_else_fits(books: Desk) -> None:
    told = books.judge(content(books.sent().item(), purchase_order_numbers=[]))
    assert (told["state"], codes(told)) == ("review", {"missing_field"})


def test_of_a_number_of_ours_the_beginning_is_enough_where_the_column_is_narrow(books: Desk) -> None:
    order = books.sent()
    short, wrong = order.number[:-9], order.number[:-9] + "x"
    assert codes(books.judge(content(order.item(1), purchase_order_numbers=[wrong]))) == {"other_purchase_order"}
    assert codes(books.judge(content(order.item(1), purchase_order_numbers=[order.number[:9]]))) != set()
    assert books.judge(content(order.item(1), purchase_order_numbers=[short, "(PO):"]))["state"] == "approved"


def test_a_line_without_an_order_is_of_the_one_behind_our_number(books: Desk) -> None:
    order = books.sent()
    # As it is printed where a line of the paper ends.
    broken = f"{order.number[:20]} {order.number[20:]}".upper()
    told = books.judge(content(order.item(amazon_order_id=None), purchase_order_numbers=[broken]))
    assert told["state"] == "approved"
    assert codes(books.judge(content(order.item(amazon_order_id=None)))) == {"missing_field"}


def test_a_line_without_a_product_is_of_an_orders_only_one(books: Desk) -> None:
    one, two = books.sent(), books.sent(TOWELS, LAMP)
    assert books.judge(content(one.item(asin=None)))["state"] == "approved"
    assert codes(books.judge(content(two.item(asin=None)))) == {"missing_field"}


def test_a_product_that_is_twice_in_an_order_is_counted_once(books: Desk) -> None:
    order = books.sent(LAMP, LAMP)
    assert books.judge(content(order.item(2)))["state"] == "approved"
    assert codes(books.judge(content(order.item(1)))) == {"quantity_exceeds"}


# ---- shipping and tax ------------------------------------------------------------------------------------------------


def test_shipping_may_come_with_the_first_parcel_but_only_once(books: Desk) -> None:
    order = books.sent(shipping_minor=600)
    assert books.judge(content(order.item(1), shipping_minor=600))["state"] == "approved"
    assert books.judge(content(order.item(1)))["state"] == "approved"
    assert codes(books.judge(content(order.item(1), shipping_minor=600))) >= {"shipping_differs"}


def test_shipping_that_a_discount_takes_back_is_none(books: Desk) -> None:
    order = books.sent()
    told = books.judge(content(order.item(), shipping_minor=599, discount_minor=-599, tax_minor=600))
    assert told["state"] == "approved"


def test_a_fee_that_nobody_agreed_to_is_a_persons(books: Desk) -> None:
    order = books.sent()
    fee = {"kind": "fee", "description": "Handling", "amount_minor": 300}
    assert codes(books.judge(content(order.item(), fee, tax_minor=600))) == {"shipping_differs"}


def test_tax_goes_with_the_units_and_may_be_a_cent_off_a_line(books: Desk) -> None:
    order = books.sent(Line("B0ODD00000", 3, 333))
    assert codes(books.judge(content(order.item(1), tax_minor=40))) == {"tax_exceeds"}
    # 99 for three units: 33 for one, two cents of rounding, one for the line.
    assert books.judge(content(order.item(1), tax_minor=36))["state"] == "approved"
    assert books.judge(content(order.item(1), tax_minor=0))["state"] == "approved"


# ---- time ------------------------------------------------------------------------------------------------------------


def test_an_invoice_that_is_faster_than_the_shipment_report_waits_for_it(books: Desk) -> None:
    order = books.ordered()
    told = books.judge(content(order.item(2)))
    assert (told["state"], codes(told)) == ("waiting", {"not_shipped"})
    books.shipped(order, 1)
    books.database.shift_clock("6 minutes")
    assert books.again() == 0
    books.shipped(order, 1)
    books.database.shift_clock("6 minutes")
    assert books.again() == 1
    assert books.invoice(told["invoice_id"])["state"] == "approved"


def test_nobody_waits_longer_than_three_days_for_a_shipment(books: Desk) -> None:
    told = books.judge(content(books.ordered().item()))
    books.database.shift_clock("3 days 1 minute")
    assert books.again() == 1
    assert books.invoice(told["invoice_id"])["state"] == "review"
    assert books.case(told["invoice_id"]) is not None


def test_what_needs_a_person_anyway_does_not_wait(books: Desk) -> None:
    told = books.judge(content(books.ordered().item(unit_price_minor=9000), tax_minor=600))
    assert (told["state"], codes(told)) == ("review", {"not_shipped", "price_differs"})


# ---- credit memos ----------------------------------------------------------------------------------------------------


def test_a_credit_memo_takes_units_away_that_may_be_invoiced_again(books: Desk) -> None:
    order = books.sent()
    paper = content(order.item())
    books.approved(paper)
    memo = content(order.item(1), kind="credit_memo", corrects=paper["number"])
    assert books.judge(memo)["state"] == "approved"
    given = books.handed_over(books.judge(memo, document_id=None)["invoice_id"])
    assert given is None, "the same memo again is a duplicate"
    assert books.judge(content(order.item(1)))["state"] == "approved"
    assert codes(books.judge(content(order.item(1)))) == {"quantity_exceeds"}


def test_a_credit_memo_that_names_no_invoice_is_matched_by_order_and_product(books: Desk) -> None:
    order = books.sent()
    books.approved(content(order.item()))
    assert books.judge(content(order.item(2), kind="credit_memo"))["state"] == "approved"


@pytest.mark.parametrize(
    ("corrects", "quantity", "code"),
    [("9ZZZ-0000-NONE", 1, "no_such_original"), (None, 3, "quantity_exceeds")],
)
def test_a_credit_memo_takes_back_no_more_than_was_paid(
    books: Desk, corrects: str | None, quantity: int, code: str
) -> None:
    order = books.sent()
    books.approved(content(order.item(2)))
    told = books.judge(content(order.item(quantity), kind="credit_memo", corrects=corrects))
    assert (told["state"], code in codes(told)) == ("review", True)


@pytest.mark.parametrize("invoiced", [1, 3])
def test_a_credit_memo_for_more_money_than_was_paid_is_a_persons(books: Desk, invoiced: int) -> None:
    order = books.sent()
    books.approved(content(order.item(invoiced)))
    told = books.judge(content(order.item(1, unit_price_minor=2500), kind="credit_memo"))
    assert codes(told) >= {"price_differs"}


def test_a_credit_memo_for_more_shipping_than_was_paid_is_a_persons(books: Desk) -> None:
    order = books.sent(shipping_minor=500)
    books.approved(content(order.item(), shipping_minor=500))
    paid = content(order.item(1), kind="credit_memo", shipping_minor=-500)
    told = books.judge(content(order.item(1), kind="credit_memo", shipping_minor=-999_900))
    assert (told["state"], "shipping_differs" in codes(told)) == ("review", True)
    assert books.judge(paid)["state"] == "approved"
    again = books.judge(content(order.item(1), kind="credit_memo", shipping_minor=-500))
    assert "shipping_differs" in codes(again), "it was given back already"


def test_a_credit_memo_of_something_never_invoiced_is_a_persons(books: Desk) -> None:
    order = books.sent()
    assert "no_such_original" in codes(books.judge(content(order.item(1), kind="credit_memo")))


def test_a_credit_memo_waits_while_a_person_looks_at_its_invoice(books: Desk) -> None:
    order = books.sent(shipping_minor=500)
    paper = content(order.item(unit_price_minor=2100), shipping_minor=500)
    invoice_id = books.in_review(paper)
    memo = books.judge(content(order.item(1), kind="credit_memo", corrects=paper["number"], shipping_minor=-500))
    assert (memo["state"], codes(memo)) == ("waiting", {"original_open"})
    assert books.decide(invoice_id, "approve_difference", reason="agreed") == "ok"
    books.database.shift_clock("6 minutes")
    books.again()
    assert books.invoice(memo["invoice_id"])["state"] == "approved"


def test_a_credit_for_units_that_came_back_needs_no_remark(books: Desk) -> None:
    order = books.sent()
    books.approved(content(order.item()))
    assert books.give_back(order.redemption_id, 1, "r-1", 1)[0] == "ok"
    assert books.judge(content(order.item(1), kind="credit_memo"))["findings"] == []
    noted = books.judge(content(order.item(1), kind="credit_memo"))
    assert (noted["state"], codes(noted)) == ("approved", {"refund_unknown"})
