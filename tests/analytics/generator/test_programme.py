"""A generated programme keeps the rules of a real one, and what it says is true of it can be found in its rows."""

from __future__ import annotations

import dataclasses
import json
from datetime import date

import numpy as np
import pytest

from analytics.generator import Generated, programme, seasons
from analytics.generator.tables import CAMPAIGN_KINDS, EVENTS, KINDS, POINT_VALUE_MICROS


def entries_of(made: Generated, kind: str) -> int:
    return int(made.entries.points[made.entries.kind == KINDS.index(kind)].sum())


def days_of(made: Generated, at: np.ndarray) -> np.ndarray:
    return (at.astype("datetime64[D]") - np.datetime64(made.first_day, "D")).astype(np.int64)


def same(one: object, other: object) -> bool:
    if isinstance(one, np.ndarray) and isinstance(other, np.ndarray):
        return one.dtype == other.dtype and one.tobytes() == other.tobytes()
    if dataclasses.is_dataclass(one):
        return all(same(getattr(one, f.name), getattr(other, f.name)) for f in dataclasses.fields(one))
    return one == other


def test_the_same_seed_makes_the_same_programme_and_another_seed_another(small: Generated) -> None:
    assert same(small, programme(seed=3, members=400, days=200))
    assert not same(small, programme(seed=4, members=400, days=200))


@pytest.mark.parametrize(("members", "days"), [(0, 10), (10, 0)])
def test_a_programme_of_nobody_or_no_time_is_none(members: int, days: int) -> None:
    with pytest.raises(ValueError, match="members, days and products"):
        programme(seed=1, members=members, days=days)


def test_one_member_for_one_day_is_a_programme() -> None:
    one = programme(seed=1, members=1, days=1)
    assert one.truth.sums.outstanding == one.truth.sums.issued
    assert not one.truth.uplifts


def test_the_journal_and_the_movements_add_up_to_the_truth(made: Generated) -> None:
    sums = made.truth.sums
    told = {"accrue": sums.issued, "settle": sums.redeemed, "restore": sums.restored, "expire": sums.expired}
    assert {kind: entries_of(made, kind) for kind in told} == told
    moved = {name: int(made.movements.points[made.movements.event == n].sum()) for n, name in enumerate(EVENTS)}
    assert moved == dict(zip(EVENTS, (sums.issued, sums.redeemed, sums.restored, sums.expired), strict=True))
    assert sums.issued + sums.restored - sums.redeemed - sums.expired == sums.outstanding
    assert sums.expired > 0
    assert sums.restored > 0


def test_documents_add_up_to_the_journal_and_the_truth(made: Generated) -> None:
    sums, lines = made.truth.sums, made.lines
    assert made.accruals.points.sum() == sums.issued
    assert (made.accruals.campaign < 0).sum() == sums.purchases
    assert made.redemptions.settled.sum() == (lines.unit_points * lines.accepted).sum() == sums.redeemed
    assert made.redemptions.points.sum() == (lines.unit_points * lines.quantity).sum() == entries_of(made, "hold")
    assert (made.redemptions.points - made.redemptions.settled).sum() == entries_of(made, "release")
    assert made.redemptions.settled_money_minor.sum() == (lines.unit_money_minor * lines.accepted).sum()
    assert made.redemptions.settled_money_minor.sum() == sums.captured_minor
    assert (made.redemptions.accepted_units > 0).sum() == sums.redemptions
    assert made.back.points.sum() == sums.restored
    assert made.back.money_minor.sum() == sums.refunded_minor
    assert (lines.returned <= lines.accepted).all()


def test_a_unit_costs_its_price_in_points_money_and_discount(made: Generated) -> None:
    lines = made.lines
    paid = lines.unit_points * POINT_VALUE_MICROS // 10_000 + lines.unit_money_minor + lines.unit_discount_minor
    assert (paid == made.products.price_minor[lines.product]).all()
    assert ((lines.campaign >= 0) == (lines.unit_discount_minor > 0)).all()


