"""What the machine `insight` is told: what a night is about, whether a model is good, and its files into Aurora."""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from unittest import mock

import pytest

from lambdas import insight_loading
from loyalty.demand import lines, loading
from tests.conftest import TestDatabase
from tests.domain.demand import nights
from tests.domain.wishes.shelf import Shelf, shelf_of
from tests.lambdas.conftest import Doors

RUN = "night_1"
OUT = f"insight/run={RUN}/out"
ENVIRONMENT = {
    "LAKE_BUCKET": "lake",
    "LAKE_KEY_ARN": "arn:aws:kms:us-east-1:000000000000:key/lake",
    "NAME": "loyalty-test-demand",
    "RETRAIN_DAYS": "7",
    "TOLERANCE_PERCENT": "10",
}


class Store:
    """S3 with one bucket."""

    class exceptions:  # noqa: N801 - boto3's name
        class NoSuchKey(Exception): ...

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}

    def get_object(self, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803 - boto3's names
        assert Bucket == "lake"
        if Key not in self.objects:
            raise self.exceptions.NoSuchKey
        return {"Body": io.BytesIO(self.objects[Key])}

    def put_object(self, Bucket: str, Key: str, Body: bytes) -> None:  # noqa: N803 - boto3's names
        assert Bucket == "lake"
        self.objects[Key] = Body

    def get_paginator(self, operation: str) -> Store:
        assert operation == "list_objects_v2"
        return self

    def paginate(self, Bucket: str, Prefix: str) -> Iterator[dict[str, Any]]:  # noqa: N803 - boto3's names
        assert Bucket == "lake"
        keys = [{"Key": key} for key in self.objects if key.startswith(Prefix)]
        # A page at a time, and the last one is empty.
        yield from ({"Contents": [key]} for key in reversed(keys))
        yield {}

    def holds(self, key: str, *told: dict[str, Any]) -> None:
        content = b"".join(json.dumps(line).encode() + b"\n" for line in told)
        self.objects[key] = gzip.compress(content) if key.endswith(".gz") else content


@dataclass
class Night:
    """The function with a bucket and a database."""

    shelf: Shelf
    store: Store = field(default_factory=Store)

    def do(self, what: str, **more: Any) -> Any:
        door = Doors(self.shelf.database, ENVIRONMENT)
        with mock.patch.object(insight_loading, "_s3", return_value=self.store):
            return door.invoke("insight_loading", {"do": what, "run": RUN, **more})

    def load(self) -> int:
        """How many calls it took."""
        after, calls = None, 0
        while True:
            calls += 1
            answer = self.do("load", as_of=nights.AS_OF.isoformat(), model="m1", after=after)
            if not answer["more"]:
                return calls
            after = answer["after"]

    def show(self) -> Any:
        return self.do("show", as_of=nights.AS_OF.isoformat(), model="m1")

    def rows(self, sql: str) -> list[dict[str, Any]]:
        return self.shelf.owner.execute(sql.encode()).fetchall()

    def key_of(self, member: int) -> str:
        return str(self.rows(f"select lake.key_of(1, {member}) as key")[0]["key"])


@pytest.fixture
def night(fresh_database: TestDatabase) -> Iterator[Night]:
    with fresh_database.owner() as owner:
        yield Night(shelf_of(fresh_database, owner))


def test_a_night_is_about_the_last_whole_day_and_says_so_to_the_jobs(night: Night) -> None:
    told = night.do("plan")
    today = night.rows("select (clock.now() at time zone 'UTC')::date as today")[0]["today"]
    assert date.fromisoformat(told["as_of"]) == today - timedelta(days=1)
    assert json.loads(night.store.objects[f"insight/run={RUN}/in/plan.json"]) == {
        "run": RUN, "as_of": told["as_of"], "slow_days": {"1": 10, "2": 10},
    }  # fmt: skip
    assert [sql.split("TO ")[1].split()[0].split("/")[-2] for sql in told["sqls"]] == [
        "demand", "products", "interactions", "availability", "consents",
    ]  # fmt: skip
    assert told["job"] == f"loyalty-test-demand-{told['version']}"
    assert "_" not in told["job"]
    assert (told["model"], told["earlier"], told["training"]) == ("", "", True)
    assert night.do("plan") == told


def trained(night: Night, version: str, wql: float) -> Any:
    told = [{"MetricName": "wql", "Value": wql, "Timestamp": 0}, {"MetricName": "wql_naive", "Value": 1}]
    return night.do("decide", version=version, artefact="s3://lake/m.tar.gz", metrics=told)


def test_a_model_is_trained_when_there_is_none_it_is_old_it_drifted_or_somebody_wants_it(night: Night) -> None:
    assert trained(night, "20261101-a", 0.5) == {"promoted": True, "reason": ""}
    told = night.do("plan")
    assert (told["model"], told["training"]) == ("20261101-a", False)
    assert night.do("plan", train=True)["training"]
    night.shelf.later("8 days")
    assert night.do("plan")["training"]
    trained(night, "20261109-b", 0.5)
    assert not night.do("plan")["training"]
    night.store.holds(f"{OUT}/health/health.json", {"wql_lately": 1.2, "wql_naive_lately": 1.0, "drifted": True})
    assert night.show()["drifted"]
    assert night.do("plan")["training"]
    # A model that lately did worse than repeating the past is no measure for the next one.
    assert trained(night, "20261110-c", 0.9)["promoted"]


def test_a_model_that_is_not_good_enough_is_refused_with_a_reason(night: Night) -> None:
    assert trained(night, "20261101-a", 1.5) == {
        "promoted": False, "reason": "1.500 times the error of repeating the past",
    }  # fmt: skip
    assert not night.do("decide", version="20261101-b", artefact="s3://lake/m.tar.gz", metrics=[])["promoted"]
    night.do("name", version="20261101-a", package="arn:package/1")
    assert night.rows("select package from demand.model where version = '20261101-a'") == [{"package": "arn:package/1"}]


def test_campaigns_that_are_planned_are_told_ahead(night: Night) -> None:
    now = datetime.now(UTC)
    night.shelf.publish(
        campaigns=[
            {"code": "spring", "name": "Spring", "state": "scheduled", "starts_at": now.isoformat(),
             "ends_at": (now + timedelta(days=9)).isoformat(), "scope": {"categories": ["home"]},
             "conversion_points_per_major": 150, "budget_minor": 100_000, "funder": "brand"},
            {"code": "bonus", "name": "Bonus", "state": "scheduled", "starts_at": now.isoformat(),
             "ends_at": (now + timedelta(days=9)).isoformat(), "earn_multiplier_percent": 200, "budget_minor": 100_000,
             "funder": "brand"},
        ]
    )  # fmt: skip
    demand = night.do("plan")["sqls"][0]
    assert f"SELECT 1, ''spring'', CAST(''{now:%Y-%m-%d}'' AS DATE)" in demand
    assert "''home'', '''', 0.2500" in demand
    assert "bonus" not in demand


def test_files_go_in_and_are_shown(night: Night, capsys: pytest.CaptureFixture[str]) -> None:
    member = night.shelf.member()
    night.store.holds(f"{OUT}/forecast/part-00000.zip.out", nights.forecast(1), nights.forecast(2))
    night.store.holds(f"{OUT}/forecast/part-00001.zip.out", nights.forecast(3))
    night.store.holds(f"{OUT}/outlooks/part-00000.jsonl.gz", nights.outlook(1, is_out=True))
    night.store.holds(f"{OUT}/trends/part-00000.jsonl.gz", nights.trend(1))
    night.store.holds(f"{OUT}/similar/part-00000.jsonl.gz", nights.similar(1, 2))
    night.store.holds(f"{OUT}/trending/part-00000.jsonl.gz", nights.trending(2, 1))
    night.store.holds(f"{OUT}/members/part-00000.jsonl.gz", nights.members(night.key_of(member), 1, 2))  # type: ignore[arg-type]
    night.store.holds(f"{OUT}/health/health.json", {"wql_lately": 0.5, "wql_naive_lately": 1.0, "series": 3, "x": "y"})
    assert night.load() == 1
    assert night.rows("select from demand.forecast") == []
    answer = night.show()
    assert answer == {"more": False, "states": {"1": "current", "2": "current"}, "drifted": False}
    assert len(night.rows("select from demand.forecast")) == 3
    assert night.rows("select member_id from recommendations.scored") == [{"member_id": member}]
    assert night.rows("select model, health from demand.night where program_id = 1") == [
        {"model": "m1", "health": {"wql_lately": 0.5, "wql_naive_lately": 1.0, "series": 3}}
    ]
    # Warnings are of what is shown now.
    assert night.rows("select asin, state from demand.alert") == [{"asin": nights.asin(1), "state": "open"}]
    measured = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "InsightDrifted" in line]
    assert (measured[-1]["InsightErrorAgainstNaive"], measured[-1]["InsightDrifted"]) == ([0.5], [0])
    # A call that comes again finds it done.
    assert (night.load(), night.show()["states"]["1"]) == (1, "current")


