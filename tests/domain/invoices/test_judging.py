"""What becomes of what was read: never twice into the books, and to a person whenever something is doubtful."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest

from loyalty.programme import switching
from tests.domain.invoices.books import Content, Desk, Json, codes, content, doubt, reading


def test_the_same_document_judged_again_is_what_it_was(books: Desk) -> None:
    order, document_id = books.sent(), books.document()
    paper = content(order.item())
    first = books.judged([reading(paper)], document_id)
    assert first["state"] == "approved"
    assert books.judged([reading(paper)], document_id) == first
    assert books.judged([], document_id) == first


def test_two_invoices_and_a_credit_memo_may_be_in_one_document(books: Desk) -> None:
    order, other = books.sent(), books.sent()
    first = content(order.item())
    memo = content(order.item(1), kind="credit_memo", corrects=first["number"])
    # The invoice counts first, wherever it stands.
    told = books.judged([reading(paper) for paper in (memo, content(other.item(9)), first)])
    assert told["state"] == "review"
    assert [one["state"] for one in told["invoices"]] == ["approved", "review", "approved"]


# ---- switched off ----------------------------------------------------------------------------------------------------


def test_while_posting_is_off_nothing_goes_by_itself_and_all_of_it_when_it_is_on_again(books: Desk) -> None:
    paper = content(books.sent().item())
    switch(books, on=False)
    told = books.judge(paper)
    assert (told["state"], codes(told), books.handed_over(told["invoice_id"])) == ("waiting", {"posting_off"}, None)
    later(books)
    assert books.invoice(told["invoice_id"])["state"] == "waiting"
    switch(books, on=True)
    later(books)
    assert books.invoice(told["invoice_id"])["state"] == "approved"


def test_what_waits_for_the_switch_longer_than_three_days_is_a_persons_and_they_may_post_it(books: Desk) -> None:
    paper = content(books.sent().item())
    switch(books, on=False)
    invoice_id = UUID(books.judge(paper)["invoice_id"])
    books.owner.execute("update invoices.invoice set waits_until = clock.now() where invoice_id = %s", (invoice_id,))
    later(books)
    try:
        assert books.invoice(invoice_id)["state"] == "review"
        assert books.decide(invoice_id, "approve") == "ok"
    finally:
        switch(books, on=True)


def later(books: Desk) -> None:
    """What waits is looked at every few minutes."""
    books.owner.execute("update invoices.invoice set judged_at = judged_at - interval '6 minutes'")
    books.again()


def switch(books: Desk, *, on: bool) -> None:
    switching.switch(books.owner, 1, "invoice_posting", on=on, share_percent=None, actor="test", why="test")


# ---- duplicates ------------------------------------------------------------------------------------------------------


def test_the_same_invoice_in_another_document_is_kept_and_never_posted(books: Desk) -> None:
    paper = content(books.sent().item())
    first = books.approved(paper)
    # Read a little differently, and from another PDF.
    again = books.judge(paper | {"vendor_name": "AMAZON", "lines": [paper["lines"][0] | {"description": "Sornething"}]})
    assert (again["state"], books.handed_over(again["invoice_id"])) == ("duplicate", None)
    assert books.invoice(again["invoice_id"])["duplicate_of"] == first


def test_the_same_number_over_something_else_is_a_persons(books: Desk) -> None:
    paper = content(books.sent().item())
    books.approved(paper)
    other = books.judge(content(books.sent().item(), number=paper["number"]))
    assert (other["state"], codes(other)) == ("review", {"duplicate_number"})
    invoice_id = UUID(other["invoice_id"])
    assert books.decide(invoice_id, "approve") == "differs"
    # The ERP has one document a number, whoever wishes otherwise.
    assert books.decide(invoice_id, "approve_difference", reason="both are right") == "number_taken"
    assert books.decide(invoice_id, "refuse", reason="printed wrongly") == "ok"


def test_one_that_was_refused_may_come_again(books: Desk) -> None:
    paper = content(books.sent().item(unit_price_minor=2100))
    assert books.decide(books.in_review(paper), "refuse", reason="too dear") == "ok"
    assert books.judge(paper)["state"] == "review"


# ---- readings --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", ["low_confidence", "tax_differs", "a_code_of_tomorrow"])
def test_whatever_was_read_with_a_doubt_is_a_persons(books: Desk, code: str) -> None:
    told = books.judged([reading(content(books.sent().item()), doubt(code, "number"))])
    assert (told["state"], codes(told["invoices"][0])) == ("review", {code})


def test_a_draft_goes_to_a_person_with_what_is_known(books: Desk) -> None:
    draft: Content = {"number": "1ABC-2DEF-3GHJ", "total_minor": 6600, "currency": "dollars", "issued_on": "2026-13-45"}
    told = books.judged([reading(None, doubt("missing_field", "issued_on"), draft=draft)])["invoices"][0]
    row = books.invoice(told["invoice_id"])
    assert (row["state"], row["number"], row["total_minor"]) == ("review", "1ABC-2DEF-3GHJ", 6600)
    assert (row["currency"], row["issued_on"], row["content"]) == (None, None, None)
    assert books.decide(row["invoice_id"], "approve") == "incomplete"


@pytest.mark.parametrize("readings", [[], [reading(None, doubt("not_an_invoice"))]])
def test_what_is_no_invoice_is_refused_and_nobody_is_asked(books: Desk, readings: list[Json]) -> None:
    document_id = books.document()
    assert books.judged(readings, document_id) == {"state": "refused", "invoices": []}
    row = books.owner.execute("select * from invoices.document where document_id = %s", (document_id,)).fetchone()
    assert row is not None
    assert (row["state"], row["reason"]) == ("refused", "not_an_invoice")


def test_what_looks_like_an_invoice_after_all_is_a_persons(books: Desk) -> None:
    draft: Content = {"number": "QUOTE-1", "total_minor": 100}
    assert books.judged([reading(None, doubt("not_an_invoice"), draft=draft)])["state"] == "review"


def test_a_paper_that_nobody_can_read_is_a_persons_with_the_reason(books: Desk) -> None:
    document_id = books.document()
    books.owner.execute("select invoices.not_readable(1, %s, 'bad document')", (document_id,))
    give_up = "select invoices.give_up(1, %s, 'not_collected') as told"
    row = books.matching.execute(give_up, (document_id,)).fetchone()
    assert row is not None
    (invoice,) = row["told"]["invoices"]
    assert (row["told"]["state"], invoice["findings"]) == (
        "review",
        [{"code": "unreadable", "field": "", "detail": "bad_document"}],
    )
    assert books.matching.execute(give_up, (document_id,)).fetchone() == row
    case = books.case(invoice["invoice_id"])
    assert case is not None
    assert case["reason"] == "unreadable"


def test_what_was_read_meanwhile_is_not_given_up(books: Desk) -> None:
    document_id = books.document()
    books.judge(content(books.sent().item()), document_id=document_id)
    row = books.matching.execute("select invoices.give_up(1, %s, 'too_slow') as told", (document_id,)).fetchone()
    assert row is not None
    assert row["told"]["state"] == "approved"


# ---- people and events -----------------------------------------------------------------------------------------------


def test_a_case_says_codes_and_fields_and_nothing_that_was_printed(books: Desk) -> None:
    order = books.sent()
    invoice_id = books.in_review(content(order.item(unit_price_minor=2100, description="For Alex"), tax_minor=600))
    case = books.case(invoice_id)
    assert case is not None
    assert case["approvers"] == ["finance", "business-operator"]
    assert case["evidence"]["findings"] == [{"code": "price_differs", "field": "lines.0.unit_price_minor"}]
    assert "Alex" not in str(case["evidence"])


def test_events_tell_ids_and_amounts(books: Desk) -> None:
    invoice_id = books.in_review(content(books.sent().item(unit_price_minor=2100)))
    books.decide(invoice_id, "approve_difference", reason="agreed")
    name = books.posts(invoice_id)
    opened, posted = books.told(invoice_id)
    assert (opened["topic"], posted["topic"]) == ("invoice.review_opened", "invoice.posted")
    assert opened["payload"].keys() == {
        *("invoice_id", "document_id", "case_id", "kind", "total_minor", "currency"),
    }
    assert posted["payload"]["erp_document_id"] == name
    assert posted["payload"].keys() == {
        *("invoice_id", "document_id", "kind", "total_minor", "currency", "erp_document_id"),
    }


# ---- the ERP --------------------------------------------------------------------------------------------------------


def test_what_the_erp_has_posted_stays_posted(books: Desk) -> None:
    invoice_id = books.approved(content(books.sent().item()))
    name = books.posts(invoice_id)
    books.owner.execute("select invoices.posted(1, %s, 'another')", (invoice_id,))
    books.owner.execute("select invoices.posting_refused(1, %s, 'late')", (invoice_id,))
    row = books.invoice(invoice_id)
    assert (row["state"], row["erp_document_id"]) == ("posted", name)
    assert [one["topic"] for one in books.told(invoice_id)] == ["invoice.posted"]


def test_what_the_erp_refuses_is_a_persons_and_goes_again_with_one_click(books: Desk) -> None:
    invoice_id = books.approved(content(books.sent().item()))
    books.refuses(invoice_id)
    case = books.case(invoice_id)
    assert case is not None
    assert (case["reason"], books.invoice(invoice_id)["state"]) == ("posting_refused", "review")
    assert books.decide(invoice_id, "approve") == "ok"
    given = books.handed_over(invoice_id)
    assert given is not None
    assert given["state"] == "waiting"


# ---- at once ---------------------------------------------------------------------------------------------------------


def test_of_invoices_that_together_are_too_many_units_those_pass_that_fit(books: Desk) -> None:
    order = books.sent()
    papers = [content(order.item(2)) for _ in range(4)]
    documents = [books.document() for _ in papers]

    def judge(number: int) -> str:
        with books.database.connect("invoice_matching") as own:
            return str(books.judge(papers[number], document_id=documents[number], by=own)["state"])

    with ThreadPoolExecutor(4) as pool:
        states = sorted(pool.map(judge, range(4)))
    assert states == ["approved", "review", "review", "review"]


def test_of_one_invoice_in_many_documents_one_passes(books: Desk) -> None:
    paper = content(books.sent().item())
    documents = [books.document() for _ in range(4)]

    def judge(document_id: UUID) -> str:
        with books.database.connect("invoice_matching") as own:
            return str(books.judge(paper, document_id=document_id, by=own)["state"])

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(judge, documents)) == ["approved", "duplicate", "duplicate", "duplicate"]
