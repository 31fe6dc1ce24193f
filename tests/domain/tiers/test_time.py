"""Kept to the end of the following period, then one level down each period; given until a day; new versions."""

from __future__ import annotations

from datetime import date

import psycopg
import pytest

from loyalty.refusal import Refusal
from tests.domain.tiers.world import World, levels


def test_a_level_is_kept_to_the_end_of_the_following_period_then_it_goes_down_one_by_one(world: World) -> None:
    world.turn_to(date(2027, 11, 20))
    jane = world.member()
    world.buy(jane, 3_500)
    for day, tier, until in (
        (date(2027, 12, 31), "gold", date(2028, 12, 31)),
        (date(2028, 12, 31), "gold", date(2028, 12, 31)),
        (date(2029, 1, 1), "silver", date(2029, 12, 31)),
        (date(2029, 12, 31), "silver", date(2029, 12, 31)),
        (date(2030, 1, 1), "member", None),
    ):
        world.turn_to(day)
        assert (world.tier(jane), world.standing(jane).until) == (tier, until), day
    assert [(one["to"], one["direction"], one["cause"]) for one in world.told(jane)] == [
        ("gold", "up", "reached"),
        ("silver", "down", "period_ended"),
        ("member", "down", "period_ended"),
    ]
    assert world.violations() == {}


def test_requalifying_keeps_it_for_another_period_and_is_no_news(world: World) -> None:
    world.turn_to(date(2027, 11, 20))
    jane = world.member()
    world.buy(jane, 1_200)
    world.turn_to(date(2028, 2, 1))
    assert not world.standing(jane).secured
    world.buy(jane, 1_000)
    assert world.standing(jane).secured
    world.turn_to(date(2029, 6, 1))
    assert (world.tier(jane), world.standing(jane).until, len(world.told(jane))) == ("silver", date(2029, 12, 31), 1)


def test_a_late_purchase_of_the_last_period_brings_back_what_was_lost(world: World) -> None:
    world.turn_to(date(2027, 11, 20))
    jane = world.member()
    world.buy(jane, 3_500)
    world.turn_to(date(2029, 1, 3))
    assert world.tier(jane) == "silver"
    world.buy(jane, 3_000, days_ago=10)
    assert (world.tier(jane), world.standing(jane).until) == ("gold", date(2029, 12, 31))


def test_the_level_somebody_was_registered_with_is_as_if_reached_then(world: World) -> None:
    world.turn_to(date(2027, 3, 1))
    jane = world.member("gold")
    assert (world.standing(jane).source, world.standing(jane).until) == ("registered", date(2028, 12, 31))
    world.turn_to(date(2027, 3, 2))
    world.turn_to(date(2028, 12, 31))
    assert (world.tier(jane), world.told(jane)) == ("gold", [])
    world.turn_to(date(2029, 1, 1))
    assert (world.tier(jane), world.standing(jane).source) == ("silver", "stepped_down")


def test_a_level_that_is_given_lasts_to_its_day_and_ends_at_what_is_earned(world: World) -> None:
    world.turn_to(date(2027, 3, 1))
    jane = world.member()
    world.grant(jane, "gold", date(2027, 6, 30))
    assert (world.tier(jane), world.standing(jane).reason_code) == ("gold", "goodwill")
    world.buy(jane, 1_000)
    assert world.tier(jane) == "gold"
    world.turn_to(date(2027, 6, 30))
    assert world.tier(jane) == "gold"
    world.turn_to(date(2027, 7, 1))
    assert (world.tier(jane), world.standing(jane).until) == ("silver", date(2028, 12, 31))
    assert [(one["to"], one["cause"]) for one in world.told(jane)] == [("gold", "granted"), ("silver", "grant_ended")]
    assert world.violations() == {}


def test_what_is_given_never_lowers_and_a_withdrawn_one_ends_now(world: World) -> None:
    jane = world.member()
    world.buy(jane, 3_000)
    silver = world.grant(jane, "silver", world.today())
    assert world.tier(jane) == "gold"
    world.withdraw(jane, silver)
    world.withdraw(jane, silver)
    anna = world.member()
    gold = world.grant(anna, "gold", world.today().replace(year=world.today().year + 1))
    world.withdraw(anna, gold)
    assert [(one.to_tier, one.cause, one.actor) for one in world.changes(anna)] == [
        ("member", "grant_withdrawn", "staff:ben"),
        ("gold", "granted", "staff:ben"),
    ]
    with pytest.raises(Refusal) as refusal:
        world.withdraw(jane, gold)
    assert refusal.value.code == "unknown"


@pytest.mark.parametrize(
    ("tier", "days", "code"),
    [("emperor", 10, "unknown-tier"), ("member", 10, "lowest"), ("gold", -1, "past"), ("gold", 4_000, "too-far")],
)
def test_what_cannot_be_given(here: World, tier: str, days: int, code: str) -> None:
    with pytest.raises(Refusal) as refusal:
        here.grant(here.member(), tier, date.fromordinal(here.today().toordinal() + days))
    assert refusal.value.code == code


def test_a_version_demotes_nobody_in_the_term_of_a_level_and_raises_who_has_enough(world: World) -> None:
    year = world.today().year
    jane, anna = world.member(), world.member()
    world.buy(jane, 3_100)
    world.buy(anna, 900)
    world.publish(levels=levels(("member", 0), ("silver", 800), ("gold", 9_000)))
    world.sweep()
    assert (world.tier(jane), world.tier(anna)) == ("gold", "silver")
    assert [(one["to"], one["cause"]) for one in world.told(anna)] == [("silver", "programme")]
    world.turn_to(date(year + 1, 12, 31))
    assert world.tier(jane) == "gold"
    world.turn_to(date(year + 2, 1, 1))
    assert world.tier(jane) == "silver"
    assert world.violations() == {}


def test_a_level_that_leaves_the_programme_becomes_the_next_lower_one_that_stays(world: World) -> None:
    jane = world.member()
    world.buy(jane, 3_100)
    world.publish(levels=levels(("member", 0), ("silver", 1_000), ("platinum", 9_000)))
    # At once for whoever asks, and the sweeper writes it down.
    assert world.standing(jane).tier == "silver"
    world.sweep()
    assert (world.tier(jane), [one.cause for one in world.changes(jane)]) == ("silver", ["programme", "reached"])
    assert world.violations() == {}


def test_levels_published_back_before_everybody_was_looked_at_leave_nobody_on_those_in_between(world: World) -> None:
    people = [world.member() for _ in range(3)]
    for each in people:
        world.buy(each, 3_100)
    world.sweep()
    for piece in (lambda: world.walk(1), lambda: world.grant(people[1], "silver", world.today())):
        world.publish(levels=levels(("member", 0), ("silver", 1_000)), replaced={"gold": "silver"})
        piece()
        assert sorted(world.tier(each) for each in people) == ["gold", "gold", "silver"]
        world.publish(levels=levels(("member", 0), ("silver", 1_000), ("gold", 3_000)), replaced={})
        world.sweep()
        assert [world.tier(each) for each in people] == ["gold"] * 3
    assert world.violations() == {}


def test_a_change_is_never_changed(here: World) -> None:
    jane = here.member()
    here.buy(jane, 1_000)
    with pytest.raises(psycopg.errors.RestrictViolation):
        here.owner.execute("update tiers.change set actor = 'nobody' where member_id = %s", (jane.member_id,))
