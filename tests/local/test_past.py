"""The year before `make run`: what is written there was written then, is whole, and has told nobody."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from random import Random

import pytest

from local.past import campaign, shelves
from local.past.days import days, weeks_between
from local.past.rewards import Rewards, shelf
from loyalty.database import Connection
from loyalty.members import membership
from loyalty.members.membership import NewMember
from loyalty.points import accruals
from loyalty.programme import reading
from loyalty.programme.publishing import publish_initial
from tests.conftest import TestDatabase
from tests.domain.redemptions.saga import FAST

TODAY = date(2026, 11, 22)
JUNE = datetime(2026, 6, 15, 12, tzinfo=UTC)


class Never(Random):
    """Of whom every chance is the same."""

    def __init__(self, chance: float) -> None:
        super().__init__(1)
        self._chance = chance

    def random(self) -> float:
        return self._chance


@pytest.fixture(scope="module")
def rewards(database: TestDatabase) -> Iterator[Rewards]:
    with database.owner() as connection:
        publish_initial(connection, FAST)
        connection.execute("call points.ensure_partitions()")
        made = Rewards(connection, reading.current(connection, 1), 1, [])
        made.stand_at(JUNE - timedelta(days=30))
        connection.execute("call points.ensure_partitions()")
        connection.execute(
            "insert into catalogue.product (program_id, asin, title, category, first_seen_at)"
            " values (1, 'B0PAST0001', 'A cup', 'home', clock.now())"
        )
        connection.execute(
            "insert into catalogue.offer (program_id, asin, offer_id, position, price_minor, currency, in_stock,"
            " min_quantity, condition, buying_guidance, shipping_minor, checked_at)"
            " values (1, 'B0PAST0001', 'offer', 0, 1000, 'USD', true, 1, 'NEW', 'NONE', 100, clock.now())"
        )
        made.products = shelf(connection, 1, Random(1))
        yield made


def household(connection: Connection, number: str) -> int:
    """Since May, with 20,000 points and a home."""
    new = NewMember(number, f"{number.lower()}@members.example", None, "member", "US", "en")
    member_id = membership.create(connection, 1, new, "test")[0]
    document = reading.current(connection, 1).document
    bought = accruals.Purchase(f"b-{number}", number, 2_000_00, "USD", "GROCERY", JUNE - timedelta(days=30))
    accruals.accrue(connection, 1, document, "grocer", bought, "test")
    connection.execute(
        "select members.add_address(1, %s, 'H', '+12065550100', '1 Example Ave', null, null, 'Seattle', 'WA', '98109',"
        " 'US', false, false, true, 50)",
        (member_id,),
    )
    return member_id


def test_a_reward_of_june_is_ordered_delivered_and_sent_back_in_june_and_tells_nobody(
    rewards: Rewards, database: TestDatabase
) -> None:
    rewards.stand_at(JUNE - timedelta(days=30))
    member_id = household(rewards.connection, "PAST-1")
    kept = rewards.redeem(member_id, JUNE, Never(0.99))
    assert kept is not None
    assert kept.comes_back_at is None
    rewards.send_back(kept.redemption_id, JUNE + timedelta(days=20))
    with database.owner() as now:
        row = now.execute(
            "select r.outcome, r.created_at, r.closed_at, f.progress, b.given_back_at"
            " from redemptions.redemption r join orders.follow f using (program_id, redemption_id)"
            " join redemptions.units_back b using (program_id, redemption_id) where r.redemption_id = %s",
            (kept.redemption_id,),
        ).fetchone()
        assert row is not None
        assert (row["outcome"], row["progress"], row["created_at"]) == ("completed", "delivered", JUNE)
        assert row["given_back_at"] == JUNE + timedelta(days=20)
        booked = now.execute("select max(created_at) as last from points.journal").fetchone()
        assert booked == {"last": JUNE + timedelta(days=20)}
        events = now.execute("select state from outbox.event where subject = %s", (kept.redemption_id,)).fetchall()
        assert {event["state"] for event in events} == {"sent"}
        for checked in ("points.invariants", "redemptions.invariants"):
            assert now.execute(f"select name from {checked} where violations > 0".encode()).fetchall() == []


def test_what_was_gone_is_lost_demand_and_its_points_are_there_again(rewards: Rewards) -> None:
    rewards.stand_at(JUNE - timedelta(days=30))
    member_id = household(rewards.connection, "PAST-2")
    gone = rewards.redeem(member_id, JUNE, Never(0.0))
    assert gone is not None
    line = rewards.connection.execute(
        "select r.outcome, l.quantity, l.accepted_quantity, l.reasons from redemptions.redemption r"
        " join redemptions.line l using (program_id, redemption_id) where r.redemption_id = %s",
        (gone.redemption_id,),
    ).fetchone()
    assert line is not None
    # Of two units one was there: what is gone is told with its reason.
    assert (line["quantity"] - line["accepted_quantity"], line["reasons"]) == (1, ["UnavailableQuantity"])


def test_a_campaign_has_run_since_it_began_and_has_its_members(rewards: Rewards) -> None:
    rewards.stand_at(JUNE - timedelta(days=30))
    members = {household(rewards.connection, number) for number in ("PAST-3", "PAST-4")}
    begins = datetime.combine(campaign.first_day(TODAY), datetime.min.time(), UTC) + timedelta(minutes=1)
    rewards.stand_at(begins)
    campaign.begin(rewards.connection, 1, TODAY)
    campaign.begin(rewards.connection, 1, TODAY)
    (row,) = rewards.connection.execute(
        "select w.state, w.started_at, array_agg(p.member_id) as members from campaigns.watched w"
        " left join campaigns.participant p using (program_id, campaign) group by 1, 2"
    ).fetchall()
    assert (row["state"], row["started_at"]) == ("running", begins)
    assert members <= set(row["members"])
    assert len(row["members"]) == len(set(row["members"]))


@pytest.mark.large
def test_the_years_days_are_those_of_the_data_moved_by_weeks() -> None:
    year = list(days(TODAY))
    assert weeks_between(TODAY).days % 7 == 0
    assert (len(year), year[-1].day) == (364, date(2026, 11, 15))
    assert sum(len(day.newcomers) for day in year) == len({one for day in year for one in day.newcomers}) == 2469
    assert sum(len(day.redeem) for day in year) == 1107


def test_shelves_of_the_year_are_the_same_again_and_agree_with_what_could_not_be_had(rewards: Rewards) -> None:
    products = {f"B{number:09d}": 500 for number in range(60)}
    rows, outages = shelves.of_year(products, TODAY, 3)
    assert shelves.of_year(products, TODAY, 3) == (rows, outages)
    assert {row[0] for row in rows} == set(products)
    assert sum(map(len, outages.values())) > 20
    last: dict[str, str] = {}
    for asin, at, state, left, _, _ in rows:
        assert shelves.is_out(outages, asin, at) == (state == "out_of_stock") == (left == 0)
        assert at < datetime(2026, 11, 22, tzinfo=UTC)
        last[asin] = state
    # What the shop says today does not contradict it.
    assert set(last.values()) == {"available"}
    shelves.write(rewards.connection, 1, rows)
    shelves.write(rewards.connection, 1, rows)
    row = rewards.connection.execute("select count(*) as rows from catalogue.availability").fetchone()
    assert row == {"rows": len(rows)}


def test_nobody_redeems_what_could_not_be_had_that_day(rewards: Rewards) -> None:
    rewards.stand_at(JUNE - timedelta(days=30))
    member_id = household(rewards.connection, "PAST-9")
    rewards.outages = {"B0PAST0001": [(JUNE.date(), JUNE.date() + timedelta(days=1))]}
    assert rewards.redeem(member_id, JUNE, Never(0.99)) is None
    rewards.outages = {}
    assert rewards.redeem(member_id, JUNE, Never(0.99)) is not None
