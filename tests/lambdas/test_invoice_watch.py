"""The watch as it runs: beside the simulated Amazon Business, with a bucket and a machine of the test's own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lambdas import invoice_papers, invoice_watch
from tests.conftest import TestDatabase
from tests.domain.invoices import books
from tests.domain.invoices.books import Desk, desk
from tests.domain.orders.test_following import Town
from tests.domain.redemptions.saga import saga
from tests.lambdas.conftest import Doors
from tests.lambdas.test_invoice_intake import MACHINE, Machine
from tests.simulators.amazon_business.running import Simulator, running


class Bucket(dict[str, bytes]):
    """Where papers are put."""

    def put_object(self, *, Bucket: str, Key: str, Body: bytes, ContentType: str) -> None:  # noqa: N803
        self[Key] = Body


@pytest.fixture(scope="module")
def amazon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    with running(tmp_path_factory.mktemp("amazon")) as simulator:
        simulator.reset()
        yield simulator


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    made = Machine()
    monkeypatch.setattr(invoice_papers, "step_functions", lambda: made)
    return made


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Bucket:
    made = Bucket()
    monkeypatch.setattr(invoice_papers, "s3", lambda: made)
    return made


@pytest.fixture
def office(fresh_database: TestDatabase) -> Iterator[Desk]:
    with desk(fresh_database) as made:
        yield made


def watch(database: TestDatabase, *rules: str) -> dict[str, int]:
    doors = Doors(database, {"INVOICES_BUCKET": "invoices", "INVOICE_DESK_ARN": MACHINE})
    done: dict[str, int] = doors.invoke("invoice_watch", {"rules": list(rules)} if rules else {})
    return done


def test_an_invoice_that_was_never_mailed_comes_by_asking(
    fresh_database: TestDatabase,
    amazon: Simulator,
    machine: Machine,
    bucket: Bucket,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = tmp_path / "clock.json"
    monkeypatch.setenv("LOCAL_CLOCK_FILE", str(clock))
    asked: list[str] = []

    def client(region: str, locale: str, read_seconds: float) -> Any:
        asked.append(region)
        return amazon.client(region=region, locale=locale)

    monkeypatch.setattr(invoice_watch, "amazon_business", client)
    amazon.put("settings", invoices_by_mail=False)
    with saga(fresh_database, amazon=amazon.client()) as world:
        town = Town(world, amazon, clock)
        redemption_id = town.ordered()
        town.ship(redemption_id)
        town.later(4.1)
        town.work()
        assert watch(fresh_database, "fetch_missing") == {"fetch_missing": 0}
        town.later(8 * 24)
        fetched = 0
        for _ in range(3):
            fetched += watch(fresh_database, "fetch_missing")["fetch_missing"]
            town.later(0.1)
        assert fetched == 1
        (document,) = world.owner.execute("select * from invoices.document").fetchall()
    assert (document["source"], document["state"], document["pages"] >= 1) == ("fetched", "received", True)
    assert bucket[document["object_key"]].startswith(b"%PDF-")
    name = str(document["document_id"])
    assert machine.started == {name: {"program_id": 1, "document_id": name}}
    assert asked


def test_a_paper_that_nobody_reads_gets_its_execution_and_later_another(office: Desk, machine: Machine) -> None:
    document_id = str(office.document())
    assert watch(office.database, "start_left") == {"start_left": 0}
    office.database.shift_clock("6 minutes")
    assert watch(office.database, "start_left", "judge_again") == {"start_left": 1, "judge_again": 0}
    office.database.shift_clock("25 hours")
    assert watch(office.database, "start_left") == {"start_left": 1}
    assert list(machine.started) == [document_id, f"{document_id}-1"]


def test_an_invoice_that_came_before_its_goods_left_is_compared_again(office: Desk, machine: Machine) -> None:
    order = office.ordered()
    told = office.judge(books.content(order.item(), order=order))
    assert told["state"] == "waiting"
    office.shipped(order, 3)
    office.database.shift_clock("1 day")
    assert watch(office.database, "judge_again") == {"judge_again": 1}
    assert office.invoice(told["invoice_id"])["state"] == "approved"


def test_one_rule_that_fails_does_not_keep_the_others(
    office: Desk, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> Any:
        raise OSError("no secret")

    monkeypatch.setattr(invoice_watch, "amazon_business", broken)
    assert watch(office.database) == {**dict.fromkeys(invoice_watch.RULES, 0), "fetch_missing": -1}


def test_what_was_refused_is_forgotten_after_a_year(office: Desk, machine: Machine) -> None:
    take = "select * from invoices.take_mail(1, clock.new_id(), %s::jsonb, %s::jsonb)"
    refused = {"outcome": "refused", "reason": "spam"}
    broken = books.pdf(office.new_key(), "broken", object_key=None, reason="encrypted")
    for number, told, papers in ((1, refused, []), (2, {}, []), (3, refused, [broken])):
        office.intake.execute(take, (json.dumps(books.mail(number, **told)), json.dumps(papers)))
    office.database.shift_clock("364 days")
    assert watch(office.database, "forget_refused") == {"forget_refused": 0}
    office.database.shift_clock("2 days")
    assert watch(office.database, "forget_refused") == {"forget_refused": 1}
    rows = office.owner.execute("select object_key from invoices.mail order by object_key").fetchall()
    assert [row["object_key"] for row in rows] == ["mail/2", "mail/3"]
