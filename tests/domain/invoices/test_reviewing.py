"""A person corrects what was read, approves what fits, and needs another one for what does not."""

from __future__ import annotations

from uuid import UUID

from tests.domain.invoices.books import ANNA, OTTO, Desk, Order, codes, content, doubt, reading


def misread(books: Desk) -> tuple[UUID, Order]:
    """A price of 20.00 that was read as 26.00."""
    order = books.sent()
    wrong = content(order.item(unit_price_minor=2600), number="1MIS-READ-0001", tax_minor=600)
    told = books.judged(
        [
            reading(
                wrong | {"number": f"M{order.amazon[4:11]}"},
                doubt("low_confidence", "lines.0.unit_price_minor"),
                seen=[
                    {
                        "name": "lines.0.unit_price_minor",
                        "printed": "$2G.00",
                        "confidence": 71.5,
                        "page": 1,
                        "box": None,
                    }
                ],
            )
        ]
    )
    assert told["state"] == "review"
    return UUID(told["invoices"][0]["invoice_id"]), order


def right(order: Order) -> dict[str, object]:
    return content(order.item(), number=f"M{order.amazon[4:11]}")


def test_when_a_correction_makes_everything_fit_approving_is_one_click(books: Desk) -> None:
    invoice_id, order = misread(books)
    assert books.decide(invoice_id, "approve") == "differs"
    assert books.correct(invoice_id, right(order)) == "ok"
    told = books.one(invoice_id)
    assert (told["findings"], told["blocks"], told["state"]) == ([], False, "review")
    assert books.decide(invoice_id, "approve") == "ok"
    row = books.invoice(invoice_id)
    assert (row["state"], row["decided_by"], row["differs"]) == ("approved", ANNA, False)
    assert books.case(invoice_id) is None
    given = books.handed_over(invoice_id)
    assert given is not None
    assert given["content"]["total_minor"] == 6600


def test_every_value_that_was_put_right_is_a_sample(books: Desk) -> None:
    invoice_id, order = misread(books)
    books.correct(invoice_id, right(order))
    rows = {row["field"]: row for row in books.one(invoice_id)["corrections"]}
    assert set(rows) == {"lines.0.unit_price_minor", "lines.0.amount_minor", "subtotal_minor", "total_minor"}
    price = rows["lines.0.unit_price_minor"]
    assert (price["printed"], price["confidence"], price["read"], price["corrected"]) == ("$2G.00", 71.5, 2600, 2000)
    assert price["actor"] == ANNA


def test_a_draft_is_completed_by_a_person(books: Desk) -> None:
    order = books.sent()
    told = books.judged([reading(None, doubt("missing_field", "total_minor"), draft={"number": "1DRA-0001"})])
    invoice_id = UUID(told["invoices"][0]["invoice_id"])
    assert books.correct(invoice_id, content(order.item(), number="1DRA-0001")) == "ok"
    fields = {row["field"] for row in books.one(invoice_id)["corrections"]}
    assert {"total_minor", "lines.0.asin"} <= fields, "what could not be read"
    assert fields.isdisjoint({"number", "shipping_minor", "corrects", "tax_lines"}), "what was, and what is nothing"
    assert books.decide(invoice_id, "approve") == "ok"


def test_what_differs_still_is_approved_by_another_person_than_corrected_it(books: Desk) -> None:
    order = books.sent()
    invoice_id = books.in_review(content(order.item(unit_price_minor=2100)))
    dearer = content(order.item(unit_price_minor=2200))
    assert books.correct(invoice_id, dearer) == "ok"
    assert books.decide(invoice_id, "approve_difference", ANNA, "agreed by telephone") == "same_person"
    assert books.decide(invoice_id, "approve_difference", OTTO) == "no_reason"
    assert books.decide(invoice_id, "approve_difference", OTTO, "agreed by telephone") == "ok"
    row = books.invoice(invoice_id)
    assert (row["state"], row["differs"], row["reason"]) == ("approved", True, "agreed by telephone")


def test_a_colleagues_small_correction_makes_nobody_the_second_person(books: Desk) -> None:
    order = books.sent()
    paper = content(order.item(unit_price_minor=2100))
    invoice_id = books.in_review(paper)
    assert books.correct(invoice_id, content(order.item(unit_price_minor=2200), number=paper["number"])) == "ok"
    again = content(order.item(unit_price_minor=2300), number=paper["number"])
    assert books.correct(invoice_id, again, OTTO, revision=1) == "ok"
    for corrector in (ANNA, OTTO):
        assert books.decide(invoice_id, "approve_difference", corrector, "agreed") == "same_person"
    assert books.decide(invoice_id, "approve_difference", "staff:fay", "agreed") == "ok"