def test_what_one_call_does_not_manage_the_next_goes_on_with(night: Night) -> None:
    for file in range(3):
        told = [nights.forecast(100 * file + number) for number in range(5)]
        night.store.holds(f"{OUT}/forecast/part-{file}.zip.out", *told)
    with (
        mock.patch.object(insight_loading, "BUDGET_SECONDS", -1.0),
        mock.patch.dict(loading.PIECE_ROWS, {"forecast": 2}),
    ):
        assert night.load() == 10  # nine pieces, and a call that finds nothing more
        assert night.load() == 10
    night.show()
    assert len(night.rows("select from demand.forecast")) == 15


def test_personalize_s_results_take_the_place_of_our_own_in_its_programme(night: Night) -> None:
    member, canary = night.shelf.member(), night.shelf.member(program_id=2)
    canary_key = str(night.rows(f"select lake.key_of(2, {canary}) as key")[0]["key"])
    key: Any = night.key_of(member)
    ours = f"{OUT}/members/part-00000.jsonl.gz"
    night.store.holds(ours, nights.members(key, 1), nights.members(canary_key, 3, program_id=2))  # type: ignore[arg-type]
    night.store.holds(f"{OUT}/similar/part-00000.jsonl.gz", nights.similar(1, 2))
    theirs = "insight/personalize/run=7/members/0.jsonl.gz"
    night.store.holds(theirs, nights.members(key, 9))
    night.store.holds("insight/personalize/current.json", {"program_id": 1, "members": [theirs], "similar": []})
    night.load()
    night.show()
    assert night.rows("select program_id, asins from recommendations.scored order by 1") == [
        {"program_id": 1, "asins": [nights.asin(9)]},
        {"program_id": 2, "asins": [nights.asin(3)]},
    ]
    assert len(night.rows("select from recommendations.similar")) == 1


