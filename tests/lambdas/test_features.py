"""Switches at the desk: who may switch, what is written down, what members get."""

from __future__ import annotations

import pytest

from tests.lambdas.conftest import Answer, Doors, Token, member_token, staff_token

OLGA, SAM, FAY = staff_token("business-operator", subject="olga"), staff_token("support"), staff_token("finance")


def switch(doors: Doors, feature: str, body: dict[str, object], who: Token = OLGA) -> Answer:
    return doors("manager_api", "PUT", f"/features/{feature}", {"why": "it breaks", **body}, token=who)


def test_a_switching_is_told_with_who_and_why_and_stands_in_the_audit_log(doors: Doors) -> None:
    told = switch(doors, "personal", {"on": False, "share_percent": 40})
    assert told.status == 200
    (one,) = [one for one in told.body["features"] if one["feature"] == "personal"]
    assert one == {"feature": "personal", "on": False, "share_percent": 40}
    newest = told.body["history"][0]
    assert (newest["by"], newest["why"], newest["version"]) == ("staff:olga", "it breaks", told.body["version"])
    assert (newest["before"]["on"], newest["after"]["on"]) == (True, False)
    log = doors("manager_api", "GET", "/audit?action=PUT%20/features/{feature}", token=FAY).body
    assert (log["entries"][0]["actor"], log["entries"][0]["subjects"]) == ("staff:olga", ["personal"])
    assert log["entries"][0]["detail"] == {"on": False, "share_percent": 40}
    assert doors("manager_api", "GET", "/features", token=SAM).body == told.body
    assert switch(doors, "personal", {"on": True, "share_percent": 100}).status == 200


def test_what_was_switched_since_it_was_shown_is_not_switched_over(doors: Doors) -> None:
    seen = {"on": True, "share_percent": 100}
    assert switch(doors, "personal", {"on": False, "seen": seen}).status == 200
    refused = switch(doors, "personal", {"on": True, "share_percent": 50, "seen": seen})
    assert (refused.status, refused.body["code"]) == (409, "switched-meanwhile")
    assert switch(doors, "search", {"on": False, "seen": {"on": True}}).status == 200
    assert switch(doors, "search", {"on": True}).status == 200, "who has seen nothing switches all the same"
    assert switch(doors, "personal", {"on": True}).status == 200


@pytest.mark.parametrize("who", [SAM, FAY, staff_token("catalogue-manager")])
def test_only_business_operators_switch(doors: Doors, who: Token) -> None:
    assert switch(doors, "search", {"on": False}, who).status == 403


@pytest.mark.parametrize(
    ("feature", "body", "status", "field"),
    [
        ("search", {"on": False, "share_percent": 5}, 400, "share_percent"),
        ("money", {"on": True, "share_percent": 101}, 400, "share_percent"),
        ("money", {"share_percent": 50}, 400, "on"),
        ("money", {"on": False, "why": " "}, 400, "why"),
        ("unheard-of", {"on": False}, 404, "feature"),
    ],
)
def test_what_cannot_be_switched_so_is_refused_by_its_field(
    doors: Doors, feature: str, body: dict[str, object], status: int, field: str
) -> None:
    refused = switch(doors, feature, body)
    assert (refused.status, refused.body["errors"][0]["field"]) == (status, field)


def test_members_are_told_that_search_is_off(doors: Doors) -> None:
    token = member_token("nobody-special")
    assert switch(doors, "search", {"on": False}).status == 200
    version = doors("member_api", "GET", "/catalogue", token=token).body["programme_version"]
    path = f"/catalogue/{version}/products"
    refused = doors("member_api", "GET", f"{path}?search=lamp", token=token)
    assert (refused.status, refused.body["code"]) == (409, "search-off")
    assert doors("member_api", "GET", path, token=token).status == 200
    assert switch(doors, "search", {"on": True}).status == 200