def test_no_balance_is_ever_below_zero(made: Generated) -> None:
    entries = made.entries
    available = np.array([1, -1, 0, 1, -1, 1])[entries.kind] * entries.points
    held = np.array([0, 1, -1, -1, 0, 0])[entries.kind] * entries.points
    assert (np.diff(entries.at) >= np.timedelta64(0)).all()
    order = np.lexsort((entries.sequence, entries.member))
    begins = np.r_[True, np.diff(entries.member[order]) > 0]
    for points in (available, held):
        running = np.cumsum(points[order])
        before = np.maximum.accumulate(np.where(begins, np.arange(running.size), 0))
        assert (running - (running - points[order])[before]).min() >= 0
    assert held.sum() == 0
    assert available.sum() == made.truth.sums.outstanding


def test_points_lapse_a_year_after_their_month_and_not_before(made: Generated) -> None:
    movements = made.movements
    age = (movements.day.astype("datetime64[M]") - movements.lot_month).astype(np.int64)
    assert age.min() == 0
    assert age[movements.event != EVENTS.index("restored")].max() == 13
    assert age[movements.event == EVENTS.index("lapsed")].min() == 13
    assert age[movements.event == EVENTS.index("redeemed")].max() <= 12


def test_a_product_that_is_gone_in_the_morning_sells_nothing_that_day(made: Generated) -> None:
    truth, lines = made.truth, made.lines
    day = days_of(made, made.redemptions.at)[lines.redemption]
    gone = truth.stock_out_day * 1000 + truth.stock_out_product
    assert gone.size > 100
    assert not np.isin(day * 1000 + lines.product, gone).any()


def test_what_was_wanted_and_not_there_is_known(made: Generated) -> None:
    truth, lines = made.truth, made.lines
    assert truth.refused_units.sum() == (lines.quantity - lines.accepted).sum() > 0
    assert (truth.refused_units <= truth.lost_units).all()
    share = truth.lost_units.sum() / (truth.lost_units.sum() + lines.accepted.sum())
    assert 0.01 < share < 0.15


def test_nothing_is_sold_before_its_launch_nor_to_whom_has_not_joined(made: Generated) -> None:
    lines, orders = made.lines, made.redemptions
    assert (made.products.launched_at[lines.product] <= orders.at[lines.redemption]).all()
    assert (made.members.joined_at[made.entries.member] <= made.entries.at).all()
    assert (made.products.launched_at > np.datetime64(made.first_day)).mean() > 0.15


def test_weekdays_can_be_found_again(made: Generated) -> None:
    """Purchases by weekday, of what members would do on a day without seasons."""
    own = made.accruals.campaign < 0
    purchases = np.bincount(days_of(made, made.accruals.at[own]), minlength=made.days)
    expected = made.truth.propensity * made.truth.shopping_year
    weekday = (np.arange(made.days) + made.first_day.weekday()) % 7
    found = np.bincount(weekday, purchases) / np.bincount(weekday, expected)
    assert found / found.mean() == pytest.approx(made.truth.shopping_weekday[np.argsort(weekday[:7])], rel=0.03)


def test_the_seasons_of_the_year_can_be_found_again(made: Generated) -> None:
    own = made.accruals.campaign < 0
    purchases = np.bincount(days_of(made, made.accruals.at[own]), minlength=made.days)
    expected = made.truth.propensity * made.truth.shopping_weekday
    week = np.arange(made.days) // 7
    whole = week < made.days // 7
    found = np.bincount(week[whole], purchases[whole]) / np.bincount(week[whole], expected[whole])
    true = np.bincount(week[whole], made.truth.shopping_year[whole]) / 7
    assert np.corrcoef(found, true)[0, 1] > 0.95
    assert found.argmax() in (46, 47, 49, 50, 51)


