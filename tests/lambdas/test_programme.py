"""The programme's document by the manager API: who may, what a problem says, what the portal sees."""

from __future__ import annotations

from typing import Any

import pytest

from tests.lambdas.conftest import MEMBER_CLIENT, Answer, Doors, staff_token

MANAGER, OPERATOR = staff_token("catalogue-manager", subject="ann"), staff_token("business-operator", subject="bob")


def ask(doors: Doors, method: str, path: str, body: Any = None, token: Any = MANAGER) -> Answer:
    return doors("manager_api", method, f"/programme{path}", body, token=token)


def draft(doors: Doors) -> Any:
    return ask(doors, "GET", "/draft").body


def save(doors: Doors, section: str, **fields: Any) -> Answer:
    seen = draft(doors)
    value = seen["document"][section] | fields
    return ask(doors, "PUT", f"/draft/{section}", {"revision": seen["revision"], "value": value})


def publish(doors: Doors, **more: Any) -> Answer:
    body = {"revision": draft(doors)["revision"], "why": "agreed"} | more
    return ask(doors, "POST", "/draft/publication", body, OPERATOR)


def test_a_brand_saved_and_published_is_what_the_portal_asks_for_next(doors: Doors) -> None:
    assert ask(doors, "GET", "").body["draft"] is None
    saved = save(doors, "brand", accent="#0a7d33")
    assert (saved.status, saved.body["problems"]) == (200, [])
    seen = ask(doors, "GET", "").body
    assert (seen["draft"]["sections"], seen["draft"]["saved_by"]) == (["brand"], "staff:ann")
    told = publish(doors)
    assert (told.status, told.body["version"], told.body["schedule_id"]) == (200, seen["version"] + 1, None)
    variables = doors.variables | {
        "MEMBER_AUTHORITY": "https://cognito.example/pool", "MEMBER_CLIENT_ID": MEMBER_CLIENT,
    }  # fmt: skip
    portal = Doors(doors.database, variables)("member_api", "GET", "/config")
    assert portal.body["brand"]["accent"] == "#0a7d33"
    assert portal.headers["cache-control"] == "max-age=2"


def test_a_problem_names_its_field_and_never_what_was_entered(doors: Doors) -> None:
    saved = save(doors, "brand", accent="url(javascript:alert)")
    assert saved.body["problems"] == [{"field": "brand.accent", "detail": "is no colour: write it like #1f4b99"}]
    told = publish(doors)
    assert (told.status, told.body["code"]) == (400, "invalid")
    assert told.body["errors"] == saved.body["problems"]
    assert "javascript" not in str(told.body)
    assert ask(doors, "DELETE", "/draft").status == 200


def test_who_saves_over_somebody_is_told_who_and_when(doors: Doors) -> None:
    seen = draft(doors)
    assert save(doors, "pricing", quote_minutes=20).status == 200
    body = {"revision": seen["revision"], "value": seen["document"]["pricing"]}
    told = ask(doors, "PUT", "/draft/pricing", body)
    assert (told.status, told.body["code"], told.body["errors"][0]["field"]) == (409, "stale-draft", "revision")
    assert told.body["detail"].startswith("staff:ann saved it at 20")
    assert ask(doors, "PUT", "/draft/weather", body).status == 404


def test_a_version_tells_what_it_changed_and_can_apply_again(doors: Doors) -> None:
    old = ask(doors, "GET", "").body["version"]
    save(doors, "redemption", approval_minutes=44)
    version = publish(doors).body["version"]
    told = ask(doors, "GET", f"/versions/{version}").body
    assert {one["field"] for one in told["changes"]} >= {"redemption.approval_minutes"}
    assert (told["against"], told["published_by"], told["why"]) == (old, "staff:bob", "agreed")
    assert ask(doors, "GET", f"/versions/{old}?against={version}").body["changes"][0]["before"] is not None
    earlier = ask(doors, "GET", f"/versions/{old}").body
    assert "redemption.approval_minutes" in {one["field"] for one in earlier["rollback"]}
    assert earlier["kept"] == []
    back = ask(doors, "POST", f"/versions/{old}/restoration", {"why": "a mistake"}, OPERATOR)
    assert (back.body["version"], back.body["kept"]) == (version + 1, [])
    newest = ask(doors, "GET", "/versions?limit=1").body
    assert (newest["versions"][0]["origin"], newest["versions"][0]["restored_version"]) == ("restoration", old)
    assert newest["before"] == version + 1
    assert ask(doors, "GET", "/versions/9999").status == 404


def test_a_publication_for_later_is_shown_with_the_programmes_zone_and_can_be_cancelled(doors: Doors) -> None:
    save(doors, "pricing", quote_minutes=51)
    told = publish(doors, at="2020-01-01T00:00:00Z")
    assert (told.status, told.body["errors"][0]["field"]) == (400, "at")
    with doors.database.owner() as owner:
        row = owner.execute("select (clock.now() + interval '1 day') as at").fetchone()
    assert row is not None
    told = publish(doors, at=row["at"].isoformat())
    assert (told.status, told.body["version"], told.body["time_zone"]) == (200, None, "America/New_York")
    (waiting,) = ask(doors, "GET", "").body["scheduled"]
    assert (waiting["state"], waiting["sections"]) == ("waiting", ["pricing"])
    assert ask(doors, "DELETE", f"/schedule/{waiting['schedule_id']}").body == {"drafted": True}
    assert ask(doors, "GET", "").body["scheduled"] == []


@pytest.mark.parametrize(
    ("method", "path", "groups"),
    [
        ("GET", "", {"catalogue-manager", "business-operator", "finance"}),
        ("GET", "/versions", {"catalogue-manager", "business-operator", "finance"}),
        ("PUT", "/draft/brand", {"catalogue-manager"}),
        ("DELETE", "/draft", {"catalogue-manager"}),
        ("POST", "/draft/publication", {"catalogue-manager", "business-operator"}),
        ("POST", "/versions/9999/restoration", {"catalogue-manager", "business-operator"}),
    ],
)
def test_each_role_may_what_it_is_there_for(doors: Doors, method: str, path: str, groups: set[str]) -> None:
    bodies = {"PUT": {"revision": 2**31 - 1, "value": {}}, "POST": {"revision": 2**31 - 1, "why": "x"}}
    body = {"why": "x"} if path.endswith("restoration") else bodies.get(method)
    for group in ("catalogue-manager", "business-operator", "finance", "support"):
        answer = ask(doors, method, path, body, staff_token(group))
        assert (answer.status != 403) == (group in groups), (group, answer.body)
