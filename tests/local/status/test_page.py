"""What a page needs to be used by everybody: names, labels, one of each id, colours that read."""

from __future__ import annotations

from html.parser import HTMLParser
from itertools import pairwise
from typing import Any

import pytest

from local.status import orders, redemptions
from local.status.page import page
from local.status.style import DARK, LIGHT
from tests.local.status.conftest import House
from tests.local.status.test_machine import NAME, STATES, History, shown

TEXTS = ("ink", "muted", "accent", "bad", "wait")
GROUNDS = ("paper", "panel", "tint")


class Outline(HTMLParser):
    """Tags with their attributes, and what encloses them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None], tuple[str, ...]]] = []
        self._open: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs), tuple(self._open)))
        if tag not in ("input", "meta", "link", "br"):
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open, f"</{tag}> ends nothing"
        assert self._open.pop() == tag, f"</{tag}> ends another"


def order(**changes: Any) -> dict[str, Any]:
    known = {
        "external_id": NAME, "placed_at": "2026-11-22T12:00:00+00:00", "units": 2, "waiting": 0, "packages": [],
        "known": "ordered", "title": "A <kettle>", "number": "LOCAL-0001",
    }  # fmt: skip
    return {**known, **changes}


def package(status: str) -> dict[str, Any]:
    return {"tracking_id": "TBA1", "carrier": "UPS", "status": status}


def invoice(**changes: Any) -> dict[str, Any]:
    known = {
        "invoice_id": NAME, "kind": "invoice", "number": "1ABC-2DEF-3GHJ", "state": "review", "total_minor": 5440,
        "currency": "USD", "received_at": "2026-11-22T12:00:00+00:00", "findings": ["price_differs"],
        "erp_document_id": None,
    }  # fmt: skip
    return {**known, **changes}


@pytest.fixture(scope="module")
def full(room: House) -> str:
    """The page with something in every section that can be filled without a cloud."""
    reading = room.browser.get("/status.json").json()
    execution = {"name": NAME, "status": "RUNNING", "started": "", "title": "A kettle"}
    begun = shown(History().enter("Begin"))
    events = [{"at": "2026-11-22T12:00:00+00:00", "kind": "redeemed", "detail": {"why": '"><b>'}}]
    reading |= {
        "orders": [order(waiting=1, packages=[package("SHIPPED")])],
        "invoices": {
            "mails": {"taken": 2, "refused": 1}, "documents": {"read": 2}, "invoices": {"review": 1, "posted": 1},
            "erp": {"posted": 1}, "last": [invoice(), invoice(number=None, total_minor=None, kind=None)],
            "manager": "http://localhost:1/invoices", "erp_page": "http://127.0.0.1:2",
        },
        "machine": {"states": STATES, "executions": [execution], "shown": begun, "missing": ""},
        "redemptions": [
            {"redemption_id": NAME, "state": "held", "outcome": None, "points": 5, "money_minor": 7, "currency": "USD",
             "lines": [{"title": "<kettle>", "quantity": 1, "accepted": None}], "events": events}
        ],
    }  # fmt: skip
    return page(reading)


def test_its_tags_are_closed_in_order_and_no_id_is_there_twice(full: str) -> None:
    ids = [attributes["id"] for _, attributes, _ in Outline(full).tags if "id" in attributes]
    assert len(ids) == len(set(ids))


def test_every_field_has_a_label_and_every_form_posts(full: str) -> None:
    for tag, attributes, inside in Outline(full).tags:
        if tag in ("input", "select") and attributes.get("type") != "hidden":
            assert "label" in inside, attributes
        if tag == "form":
            assert attributes["method"] == "post"


def test_the_index_leads_to_every_section(full: str) -> None:
    tags = Outline(full).tags
    links = [attributes["href"] for tag, attributes, inside in tags if tag == "a" and "nav" in inside]
    sections = [f"#{attributes['id']}" for tag, attributes, _ in tags if tag == "section"]
    assert links == sections
    assert sections[0] == "#people"


def test_headings_go_down_one_level_at_a_time_and_there_is_one_first(full: str) -> None:
    levels = [int(tag[1]) for tag, _, _ in Outline(full).tags if len(tag) == 2 and tag[0] == "h" and tag[1].isdigit()]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_what_others_named_is_escaped(full: str) -> None:
    assert "<kettle>" not in full
    assert 'title="why &quot;&gt;&lt;b&gt;"' in full


def test_invoices_lead_to_the_person_who_decides(full: str) -> None:
    assert '<a href="http://localhost:1/invoices?state=review">1 wait for a person</a>' in full
    assert f'href="http://localhost:1/invoices/{NAME}"' in full
    assert "price differs" in full


def test_a_button_names_what_it_moves_for_those_who_do_not_see_it(full: str) -> None:
    assert '<button class="main">Ship<span class="hide"> A &lt;kettle&gt;</span></button>' in full


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_every_colour_of_text_reads_on_every_ground(theme: dict[str, str]) -> None:
    poor = {
        (text, ground): round(contrast(theme[text], theme[ground]), 2)
        for text in TEXTS
        for ground in GROUNDS
        if contrast(theme[text], theme[ground]) < 4.5
    }
    assert poor == {}
    assert contrast(theme["on-accent"], theme["accent"]) >= 4.5
    assert contrast(theme["paper"], theme["bad"]) >= 4.5
    assert all(contrast(theme["control"], theme[ground]) >= 3 for ground in ("paper", "panel"))


def test_only_steps_that_something_can_take_are_offered() -> None:
    def offered(**changes: Any) -> set[str]:
        return {step for step in orders.STEPS if orders.possible(order(**changes), step)}

    assert offered(waiting=2) == {"ship", "cancel"}
    assert {"deliver", "out-for-delivery", "delay", "undeliverable"} <= offered(packages=[package("SHIPPED")])
    assert offered(packages=[package("DELIVERED")]) == {"return", "refund"}
    assert offered() == set()


def test_a_redemption_that_is_open_ends_in_an_open_stop() -> None:
    one = {
        "redemption_id": NAME, "state": "held", "outcome": None, "points": 0, "money_minor": 5, "currency": "USD",
        "lines": [], "events": [],
    }  # fmt: skip
    assert '<ol class="line open">' in redemptions.show([one])
    assert '<ol class="line">' in redemptions.show([{**one, "state": "closed", "outcome": "completed"}])


def contrast(first: str, second: str) -> float:
    """As WCAG 2 counts it."""
    bright, dark = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    parts = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
