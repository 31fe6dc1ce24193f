"""Invoices: mailed when what they are of has left, of exactly what was charged, and had by the Document API as well."""

from __future__ import annotations

import email
import email.policy
import gzip
import io
import json
import re
import time
from collections.abc import Iterator
from email.message import EmailMessage
from typing import Any
from uuid import uuid4

import pypdf
import pytest
import urllib3

from local.simulators import mail_signing
from local.simulators.amazon_business import mailing
from loyalty.orders.amazon_business import AmazonBusiness
from tests.simulators.amazon_business.mailbox import Delivery, Mailbox, open_mailbox
from tests.simulators.amazon_business.running import Simulator, line, order

LAMP = "B0BUNDLE00"
TO = "main@invoices.loyalty.example"
REPORTS, DETAILS = "/reports/2021-09-30", "/reconciliation/2021-01-08/invoices"


@pytest.fixture(scope="module")
def mailbox_of_module() -> Iterator[Mailbox]:
    with pytest.MonkeyPatch.context() as patch, open_mailbox() as box:
        patch.setattr(mailing, "TICK_SECONDS", 0.01)
        patch.setattr(mailing, "MAX_ATTEMPTS", 3)
        yield box


@pytest.fixture
def mailbox(mailbox_of_module: Mailbox, amazon: Simulator) -> Mailbox:
    mailbox_of_module.deliveries.clear()
    mailbox_of_module.refuse = mailbox_of_module.refused = 0
    amazon.put(
        "settings",
        ship_after_seconds=None,
        deliver_after_seconds=None,
        invoice_after_seconds=0,
        report_after_seconds=0,
        invoice_recipient=TO,
        mail_port=mailbox_of_module.port,
    )
    return mailbox_of_module


def shipped(amazon: Simulator, client: AmazonBusiness, *lines: tuple[str, int], steps: tuple[str, ...] = ()) -> str:
    key = str(uuid4())
    wanted = lines or ((LAMP, 2),)
    asked = [line(asin, quantity, number) for number, (asin, quantity) in enumerate(wanted, 1)]
    client.place_order(order(key, *asked, purchase_order_number=f"LOY-{key}"))
    for step in ("ship", *steps):
        amazon.post(f"orders/{key}/{step}")
    return key


def transactions(amazon: Simulator, key: str) -> list[dict[str, Any]]:
    query = "feedStartDate=2020-01-01T00:00:00Z&feedEndDate=2099-01-01T00:00:00Z"
    amazon.put("settings", transaction_page_size=5_000)
    found = json.loads(amazon.ask("GET", f"/reconciliation/2021-01-08/transactions?{query}").data)["transactions"]
    return [one for one in found if one["transactionLineItems"][0]["purchaseOrderNumber"] == f"LOY-{key}"]


def invoices(amazon: Simulator, key: str) -> list[dict[str, Any]]:
    return [one for one in amazon.get("invoices?limit=5000")["invoices"] if one["external_id"] == key]


def attachment(delivery: Delivery) -> bytes:
    message = email.message_from_bytes(delivery.raw, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    (part,) = message.iter_attachments()
    assert part.get_content_type() == "application/pdf"
    content = part.get_content()
    assert isinstance(content, bytes)
    return content


def words(pdf: bytes) -> str:
    return re.sub(r"\s", "", "".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(pdf)).pages))


def dollars(minor: int) -> str:
    return f"${minor // 100:,}.{minor % 100:02d}"


def test_what_left_is_invoiced_by_mail_with_the_number_and_the_amount_of_its_transaction(
    amazon: Simulator, client: AmazonBusiness, mailbox: Mailbox
) -> None:
    key = shipped(amazon, client)
    (delivery,) = mailbox.take()
    (charge,) = transactions(amazon, key)
    text = words(attachment(delivery))
    number, minor = charge["invoiceNumber"], round(float(charge["amount"]["amount"]) * 100)
    assert re.fullmatch(r"1\w{3}-\w{4}-\w{4}", number)
    assert f"Invoice#{number}|" in text
    assert f"Amountdue{dollars(minor)}USD" in text
    item = charge["transactionLineItems"][0]
    for value in (item["orderId"], item["asin"], f"LOY-{key}"):
        assert value in text
    (told,) = invoices(amazon, key)
    assert (told["number"], told["total_minor"], told["state"], told["units"]) == (number, minor, "mailed", 2)


