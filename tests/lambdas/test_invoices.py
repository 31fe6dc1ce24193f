"""Staff's door to Amazon's invoices: what is doubtful, what is printed, who approves it, and where the paper is."""

from __future__ import annotations

import csv
import importlib
import io
import json
import uuid
from typing import Any

import pytest

from tests.domain.invoices.reviewed import Bought, arrived, bought, content, misread
from tests.lambdas.conftest import Answer, Doors, Token, staff_token
from tests.lambdas.test_manager_api import new_key

FIONA = staff_token("finance", subject="fiona")
OTTO = staff_token("business-operator", subject="otto")


class S3:
    """Signs whatever it is asked to."""

    def generate_presigned_url(self, operation: str, Params: dict[str, str], ExpiresIn: int) -> str:  # noqa: N803
        return f"https://{Params['Bucket']}.s3/{Params['Key']}?{Params['ResponseContentType']}&{ExpiresIn}"


@pytest.fixture
def desk(doors: Doors, monkeypatch: pytest.MonkeyPatch) -> Doors:
    monkeypatch.setattr(importlib.import_module("lambdas.manager_routes.invoices"), "_s3", S3)
    doors.variables.update(INVOICES_BUCKET="invoices")
    return doors


def waiting(desk: Doors, number: str, **changes: Any) -> tuple[str, Bought]:
    """An invoice whose quantity was misread."""
    with desk.database.owner() as owner:
        order = bought(owner)
        return f"/invoices/{arrived(owner, misread(order, number, **changes))}", order


def decided(desk: Doors, place: str, decision: str, token: Token, reason: str | None = None) -> Answer:
    body = {"decision": decision} | ({"reason": reason} if reason else {})
    return desk(
        "invoice_desk", "POST", f"{place}/decision", body, token=token, headers={"Idempotency-Key": new_key(desk)}
    )


def test_a_misread_value_is_corrected_and_the_invoice_approved(desk: Doors) -> None:
    place, order = waiting(desk, "1AAA-0001")
    seen = desk("invoice_desk", "GET", place, token=FIONA)
    assert seen.status == 200, seen.body
    told = seen.body
    assert (told["state"], told["content"], told["draft"]["lines"][0]["quantity"]) == ("review", None, 7)
    assert told["findings"] == [
        {
            "code": "low_confidence",
            "field": "lines.0.quantity",
            "words": "Not read for certain: 61 % confidence, compare it with the paper.",
        }
    ]
    assert told["actions"] == ["correct", "refuse"]
    incomplete = decided(desk, place, "approve", FIONA)
    assert (incomplete.status, incomplete.body["code"]) == (409, "incomplete")
    right = {"revision": 0, "content": content(order, "1AAA-0001")}
    saved = desk("invoice_desk", "PUT", f"{place}/content", right, token=FIONA)
    assert (saved.status, saved.body["findings"], saved.body["revision"]) == (200, [], 1), saved.body
    (match,) = saved.body["matches"]
    assert (match["ordered_quantity"], match["shipped_quantity"], match["invoiced_quantity"]) == (2, 2, 2)
    assert match["redemption_id"] == str(order.redemption_id)
    assert saved.body["actions"] == ["correct", "refuse", "approve"]
    assert ("lines.0.quantity", 7, 2) in [
        (one["field"], one["read"], one["corrected"]) for one in saved.body["corrections"]
    ]
    approved = decided(desk, place, "approve", FIONA)
    assert (approved.status, approved.body["state"]) == (200, "approved"), approved.body
    assert approved.body["erp"]["state"] == "waiting"
    assert decided(desk, place, "approve", FIONA).status == 200, "said again"
    assert decided(desk, place, "approve", OTTO).body["code"] == "not-open"


def test_what_differs_still_is_approved_by_a_second_person_who_says_why(desk: Doors) -> None:
    place, order = waiting(desk, "1AAA-0002")
    dearer = content(order, "1AAA-0002", subtotal_minor=5198, total_minor=5640)
    dearer["lines"][0] |= {"unit_price_minor": 2599, "amount_minor": 5198}
    saved = desk("invoice_desk", "PUT", f"{place}/content", {"revision": 0, "content": dearer}, token=FIONA)
    (finding,) = saved.body["findings"]
    assert finding["words"] == "It costs more than was ordered: 25.99 USD, not 24.99 USD."
    assert saved.body["matches"][0]["findings"] == [finding]
    assert (saved.body["second_person"], saved.body["actions"]) == (True, ["correct", "refuse"])
    assert decided(desk, place, "approve", FIONA).body["code"] == "differs"
    mine = decided(desk, place, "approve_difference", FIONA, "they raised it")
    assert (mine.status, mine.body["code"]) == (403, "same-person")
    theirs = desk("invoice_desk", "GET", place, token=OTTO)
    assert theirs.body["actions"] == ["correct", "refuse", "approve_difference"]
    silent = decided(desk, place, "approve_difference", OTTO)
    assert silent.body["errors"] == [{"field": "reason", "detail": "Say why."}]
    done = decided(desk, place, "approve_difference", OTTO, "they raised it")
    assert (done.body["state"], done.body["differs"], done.body["reason"]) == ("approved", True, "they raised it")
    assert (done.body["findings"], done.body["matches"][0]["findings"]) == ([], [finding])


