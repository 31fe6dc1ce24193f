"""An order of the canary's programme is a trial, whatever a message says; no other one is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from uuid import UUID

import psycopg
import pytest

from loyalty.orders.amazon_business import Credentials, OrderResult, PlaceOrder, Refused
from loyalty.orders.amazon_business.ordering import check_trial, order_body
from loyalty.orders.placing import Happened, Placing
from tests.conftest import TestDatabase
from tests.domain.redemptions.amazon import FakeAmazon
from tests.domain.redemptions.saga import Line, Saga, saga

MAIN, CANARY = 1, 2
LAMP = Line("B0LAMP0000", 1, 4500)


@pytest.fixture
def world(fresh_database: TestDatabase) -> Iterator[Saga]:
    with saga(fresh_database, orders_at_once=False) as made:
        yield made


def queued(world: Saga, program_id: int, line: Line = LAMP) -> UUID:
    member_id = world.member(program_id=program_id)
    request = world.request(world.quote(member_id, line, program_id=program_id), program_id=program_id)
    world.redeem(member_id, request, program_id)
    world.start(request.redemption_id, program_id=program_id).run()
    _, body = world.messages.pop()
    # A message may say what it likes.
    world.service.handle(_message(body | {"trial": program_id == MAIN, "program_id": program_id}))
    return request.redemption_id


def _message(body: dict[str, Any]) -> Any:
    from containers.worker import Message

    return Message("m", "r", body)


def step(world: Saga) -> Happened:
    return Placing(world.amazon, "default", world.patience).step(world.orders_worker)


def placement(world: Saga, redemption_id: UUID) -> dict[str, Any]:
    return dict(world.row(redemption_id, "orders.placement"))


def test_the_programmes_row_decides_whether_an_order_is_tried_or_bought(world: Saga) -> None:
    bought, tried = queued(world, MAIN), queued(world, CANARY)
    told = [step(world), step(world)]
    assert [(one.kind, one.trial) for one in told] == [("accepted", False), ("accepted", True)]
    assert [(order.external_id, order.trial) for order in world.amazon.requests] == [
        (str(bought), False),
        (f"trial-{tried}", True),
    ]
    assert list(world.amazon.orders) == [str(bought)]


def test_a_trial_waits_behind_every_order_and_keeps_none_waiting(world: Saga) -> None:
    tried, bought = queued(world, CANARY), queued(world, MAIN)
    waiting = world.owner.execute("select orders.orders_waiting(1, 'default') as orders").fetchone()
    assert waiting == {"orders": 1}
    step(world)
    assert placement(world, bought)["state"] == "accepted"
    assert placement(world, tried)["state"] == "queued"


@pytest.mark.parametrize("fault", ["timeout_before", "revoked", "refused"])
def test_a_trial_that_fails_is_over_and_stops_nobody(world: Saga, fault: str) -> None:
    tried = queued(world, CANARY)
    world.amazon.faults = [fault]
    assert step(world).kind == "rejected"
    assert placement(world, tried)["state"] == "rejected"
    assert world.owner.execute("select state from orders.connection").fetchall() == [{"state": "working"}]


@pytest.mark.parametrize("fault", ["throttled", "not_sent"])
def test_a_trial_that_was_not_heard_is_made_again(world: Saga, fault: str) -> None:
    tried = queued(world, CANARY)
    world.amazon.faults = [fault]
    assert step(world).kind == fault
    world.owner.execute("update orders.placement set due_at = clock.now()")
    world.owner.execute("update orders.bucket set closed_until = null, tokens = 1")
    assert step(world).kind == "accepted"
    assert placement(world, tried)["state"] == "accepted"


def test_a_trial_whose_worker_died_is_not_looked_up_and_not_repeated(world: Saga) -> None:
    tried = queued(world, CANARY)
    world.orders_worker.execute("select * from orders.next('default', clock.new_id(), 0, true)")
    assert step(world).kind == "rejected"
    assert placement(world, tried)["state"] == "rejected"
    assert not world.amazon.calls


def test_a_worker_that_knows_of_no_trials_is_given_none(world: Saga) -> None:
    """An older image would buy it: nothing in the row's other columns says that nobody wants it."""
    older = "select kind, external_id from orders.next('default', clock.new_id(), 0)"
    tried, left_by_another = queued(world, CANARY), queued(world, CANARY)
    world.orders_worker.execute("select * from orders.next('default', clock.new_id(), 0, true)")
    assert world.orders_worker.execute(older).fetchone() == {"kind": "wait", "external_id": None}
    assert [placement(world, one)["state"] for one in (tried, left_by_another)] == ["sent", "queued"]
    bought = queued(world, MAIN)
    assert world.orders_worker.execute(older).fetchone() == {"kind": "place", "external_id": str(bought)}