def test_a_mail_comes_from_amazons_own_host_to_the_one_recipient_and_is_signed(
    amazon: Simulator, client: AmazonBusiness, mailbox: Mailbox
) -> None:
    shipped(amazon, client)
    (delivery,) = mailbox.take()
    assert (delivery.greeting, delivery.sender) == ("mail.amazon.com", "no-reply@amazon.com")
    assert delivery.recipients == (TO,)
    assert mail_signing.signer(delivery.raw) == "amazon.com"
    message = email.message_from_bytes(delivery.raw, policy=email.policy.default)
    assert "amazon.com" in message["Message-ID"]


def test_a_refund_is_a_credit_memo_with_a_number_of_its_own_that_names_the_invoice(
    amazon: Simulator, client: AmazonBusiness, mailbox: Mailbox
) -> None:
    key = shipped(amazon, client, steps=("deliver", "return", "refund"))
    texts = [words(attachment(delivery)) for delivery in mailbox.take(2)]
    charge, refund = sorted(transactions(amazon, key), key=lambda one: one["transactionType"])
    assert charge["invoiceNumber"] != refund["invoiceNumber"]
    (memo,) = [text for text in texts if f"CreditMemo#{refund['invoiceNumber']}" in text]
    assert f"Originalinvoice#{charge['invoiceNumber']}" in memo
    minor = -round(float(refund["amount"]["amount"]) * 100)
    assert f"Amountcredited({dollars(minor)})USD" in memo


def test_parts_of_an_order_are_invoiced_as_they_leave_and_add_up_to_it(
    amazon: Simulator, client: AmazonBusiness, mailbox: Mailbox
) -> None:
    key = str(uuid4())
    client.place_order(order(key, line(LAMP, 3), purchase_order_number=f"LOY-{key}"))
    for _ in range(3):
        amazon.post(f"orders/{key}/ship", units={"1": 1})
    mailbox.take(3)
    charged = amazon.rows("select charged_minor from orders where external_id = ?", key)[0]["charged_minor"]
    assert sum(one["total_minor"] for one in invoices(amazon, key)) == charged


def test_a_checkout_can_be_one_invoice(amazon: Simulator, client: AmazonBusiness, mailbox: Mailbox) -> None:
    amazon.put("settings", invoice_grouping="checkout", invoice_after_seconds=60)
    key = shipped(amazon, client, (LAMP, 1), ("B0DRIFT003", 2))
    (one,) = invoices(amazon, key)
    assert (one["units"], one["state"]) == (3, "waiting")
    assert {charge["invoiceNumber"] for charge in transactions(amazon, key)} == {one["number"]}
    amazon.post(f"orders/{key}/invoice")
    text = words(attachment(mailbox.take()[0]))
    assert LAMP in text
    assert "B0DRIFT003" in text


def test_nothing_is_invoiced_that_was_never_charged_and_nothing_twice(
    amazon: Simulator, client: AmazonBusiness, mailbox: Mailbox
) -> None:
    amazon.fault("charge", "charge_missing")
    assert invoices(amazon, shipped(amazon, client)) == []
    amazon.fault("charge", "charge_duplicate")
    key = shipped(amazon, client)
    assert len(transactions(amazon, key)) == 2
    assert len(invoices(amazon, key)) == 1
    mailbox.take()


