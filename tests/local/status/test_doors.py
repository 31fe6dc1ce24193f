"""The back room's doors: a sentence for each button, nothing for another site, and no error page of ours ever."""

from __future__ import annotations

import base64
import hashlib
import re
import uuid

import pytest

from local.status.frame import SCRIPT
from local.status.page import SECTIONS
from local.status.style import STYLE
from tests.local.status.conftest import House

KEY = "0192f8a0-1111-7000-8000-000000000001"
BUTTONS = [
    ("/clock", {"amount": "1", "unit": "days"}),
    (f"/orders/{KEY}/ship", {}),
    ("/invoices/1ABC-2DEF-3GHJ/right", {}),
    ("/reconciliation", {}),
    ("/faults/off", {}),
    ("/faults/stripe", {"operation": "*", "kind": "error_500", "times": "1"}),
    ("/faults/stripe/off", {}),
]


def test_with_everything_down_every_section_is_there_and_says_so(empty: House) -> None:
    answer = empty.browser.get("/")
    assert answer.status_code == 200
    assert all(f'<section id="{one.name}"' in answer.text for one in SECTIONS)
    assert "0 of 10 parts run" in answer.text
    assert answer.text.count("Cannot be read now.") >= 5
    assert answer.text.count("does not answer (ConnectError)") >= 5


def test_with_everything_down_the_other_pages_answer_too(empty: House) -> None:
    assert empty.browser.get("/status.json").status_code == 200
    assert empty.browser.get("/plug").status_code == 200
    assert empty.browser.get(f"/redemptions/{KEY}").status_code == 409
    assert empty.browser.get("/redemptions/nonsense").status_code == 404


@pytest.mark.parametrize(("path", "form"), BUTTONS)
def test_a_button_whose_part_is_down_says_so(empty: House, path: str, form: dict[str, str]) -> None:
    answer = empty.browser.post(path, data=form)
    assert answer.status_code == 409
    assert "<strong>Not done.</strong> The part that does this does not answer" in answer.text


@pytest.mark.parametrize(("path", "form"), BUTTONS)
@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://elsewhere.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost:1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_another_site_in_the_same_browser_presses_no_button(
    empty: House, path: str, form: dict[str, str], headers: dict[str, str]
) -> None:
    assert empty.browser.post(path, data=form, headers=headers).status_code == 403


def test_the_pages_own_form_is_let_in(room: House) -> None:
    own = {"Origin": f"http://localhost:{room.cloud.ports.status}", "Sec-Fetch-Site": "same-origin"}
    assert room.browser.post("/faults/off", headers=own).status_code == 303


def test_a_foreign_name_that_leads_here_reads_nothing(empty: House) -> None:
    for path in ("/", "/status.json", "/plug"):
        assert empty.browser.get(path, headers={"Host": "evil.example:4600"}).status_code == 400


def test_only_the_pages_own_style_and_script_are_let_run(empty: House) -> None:
    for path in ("/", "/plug"):
        answer = empty.browser.get(path)
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        for text in (STYLE, SCRIPT):
            assert base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() in policy
            assert f">{text}</" in answer.text
        # What the policy would block must not be needed.
        assert not re.search(r"<[^>]+ (style|on\w+)=", answer.text)
        assert answer.text.count("<script") == answer.text.count("<style") == 1


def test_what_was_done_is_told_once(room: House) -> None:
    location = room.browser.post("/faults/off").headers["location"]
    page, _, section = location.partition("#")
    assert section == "faults"
    assert 'role="status"><span>Every stand-in behaves again' in room.browser.get(page).text
    assert 'class="said' not in room.browser.get(page).text
    assert 'class="said' not in room.browser.get("/?said=<script>").text


def test_the_execution_that_is_looked_at_stays_when_the_page_refreshes(empty: House) -> None:
    assert f'data-here="/?execution={KEY}"' in empty.browser.get(f"/?execution={KEY}").text
    nasty = empty.browser.get("/", params={"execution": '"><script>alert(1)</script>'}).text
    assert "<script>alert" not in nasty


def test_an_order_is_moved_only_by_a_name_that_orders_have(room: House) -> None:
    assert room.browser.post("/orders/x/ship").status_code == 404
    assert room.browser.post("/orders/..%2F..%2Ffaults/ship").status_code == 404
    unknown = room.browser.post(f"/orders/{uuid.uuid4()}/ship")
    assert unknown.status_code == 400
    assert "Amazon Business refuses: No accepted order of this externalId." in unknown.text
    assert "There is no such step." in room.browser.post(f"/orders/{uuid.uuid4()}/explode").text


@pytest.mark.parametrize("amount", ["", "-1", "1.5", "soon", "9" * 5000, "0"])
def test_the_clock_takes_whole_numbers_only(empty: House, amount: str) -> None:
    answer = empty.browser.post("/clock", data={"amount": amount, "unit": "days"})
    assert answer.status_code == 400
    assert "The clock goes on" in answer.text