def test_the_version_before_takes_messages_beside_what_it_does_not_know(world: Saga) -> None:
    """A deployment that is taken back puts the functions of its revision beside ours."""
    bought = queued(world, MAIN)
    world.owner.execute(
        "create or replace function orders.enqueue(program_id integer, redemption_id uuid, task_token text)"
        " returns text language sql as $$ select 'of the version before' $$"
    )
    row = world.owner.execute("select orders.enqueue(1, %s, 'token') as state", (bought,)).fetchone()
    assert row == {"state": "of the version before"}
    row = world.orders_worker.execute(
        "select orders.enqueue(1, %s, 'token', null, null) as state", (bought,)
    ).fetchone()
    assert row == {"state": "queued"}


def test_of_a_trial_nothing_is_followed(world: Saga) -> None:
    tried = queued(world, CANARY)
    step(world)
    world.owner.execute("select orders.record(2, %s)", (tried,))
    assert placement(world, tried)["recorded_at"] is not None
    assert world.owner.execute("select from orders.follow").fetchall() == []
    wrong = world.owner.execute("select * from orders.invariants where violations > 0").fetchall()
    assert wrong == []


def test_a_trial_that_amazon_has_bought_is_told_at_once(world: Saga) -> None:
    class Buying(FakeAmazon):
        def place_order(self, order: PlaceOrder) -> OrderResult:
            return super().place_order(replace(order, trial=False))

    tried = queued(world, CANARY)
    world.amazon = Buying()
    assert step(world).kind == "trial_ordered"
    world.owner.execute("select orders.record(2, %s)", (tried,))
    wrong = world.owner.execute("select name from orders.invariants where violations > 0").fetchall()
    assert wrong == [{"name": "a trial is what its programme says, and Amazon has no order of it"}]


def test_a_trial_of_which_amazon_has_bought_a_part_is_told_too(world: Saga) -> None:
    class BuyingOne(FakeAmazon):
        def place_order(self, order: PlaceOrder) -> OrderResult:
            one = tuple(replace(line, quantity=1) for line in order.lines)
            return super().place_order(replace(order, trial=False, lines=one))

    tried = queued(world, CANARY, Line("B0LAMP0000", 2, 450))
    world.amazon = BuyingOne()
    assert step(world).kind == "trial_ordered"
    assert placement(world, tried)["state"] == "rejected"


@pytest.mark.parametrize(
    "change",
    [
        "trial = false",
        "trial = false, external_id = redemption_id::text",
        "external_id = redemption_id::text",
    ],
)
def test_the_database_keeps_a_trial_from_becoming_an_order(world: Saga, change: str) -> None:
    queued(world, CANARY)
    with pytest.raises((psycopg.errors.CheckViolation, psycopg.errors.ForeignKeyViolation)):
        world.owner.execute(f"update orders.placement set {change}".encode())


def test_the_database_keeps_an_order_from_becoming_a_trial(world: Saga) -> None:
    queued(world, MAIN)
    for change in ("trial = true", "trial = true, external_id = 'trial-' || external_id"):
        with pytest.raises((psycopg.errors.CheckViolation, psycopg.errors.ForeignKeyViolation)):
            world.owner.execute(f"update orders.placement set {change}".encode())


def test_a_programme_with_orders_does_not_become_another_kind(world: Saga) -> None:
    queued(world, CANARY)
    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        world.owner.execute("update programme.program set code = 'second' where program_id = 2")


CREDENTIALS = Credentials("id", "secret", "refresh", "buyer@example.com", "group")


@pytest.mark.parametrize(("name", "trial"), [("trial-1", False), ("0199", True), ("quote-1", True)])
def test_what_does_not_agree_with_its_name_is_refused_before_it_is_sent(world: Saga, name: str, trial: bool) -> None:
    queued(world, MAIN)
    step(world)
    order = replace(world.amazon.requests[0], external_id=name, trial=trial)
    with pytest.raises(Refused, match="TRIAL_MODE"):
        check_trial(order_body(order, CREDENTIALS))
    check_trial(order_body(replace(order, trial=not trial), CREDENTIALS))


def test_the_next_order_is_found_without_reading_the_queue(world: Saga) -> None:
    """The connection's row is locked meanwhile, and a queue may be days long."""
    queued(world, MAIN)
    world.owner.execute("set session_replication_role = replica")
    world.owner.execute(
        b"insert into orders.placement select (jsonb_populate_record(p, jsonb_build_object("
        b" 'redemption_id', i.id, 'external_id', i.id, 'purchase_order_number', i.id,"
        b" 'queue_number', 1000000 + i.n))).*"
        b" from orders.placement p, (select n, gen_random_uuid() as id from generate_series(1, 3000) n) i"
    )
    world.owner.execute("set session_replication_role = origin")
    world.owner.execute("analyze orders.placement")
    with world.owner.transaction():
        world.owner.execute("select from orders.next('default', clock.new_id(), 60, true)")
        read = world.owner.execute(
            "select seq_tup_read + idx_tup_fetch as rows from pg_stat_xact_user_tables"
            " where relid = 'orders.placement'::regclass"
        ).fetchone()
    assert read is not None
    assert read["rows"] < 50
