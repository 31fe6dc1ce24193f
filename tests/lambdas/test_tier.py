"""A member's level at the door."""

from __future__ import annotations

import json
from collections.abc import Callable

from loyalty.programme import publishing, reading
from loyalty.programme.document import Programme
from tests.domain.people import Somebody
from tests.lambdas.conftest import Doors, member_token


def test_a_member_sees_the_level_and_all_there_are_in_their_language(
    doors: Doors, somebody: Callable[..., Somebody]
) -> None:
    jane = somebody(claimed=True, tier="silver")
    with doors.database.owner() as owner:
        owner.execute("update members.member set language = 'de' where member_id = %s", (jane.member_id,))
        current = reading.current(owner, 1)
        facts = json.loads(current.document.model_dump_json())
        facts["conversion"]["by_tier"] = {"gold": 180}
        facts["tiers"]["levels"][1]["benefits"] = {"earn_multiplier_percent": 125, "free_delivery": True}
        facts["tiers"]["levels"][2]["names"] = {"en": "Golden"}
        changed = Programme.model_validate_json(json.dumps(facts))
        publishing.publish(owner, 1, changed, based_on=current.version, actor="test", why="test")

    answer = doors("member_api", "GET", "/me/tier", token=member_token(jane.subject))

    assert answer.status == 200
    silver = {"earn_multiplier_percent": 125, "points_per_major": 200, "free_delivery": True}
    assert (answer.body["code"], answer.body["name"], answer.body["benefits"]) == ("silver", "Silber", silver)
    assert (answer.body["unit"], answer.body["window_months"]) == ("base_points", 12)
    assert [(level["code"], level["name"], level["qualifying_units"]) for level in answer.body["levels"]] == [
        ("member", "Mitglied", 0),
        ("silver", "Silber", 20_000),
        ("gold", "Golden", 50_000),
    ]
    assert answer.body["levels"][2]["benefits"]["points_per_major"] == 180
    assert answer.body["progress"] is None


def test_a_level_that_the_programme_no_longer_has_is_the_first_one(
    doors: Doors, somebody: Callable[..., Somebody]
) -> None:
    jane = somebody(claimed=True)
    with doors.database.owner() as owner:
        owner.execute("update members.member set tier = 'platinum' where member_id = %s", (jane.member_id,))
    assert doors("member_api", "GET", "/me/tier", token=member_token(jane.subject)).body["code"] == "member"