def test_what_a_campaign_did_can_be_found_by_those_held_out(made: Generated) -> None:
    own = made.accruals.campaign < 0
    day, member = days_of(made, made.accruals.at[own]), made.accruals.member[own]
    found, true = [], []
    for uplift in made.truth.uplifts:
        if uplift.kind != "purchases":
            continue
        during = (day >= uplift.first_day) & (day < uplift.first_day + uplift.days)
        deeds = np.bincount(member[during], minlength=len(made.members.tier))
        asked = made.participants.campaign == uplift.campaign
        of, out = made.participants.member[asked], made.participants.held_out[asked]
        assert (int((~out).sum()), int(out.sum())) == (uplift.took_part, uplift.held_out)
        found.append(deeds[of[~out]].mean() / deeds[of[out]].mean() - 1)
        true.append(uplift.uplift)
    assert len(true) >= 5
    assert np.mean(found) == pytest.approx(np.mean(true), abs=0.08)


def test_bonuses_go_to_those_who_take_part_while_it_runs(made: Generated) -> None:
    bonus = made.accruals.campaign >= 0
    campaign, at = made.accruals.campaign[bonus], made.accruals.at[bonus]
    assert set(made.campaigns.kind[campaign].tolist()) == {CAMPAIGN_KINDS.index("purchases")}
    assert (made.campaigns.started_at[campaign] <= at).all()
    assert (at < made.campaigns.ended_at[campaign]).all()
    part = set(zip(made.participants.campaign.tolist(), made.participants.member.tolist(), strict=True))
    out = made.participants.held_out
    held = set(zip(made.participants.campaign[out].tolist(), made.participants.member[out].tolist(), strict=True))
    assert set(zip(campaign.tolist(), made.accruals.member[bonus].tolist(), strict=True)) <= part - held


def test_a_level_changes_from_what_it_was_to_what_it_is(made: Generated) -> None:
    changes = made.tier_changes
    order = np.lexsort((changes.sequence, changes.member))
    member, old, new = changes.member[order], changes.from_tier[order], changes.to_tier[order]
    again = member[1:] == member[:-1]
    assert (old[1:][again] == new[:-1][again]).all()
    last = np.r_[~again, True]
    assert (made.members.tier[member[last]] == new[last]).all()
    first = np.r_[True, ~again]
    assert (old[first] == 0).all()


def test_black_friday_follows_the_fourth_thursday_of_november() -> None:
    assert [seasons.black_friday(year) for year in (2024, 2025, 2026)] == [
        date(2024, 11, 29), date(2025, 11, 28), date(2026, 11, 27),
    ]  # fmt: skip


def test_the_truth_is_a_document(small: Generated) -> None:
    told = json.loads(json.dumps(small.truth.document()))
    assert told["sums"]["burned"] == small.truth.sums.redeemed - small.truth.sums.restored
    assert len(told["shopping_year"]) == small.days


def test_what_a_shop_tells_of_the_shelf_is_what_lay_on_it(small: Generated) -> None:
    told, truth = small.availability, small.truth
    day = (told.at.astype("datetime64[D]") - np.datetime64(small.first_day)).astype(int)
    evening = told.at.astype("datetime64[h]").astype(int) % 24 == 23
    left = truth.stock[day[evening], told.product[evening]]
    assert ((left == 0) == told.out[evening]).all()
    known = told.quantity[evening] >= 0
    assert (left[known] == told.quantity[evening][known]).all()
    assert set((told.product[told.quantity < 0] % 9).tolist()) == {8}
    # A product that is empty in the morning was told to be out, then or before, and nothing else since.
    for at, product in zip(truth.stock_out_day[-50:].tolist(), truth.stock_out_product[-50:].tolist(), strict=True):
        before = np.flatnonzero((told.product == product) & (day <= at) & ~((day == at) & evening))
        assert told.out[before[-1]]


def test_a_product_is_told_of_from_the_day_it_comes(small: Generated) -> None:
    first = np.full(len(small.products.price_minor), np.datetime64("2100-01-01T00", "us"))
    np.minimum.at(first, small.availability.product, small.availability.at)
    launched = np.maximum(small.products.launched_at, np.datetime64(small.first_day, "us"))
    assert (first == launched.astype("datetime64[D]") + np.timedelta64(6, "h")).all()