def test_a_door_that_refuses_is_tried_again_and_not_for_ever(
    amazon: Simulator, client: AmazonBusiness, mailbox: Mailbox
) -> None:
    mailbox.refuse = 2
    key = shipped(amazon, client)
    mailbox.take()
    assert mailbox.refused == 2
    mailbox.refuse = 1_000
    key = shipped(amazon, client)
    for _ in range(300):
        if invoices(amazon, key)[0]["state"] == "failed":
            break
        time.sleep(0.01)
    assert invoices(amazon, key)[0]["state"] == "failed"
    assert mailbox.refused == 2 + mailing.MAX_ATTEMPTS


def test_the_same_paper_can_be_sent_again(amazon: Simulator, client: AmazonBusiness, mailbox: Mailbox) -> None:
    key = shipped(amazon, client)
    (first,) = mailbox.take()
    number = invoices(amazon, key)[0]["number"]
    amazon.post(f"invoices/{number}/send")
    (second,) = mailbox.take()
    assert attachment(first) == attachment(second)
    assert first.raw != second.raw
    assert urllib3.request("GET", f"{amazon.url}/_simulator/invoices/{number}.pdf").data == attachment(first)
    amazon.post(f"invoices/{number}/send", 400, error="nonsense")
    amazon.post("invoices/1XXX-0000-0000/send", 404)


def test_errors_are_to_be_had(amazon: Simulator, client: AmazonBusiness, mailbox: Mailbox) -> None:
    key = shipped(amazon, client)
    right = words(attachment(mailbox.take()[0]))

    def sent(error: str) -> Delivery:
        amazon.post(f"orders/{key}/invoice", error=error)
        return mailbox.take()[0]

    due = re.search(r"Amountdue\$([\d,.]+)USD", right)
    assert due
    for error in ("wrong_price", "extra_unit", "wrong_total"):
        other = words(attachment(sent(error)))
        assert f"Amountdue${due[1]}USD" not in other, error
    assert f"LOY-{key}" not in words(attachment(sent("other_purchase_order")))
    assert words(attachment(sent("smudged"))) == ""
    assert pypdf.PdfReader(io.BytesIO(attachment(sent("encrypted")))).is_encrypted
    spoofed = sent("spoofed_sender")
    assert mail_signing.signer(spoofed.raw) is None
    assert b"no-reply@amazon.com" in spoofed.raw
    assert "amazon.com" not in spoofed.sender + spoofed.greeting


def test_a_fault_is_of_the_next_invoice_that_leaves_by_itself(
    amazon: Simulator, client: AmazonBusiness, mailbox: Mailbox
) -> None:
    amazon.fault("invoice", "invoice_encrypted")
    shipped(amazon, client)
    assert pypdf.PdfReader(io.BytesIO(attachment(mailbox.take()[0]))).is_encrypted
    shipped(amazon, client)
    assert not pypdf.PdfReader(io.BytesIO(attachment(mailbox.take()[0]))).is_encrypted


def report(amazon: Simulator, **options: str) -> dict[str, Any]:
    """What became of a report of this."""
    body = {"reportType": "GET_AB_INVOICE_PDF", "marketplaceIds": ["ATVPDKIKX0DER"], "reportOptions": options}
    answer = amazon.ask("POST", f"{REPORTS}/reports", **body)
    assert answer.status == 202, answer.data
    report_id = json.loads(answer.data)["reportId"]
    told: dict[str, Any] = json.loads(amazon.ask("GET", f"{REPORTS}/reports/{report_id}").data)
    return told


def test_an_invoice_that_is_never_mailed_is_had_by_its_number_or_its_order(
    amazon: Simulator, client: AmazonBusiness, mailbox: Mailbox
) -> None:
    amazon.fault("invoice", "invoice_held")
    key = shipped(amazon, client)
    amazon.post("invoices/mail")
    (one,) = invoices(amazon, key)
    assert (one["state"], mailbox.deliveries) == ("held", [])
    (charge,) = transactions(amazon, key)
    item = charge["transactionLineItems"][0]
    names = {name: item[name] for name in ("orderId", "orderLineItemId", "shipmentId")}
    for options in ({"invoiceId": charge["invoiceNumber"], "documentType": "Invoice"}, names):
        done = report(amazon, **options)
        assert done["processingStatus"] == "DONE"
        shown = json.loads(amazon.ask("GET", f"{REPORTS}/documents/{done['reportDocumentId']}").data)
        pdf = urllib3.request("GET", shown["url"]).data
        assert f"Invoice#{charge['invoiceNumber']}|" in words(pdf)
    amazon.put("settings", report_gzip=True)
    shown = json.loads(amazon.ask("GET", f"{REPORTS}/documents/{done['reportDocumentId']}").data)
    assert shown["compressionAlgorithm"] == "GZIP"
    assert gzip.decompress(urllib3.request("GET", shown["url"]).data) == pdf