def test_where_nothing_differs_there_is_no_difference_to_approve(books: Desk) -> None:
    invoice_id, order = misread(books)
    books.correct(invoice_id, right(order))
    assert books.decide(invoice_id, "approve_difference", OTTO, "why not") == "nothing_differs"


def test_whoever_looked_at_an_older_revision_changes_nothing(books: Desk) -> None:
    invoice_id, order = misread(books)
    assert books.correct(invoice_id, right(order)) == "ok"
    assert books.correct(invoice_id, right(order)) == "replay"
    assert books.correct(invoice_id, right(order), OTTO) == "stale"
    assert books.correct(invoice_id, right(order), OTTO, revision=1) == "ok"


def test_only_finance_and_business_operations_decide(books: Desk) -> None:
    invoice_id, order = misread(books)
    for groups in (["support"], ["catalogue-manager"], []):
        assert books.decide(invoice_id, "refuse", reason="no", groups=groups) == "not_approver"
        assert books.correct(invoice_id, right(order), groups=groups) == "not_approver"
    assert books.decide(invoice_id, "refuse", reason="no", groups=["business-operator"]) == "ok"


def test_refusing_needs_a_reason_and_may_be_said_twice(books: Desk) -> None:
    invoice_id, _ = misread(books)
    assert books.decide(invoice_id, "refuse") == "no_reason"
    assert books.decide(invoice_id, "refuse", reason="not ours") == "ok"
    assert books.decide(invoice_id, "refuse", reason="not ours") == "replay"
    assert books.decide(invoice_id, "refuse", OTTO, "not ours") == "not_open"
    assert books.decide(invoice_id, "approve") == "not_open"
    assert (books.invoice(invoice_id)["reason"], books.handed_over(invoice_id)) == ("not ours", None)


def test_another_programme_reaches_nothing(books: Desk) -> None:
    invoice_id, _ = misread(books)
    row = books.desk.execute(
        "select invoices.decide(2, %s, 'refuse', 'x', 'me', '{finance}') as status, invoices.one(2, %s) as told",
        (invoice_id, invoice_id),
    ).fetchone()
    assert row == {"status": "unknown_invoice", "told": None}


# ---- taking back -----------------------------------------------------------------------------------------------------


def test_what_was_approved_can_be_taken_back_before_it_leaves_and_goes_again(books: Desk) -> None:
    invoice_id = books.approved(content(books.sent().item()))
    assert books.decide(invoice_id, "take_back") == "ok"
    assert (books.invoice(invoice_id)["state"], books.handed_over(invoice_id)) == ("review", None)
    assert books.case(invoice_id) is not None
    assert books.decide(invoice_id, "approve") == "ok"
    given = books.handed_over(invoice_id)
    assert given is not None
    assert given["state"] == "waiting"


def test_units_of_what_was_taken_back_may_be_invoiced_by_others(books: Desk) -> None:
    order = books.sent()
    first = books.approved(content(order.item()))
    books.decide(first, "take_back")
    assert books.judge(content(order.item()))["state"] == "approved"
    assert books.decide(first, "approve") == "differs"
    assert codes(books.invoice(first)) == {"quantity_exceeds"}


def test_what_is_being_sent_or_is_posted_is_not_taken_back(books: Desk) -> None:
    invoice_id = books.approved(content(books.sent().item()))
    books.owner.execute(
        "update erp.document set taken_by = clock.new_id(), first_tried_at = clock.now() where subject = %s",
        (invoice_id,),
    )
    assert books.decide(invoice_id, "take_back") == "too_late"
    books.posts(invoice_id)
    assert books.decide(invoice_id, "take_back") == "too_late"


def test_what_was_refused_can_be_looked_at_again(books: Desk) -> None:
    invoice_id, order = misread(books)
    books.decide(invoice_id, "refuse", reason="not ours")
    assert books.decide(invoice_id, "take_back") == "ok"
    assert books.correct(invoice_id, right(order)) == "ok"
    assert books.decide(invoice_id, "approve") == "ok"
    assert [event["kind"] for event in books.one(invoice_id)["history"]] == [
        *("review_opened", "refused", "taken_back", "review_opened", "corrected", "approved"),
    ]


def test_a_ticket_of_an_invoice_is_not_settled_as_one(books: Desk) -> None:
    invoice_id, _ = misread(books)
    case = books.case(invoice_id)
    assert case is not None
    row = books.owner.execute(
        "select cases.settle_ticket(1, %s, 'refuse', null, 'me', '{finance}') as status", (case["case_id"],)
    ).fetchone()
    assert row == {"status": "not_here"}
