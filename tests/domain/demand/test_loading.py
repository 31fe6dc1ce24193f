"""A night's results: nothing is seen before all of it, each part counts once, and what is wrong stays outside."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from loyalty.database import Connection
from loyalty.demand import lines, loading
from tests.conftest import TestDatabase
from tests.domain.demand import nights
from tests.domain.wishes.shelf import Shelf, shelf_of


@pytest.fixture
def shelf(fresh_database: TestDatabase) -> Iterator[Shelf]:
    with fresh_database.owner() as owner:
        yield shelf_of(fresh_database, owner)


@pytest.fixture
def loader(shelf: Shelf) -> Iterator[Connection]:
    with nights.begun(shelf.database, "first") as connection:
        yield connection


def shown(shelf: Shelf, table: str, columns: str = "*") -> list[dict[str, Any]]:
    return shelf.owner.execute(f"select {columns} from {table} order by program_id, asin".encode()).fetchall()


def key_of(shelf: Shelf, member: int) -> Any:
    row = shelf.owner.execute("select lake.key_of(1, %s) as key", (member,)).fetchone()
    assert row is not None
    return row["key"]


def test_nothing_of_a_night_is_seen_until_all_of_it_is_shown(shelf: Shelf, loader: Connection) -> None:
    nights.keep(loader, "first", "forecast", nights.forecast(1), nights.forecast(1, 9.0, period="week"))
    nights.keep(loader, "first", "outlooks", nights.outlook(1))
    nights.keep(loader, "first", "trends", nights.trend(1))
    nights.keep(loader, "first", "similar", nights.similar(1, 2, 3))
    nights.keep(loader, "first", "trending", nights.trending(2, 1))
    tables = (
        "demand.forecast",
        "demand.outlook",
        "demand.trend",
        "recommendations.similar",
        "recommendations.trending",
    )
    assert [shown(shelf, table) for table in tables] == [[]] * 5
    assert loading.show(loader, 1, "first", {"drifted": False}) == "current"
    assert [len(shown(shelf, table)) for table in tables] == [2, 1, 1, 1, 1]
    day = shown(shelf, "demand.forecast")[0]
    assert (len(day["mean"]), day["history"], day["run_id"]) == (28, [1.0, None], "first")
    assert shown(shelf, "demand.trend", "p, season")[0] == {"p": 0.0, "season": [0.0, -1.0]}
    assert shelf.owner.execute("select from demand.piece where program_id = 1").fetchall() == []


def test_a_later_night_takes_the_place_of_an_earlier_one_and_what_it_says_nothing_of_goes(
    shelf: Shelf, loader: Connection
) -> None:
    nights.keep(loader, "first", "forecast", nights.forecast(1), nights.forecast(2))
    loading.show(loader, 1, "first", {})
    loading.begin(loader, "second", nights.AS_OF, None)
    nights.keep(loader, "second", "forecast", nights.forecast(2, 5.0), nights.forecast(3))
    assert loading.show(loader, 1, "second", {}) == "current"
    assert shown(shelf, "demand.forecast", "asin, run_id, mean[1] as mean") == [
        {"asin": nights.asin(2), "run_id": "second", "mean": 5.0},
        {"asin": nights.asin(3), "run_id": "second", "mean": 2.0},
    ]
    states = shelf.owner.execute("select run_id, state from demand.night where program_id = 1 order by 1").fetchall()
    assert [tuple(row.values()) for row in states] == [("first", "superseded"), ("second", "current")]


def test_a_part_or_a_night_told_twice_counts_once(shelf: Shelf, loader: Connection) -> None:
    for _ in range(2):
        loading.begin(loader, "first", nights.AS_OF, None)
        nights.keep(loader, "first", "forecast", nights.forecast(1), nights.forecast(1))
        nights.keep(loader, "first", "outlooks", nights.outlook(1))
    nights.keep(loader, "first", "outlooks", nights.outlook(1), file="part-00001")
    for file in ("part-00000", "part-00001"):
        nights.keep(loader, "first", "similar", nights.similar(1, 2), nights.similar(1, 3), file=file)
        nights.keep(loader, "first", "trending", nights.trending(1, 2), nights.trending(1, 1), file=file)
    assert loading.show(loader, 1, "first", {"series": 1}) == "current"
    assert loading.show(loader, 1, "first", {"series": 2}) == "current"
    assert (len(shown(shelf, "demand.forecast")), len(shown(shelf, "demand.outlook"))) == (1, 1)
    assert shown(shelf, "recommendations.similar", "asin") == [{"asin": nights.asin(1)}]
    assert shown(shelf, "recommendations.trending", "asin, place") == [{"asin": nights.asin(1), "place": 1}]
    assert shelf.owner.execute("select health from demand.night where program_id = 1").fetchall() == [
        {"health": {"series": 1}}
    ]


def test_a_night_that_another_overtook_shows_nothing_and_leaves_nothing(shelf: Shelf, loader: Connection) -> None:
    nights.keep(loader, "first", "forecast", nights.forecast(1))
    loading.begin(loader, "second", nights.AS_OF, None)
    with pytest.raises(loading.NotLoading):
        nights.keep(loader, "first", "forecast", nights.forecast(2), file="part-00001")
    with pytest.raises(loading.NotLoading):
        nights.keep(loader, "first", "members", nights.members(key_of(shelf, shelf.member()), 1))
    assert loading.show(loader, 1, "first", {}) == "stopped"
    assert shelf.owner.execute("select from demand.piece").fetchall() == []
    assert loading.begin(loader, "first", nights.AS_OF, None) == {1: "stopped", 2: "stopped"}


def test_an_earlier_day_s_night_that_comes_late_takes_no_place(shelf: Shelf, loader: Connection) -> None:
    before, member = nights.AS_OF - timedelta(days=1), shelf.member()
    # While the later one loads, and after it is shown.
    nights.keep(loader, "first", "forecast", nights.forecast(1))
    assert loading.begin(loader, "late", before, None) == {1: "superseded", 2: "superseded"}
    nights.keep(loader, "first", "members", nights.members(key_of(shelf, member), 1))
    assert loading.show(loader, 1, "first", {}) == "current"
    loading.begin(loader, "later_still", before, None)
    with pytest.raises(loading.NotLoading):
        nights.keep(loader, "later_still", "forecast", nights.forecast(2))
    with pytest.raises(loading.NotLoading):
        nights.keep(loader, "later_still", "members", nights.members(key_of(shelf, member), 2))
    assert [loading.show(loader, 1, run, {}) for run in ("late", "later_still")] == ["superseded"] * 2
    assert shown(shelf, "demand.forecast", "run_id") == [{"run_id": "first"}]
    assert shelf.owner.execute("select asins from recommendations.scored").fetchall() == [{"asins": [nights.asin(1)]}]


def test_a_night_that_stopped_leaves_what_was_shown_before(shelf: Shelf, loader: Connection) -> None:
    nights.keep(loader, "first", "forecast", nights.forecast(1))
    loading.show(loader, 1, "first", {})
    loading.begin(loader, "second", nights.AS_OF, None)
    nights.keep(loader, "second", "forecast", nights.forecast(2))
    loading.stop(loader, "second")
    assert shelf.owner.execute("select from demand.piece").fetchall() == []
    assert shown(shelf, "demand.forecast", "asin") == [{"asin": nights.asin(1)}]


def test_each_programme_has_its_own_rows(shelf: Shelf, loader: Connection) -> None:
    nights.keep(loader, "first", "forecast", nights.forecast(1), nights.forecast(1, program_id=2))
    loading.show(loader, 2, "first", {})
    assert shown(shelf, "demand.forecast", "program_id") == [{"program_id": 2}]
    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        nights.keep(loader, "first", "forecast", nights.forecast(1, program_id=77), file="part-00001")


def test_members_lists_are_of_who_wants_them_and_is_still_there(shelf: Shelf, loader: Connection) -> None:
    wants, does_not, gone, canary = shelf.member(), shelf.member(), shelf.member(), shelf.member(program_id=2)
    keys = [key_of(shelf, member) for member in (wants, does_not, gone)]
    (canary_key,) = shelf.owner.execute("select lake.key_of(2, %s) as key", (canary,)).fetchone().values()  # type: ignore[union-attr]
    shelf.owner.execute("select interactions.choose(1, %s, false, 'member')", (does_not,))
    shelf.owner.execute("delete from lake.member_key where member_id = %s and program_id = 1", (gone,))
    told = [nights.members(key, 2, 3) for key in keys]
    # Of another programme, by a key of this one: nobody's.
    nights.keep(loader, "first", "members", *told, nights.members(keys[0], 9, program_id=2), told[0])
    nights.keep(loader, "first", "members", nights.members(canary_key, 4, program_id=2), file="part-00001")
    rows = shelf.owner.execute("select * from recommendations.scored order by program_id").fetchall()
    assert [(row["program_id"], row["member_id"], row["asins"]) for row in rows] == [
        (1, wants, [nights.asin(2), nights.asin(3)]),
        (2, canary, [nights.asin(4)]),
    ]
    assert rows[0]["because"] == ["", nights.asin(1)]


def test_lists_that_a_night_did_not_work_out_again_go(shelf: Shelf, loader: Connection) -> None:
    stays, goes = shelf.member(), shelf.member()
    nights.keep(loader, "first", "members", *(nights.members(key_of(shelf, one), 1) for one in (stays, goes)))
    loading.show(loader, 1, "first", {})
    shelf.later("1 day")
    loading.begin(loader, "second", nights.AS_OF, None)
    nights.keep(loader, "second", "members", nights.members(key_of(shelf, stays), 2))
    assert loading.drop_lists(loader, 1, "second") == 0  # not shown yet
    loading.show(loader, 1, "second", {})
    assert (loading.drop_lists(loader, 1, "second"), loading.drop_lists(loader, 1, "second")) == (1, 0)
    rows = shelf.owner.execute("select member_id, asins from recommendations.scored").fetchall()
    assert rows == [{"member_id": stays, "asins": [nights.asin(2)]}]


@pytest.mark.parametrize(
    ("name", "line", "told"),
    [
        ("forecast", nights.forecast(1, float("nan")), "mean.0"),
        ("forecast", nights.forecast(1, float("inf")), "mean.0"),
        ("forecast", nights.forecast(1, -1.0), "mean.0"),
        ("forecast", nights.forecast(1, q50=[1.0]), "not as long"),
        ("forecast", nights.forecast(1, asin="B1'; drop"), "asin"),
        ("forecast", nights.forecast(1, basis="magic"), "basis"),
        ("outlooks", nights.outlook(1, 1.5), "probability"),
        ("outlooks", nights.outlook(1, evidence={"who": "ann@example.com"}), "evidence.who"),
        ("trends", nights.trend(1, direction="up"), "direction"),
        ("similar", nights.similar(1) | {"others": []}, "others"),
        ("trending", nights.trending(1, 1) | {"place": 0}, "place"),
        ("members", {"program_id": 1, "member_key": "W000001", "asins": [], "scores": [], "because": []}, "member_key"),
        ("forecast", {}, "program_id"),
    ],
)
def test_a_line_that_is_wrong_is_refused_by_its_field_and_never_by_its_value(
    name: str, line: dict[str, Any], told: str
) -> None:
    with pytest.raises(lines.InvalidLine) as refused:
        list(loading.pieces(name, [(17, json.dumps(line).encode())]))
    assert told in str(refused.value)
    assert str(refused.value).startswith("line 17: ")
    assert "ann@" not in str(refused.value)


def test_what_is_no_json_is_refused() -> None:
    with pytest.raises(lines.InvalidLine):
        list(loading.pieces("forecast", [(1, b"{")]))


def test_pieces_are_bounded() -> None:
    line = json.dumps(nights.trending(1, 1)).encode()
    found = list(loading.pieces("trending", enumerate([line] * 2_500, 1)))
    assert [(one.first, one.last, len(one.rows)) for one in found] == [
        (1, 1_000, 1_000),
        (1_001, 2_000, 1_000),
        (2_001, 2_500, 500),
    ]
