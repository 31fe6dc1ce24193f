"""What the night's machine is told: the batches that are missing, in order, and statements that may be sent again."""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any

import pytest

from analytics.export.window import Batch, State
from analytics.metrics import catalogue
from analytics.warehouse import statements
from lambdas import lake_loading
from lambdas.observed import metrics

PASSWORD = "correct horse battery staple"


class Store:
    """S3 and Secrets Manager with what a lake has: a state a table."""

    class exceptions:  # noqa: N801 - boto3's name
        class NoSuchKey(Exception): ...

    def __init__(self, **batches: tuple[int, ...]) -> None:
        self.states = {
            f"state/{table}.json": State(
                table,
                "cluster",
                "epoch",
                numbers[-1],
                1,
                tuple(
                    Batch(number, f"bronze/{table}/batch={number}/manifest.json", 3, number == numbers[0], "h", "d")
                    for number in numbers
                ),
            ).document()
            for table, numbers in batches.items()
        }

    def get_object(self, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803 - boto3's names
        assert Bucket == "lake"
        if Key not in self.states:
            raise self.exceptions.NoSuchKey
        content = self.states[Key]
        return {"Body": type("Body", (), {"read": lambda _: content})()}

    def list_objects_v2(self, Bucket: str, Prefix: str) -> dict[str, Any]:  # noqa: N803 - boto3's names
        assert Bucket == "lake"
        keys = [{"Key": key} for key in self.states if key.startswith(Prefix)]
        return {"Contents": keys} if keys else {}

    def get_secret_value(self, SecretId: str) -> dict[str, str]:  # noqa: N803 - boto3's name
        assert SecretId == "arn:reports"
        return {"SecretString": json.dumps({"username": "reports", "password": PASSWORD})}


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Store:
    made = Store(accrual=(100, 200, 300), tier=(100,))
    monkeypatch.setenv("LAKE_BUCKET", "lake")
    monkeypatch.setattr(lake_loading, "_client", lambda _service: made)
    return made


def _told(**event: Any) -> dict[str, Any]:
    answer: dict[str, Any] = lake_loading.handler({"run": "night", **event}, None)
    return answer


def _planned(loaded: list[list[dict[str, Any]]]) -> dict[str, list[int]]:
    tables = _told(do="plan", loaded=loaded)["tables"]
    return {one["table"]: [batch["batch"] for batch in one["batches"]] for one in tables}


def test_of_a_warehouse_without_anything_every_batch_is_missing_the_oldest_first(store: Store) -> None:
    planned = _planned([])
    assert tuple(planned) == statements.tables()
    assert (planned["accrual"], planned["tier"], planned["wish"]) == ([100, 200, 300], [100], [])


@pytest.mark.parametrize("spelt", ["stringValue", "StringValue"])
def test_what_is_loaded_is_not_planned_again(store: Store, spelt: str) -> None:
    number = "LongValue" if spelt[0] == "S" else "longValue"
    planned = _planned([[{spelt: "accrual"}, {number: 200}], [{spelt: "tier"}, {number: 100}]])
    assert (planned["accrual"], planned["tier"]) == ([300], [])


def test_a_table_that_the_export_refused_says_why_and_its_earlier_batches_are_still_loaded(store: Store) -> None:
    why = ["tier: rank is at least 1: 2 rows, e.g. tier=gold", "x" * 5_000]
    store.states["state/refused/tier.json"] = json.dumps({"table": "tier", "problems": why}).encode()
    tables = {one["table"]: one for one in _told(do="plan", loaded=[])["tables"]}
    assert tables["tier"]["refused"].startswith(why[0] + "; ")
    assert len(tables["tier"]["refused"]) == lake_loading.MOST_LETTERS
    assert [one["batch"] for one in tables["tier"]["batches"]] == [100]
    assert {one["refused"] for name, one in tables.items() if name != "tier"} == {""}


def test_of_a_table_that_is_exported_no_more_nobody_is_told(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    told: dict[str, float] = {}
    monkeypatch.setattr(metrics, "add_metric", lambda name, _unit, value: told.update({name: value}))
    for table in ("tier", "gone"):
        store.states[f"state/refused/{table}.json"] = json.dumps({"table": table, "problems": ["no"]}).encode()
    _told(do="plan", loaded=[])
    assert told["LakeTablesRefused"] == 1


def test_a_batch_that_replaces_everything_is_loaded_as_one(store: Store) -> None:
    tables = {one["table"]: one["batches"] for one in _told(do="plan", loaded=[])["tables"]}
    assert [one["replaces"] for one in tables["accrual"]] == [True, False, False]
    first = _told(do="load", table="accrual", **tables["accrual"][0])
    address = "s3://lake/bronze/accrual/batch=100/manifest.json"
    assert first["sqls"] == statements.load("accrual", address, 100, replaces=True)


def test_the_same_batch_of_the_same_night_is_one_statement_however_often_it_is_sent(store: Store) -> None:
    batch = {"batch": 100, "manifest": "bronze/accrual/batch=100/manifest.json", "replaces": False}
    once = _told(do="load", table="accrual", **batch)["token"]
    assert once == _told(do="load", table="accrual", **batch)["token"]
    assert len(once) <= 64, "the Data API takes no more"
    others = {
        lake_loading.handler({"do": "load", "run": "another", "table": "accrual", **batch}, None)["token"],
        _told(do="load", table="tier", **batch)["token"],
        _told(do="load", table="accrual", **{**batch, "batch": 200})["token"],
    }
    assert len(others | {once}) == 4


def test_every_metric_is_a_view_for_whoever_comes_with_sql_after_what_it_reads(store: Store) -> None:
    sent = [sql for group in _told(do="create")["groups"] for sql in group["sqls"]]
    made = [sql.split()[2] for sql in sent if sql.startswith("create view")]
    assert made == [f"loyalty.metric_{one.name}" for one in catalogue.metrics()]
    first = next(place for place, sql in enumerate(sent) if sql.startswith("create view"))
    assert not [sql for sql in sent[first:] if sql.startswith(("CREATE TABLE", "CREATE MATERIALIZED", "DROP MAT"))]


@pytest.mark.parametrize("do", ["create", "refresh"])
def test_as_many_statements_at_once_as_the_data_api_takes(store: Store, do: str) -> None:
    groups = _told(do=do)["groups"]
    assert all(1 <= len(group["sqls"]) <= statements.MOST_STATEMENTS for group in groups)
    assert len({group["token"] for group in groups}) == len(groups)
    # What a state of the machine may hold.
    assert len(json.dumps(groups)) < 256 * 1024


def test_a_materialised_view_is_refreshed_alone_after_what_it_is_made_of(store: Store) -> None:
    groups = _told(do="refresh")["groups"]
    assert [group["sqls"] for group in groups[-len(statements.refresh()) :]] == [[one] for one in statements.refresh()]


def test_reports_come_as_a_user_of_their_own_and_no_password_is_in_a_statement(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REPORTER", "reports")
    monkeypatch.setenv("REPORTER_SECRET_ARN", "arn:reports")
    sent = [sql for group in _told(do="create")["groups"] for sql in group["sqls"]]
    assert PASSWORD not in "".join(sent)
    digest, salt = re.search(r"""^ALTER USER "reports" PASSWORD 'sha256\|(\w+)\|(\w+)'$""", sent[-1]).groups()  # type: ignore[union-attr]
    assert digest == hashlib.sha256(f"{PASSWORD}{salt}".encode()).hexdigest()
    assert 'GRANT ROLE reporter TO "reports"' in sent


def test_what_it_is_not_for_it_does_not_do(store: Store) -> None:
    with pytest.raises(ValueError, match="do is"):
        _told(do="drop")
