"""The stand-in is as strict as an ERP: tokens, shapes, sums, vendors, periods, numbers, debit and credit."""

from __future__ import annotations

import itertools
import json
from typing import Any

import httpx
import pytest

from loyalty.erp import example
from tests.simulators.erp.running import TOKEN, ErpStandIn

_NUMBERS = itertools.count(1)
LINE = {
    "line_number": 1, "event": "opened", "funder": "brand", "debit": {"account": "sales", "code": "4000"},
    "credit": {"account": "deferred_revenue", "code": "2000"}, "amount_minor": 400,
}  # fmt: skip


def bill(**changes: Any) -> dict[str, Any]:
    """The example with a number of its own."""
    told: dict[str, Any] = json.loads(example.text("json"))
    return told | {"number": f"BILL-{next(_NUMBERS):05d}"} | changes


def day(**changes: Any) -> dict[str, Any]:
    number = f"2026-10-{next(_NUMBERS) % 28 + 1:02d}"
    return {
        "kind": "journal", "number": number, "program": "main", "day": number, "currency": "USD", "rate_version": 1,
        "content_sha256": "0" * 64, "total_minor": 400, "lines": [LINE],
    } | changes  # fmt: skip


def post(erp: ErpStandIn, path: str, told: Any, **headers: str) -> httpx.Response:
    body = told if isinstance(told, str) else json.dumps(told)
    key = told["number"] if isinstance(told, dict) and "number" in told else str(next(_NUMBERS))
    names = {"authorization": f"Bearer {TOKEN}", "content-type": "application/json", "idempotency-key": f"{path} {key}"}
    return erp.client.post(f"{erp.base_url}/{path}", content=body, headers=names | headers)


def said(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json().get("code", "")


def test_only_its_token_opens_it(erp: ErpStandIn) -> None:
    for token in ("Bearer other", "Basic open-sesame", ""):
        assert said(post(erp, "invoices", bill(), authorization=token)) == (401, "unknown_token")


def test_a_document_is_booked_once_by_its_key_and_once_by_its_number(erp: ErpStandIn) -> None:
    told = bill()
    first = post(erp, "invoices", told)
    assert (first.status_code, first.json()["status"]) == (201, "posted")
    again = post(erp, "invoices", told)
    assert (again.status_code, again.json()) == (201, first.json())
    assert said(post(erp, "invoices", told | {"payment_terms": "Net 60"})) == (409, "key_reused")
    other = post(erp, "invoices", told, **{"idempotency-key": "another"})
    assert said(other) == (409, "duplicate_number")
    assert other.json()["document_id"] == first.json()["document_id"]
    assert len(erp.booked(told["number"])) == 1


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"total_minor": 5723}, "total_minor"),
        ({"subtotal_minor": 1, "total_minor": 725}, "subtotal_minor"),
        ({"total_minor": "5722"}, "total_minor"),
        ({"total_minor": 57.22}, "total_minor"),
        ({"colour": "red"}, "colour"),
        ({"lines": [{}]}, "lines.1.amount_minor"),
        ({"issued_on": "31.01.2026"}, "issued_on"),
        ({"currency": "usd"}, "currency"),
        ({"vendor": None}, "vendor"),
        ({"kind": "credit_memo"}, "kind"),
        ({"corrects": "BILL-99999"}, "corrects"),
    ],
)
def test_what_is_wrong_is_refused_at_its_field(erp: ErpStandIn, changes: dict[str, Any], field: str) -> None:
    answer = post(erp, "invoices", bill(**changes))
    assert (answer.status_code, answer.json()["field"]) == (422, field)


def test_what_is_no_document_is_refused(erp: ErpStandIn) -> None:
    assert said(post(erp, "invoices", "{")) == (400, "malformed")
    assert said(post(erp, "invoices", "[" * 100_000)) == (400, "malformed")
    assert said(post(erp, "invoices", bill(), **{"content-type": "text/plain"})) == (415, "format")
    assert said(post(erp, "journals", "<x/>", **{"content-type": "application/xml"})) == (415, "format")
    assert said(post(erp, "invoices", bill(), **{"idempotency-key": ""})) == (400, "idempotency_key")


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        (lambda xml: xml, (201, "")),
        (lambda xml: xml.replace("57.22</cbc:Pay", "57.23</cbc:Pay"), (422, "BR-CO-16")),
        (lambda xml: xml.replace(">8.85<", ">8.00<"), (422, "BR-CO-17")),
        (lambda xml: xml.replace("cbc:IssueDate", "cbc:IssuedDate"), (422, "UBL-XSD")),
        (lambda xml: xml.replace("Invoice", "CreditNote"), (422, "kind")),
        (lambda xml: xml[:200], (400, "malformed")),
        (lambda xml: xml.replace("?>", '?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>', 1), (422, "kind")),
    ],
)
def test_ubl_is_held_to_the_schema_and_the_rules(erp: ErpStandIn, change: Any, refusal: tuple[int, str]) -> None:
    xml = change(example.text("ubl").replace("TEST-0000-0000", f"BILL-{next(_NUMBERS):05d}"))
    assert said(post(erp, "invoices", xml, **{"content-type": "application/xml"})) == refusal


