"""Which model forecasts: better than repeating the past, not worse than the one before, and back to one that was."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from loyalty.database import Connection
from loyalty.demand import models
from loyalty.refusal import Kind, Refusal
from tests.conftest import TestDatabase


@pytest.fixture
def loader(fresh_database: TestDatabase) -> Iterator[Connection]:
    with fresh_database.connect("insight_loading") as connection:
        yield connection


def trained(connection: Connection, version: str, wql: float | None, naive: float = 1.0) -> models.Decision:
    measured = {"wql_naive": naive, "coverage80": 0.8} | ({} if wql is None else {"wql": wql})
    return models.decide(connection, version, f"s3://models/{version}/model.tar.gz", measured, 10)


def current(connection: Connection) -> str | None:
    found = models.current(connection)
    return found.version if found else None


def test_the_first_model_needs_to_be_better_than_repeating_the_past(loader: Connection) -> None:
    assert not trained(loader, "none", None).promoted
    worse = trained(loader, "worse", 1.2)
    assert (worse.promoted, worse.reason) == (False, "1.200 times the error of repeating the past")
    assert current(loader) is None
    assert trained(loader, "good", 0.6).promoted
    found = models.current(loader)
    assert found is not None
    assert (found.version, found.artefact) == ("good", "s3://models/good/model.tar.gz")
    assert found.measured["wql"] == 0.6
    assert 0 <= found.days_old < 1


def test_a_model_may_be_a_little_worse_than_the_one_before_and_no_more(loader: Connection) -> None:
    trained(loader, "first", 0.60)
    assert trained(loader, "second", 0.65).promoted
    refused = trained(loader, "third", 0.75)
    assert not refused.promoted
    assert refused.reason == "0.750 times the error of repeating the past, the current one 0.650"
    assert current(loader) == "second"


def test_models_are_compared_by_how_hard_their_weeks_were(loader: Connection) -> None:
    trained(loader, "calm", 0.3, naive=0.5)
    assert trained(loader, "wild", 1.2, naive=2.0).promoted


def test_a_decision_stands_however_often_it_is_asked_for(loader: Connection) -> None:
    trained(loader, "first", 0.6)
    trained(loader, "second", 0.5)
    assert trained(loader, "first", 0.1) == models.Decision(True, None)
    assert current(loader) == "second"


def test_numbers_that_are_none_count_as_not_measured(loader: Connection) -> None:
    assert not trained(loader, "broken", float("nan")).promoted
    assert not trained(loader, "zero", 0.5, naive=0.0).promoted


def test_a_model_that_was_good_can_be_had_back(loader: Connection, fresh_database: TestDatabase) -> None:
    trained(loader, "first", 0.6)
    trained(loader, "second", 0.55)
    trained(loader, "bad", 0.9)
    with fresh_database.connect("demand_desk") as desk:
        models.restore(desk, "first", "staff-7")
        models.restore(desk, "first", "staff-7")
        assert current(loader) == "first"
        rows = desk.execute("select version, state, decided_by from demand.model order by version").fetchall()
        assert [tuple(row.values()) for row in rows] == [
            ("bad", "refused", "the night"),
            ("first", "current", "staff-7"),
            ("second", "previous", "the night"),
        ]
        for version, kind in (("bad", Kind.CONFLICT), ("never", Kind.NOT_FOUND)):
            with pytest.raises(Refusal) as refused:
                models.restore(desk, version, "staff-7")
            assert refused.value.kind is kind


def test_a_model_that_was_had_back_is_not_blamed_for_the_other_s_nights_nor_replaced_at_once(
    loader: Connection, fresh_database: TestDatabase
) -> None:
    trained(loader, "first", 0.6)
    with fresh_database.owner() as owner:
        owner.execute(
            "update demand.model set (trained_at, decided_at) = (clock.now() - interval '20 days', trained_at)"
        )
        owner.execute("update demand.model set decided_at = trained_at")
        trained(loader, "second", 0.55)
        owner.execute(
            "insert into demand.night (program_id, run_id, as_of, model, state, health, began_at) values (1, 'bad',"
            " clock.now()::date, 'second', 'current', '{\"wql_lately\": 1.5, \"wql_naive_lately\": 1}', clock.now())"
        )

        def drifted() -> bool:
            row = loader.execute("select drifted from demand.plan_night()").fetchone()
            assert row is not None
            return bool(row["drifted"])

        assert drifted()
        with fresh_database.connect("demand_desk") as desk:
            models.restore(desk, "first", "staff-7")
        assert not drifted()
        found = models.current(loader)
        assert found is not None
        assert (found.version, found.days_old < 1) == ("first", True)
        assert not trained(loader, "third", 0.9).promoted


def test_the_registry_s_name_is_kept(loader: Connection, fresh_database: TestDatabase) -> None:
    trained(loader, "first", 0.6)
    models.name_package(loader, "first", "arn:aws:sagemaker:us-east-1:000000000000:model-package/demand/1")
    with fresh_database.owner() as owner:
        rows = owner.execute("select package from demand.model").fetchall()
    assert rows == [{"package": "arn:aws:sagemaker:us-east-1:000000000000:model-package/demand/1"}]
