"""Asking Amazon for invoices: ordered by number, looked at again until they are there, fetched once and in bounds."""

from __future__ import annotations

import gzip
import io
import json
from datetime import date
from typing import Any

import pytest
import urllib3

from loyalty.orders.amazon_business import AmazonBusiness, Credentials, Issued, Refused, Report, ShippedItem, Unknown

BASE = "https://na.business-api.amazon.com"
PAPER = b"%PDF-1.7 paper"
ITEM = ShippedItem("114-1", "L1", "S1")


class Http:
    """Answers in turn; `said` is what was asked: (method, address, body, headers)."""

    def __init__(self, *answers: tuple[int, Any]) -> None:
        self.said: list[tuple[str, str, Any, dict[str, str]]] = []
        self._answers = list(answers)

    def request(self, method: str, url: str, **options: Any) -> urllib3.HTTPResponse:
        if url.endswith("/auth/o2/token"):
            status, body = 200, {"access_token": "secret-token", "expires_in": 3600}
        else:
            told = options.get("body")
            self.said.append((method, url, json.loads(told) if told else None, options.get("headers") or {}))
            status, body = self._answers.pop(0)
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        preload = options.get("preload_content", True)
        return urllib3.HTTPResponse(io.BytesIO(data), status=status, preload_content=preload)


def client(http: Any, region: str = "US") -> AmazonBusiness:
    credentials = Credentials("id", "secret", "refresh", "buyer@example.com", "group")
    return AmazonBusiness(BASE, "https://api.amazon.com", credentials, http, region=region)


def test_invoices_are_asked_for_by_the_lines_that_have_left() -> None:
    detail = {"invoiceNumber": "1ABC-0001", "invoiceDate": "2026-11-20T00:00:00Z", "invoiceType": "STANDARD"}
    named = {"orderId": "114-1", "orderLineItemId": "L1", "shipmentId": "S1"}
    stranger = {"orderLineItem": {**named, "orderId": "114-9"}, "invoiceDetails": [detail]}
    answer = {"invoiceDetailsByOrderLineItems": [{"orderLineItem": named, "invoiceDetails": [detail, {}]}, stranger]}
    http = Http((200, answer))
    assert client(http).issued_invoices((ITEM,)) == {ITEM: (Issued("1ABC-0001", "STANDARD", date(2026, 11, 20)),)}
    assert http.said[0][:3] == ("POST", f"{BASE}/reconciliation/2021-01-08/invoices", {"orderLineItems": [named]})
    with pytest.raises(ValueError, match="1 to 25"):
        client(http).issued_invoices(())


def test_a_paper_is_ordered_by_its_number_in_the_stores_own_market() -> None:
    http = Http((202, {"reportId": "R1"}))
    assert client(http, region="DE").order_invoice("1ABC-0001") == "R1"
    assert http.said[0][1] == f"{BASE}/reports/2021-09-30/reports"
    assert http.said[0][2] == {
        "reportType": "GET_AB_INVOICE_PDF",
        "marketplaceIds": ["A1PA6795UKMFR9"],
        "reportOptions": {"invoiceId": "1ABC-0001", "documentType": "Invoice"},
    }


def test_a_report_says_how_far_it_is() -> None:
    answers = [{"processingStatus": "IN_QUEUE"}, {"processingStatus": "DONE", "reportDocumentId": "D1"}]
    amazon = client(Http(*((200, answer) for answer in answers)))
    assert [amazon.invoice_report("R1"), amazon.invoice_report("R1")] == [Report("IN_QUEUE"), Report("DONE", "D1")]


@pytest.mark.parametrize("answer", [[], {}, {"processingStatus": "DONE"}, {"reportDocumentId": "D1"}])
def test_a_report_that_says_nothing_of_use_is_not_believed(answer: object) -> None:
    with pytest.raises(Unknown):
        client(Http((200, answer))).invoice_report("R1")


@pytest.mark.parametrize(
    ("told", "content"),
    [
        ({"url": "https://papers.s3.amazonaws.com/x?signature=1"}, PAPER),
        ({"url": f"{BASE}/x", "compressionAlgorithm": "GZIP"}, gzip.compress(PAPER)),
    ],
    ids=["plain", "packed"],
)
def test_a_paper_is_downloaded_without_our_token(told: dict[str, str], content: bytes) -> None:
    http = Http((200, told), (200, content))
    assert client(http).invoice_document("D1", 1_000) == PAPER
    method, url, _, headers = http.said[1]
    assert (method, url, headers) == ("GET", told["url"], {})


@pytest.mark.parametrize(
    "url",
    [
        "http://papers.s3.amazonaws.com/x",
        "https://papers.example/x",
        "https://amazonaws.com.evil.example/x",
        "https://169.254.169.254/latest/meta-data",
        "file:///etc/passwd",
        "https://[",
        "",
    ],
)
def test_an_address_that_is_not_amazons_is_not_followed(url: str) -> None:
    http = Http((200, {"url": url}))
    with pytest.raises(Unknown):
        client(http).invoice_document("D1", 1_000)
    assert len(http.said) == 1


@pytest.mark.parametrize(
    ("told", "status", "content", "expected"),
    [
        ({}, 200, b"x" * 1_001, Refused),
        ({"compressionAlgorithm": "GZIP"}, 200, gzip.compress(bytes(5_000_000)), Refused),
        ({"compressionAlgorithm": "GZIP"}, 200, gzip.compress(PAPER)[:-9], Unknown),
        ({"compressionAlgorithm": "GZIP"}, 200, PAPER, Unknown),
        ({"compressionAlgorithm": "ZIP"}, 200, PAPER, Unknown),
        ({}, 403, b"lapsed", Refused),
        ({}, 302, b"", Unknown),
        ({}, 503, b"", Unknown),
    ],
    ids=["too large", "a bomb", "cut off", "not packed", "packed otherwise", "lapsed", "moved", "away"],
)
def test_a_download_that_is_too_large_or_broken_is_refused(
    told: dict[str, str], status: int, content: bytes, expected: type[Exception]
) -> None:
    http = Http((200, {"url": "https://papers.s3.amazonaws.com/x", **told}), (status, content))
    with pytest.raises(expected):
        client(http).invoice_document("D1", 1_000)
