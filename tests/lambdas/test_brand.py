"""The logo from its upload to the portal, and messages that staff try on themselves."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from lambdas import mail
from lambdas.manager_routes import messages
from loyalty.programme import publishing, reading
from loyalty.programme.document import Programme
from tests.conftest import TestDatabase
from tests.domain.programme.test_logo import picture
from tests.lambdas.conftest import MEMBER_CLIENT, Doors, staff_token

CLEO = staff_token("catalogue-manager")
TEXT = {"key": "points-earned", "language": "en", "subject": "{points} points", "text": "Hello,\n{points}!\n{brand}"}


@pytest.fixture
def doors(published: TestDatabase) -> Doors:
    variables = {
        "MEMBER_AUTHORITY": "https://cognito.example/pool",
        "MEMBER_CLIENT_ID": MEMBER_CLIENT,
        "STAFF_POOL_ID": "pool",
        "PORTAL_ORIGIN": "https://rewards.loyalty.example",
        "MAIL_FROM": "programme@loyalty.example",
    }
    return Doors(published, variables)


def test_an_uploaded_logo_is_shown_to_members_once_a_version_names_it(doors: Doors, published: TestDatabase) -> None:
    upload = {"picture": base64.b64encode(picture(size=(2_400, 800))).decode()}
    told = doors("manager_api", "POST", "/programme/logo", upload, token=CLEO).body
    assert (told["width"], told["height"]) == (480, 160)
    assert told["data_url"].startswith("data:image/png;base64,")
    with published.owner() as owner:
        before = reading.current(owner, 1)
        document = json.loads(before.document.model_dump_json())
        document["brand"]["logo"] = told["logo"]
        named = Programme.model_validate_json(json.dumps(document))
        version = publishing.publish(owner, 1, named, based_on=before.version, actor="test", why="test")
        brand = doors("member_api", "GET", "/config").body["brand"]
        publishing.publish(owner, 1, before.document, based_on=version, actor="test", why="test")
    assert brand["logo_url"] == f"https://member.example/v1/brand/logos/{told['logo']}"
    shown = doors("member_api", "GET", f"/brand/logos/{told['logo']}")
    assert (shown.status, shown.headers["content-type"]) == (200, "image/svg+xml")
    assert "immutable" in shown.headers["cache-control"]
    assert "sandbox" in shown.headers["content-security-policy"]
    assert doors("member_api", "GET", f"/brand/logos/{'0' * 64}").status == 404


def test_an_svg_is_refused_with_what_to_do_instead(doors: Doors) -> None:
    upload = {"picture": base64.b64encode(b"<svg onload='alert(1)'/>").decode()}
    told = doors("manager_api", "POST", "/programme/logo", upload, token=CLEO)
    assert (told.status, told.body["code"], told.body["errors"][0]["field"]) == (400, "svg", "picture")
    assert "PNG" in told.body["detail"]


class Pool:
    """Knows one of the staff."""

    def list_users(self, *, Filter: str, **_: Any) -> Any:  # noqa: N803
        users = [{"Attributes": [{"Name": "email", "Value": "cleo@staff.example"}]}]
        return {"Users": users if Filter == f'sub = "{CLEO["sub"]}"' else []}


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[mail.Mail]:
    letters: list[mail.Mail] = []
    monkeypatch.setattr(messages, "_pool", Pool)
    monkeypatch.setattr(mail, "send", letters.append)
    return letters


def test_every_word_of_every_message_has_a_sample_in_each_language(doors: Doors) -> None:
    told = doors("manager_api", "GET", "/programme/messages", token=CLEO).body
    assert told["languages"] == ["de", "en"]
    by_key = {one["key"]: one for one in told["messages"]}
    assert by_key["points-expiring"]["words"]["de"]["date"]
    assert by_key["document-ready"]["short"] is None
    assert all(value for one in told["messages"] for words in one["words"].values() for value in words.values())


def test_a_test_goes_to_nobody_but_who_asks_and_not_without_end(doors: Doors, sent: list[mail.Mail]) -> None:
    told = doors("manager_api", "POST", "/programme/messages/test", TEXT, token=CLEO)
    assert told.body == {"email": "cleo@staff.example"}
    (letter,) = sent
    assert (letter.to, letter.subject) == ("cleo@staff.example", "[Test] 2,500 points")
    assert "Journey Rewards" in letter.text
    for _ in range(messages.TESTS_AN_HOUR - 1):
        assert doors("manager_api", "POST", "/programme/messages/test", TEXT, token=CLEO).status == 200
    refused = doors("manager_api", "POST", "/programme/messages/test", TEXT, token=CLEO)
    assert (refused.status, refused.body["code"]) == (409, "too-many-tests")
    assert len(sent) == messages.TESTS_AN_HOUR


def test_a_text_with_an_unknown_word_is_not_sent(doors: Doors, sent: list[mail.Mail]) -> None:
    told = doors("manager_api", "POST", "/programme/messages/test", TEXT | {"text": "{name}!"}, token=CLEO)
    assert (told.status, told.body["errors"][0]["field"]) == (400, "text")
    assert sent == []
