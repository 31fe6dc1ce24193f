"""What counts towards a level, and what does not."""

from __future__ import annotations

from datetime import timedelta

import pytest

from loyalty.importing import Progress
from loyalty.points import accruals
from loyalty.points.accrual_file import AccrualImport
from tests.domain.people import Somebody
from tests.domain.points_in.test_accrual_file import HEADER
from tests.domain.tiers.world import World, levels


@pytest.fixture
def jane(here: World) -> Somebody:
    return here.member()


def test_crossing_a_threshold_changes_the_level_at_once_and_says_so_once(here: World, jane: Somebody) -> None:
    here.buy(jane, 999)
    assert (here.tier(jane), here.told(jane)) == ("member", [])
    here.buy(jane, 1)
    stands, year = here.standing(jane), here.today().year
    assert (here.tier(jane), stands.source, f"{stands.until}") == ("silver", "earned", f"{year + 1}-12-31")
    here.buy(jane, 5)
    told = here.told(jane)
    assert [(one["from"], one["to"], one["direction"], one["cause"]) for one in told] == [
        ("member", "silver", "up", "reached")
    ]
    assert told[0]["kept_until"] == f"{year + 1}-12-31"
    here.buy(jane, 2_000)
    assert [one.to_tier for one in here.changes(jane)] == ["gold", "silver"]


def test_a_big_purchase_may_pass_a_level(here: World, jane: Somebody) -> None:
    here.buy(jane, 3_000)
    assert [(one.from_tier, one.to_tier) for one in here.changes(jane)] == [("member", "gold")]


def test_what_a_level_multiplies_counts_only_once(world: World) -> None:
    generous = levels(("member", 0), ("silver", 1_000), ("gold", 3_000))
    generous[1]["benefits"] = {"earn_multiplier_percent": 200}
    world.publish(levels=generous)
    jane = world.member("silver")
    world.buy(jane, 1_400)
    row = world.owner.execute("select available from points.member where member_id = %s", (jane.member_id,)).fetchone()
    assert (row, world.standing(jane).units) == ({"available": 2_800}, 1_400)


def test_points_by_hand_and_redeemed_ones_move_no_counter(here: World, jane: Somebody) -> None:
    here.buy(jane, 900)
    here.owner.execute(
        "select points.adjust(1, %s, clock.new_id(), 5000, 'infinity', 'goodwill', '', 'staff:ben', null)",
        (jane.member_id,),
    )
    here.owner.execute(
        "select points.settle(1, %s, clock.new_id(), (h).op_id, 700, 'test') from (select points.hold(1, %s,"
        " clock.new_id(), 700, clock.now() + interval '1 day', '', 'test') as h offset 0) as held",
        (jane.member_id, jane.member_id),
    )
    assert (here.standing(jane).units, here.tier(jane)) == (900, "member")


def test_a_return_lowers_the_counter_and_nobodys_level(here: World, jane: Somebody) -> None:
    here.buy(jane, 600)
    coat = here.buy(jane, 500)
    here.bring_back(coat, 125)
    assert (here.standing(jane).units, here.tier(jane)) == (975, "silver")
    here.bring_back(coat, 375)
    assert (here.standing(jane).units, here.tier(jane)) == (600, "silver")
    assert len(here.told(jane)) == 1


def test_the_same_purchase_and_the_same_return_count_once(here: World, jane: Somebody) -> None:
    bought = accruals.Purchase("once", jane.number, 7_000, "USD", "Dairy", here.now())
    back = accruals.Return("once", "back", points=200)
    for _ in range(2):
        with here.database.connect("partner_api") as partner:
            accruals.accrue(partner, 1, here.document, "grocer", bought, "partner:grocer")
            accruals.reverse(partner, 1, here.document, "grocer", back, "partner:grocer")
    assert here.standing(jane).units == 500


def test_a_file_counts_like_single_purchases_and_goes_on_with_the_new_level(here: World, jane: Somebody) -> None:
    other = here.member()
    at = here.now().isoformat()
    file = HEADER + b"".join(
        f"{jane.number}-{n},{who.number},{at},Dairy,{spend},USD\n".encode()
        for n, (who, spend) in enumerate([(jane, 4_000), (jane, 6_500), (other, 900), (jane, 20_000)])
    )
    with here.database.connect("importer") as importer:
        run = AccrualImport(importer, 1, here.document, "grocer", lambda *_: None, Progress())
        assert run.run([file])
        assert run.progress.accepted == 4
    assert (here.tier(jane), here.standing(jane).units, here.standing(other).units) == ("gold", 3_050, 90)
    assert [one.to_tier for one in here.changes(jane)] == ["gold"]


def test_a_purchase_counts_in_the_period_it_was_made_in(here: World, jane: Somebody) -> None:
    here.buy(jane, 3_000, days_ago=(here.today() - here.today().replace(month=1, day=1)).days + 30)
    last_year = here.today().year - 1
    assert [(f"{one.period_from}", one.units, one.reached) for one in here.periods(jane)] == [
        (f"{last_year}-01-01", 3_000, "gold")
    ]
    stands = here.standing(jane)
    # Reached last year, so kept to the end of this one; nothing of it counts this year.
    assert (stands.tier, f"{stands.until}", stands.units, stands.secured) == (
        "gold",
        f"{last_year + 1}-12-31",
        0,
        False,
    )


def test_spend_counts_where_the_programme_says_so(world: World) -> None:
    world.publish(unit="spend_minor", levels=levels(("member", 0), ("silver", 50_00)))
    jane = world.member()
    world.buy(jane, 499)
    assert (world.tier(jane), world.standing(jane).units) == ("member", 49_90)
    world.buy(jane, 1)
    assert world.tier(jane) == "silver"
    world.sweep()
    assert world.violations() == {}


def test_two_memberships_that_become_one_count_together(here: World, jane: Somebody) -> None:
    duplicate = here.member()
    here.buy(jane, 600)
    coat = here.buy(duplicate, 500)
    with here.owner.transaction():
        here.owner.execute("select tiers.lock(1, %s::bigint[])", ([jane.member_id, duplicate.member_id],))
        here.owner.execute("select tiers.merge(1, %s, %s, 'staff:ben')", (duplicate.member_id, jane.member_id))
    assert (here.tier(jane), here.standing(jane).units, here.standing(duplicate).units) == ("silver", 1_100, 0)
    here.bring_back(coat, 500)
    assert (here.tier(jane), here.standing(jane).units) == ("silver", 600)


def test_nothing_is_wrong_with_any_of_these(here: World) -> None:
    here.sweep()
    assert here.violations() == {}


def test_a_level_waits_for_the_sweeper_rather_than_for_whoever_holds_the_member(here: World, jane: Somebody) -> None:
    with here.database.owner() as busy, busy.transaction():
        busy.execute("select from members.member where member_id = %s for no key update", (jane.member_id,))
        here.buy(jane, 1_500)
        assert here.tier(jane) == "member"
    here.sweep()
    assert (here.tier(jane), [one["cause"] for one in here.told(jane)]) == ("silver", ["reached"])
    assert here.standing(jane).until == here.today().replace(year=here.today().year + 1, month=12, day=31)
    assert here.now() - here.standing(jane).since < timedelta(minutes=5)
