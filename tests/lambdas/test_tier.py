"""A member's level at the door."""

from __future__ import annotations

import json
from collections.abc import Callable

from loyalty.programme import publishing, reading
from loyalty.programme.document import Programme
from tests.domain.people import Somebody
from tests.lambdas.conftest import Answer, Doors, Token, member_token, staff_token


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
    assert answer.body["source"] == "registered"
    year = int(answer.body["kept_until"][:4])
    assert answer.body["progress"] == {
        "qualifying_units": 0,
        "units_to_go": 50_000,
        "next": "gold",
        "units_to_keep": None,
        "counted_until": f"{year - 1}-12-31",
    }


def test_a_level_that_the_programme_no_longer_has_is_the_first_one(
    doors: Doors, somebody: Callable[..., Somebody]
) -> None:
    jane = somebody(claimed=True)
    with doors.database.owner() as owner:
        owner.execute("update members.member set tier = 'platinum' where member_id = %s", (jane.member_id,))
    assert doors("member_api", "GET", "/me/tier", token=member_token(jane.subject)).body["code"] == "member"


def test_staff_see_a_level_and_why_give_one_and_take_it_back(doors: Doors, somebody: Callable[..., Somebody]) -> None:
    jane, path = somebody(), "/members/{}/tier"
    ben, sue = staff_token("business-operator"), staff_token("support")
    seen = doors("manager_api", "GET", path.format(jane.number), token=sue)
    assert (seen.status, seen.body["tier"], seen.body["source"], seen.body["units_to_go"]) == (
        200,
        "member",
        "start",
        20_000,
    )
    until = f"{int(seen.body['period_until'][:4]) + 1}-06-30"
    body = {"tier": "gold", "until": until, "reason_code": "goodwill"}

    def grant(token: Token, key: str) -> Answer:
        return doors(
            "manager_api",
            "POST",
            path.format(jane.number) + "-grants",
            body,
            token=token,
            headers={"Idempotency-Key": key},
        )

    with doors.database.owner() as owner:
        row = owner.execute("select clock.new_id()::text as id").fetchone()
    assert row is not None
    key = row["id"]
    assert grant(sue, key).status == 403
    given = [grant(ben, key), grant(ben, key)]
    assert [one.status for one in given] == [201, 201]
    assert (given[1].body["tier"], given[1].body["until"], len(given[1].body["grants"])) == ("gold", until, 1)
    grant_id = given[0].body["grants"][0]["grant_id"]
    ended = doors("manager_api", "DELETE", path.format(jane.number) + f"-grants/{grant_id}", token=ben)
    assert (ended.status, ended.body["tier"], ended.body["grants"][0]["state"]) == (200, "member", "withdrawn")
    assert [one["cause"] for one in ended.body["history"]] == ["grant_withdrawn", "granted"]


def test_the_distribution_counts_members_by_level_and_names_those_near_the_next(
    doors: Doors, somebody: Callable[..., Somebody]
) -> None:
    ben = staff_token("business-operator")
    before = doors("manager_api", "GET", "/tiers/distribution", token=ben).body["levels"]
    jane = somebody()
    somebody(tier="gold")
    with doors.database.owner() as owner:
        owner.execute(
            "insert into tiers.month(program_id, member_id, month, base_points, spend_minor)"
            " values (1, %s, date_trunc('year', clock.now())::date, 19000, 0)",
            (jane.member_id,),
        )
    after = doors("manager_api", "GET", "/tiers/distribution", token=ben).body
    grown = {one["tier"]: one["members"] - old["members"] for one, old in zip(after["levels"], before, strict=True)}
    assert grown == {"member": 1, "silver": 0, "gold": 1}
    assert {"member_number": jane.number, "tier": "member", "next_tier": "silver", "units": 19_000,
            "units_to_go": 1_000} in after["nearest"]  # fmt: skip