def test_vendors_and_periods_are_the_erps_own(erp: ErpStandIn) -> None:
    erp.put("vendors", name="Connection test", state="blocked")
    assert said(post(erp, "invoices", bill())) == (422, "blocked_vendor")
    erp.put("vendors", name="Connection test", state="unknown")
    erp.put("settings", vendors_must_be_known=True)
    assert said(post(erp, "invoices", bill())) == (422, "unknown_vendor")
    erp.put("vendors", name="Connection test", state="active")
    erp.put("periods", month="2026-01", state="locked")
    assert said(post(erp, "invoices", bill())) == (422, "locked_period")
    assert post(erp, "invoices", bill(issued_on="2026-02-01")).status_code == 201


def test_what_is_only_looked_at_is_not_booked(erp: ErpStandIn) -> None:
    before = erp.rows("select count(*) as n from documents")
    assert post(erp, "validations", bill()).json() == {"valid": True}
    assert post(erp, "validations", bill(total_minor=1)).status_code == 422
    assert erp.rows("select count(*) as n from documents") == before


def test_the_journal_debits_what_it_credits_a_day_once(erp: ErpStandIn) -> None:
    told = day()
    assert post(erp, "journals", told).status_code == 201
    assert said(post(erp, "journals", day(total_minor=401))) == (422, "total")
    assert said(post(erp, "journals", day(lines=[LINE | {"amount_minor": -1}], total_minor=-1))) == (422, "schema")
    same = LINE | {"credit": LINE["debit"]}
    assert said(post(erp, "journals", day(lines=[same]))) == (422, "same_account")
    assert said(post(erp, "journals", told | {"number": "2026-09-31", "day": "2026-09-31"}))[0] == 422
    sums = erp.rows("select document_id from entries group by 1 having sum(debit_minor) <> sum(credit_minor)")
    assert sums == []


def test_what_waits_is_posted_after_a_while_or_rejected(erp: ErpStandIn) -> None:
    erp.put("settings", pending_seconds=3600)
    told = bill()
    answer = post(erp, "invoices", told)
    assert (answer.status_code, answer.json()["status"]) == (202, "pending")
    place = f"{erp.base_url}/documents/{answer.json()['document_id']}"
    headers = {"authorization": f"Bearer {TOKEN}"}
    assert erp.client.get(place, headers=headers).json()["status"] == "pending"
    erp.client.post(
        f"{erp.base_url}/_simulator/documents/{answer.json()['document_id']}/rejection", json={"reason": "no"}
    )
    assert erp.client.get(place, headers=headers).json()["status"] == "rejected"
    erp.put("settings", pending_seconds=0)
    again = post(erp, "invoices", told)
    assert again.status_code == 202
    place = f"{erp.base_url}/documents/{again.json()['document_id']}"
    assert erp.client.get(place, headers=headers).json()["status"] == "posted"
    assert erp.client.get(f"{erp.base_url}/documents/VI-999999", headers=headers).status_code == 404


def test_its_page_shows_what_was_booked_and_that_it_balances(erp: ErpStandIn) -> None:
    name = "<script>x</script> & Sons"
    told = bill(vendor={**bill()["vendor"], "name": name})
    assert post(erp, "invoices", told).status_code == 201
    page = erp.client.get(erp.base_url).text
    assert told["number"] in page
    assert "&lt;script&gt;" in page
    assert "<script" not in page
    assert "Trial balance" in page
    (row,) = erp.booked(told["number"])
    body = erp.client.get(f"{erp.base_url}/_simulator/documents/{row['document_id']}/body")
    assert body.json()["number"] == told["number"]
    listed = erp.client.get(f"{erp.base_url}/_simulator/documents").json()
    assert "body" not in listed[0]