def test_a_documents_address_is_good_for_five_minutes_and_for_nobody_who_guesses(
    amazon: Simulator, client: AmazonBusiness, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    number = invoices(amazon, shipped(amazon, client))[0]["number"]
    done = report(amazon, invoiceId=number)
    url = json.loads(amazon.ask("GET", f"{REPORTS}/documents/{done['reportDocumentId']}").data)["url"]
    assert urllib3.request("GET", url).status == 200
    assert urllib3.request("GET", url[:-1]).status == 403
    later = tmp_path / "clock.json"
    later.write_text('{"shift_seconds": 301}')
    monkeypatch.setenv("LOCAL_CLOCK_FILE", str(later))
    assert urllib3.request("GET", url).status == 403
    mailbox.take()


def test_a_report_of_nothing_is_cancelled_and_one_in_the_queue_can_be(
    amazon: Simulator, client: AmazonBusiness, mailbox: Mailbox
) -> None:
    assert report(amazon, invoiceId="1XXX-0000-0000", documentType="Invoice")["processingStatus"] == "CANCELLED"
    number = invoices(amazon, shipped(amazon, client))[0]["number"]
    assert report(amazon, invoiceId=number, documentType="Credits")["processingStatus"] == "CANCELLED"
    amazon.fault("createReport", "report_fatal")
    assert report(amazon, invoiceId=number)["processingStatus"] == "FATAL"
    done = report(amazon, invoiceId=number)
    assert amazon.ask("DELETE", f"{REPORTS}/reports/{done['reportId']}").status == 400
    amazon.put("settings", report_after_seconds=60)
    waiting = report(amazon, invoiceId=number)
    assert waiting["processingStatus"] == "IN_QUEUE"
    assert amazon.ask("DELETE", f"{REPORTS}/reports/{waiting['reportId']}").status == 200
    told = json.loads(amazon.ask("GET", f"{REPORTS}/reports/{waiting['reportId']}").data)
    assert told["processingStatus"] == "CANCELLED"
    assert amazon.ask("GET", f"{REPORTS}/reports/ID0").status == 404
    assert amazon.ask("GET", f"{REPORTS}/documents/amzn1.ID0").status == 404
    mailbox.take()


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"reportType": "GET_MERCHANT_LISTINGS_ALL_DATA", "marketplaceIds": ["ATVPDKIKX0DER"], "reportOptions": {}},
        {"reportType": "GET_AB_INVOICE_PDF", "marketplaceIds": ["A1PA6795UKMFR9"], "reportOptions": {"orderId": "1"}},
        {"reportType": "GET_AB_INVOICE_PDF", "marketplaceIds": ["ATVPDKIKX0DER"], "reportOptions": {}},
        {"reportType": "GET_AB_INVOICE_PDF", "marketplaceIds": ["ATVPDKIKX0DER"], "reportOptions": {"orderId": 1}},
        {
            "reportType": "GET_AB_INVOICE_PDF",
            "marketplaceIds": ["ATVPDKIKX0DER"],
            "reportOptions": {"orderId": "1", "documentType": "Poem"},
        },
    ],
)
def test_a_report_that_amazon_would_refuse_is_refused(amazon: Simulator, body: dict[str, Any]) -> None:
    answer = amazon.ask("POST", f"{REPORTS}/reports", **body)
    assert answer.status == 400
    assert json.loads(answer.data)["errors"][0]["code"] == "INVALID_REQUEST_PARAMETER"


