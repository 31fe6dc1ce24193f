"""A warning is raised once, stays while the risk does, and is over when the risk is."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from loyalty.database import Connection
from loyalty.demand import alerts
from loyalty.refusal import Refusal
from tests.conftest import TestDatabase


@pytest.fixture
def owner(database: TestDatabase) -> Iterator[Connection]:
    with database.owner() as connection:
        connection.execute("truncate demand.alert, demand.outlook")
        yield connection


@pytest.fixture
def night(database: TestDatabase) -> Iterator[Connection]:
    with database.connect("insight_loading") as connection:
        yield connection


def outlook(owner: Connection, asin: str, probability: float, members: float, out: bool = False) -> None:
    owner.execute(
        "insert into demand.outlook (program_id, asin, first_on, probability, by_day, cause, is_out,"
        " members_disappointed, run_id) values (1, %s, '2026-11-24', %s, '{}', 'out_of_stock', %s, %s, 'r')"
        " on conflict (program_id, asin) do update set probability = excluded.probability,"
        " members_disappointed = excluded.members_disappointed, is_out = excluded.is_out",
        (asin, probability, out, members),
    )


def names(connection: Connection) -> list[str]:
    return [one.asin for one in alerts.open_of(connection, 1)]


def test_those_that_disappoint_most_come_first(owner: Connection, night: Connection, database: TestDatabase) -> None:
    outlook(owner, "FEW", 0.9, 1.0)
    outlook(owner, "MANY", 0.6, 12.0)
    outlook(owner, "OUT", 0.1, 5.0, out=True)
    outlook(owner, "UNLIKELY", 0.3, 50.0)
    outlook(owner, "NOBODY", 1.0, 0.1)
    assert alerts.renew(night, 1) == alerts.Renewed(3, 0)
    assert alerts.renew(night, 1) == alerts.Renewed(0, 0)
    with database.connect("demand_desk") as desk:
        assert names(desk) == ["MANY", "OUT", "FEW"]
        assert alerts.open_of(desk, 2) == []


def test_a_risk_that_shrinks_a_little_is_not_over(owner: Connection, night: Connection) -> None:
    outlook(owner, "LAMP", 0.6, 3.0)
    alerts.renew(night, 1)
    outlook(owner, "LAMP", 0.3, 3.0)
    assert alerts.renew(night, 1).ended == 0
    outlook(owner, "LAMP", 0.1, 3.0)
    assert alerts.renew(night, 1).ended == 1
    assert names(owner) == []
    outlook(owner, "LAMP", 0.6, 3.0)
    assert alerts.renew(night, 1).raised == 1


def test_a_product_without_an_outlook_is_no_risk(owner: Connection, night: Connection) -> None:
    outlook(owner, "LAMP", 0.6, 3.0)
    alerts.renew(night, 1)
    owner.execute("delete from demand.outlook")
    assert alerts.renew(night, 1) == alerts.Renewed(0, 1)


def test_what_a_person_dismissed_comes_again_only_after_it_was_over(owner: Connection, night: Connection) -> None:
    outlook(owner, "LAMP", 0.6, 3.0)
    alerts.renew(night, 1)
    (alert,) = alerts.open_of(owner, 1)
    alerts.dismiss(owner, 1, alert.alert_id, "kim")
    alerts.dismiss(owner, 1, alert.alert_id, "lee")
    outlook(owner, "LAMP", 0.9, 9.0)
    assert alerts.renew(night, 1) == alerts.Renewed(0, 0)
    assert names(owner) == []
    outlook(owner, "LAMP", 0.0, 0.0)
    alerts.renew(night, 1)
    outlook(owner, "LAMP", 0.9, 9.0)
    assert alerts.renew(night, 1).raised == 1
    row = owner.execute("select state, dismissed_by from demand.alert order by alert_id").fetchall()
    assert [tuple(one.values()) for one in row] == [("over", "kim"), ("open", None)]


def test_what_is_over_or_not_there_cannot_be_dismissed(owner: Connection, night: Connection) -> None:
    outlook(owner, "LAMP", 0.6, 3.0)
    alerts.renew(night, 1)
    (alert,) = alerts.open_of(owner, 1)
    outlook(owner, "LAMP", 0.0, 0.0)
    alerts.renew(night, 1)
    for program_id, code in ((1, "alert-over"), (2, "no-such-alert")):
        with pytest.raises(Refusal) as caught:
            alerts.dismiss(owner, program_id, alert.alert_id, "kim")
        assert caught.value.code == code
