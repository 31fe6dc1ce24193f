"""Mail and papers are kept once each, and of people nothing is kept."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

import psycopg
import pytest

from tests.domain.invoices.books import Desk, Json, content, mail, pdf


def take(books: Desk, told: Json, *papers: Json, program_id: int | None = 1) -> list[dict[str, Any]]:
    return books.intake.execute(
        "select * from invoices.take_mail(%s, clock.new_id(), %s::jsonb, %s::jsonb)",
        (program_id, json.dumps(told), json.dumps(list(papers))),
    ).fetchall()


def test_a_mail_that_comes_again_is_the_same_mail(books: Desk) -> None:
    told, paper = mail(91_001), pdf(books.new_key(), "a")
    first = take(books, told, paper)
    assert [(row["state"], row["fresh"]) for row in first] == [("received", True)]
    assert take(books, told, paper | {"document_id": str(books.new_key())}) == first


def test_a_pdf_that_came_before_is_known_by_its_content(books: Desk) -> None:
    (first,) = take(books, mail(91_002), pdf(books.new_key(), "b"))
    (again,) = take(books, mail(91_003), pdf(books.new_key(), "b", name="other.pdf"))
    assert (again["document_id"], again["fresh"]) == (first["document_id"], False)


def test_only_who_looks_at_mail_says_that_one_came(books: Desk) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        books.watch.execute("select * from invoices.take_mail(1, clock.new_id(), '{}', '[]')")


def test_what_is_refused_is_kept_with_its_reason(books: Desk) -> None:
    assert take(books, mail(91_004, outcome="refused", reason="not signed!")) == []
    (row,) = take(books, mail(91_005), pdf(books.new_key(), "c", object_key=None, reason="encrypted"))
    assert row["state"] == "refused"
    reasons = books.owner.execute("select reason from invoices.mail where object_key = 'mail/91004'").fetchall()
    assert reasons == [{"reason": "not_signed"}]


def test_what_nobody_had_time_to_look_at_is_taken_when_it_comes_again(books: Desk) -> None:
    (first,) = take(books, mail(91_020), pdf(books.new_key(), "late", object_key=None, reason="took_too_long"))
    (again,) = take(books, mail(91_021), pdf(books.new_key(), "late"))
    assert (first["state"], again["state"]) == ("refused", "received")
    assert again["document_id"] == first["document_id"]
    known = books.intake.execute(
        "select state, object_key from invoices.known_document(1, %s)", (pdf(books.new_key(), "late")["sha256"],)
    ).fetchone()
    assert known == {"state": "received", "object_key": pdf(books.new_key(), "late")["object_key"]}
    (worse,) = take(books, mail(91_022), pdf(books.new_key(), "late", object_key=None, reason="took_too_long"))
    assert worse["state"] == "received"


def test_of_whom_a_mail_came_and_to_whom_only_the_domain_and_the_programme_are_kept(books: Desk) -> None:
    sender = "Alex Member <Alex.Member@Shop.Example>"
    take(books, mail(91_006, sender=sender, recipient="alex.member@invoices.example"))
    take(books, mail(91_007, sender="x@amazon.com", recipient="main@invoices.example"))
    rows = books.owner.execute(
        "select m::text as whole, sender_domain, recipient from invoices.mail as m"
        " where object_key in ('mail/91006', 'mail/91007') order by object_key"
    ).fetchall()
    assert [(row["sender_domain"], row["recipient"]) for row in rows] == [
        ("shop.example", None),
        ("amazon.com", "main"),
    ]
    assert "alex" not in rows[0]["whole"].lower()


def test_a_file_name_is_letters_and_not_long(books: Desk) -> None:
    (row,) = take(books, mail(91_008), pdf(books.new_key(), "d", name="../../Rechnung für\n" + "x" * 200 + ".pdf"))
    found = books.owner.execute(
        "select name from invoices.document where document_id = %s", (row["document_id"],)
    ).fetchone()
    assert found is not None
    assert found["name"].startswith("Rechnung_f_r_x")
    assert len(found["name"]) == 60


def test_what_nobody_has_begun_for_five_minutes_is_begun_by_the_watch(books: Desk) -> None:
    document_id = books.document()

    def waits() -> bool:
        rows = books.watch.execute("select document_id from invoices.to_start(1000)").fetchall()
        return document_id in [row["document_id"] for row in rows]

    assert not waits()
    books.database.shift_clock("6 minutes")
    assert waits()
    books.watch.execute("select invoices.begun(1, %s)", (document_id,))
    assert not waits()
    books.database.shift_clock("25 hours")
    assert waits(), "an execution that died is replaced"
    books.judge(content(books.sent().item()), document_id=document_id)
    assert not waits()


def test_the_bucket_gives_as_many_calls_as_the_account_has(books: Desk) -> None:
    reading = books.database.connect("invoice_reading")

    def wait() -> float:
        row = reading.execute("select invoices.take_reading_token(0.01, 2) as seconds").fetchone()
        assert row is not None
        return float(row["seconds"])

    with reading:
        assert [wait(), wait()] == [0, 0]
        assert 95 < wait() <= 100
        books.database.shift_clock("100 seconds")
        assert wait() == 0
        with pytest.raises(psycopg.errors.InvalidParameterValue):
            reading.execute("select invoices.take_reading_token(0, 2)")


def test_samples_and_history_stay_as_they_were_written(books: Desk) -> None:
    books.approved(content(books.sent().item()))
    for table in ("correction", "event"):
        with pytest.raises(psycopg.errors.RestrictViolation):
            books.owner.execute(f"truncate invoices.{table}".encode())
    with pytest.raises(psycopg.errors.RestrictViolation):
        books.owner.execute("update invoices.event set actor = 'me'")


def test_the_lists_show_what_came_and_what_became_of_it(books: Desk) -> None:
    order = books.sent()
    document_id = books.document()
    invoice_id = UUID(books.judge(content(order.item()), document_id=document_id)["invoice_id"])
    (row,) = books.desk.execute(
        "select invoices.page(1, 'approved', date '2026-11-01', '1abc', %s, null, null, 50) as told", (order.amazon,)
    ).fetchall()
    assert (row["told"]["invoice_id"], row["told"]["findings"]) == (str(invoice_id), [])
    (found,) = books.desk.execute("select invoices.mails(1, 'taken', null, 1) as told").fetchall()
    (paper,) = found["told"]["documents"]
    assert (paper["document_id"], paper["invoices"][0]["invoice_id"]) == (str(document_id), str(invoice_id))
    whole = books.one(invoice_id)
    assert whole["matches"][0] | {"findings": 0} == {
        "line": 0,
        "amazon_order_id": order.amazon,
        "asin": "B0TOWELS00",
        "redemption_id": str(order.redemption_id),
        "order_line": 1,
        "ordered_quantity": 3,
        "shipped_quantity": 3,
        "invoiced_before": 0,
        "invoiced_quantity": 3,
        "ordered_unit_price_minor": 2000,
        "invoiced_unit_price_minor": 2000,
        "findings": 0,
    }
    assert (whole["erp"]["state"], whole["mail"]["sender_domain"]) == ("waiting", "amazon.com")
