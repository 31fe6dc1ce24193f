"""Every message exists in every language and marks only words that it has; what lacks one is not published."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from loyalty.notifications import sms
from loyalty.notifications.words import TITLES
from loyalty.programme import messages, publishing, reading
from loyalty.programme.document import Programme
from loyalty.programme.messages import TEMPLATES
from loyalty.refusal import Kind, Refusal
from tests.conftest import TestDatabase

INITIAL = sorted(publishing.INITIAL.glob("*.json"))


def documents() -> list[Any]:
    return [pytest.param(json.loads(path.read_text()), id=path.stem) for path in INITIAL]


def parsed(facts: dict[str, Any]) -> Programme:
    return Programme.model_validate_json(json.dumps(facts))


@pytest.mark.parametrize("facts", documents())
def test_both_programmes_have_every_text_in_english_and_german(facts: dict[str, Any]) -> None:
    document = parsed(facts)
    assert messages.languages(document) == ["de", "en"]
    assert list(messages.problems(document)) == []
    assert set(document.messages) == set(TEMPLATES)


@pytest.mark.parametrize("facts", documents())
def test_a_word_that_a_message_has_is_used_by_it_in_every_language_alike(facts: dict[str, Any]) -> None:
    for key, texts in parsed(facts).messages.items():
        used = {
            language: {word for word in TEMPLATES[key].words if f"{{{word}}}" in message.subject + message.text}
            for language, message in texts.items()
        }
        assert used["en"] == used["de"], key


@pytest.mark.parametrize("facts", documents())
def test_an_sms_with_long_words_is_at_most_three_parts(facts: dict[str, Any]) -> None:
    words = {
        **dict.fromkeys(TITLES, "x" * sms.LONGEST_TITLE),
        "link": "https://rewards.a-long-company.example/redemptions/01939fb0-0000-7000-8000-000000000000",
        "paid": "1,234,567 points and USD 1,234.56",
        "back": "1,234,567 points and USD 1,234.56",
        "date": "30 September 2026",
        "expected": "der Tag steht noch nicht fest",
        "worth": "USD 1,234.56",
        "points": "1,234,567",
        "quantity": "12",
        "brand": "Journey Rewards",
    }
    for key, texts in parsed(facts).messages.items():
        for language, message in texts.items():
            if message.sms:
                text = messages.filled(message.sms, words)
                assert sms.is_gsm(text), (key, language)
                assert sms.parts(text) <= 3, (key, language)


type Change = Callable[[dict[str, Any]], object]
CHANGES: dict[str, Change] = {
    "messages.shipment-delivered.de": lambda m: m["shipment-delivered"].pop("de"),
    "messages.points-expiring.en": lambda m: m["points-expiring"].pop("en"),
    "messages.tier-changed.de": lambda m: m.pop("tier-changed"),
    "messages.order-failed.en.sms": lambda m: m["order-failed"]["en"].pop("sms"),
    "messages.points-earned.de.subject": lambda m: m["points-earned"]["de"].update(subject="{pionts}"),
    "messages.points-earned.en.text": lambda m: m["points-earned"]["en"].update(text="{points} {0} {brand.__class__}"),
    "messages.shipment-shipped.en.sms": lambda m: m["shipment-shipped"]["en"].update(sms="{email}"),
    "messages.case-opened.en.text": lambda m: m["case-opened"]["en"].update(text="{link"),
    "messages.security-redeemed.de.sms": lambda m: m["security-redeemed"]["de"].update(sms="x" * 301),
    "messages.birthday": lambda m: m.update(birthday={"en": {"subject": "x", "text": "x"}}),
}


@pytest.mark.parametrize("field", CHANGES)
def test_a_text_that_is_missing_or_marks_an_unknown_word_is_not_published(
    fresh_database: TestDatabase, field: str
) -> None:
    with fresh_database.owner() as owner:
        publishing.publish_initial(owner, {})
        facts = json.loads(reading.current(owner, 1).document.model_dump_json())
        CHANGES[field](facts["messages"])
        with pytest.raises(Refusal) as refused:
            publishing.publish(owner, 1, parsed(facts), based_on=1, actor="ann", why="a test")
    assert refused.value.kind is Kind.INVALID
    assert refused.value.field == field
    assert field in refused.value.detail


def test_a_version_from_before_a_message_existed_has_the_softwares_own_text() -> None:
    facts = json.loads(INITIAL[0].read_text())
    facts["messages"] = {"claim-code": facts["messages"]["claim-code"]}
    language, message = messages.text_of(parsed(facts), "shipment-delivered", "de")
    assert (language, message.subject) == ("de", "Ihr Paket ist zugestellt")


def test_a_language_that_there_is_no_text_in_gets_the_english_one() -> None:
    language, message = messages.text_of(parsed(json.loads(INITIAL[0].read_text())), "shipment-delivered", "fr")
    assert (language, message.subject) == ("en", "Your parcel is delivered")


def test_a_brace_in_a_word_marks_nothing() -> None:
    assert messages.filled("{what} {link}", {"what": "{link}", "link": "x"}) == "{link} x"