def test_what_was_refused_or_not_yet_sent_is_taken_back(desk: Doors) -> None:
    place, _ = waiting(desk, "1AAA-0003")
    assert decided(desk, place, "take_back", FIONA).body["code"] == "not-open"
    refused = decided(desk, place, "refuse", FIONA, "not ours")
    assert (refused.body["state"], refused.body["actions"]) == ("refused", ["take_back"])
    back = decided(desk, place, "take_back", OTTO)
    assert back.body["state"] == "review"
    assert decided(desk, place, "take_back", OTTO).status == 200, "said again"
    assert decided(desk, place, "take_back", FIONA).body["code"] == "not-open"
    assert [one["kind"] for one in back.body["history"]][:3] == ["review_opened", "taken_back", "refused"]


def test_each_wrong_value_is_named_and_whoever_was_faster_too(desk: Doors) -> None:
    place, order = waiting(desk, "1AAA-0004")
    wrong = content(order, "1AAA-0004", total_minor="5440") | {"number": "?"}
    wrong["lines"][0].pop("amount_minor")
    refused = desk("invoice_desk", "PUT", f"{place}/content", {"revision": 0, "content": wrong}, token=FIONA)
    assert refused.status == 400
    assert {one["field"] for one in refused.body["errors"]} == {
        "content.number", "content.total_minor", "content.lines.0.amount_minor",
    }  # fmt: skip
    right = {"revision": 0, "content": content(order, "1AAA-0004")}
    assert desk("invoice_desk", "PUT", f"{place}/content", right, token=FIONA).status == 200
    late = desk("invoice_desk", "PUT", f"{place}/content", right | {"content": wrong}, token=OTTO)
    assert late.status == 400, "wrong before late"
    late = desk("invoice_desk", "PUT", f"{place}/content", right, token=OTTO)
    assert (late.status, late.body["code"]) == (409, "stale")
    assert "staff:fiona saved it at " in late.body["detail"]


def test_a_paper_opens_for_five_minutes_and_the_log_says_who_looked(desk: Doors) -> None:
    place, _ = waiting(desk, "1AAA-0005")
    paper = desk("invoice_desk", "GET", f"{place}/paper", token=FIONA)
    assert paper.body["url"].startswith("https://invoices.s3/documents/1/")
    assert paper.body["url"].endswith(".pdf?application/pdf&300")
    log = desk("manager_api", "GET", f"/audit?about={place.split('/')[2]}", token=FIONA).body["entries"]
    assert [(one["actor"], one["action"], one["status"]) for one in log] == [
        ("staff:fiona", "GET /invoices/{invoice_id}/paper", 200)
    ]
    for token in (staff_token("support"), staff_token("catalogue-manager")):
        assert desk("invoice_desk", "GET", f"{place}/paper", token=token).status == 403
    unknown = desk("invoice_desk", "GET", f"/invoices/{uuid.uuid4()}/paper", token=FIONA)
    assert (unknown.status, unknown.body["code"]) == (404, "unknown-paper")


def test_lists_find_what_is_asked_for_and_samples_can_be_taken_away(desk: Doors) -> None:
    place, order = waiting(desk, "1BBB-0001")
    desk(
        "invoice_desk", "PUT", f"{place}/content", {"revision": 0, "content": content(order, "1BBB-0001")}, token=FIONA
    )
    for query in (f"number=1bbb&order={order.amazon_order_id}", "state=review&number=1BBB-0001&month=2026-11"):
        found = desk("invoice_desk", "GET", f"/invoices?{query}", token=OTTO).body
        assert [one["number"] for one in found["invoices"]] == ["1BBB-0001"], query
    assert found["counts"]["review"] >= 1
    first = desk("invoice_desk", "GET", "/invoices?limit=1", token=OTTO).body
    assert first["after"] == first["invoices"][0]["invoice_id"]
    mails = desk("invoice_desk", "GET", "/invoices/mails?outcome=taken&limit=1", token=OTTO).body["mails"]
    assert [one["number"] for one in mails[0]["documents"][0]["invoices"]] == ["1BBB-0001"]
    table = list(csv.DictReader(io.StringIO(desk("invoice_desk", "GET", "/invoices/samples.csv", token=OTTO).body)))
    lines = desk("invoice_desk", "GET", "/invoices/samples.jsonl", token=OTTO).body.splitlines()
    (sample,) = [
        one for one in map(json.loads, lines) if place.endswith(one["invoice_id"]) and "quantity" in one["field"]
    ]
    assert (sample["printed"], sample["read"], sample["corrected"]) == ("7", 7, 2)
    assert len(table) == len(lines)
    months = desk("invoice_desk", "GET", "/invoices/months", token=OTTO).body["months"]
    assert [one["month"] for one in months] == ["2026-11"]
    month = desk("invoice_desk", "GET", "/invoices/months/2026-11", token=OTTO).body
    assert month["month"] == months[0]
    assert desk("invoice_desk", "GET", "/invoices/months/2020-01", token=OTTO).status == 404


def test_what_a_paper_prints_is_no_formula_in_the_table_of_samples() -> None:
    routes = importlib.import_module("lambdas.manager_routes.invoices")
    row = dict.fromkeys(routes.SAMPLE) | {"printed": "-2+3+cmd|' /C calc'!A0", "read": -5, "corrected": " =1"}
    assert routes._written([row]).splitlines()[1] == ",,,'-2+3+cmd|' /C calc'!A0,,-5,' =1,,"