def test_reconciliation_knows_the_invoices_of_a_line_and_what_is_to_be_paid(
    amazon: Simulator, client: AmazonBusiness, mailbox: Mailbox
) -> None:
    key = shipped(amazon, client, steps=("deliver", "return", "refund"))
    charge, refund = sorted(transactions(amazon, key), key=lambda one: one["transactionType"])
    item = charge["transactionLineItems"][0]
    asked = {name: item[name] for name in ("orderId", "orderLineItemId", "shipmentId")}
    answer = json.loads(amazon.ask("POST", DETAILS, orderLineItems=[asked, {**asked, "orderId": "114-0"}]).data)
    known, unknown = answer["invoiceDetailsByOrderLineItems"]
    assert known["orderLineItem"] == asked
    assert unknown["invoiceDetails"] == []
    standard, memo = known["invoiceDetails"]
    assert (standard["invoiceNumber"], standard["invoiceType"]) == (charge["invoiceNumber"], "STANDARD")
    assert float(standard["invoiceTotal"]) == float(charge["amount"]["amount"])
    assert (memo["invoiceNumber"], memo["invoiceType"]) == (refund["invoiceNumber"], "CREDIT_MEMO")
    assert memo["associatedInvoiceNumber"] == standard["invoiceNumber"]
    paid = amazon.ask("POST", f"{DETAILS}/batch/paymentDetails", invoiceIds=[standard["invoiceNumber"], "nobody's"])
    good, bad = json.loads(paid.data)["invoicePaymentDetailsResults"]
    assert (good["resultType"], good["paymentDetails"]["status"]) == ("SUCCESS", "Issued")
    assert (bad["resultType"], bad["invoiceId"]) == ("ERROR", "nobody's")
    mailbox.take(2)


@pytest.mark.parametrize("wrong", [{}, {"orderLineItems": []}, {"orderLineItems": [{"orderId": "1"}]}])
def test_a_question_about_no_line_is_refused(amazon: Simulator, wrong: dict[str, Any]) -> None:
    assert amazon.ask("POST", DETAILS, **wrong).status == 400
    assert amazon.ask("POST", f"{DETAILS}/batch/paymentDetails", invoiceIds=["1"] * 26).status == 400


def test_invoices_are_told_to_nobody_without_a_token_and_not_too_often(amazon: Simulator) -> None:
    assert urllib3.request("POST", amazon.url + DETAILS, json={"orderLineItems": []}).status == 403
    assert urllib3.request("GET", f"{amazon.url}{REPORTS}/reports/ID0").status == 403
    amazon.put("settings", enforce_rates=True)
    assert [amazon.ask("GET", f"{REPORTS}/documents/amzn1.ID0").status for _ in range(16)] == [404] * 15 + [429]


def test_with_nobody_to_mail_to_it_waits_for_the_document_api(amazon: Simulator, client: AmazonBusiness) -> None:
    amazon.put("settings", ship_after_seconds=None, invoice_after_seconds=0)
    key = shipped(amazon, client)
    amazon.post("invoices/mail")
    assert invoices(amazon, key)[0]["state"] == "held"


@pytest.mark.parametrize(("region", "currency", "word"), [("UK", "GBP", "Totalpayable"), ("DE", "EUR", "Rechnung")])
def test_another_store_has_another_paper_and_another_domain(
    amazon: Simulator, client: AmazonBusiness, mailbox: Mailbox, region: str, currency: str, word: str
) -> None:
    key = str(uuid4())
    client.place_order(order(key, line(LAMP), purchase_order_number=f"LOY-{key}"))
    amazon.put("settings", region=region, currency=currency)
    amazon.post(f"orders/{key}/ship")
    (delivery,) = mailbox.take()
    domain = mailing.DOMAINS[region]
    assert mail_signing.signer(delivery.raw) == domain
    assert word in words(attachment(delivery))
