"""The fault switches: on, shown, off, and refused in a sentence."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest

from local.seed import SIMULATORS
from local.status import faults
from tests.local.status.conftest import House


@pytest.fixture(autouse=True)
def behaving(room: House) -> None:
    faults.clear(room.cloud, SIMULATORS)


def said(room: House, path: str, **data: str) -> tuple[int, str]:
    """The status, and the sentence on the page that follows."""
    answer = room.browser.post(path, data=data)
    shown = room.browser.get(answer.headers["location"].partition("#")[0]) if answer.status_code == 303 else answer
    told = shown.text.partition('<div class="said')[2].partition("</div>")[0]
    return answer.status_code, unescape(re.sub("<[^>]+>", "", told.partition("<span>")[2].partition("</span>")[0]))


def on(room: House, name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = faults.read(room.cloud)[name]["faults"]
    return found


@pytest.mark.parametrize(
    ("name", "operation"),
    [
        ("amazon_business", "placeOrder"),
        ("amazon_pay", "createCharge"),
        ("stripe", "createRefund"),
        ("textract", "StartExpenseAnalysis"),
        ("erp", "postInvoice"),
        ("glue", "StartJobRun"),
        ("redshift", "BatchExecuteStatement"),
        ("sagemaker", "CreateTrainingJob"),
    ],
)
def test_a_fault_is_switched_on_shown_and_off(room: House, name: str, operation: str) -> None:
    status, words = said(room, f"/faults/{name}", operation=operation, kind="error_500", times="2")
    assert (status, words) == (303, f"{faults.NAMES[name]} fails at {operation}: error_500, 2 times.")
    assert [(one["kind"], one["times"]) for one in on(room, name)] == [("error_500", 2)]
    html = faults.show(faults.read(room.cloud))
    assert f"at {operation}, 2 times" in html
    assert f'action="/faults/{name}/off"' in html
    assert said(room, f"/faults/{name}/off") == (
        303, f"{faults.NAMES[name]} behaves again: all its switches are off.",
    )  # fmt: skip
    assert on(room, name) == []


def test_one_button_clears_all(room: House) -> None:
    for name in SIMULATORS:
        said(room, f"/faults/{name}", operation="*", kind="error_500", times="1")
    assert said(room, "/faults/off") == (303, "Every stand-in behaves again: all its switches are off.")
    assert all(on(room, name) == [] for name in SIMULATORS)


def test_without_a_number_amazon_business_fails_until_it_is_switched_off(room: House) -> None:
    status, words = said(room, "/faults/amazon_business", operation="*", kind="error_429", times="")
    assert (status, words) == (303, "Amazon Business fails at any operation: error_429, until switched off.")
    assert said(room, "/faults/stripe", operation="*", kind="error_429", times="") == (
        400, "Not done. Stripe wants to know how many times.",
    )  # fmt: skip


def test_a_providers_own_refusal_needs_its_code(room: House) -> None:
    form = {"operation": "captureCharge", "kind": "simulation", "times": "1"}
    status, words = said(room, "/faults/amazon_pay", **form)
    assert (status, words) == (400, "Not done. Amazon Pay refuses: simulation needs a code.")
    assert said(room, "/faults/amazon_pay", **form, code="AmazonRejected")[0] == 303
    assert on(room, "amazon_pay")[0]["code"] == "AmazonRejected"


@pytest.mark.parametrize(
    "form",
    [
        {"operation": "*", "kind": "tea_time", "times": "1"},
        {"operation": "makeTea", "kind": "error_500", "times": "1"},
        {"operation": "*", "kind": "error_500", "times": "often"},
        {"operation": "*", "kind": "error_500", "times": "-1"},
        {},
    ],
)
def test_what_there_is_not_is_refused_in_a_sentence(room: House, form: dict[str, str]) -> None:
    status, words = said(room, "/faults/amazon_business", **form)
    assert status == 400
    assert words.startswith("Not done. Amazon Business refuses: ")
    assert words.endswith(".")
    assert on(room, "amazon_business") == []


def test_every_kind_is_offered_with_what_it_does(room: House) -> None:
    html = faults.show(faults.read(room.cloud))
    assert '<option value="timeout_after_commit">timeout_after_commit: done, no answer</option>' in html
    assert all(switches["kinds"] for switches in faults.read(room.cloud).values())


def test_a_stand_in_that_there_is_not_is_not_found(room: House) -> None:
    assert room.browser.post("/faults/amazon_prime", data={}).status_code == 404
    assert room.browser.post("/faults/amazon_prime/off").status_code == 404