def test_nothing_is_passed_over_when_personalize_says_something_newer_meanwhile(night: Night) -> None:
    theirs = [f"insight/personalize/similar-{number}.jsonl.gz" for number in range(2)]
    for number, key in enumerate(theirs):
        night.store.holds(key, nights.similar(number + 1, 9))
    night.store.holds(f"{OUT}/trending/part-00000.jsonl.gz", nights.trending(5, 1))
    asked = {"as_of": nights.AS_OF.isoformat(), "model": "m1"}
    night.store.holds("insight/personalize/current.json", {"program_id": 1, "members": [], "similar": theirs})
    with mock.patch.object(insight_loading, "BUDGET_SECONDS", -1.0):
        after = night.do("load", after=None, **asked)["after"]
        after = night.do("load", after=after, **asked)["after"]
        after = night.do("load", after=after, **asked)["after"]
    newer = "insight/personalize/similar-new.jsonl.gz"
    night.store.holds(newer, nights.similar(3, 9))
    night.store.holds("insight/personalize/current.json", {"program_id": 1, "members": [], "similar": [newer]})
    assert not night.do("load", after=after, **asked)["more"]
    night.show()
    assert night.rows("select asin from recommendations.trending") == [{"asin": nights.asin(5)}]
    assert {"asin": nights.asin(3)} in night.rows("select asin from recommendations.similar")


def test_what_personalize_said_a_month_ago_is_not_shown_for_ever(night: Night) -> None:
    key: Any = night.key_of(night.shelf.member())
    night.store.holds(f"{OUT}/members/part-00000.jsonl.gz", nights.members(key, 1))
    # The files are gone by then: nobody looks for them.
    told = {"program_id": 1, "at": "2020-01-01T00:00:00.000Z", "members": ["insight/run=old/x.jsonl.gz"], "similar": []}
    night.store.holds("insight/personalize/current.json", told)
    night.load()
    night.show()
    assert [row["asins"] for row in night.rows("select asins from recommendations.scored")] == [[nights.asin(1)]]


def test_a_line_that_is_wrong_stops_the_night_and_leaves_what_was_shown(night: Night) -> None:
    night.store.holds(f"{OUT}/forecast/part-00000.zip.out", nights.forecast(1), {"program_id": 1, "asin": "?"})
    with pytest.raises(lines.InvalidLine, match=r"line 2: forecast: asin"):
        night.load()
    night.do("stop")
    assert night.rows("select distinct state from demand.night") == [{"state": "stopped"}]
    assert night.rows("select from demand.piece") == []


def test_a_line_without_an_end_is_refused(night: Night) -> None:
    night.store.objects[f"{OUT}/trends/part-00000.jsonl.gz"] = gzip.compress(b" " * 5_000_000)
    with pytest.raises(lines.InvalidLine, match="longer than"):
        night.load()


def test_a_night_without_any_result_shows_nothing(night: Night) -> None:
    assert night.load() == 1
    assert night.show()["states"] == {"1": "current", "2": "current"}
    assert night.rows("select distinct health from demand.night") == [{"health": {}}]


def test_what_is_not_asked_for_is_refused(night: Night) -> None:
    with pytest.raises(ValueError, match="do is"):
        night.do("else")
