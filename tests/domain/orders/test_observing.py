"""What is heard of an order, in any order, twice, with gaps: it ends the same."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest

from loyalty.orders import observing
from loyalty.orders.observing import Observation
from tests.conftest import TestDatabase
from tests.domain.orders.deliveries import LAMP, TOWELS, Ordered, at
from tests.domain.redemptions.saga import Saga, saga

type Said = list[tuple[str, Observation]]
WAYS = ("shipped", "out_for_delivery", "delivered")


@pytest.fixture
def world(database: TestDatabase) -> Iterator[Saga]:
    with saga(database) as made:
        yield made
        broken = "select name, violations from orders.invariants where violations > 0"
        with made.connection("auditor") as auditor:
            assert auditor.execute(broken).fetchall() == []


@pytest.fixture
def own_world(fresh_database: TestDatabase) -> Iterator[Saga]:
    with saga(fresh_database) as made:
        yield made


def ended(order: Ordered, said: Said) -> dict[str, Any]:
    """The state after hearing all that, in a transaction that is taken back."""
    connection = order.world.owner
    with connection.transaction(force_rollback=True):
        for source, observation in said:
            observing.observe(connection, source, observation)
        for told in order.told_by_parcel().values():
            steps = [WAYS.index(one) for one in told if one in WAYS]
            assert steps == sorted(set(steps)), "nothing is told twice, nor backwards"
        return order.progress()


HISTORIES: dict[str, Callable[[Ordered], Said]] = {
    "a parcel and its pushes": lambda o: [
        o.push("SHIPPED", 1),
        o.push("OUT_FOR_DELIVERY", 20),
        o.push("DELIVERED", 24),
        o.details(2, {"S1": {1: 3}}),
        o.report(30, delivered=True),
    ],
    "delayed, promised anew, and lost on the way": lambda o: [
        o.push("SHIPPED", 1),
        o.push("DELAYED", 30),
        o.details(31, {"S1": {1: 3}}, promised=120),
        o.details(2, {"S1": {1: 3}}, promised=72),
        o.tracking("UNDELIVERABLE", 90),
    ],
    "ids that come late: a shipment alone, a number alone, both": lambda o: [
        o.report(3, delivered=False),
        o.details(4, {"S1": {1: 3}}, named=False, packages=2),
        o.push("SHIPPED", 1, package="2"),
        o.push("DELIVERED", 26, package="1"),
        o.push("DELIVERED", 27, package="2", shipment=None, trackingId="TBA-S1-2"),  # type: ignore[arg-type]
    ],
    "two shipments, units said in parts, a unit cancelled": lambda o: [
        o.details(2, {"S1": {1: 1}}),
        o.details(9, {"S1": {1: 1}, "S2": {1: 1}}, rejected={1: 1}),
        o.push("DELIVERED", 24),
        o.push("OUT_FOR_DELIVERY", 25, shipment="S2"),
        o.push("BEAMED_UP", 26, shipment="S2"),
    ],
}


# The first one of them always, all of them in `make prove`.
@pytest.mark.parametrize(
    "name", [name if not place else pytest.param(name, marks=pytest.mark.large) for place, name in enumerate(HISTORIES)]
)
def test_every_permutation_ends_the_same(world: Saga, name: str) -> None:
    order = Ordered(world, TOWELS)
    said = HISTORIES[name](order)
    ends = {repr(ended(order, list(permutation))) for permutation in itertools.permutations(said)}
    assert len(ends) == 1


# The first one of them always, all of them in `make prove`.
@pytest.mark.parametrize(
    "name", [name if not place else pytest.param(name, marks=pytest.mark.large) for place, name in enumerate(HISTORIES)]
)
def test_duplicates_change_nothing_and_gaps_are_filled_by_what_comes_later(world: Saga, name: str) -> None:
    order = Ordered(world, TOWELS)
    said = HISTORIES[name](order)
    end = ended(order, said)
    chance = random.Random(name)
    for _ in range(25):
        some = chance.sample(said, chance.randint(1, len(said))) + chance.choices(said, k=4)
        assert ended(order, some + chance.sample(said, len(said))) == end


# The first one of them always, all of them in `make prove`.
@pytest.mark.parametrize(
    "name", [name if not place else pytest.param(name, marks=pytest.mark.large) for place, name in enumerate(HISTORIES)]
)
def test_joining_parts_that_were_joined_apart_is_the_same(world: Saga, name: str) -> None:
    """Associative: whatever is heard first is a state like any other."""
    order = Ordered(world, TOWELS)
    said = HISTORIES[name](order)
    end = ended(order, said)
    for cut in range(1, len(said)):
        assert ended(order, said[cut:] + said[:cut]) == end


def test_hearing_the_same_again_is_known_and_tells_nobody(world: Saga) -> None:
    order = Ordered(world, TOWELS)
    said = [order.push("SHIPPED", 1), order.details(2, {"S1": {1: 3}})]
    assert order.hear(*said, *said) == ["joined", "joined", "known", "known"]
    assert order.told() == ["shipped"]


def test_a_package_never_goes_back_and_the_members_hear_it_once(world: Saga) -> None:
    order = Ordered(world, TOWELS)
    order.hear(order.push("DELIVERED", 24), order.push("SHIPPED", 1), order.push("OUT_FOR_DELIVERY", 20))
    assert order.package()["state"] == "delivered"
    assert order.told() == ["delivered"]
    assert order.package()["shipped_at"][:16] == at(1).isoformat()[:16]
    assert [event["status"] for event in order.package()["events"]] == ["SHIPPED", "OUT_FOR_DELIVERY", "DELIVERED"]


def test_a_package_that_gets_its_name_late_is_one_package(world: Saga) -> None:
    order = Ordered(world, TOWELS)
    order.hear(order.report(2, delivered=False))
    assert order.package()["package_key"] == "-"
    order.hear(order.details(3, {"S1": {1: 3}}, named=False))
    assert order.package()["package_key"] == "TBA-S1-1"
    order.hear(order.push("SHIPPED", 1))
    assert order.package()["package_key"] == "1"
    assert len(order.progress()["shipments"][0]["packages"]) == 1
    assert order.told() == ["shipped"]


def test_a_parcel_whose_shipment_is_named_late_is_told_once(world: Saga) -> None:
    order = Ordered(world, TOWELS)
    order.hear(order.push("DELIVERED", 26, package=None, shipment=None, trackingId="TBA-S1-1"))  # type: ignore[arg-type]
    assert order.package()["state"] == "delivered"
    order.hear(order.details(30, {"S1": {1: 3}}), order.push("DELIVERED", 26), order.report(31, delivered=True))
    assert [one["shipment_key"] for one in order.progress()["shipments"]] == [f"{order.number()}/S1"]
    assert order.told() == ["delivered"]


def test_what_was_told_of_one_parcel_without_a_shipment_is_told_of_another(world: Saga) -> None:
    order = Ordered(world, TOWELS)
    order.hear(order.push("DELIVERED", 26, shipment=None, trackingId="TBA-S1-1"))  # type: ignore[arg-type]
    order.hear(order.push("DELIVERED", 27, shipment="S2"), order.push("DELIVERED", 26))
    assert order.told() == ["delivered", "delivered"]


def test_the_latest_word_about_the_promise_holds(world: Saga) -> None:
    order = Ordered(world, TOWELS)
    order.hear(order.details(31, {"S1": {1: 3}}, promised=120), order.details(2, {"S1": {1: 3}}, promised=72))
    assert order.package()["promised_to"][:16] == at(120).isoformat()[:16]
    # Said again today, the first promise is the latest word.
    order.hear(order.details(40, {"S1": {1: 3}}, promised=72))
    assert order.package()["promised_to"][:16] == at(72).isoformat()[:16]


def test_a_delay_is_a_flag_told_once_for_each_new_day(world: Saga) -> None:
    order = Ordered(world, TOWELS)
    order.hear(order.details(2, {"S1": {1: 3}}), order.push("DELAYED", 30), order.push("DELAYED", 31))
    assert (order.package()["state"], order.package()["delayed"]) == ("shipped", True)
    order.hear(order.details(40, {"S1": {1: 3}}, promised=130))
    assert order.told() == ["shipped", "delayed", "delayed"]
    said = world.owner.execute(
        "select payload ->> 'expected_by' as day from outbox.event where subject = %s and topic = 'shipment.delayed'"
        " order by lane",
        (order.redemption_id,),
    ).fetchall()
    assert [row["day"] and row["day"][:16] for row in said] == [None, at(130).isoformat()[:16]], "no promise of before"
    order.hear(order.push("DELIVERED", 90))
    assert order.package()["delayed"] is False


def test_a_word_that_we_do_not_know_is_kept_and_moves_nothing(world: Saga) -> None:
    order = Ordered(world, TOWELS)
    assert order.hear(order.push("BEAMED_UP", 3)) == ["joined"]
    assert order.package()["state"] == "ordered"
    assert order.package()["events"][0]["status"] == "BEAMED_UP"
    assert order.progress()["progress"] == "ordered"
    assert order.told() == []


@pytest.mark.parametrize(
    ("said", "word", "units"),
    [
        (lambda o: [], "ordered", (0, 0)),
        (lambda o: [o.push("SHIPPED", 1)], "partly_shipped", (0, 0)),
        (lambda o: [o.details(1, {"S1": {1: 3}})], "partly_shipped", (3, 0)),
        (lambda o: [o.details(1, {"S1": {1: 3}, "S2": {2: 1}})], "shipped", (4, 0)),
        (lambda o: [o.details(1, {"S1": {1: 3}, "S2": {2: 1}}), o.push("DELIVERED", 3)], "partly_delivered", (4, 3)),
        (
            lambda o: [
                o.details(1, {"S1": {1: 3}, "S2": {2: 1}}),
                o.push("DELIVERED", 3),
                o.push("DELIVERED", 3, shipment="S2", line=2),
            ],
            "delivered",
            (4, 4),
        ),
        (lambda o: [o.details(1, {"S1": {1: 3}}, rejected={2: 1}), o.push("DELIVERED", 3)], "delivered", (3, 3)),
        (lambda o: [o.details(1, {}, rejected={1: 3, 2: 1})], "cancelled", (0, 0)),
    ],
)
def test_the_order_as_one_word(world: Saga, said: Callable[[Ordered], Said], word: str, units: tuple[int, int]) -> None:
    order = Ordered(world, TOWELS, LAMP)
    order.hear(*said(order))
    told = order.progress()
    assert (told["progress"], (told["units_shipped"], told["units_delivered"])) == (word, units)


def test_a_shipment_has_arrived_when_all_its_packages_have(world: Saga) -> None:
    order = Ordered(world, TOWELS)
    order.hear(order.details(1, {"S1": {1: 3}}, packages=2), order.push("DELIVERED", 9))
    assert order.progress()["progress"] == "shipped"
    order.hear(order.push("DELIVERED", 10, package="2"))
    assert order.progress()["progress"] == "delivered"


# ---- what is nobody's, and what makes no sense -------------------------------------------------------------------


def strays(world: Saga) -> list[dict[str, Any]]:
    return world.owner.execute(
        "select kind, source, amazon_order_id, resolved_at is not null as resolved from orders.stray order by stray_id"
    ).fetchall()


def test_an_unknown_order_is_recorded_once_and_breaks_nothing(own_world: Saga) -> None:
    order = Ordered(own_world, TOWELS)
    body: dict[str, Any] = {"orderId": "114-0", "shipmentId": "S1", "deliveryStatus": "DELIVERED"}
    stranger = "push", observing.from_push(body)
    assert order.hear(stranger, stranger) == ["unknown_order", "unknown_order"]
    assert strays(own_world) == [
        {"kind": "unknown_order", "source": "push", "amazon_order_id": "114-0", "resolved": False}
    ]


def test_a_push_that_is_faster_than_our_own_record_is_not_lost(own_world: Saga) -> None:
    order = Ordered(own_world, TOWELS)
    early = order.push("SHIPPED", 1)
    own_world.owner.execute(
        "with f as (delete from orders.follow), p as (delete from orders.order_part),"
        " l as (update orders.placement_line set accepted_quantity = null, rejected_quantity = null)"
        " update orders.placement set recorded_at = null"
    )
    assert order.hear(early) == ["unknown_order"]
    own_world.owner.execute("select orders.record(1, %s)", (order.redemption_id,))
    assert order.package()["state"] == "shipped"
    assert strays(own_world)[0]["resolved"] is True


def test_a_package_of_somebody_elses_order_is_left_out(world: Saga) -> None:
    mine, theirs = Ordered(world, TOWELS), Ordered(world, TOWELS)
    source, observation = mine.details(1, {"S1": {1: 3}})
    observation["packages"][0]["amazon_order_id"] = theirs.number()
    observation["units"][0]["amazon_order_id"] = theirs.number()
    mine.hear((source, observation))
    assert mine.progress()["shipments"] == []
    assert theirs.progress()["shipments"] == []


def test_more_units_than_were_ordered_are_not_believed(world: Saga) -> None:
    order = Ordered(world, TOWELS)
    order.hear(order.details(1, {"S1": {1: 3000}}))
    assert order.progress()["units_shipped"] == 3


def test_a_time_ahead_of_us_tells_no_time(world: Saga) -> None:
    order = Ordered(world, TOWELS)
    order.hear(order.push("SHIPPED", 24 * 365 * 20), order.details(2, {"S1": {1: 3}}, promised=50))
    assert order.package()["promised_to"][:16] == at(50).isoformat()[:16]
    assert order.package()["shipped_at"] < "2030"


@pytest.mark.parametrize(
    "body",
    [
        None, [], "x", 5, {}, {"orderId": "1"}, {"orderId": "1", "deliveryStatus": "SHIPPED"},
        {"orderId": ["1"], "deliveryStatus": "SHIPPED", "shipmentId": "2"},
        {"orderId": True, "deliveryStatus": "SHIPPED", "shipmentId": "2"},
        {"orderId": "1", "deliveryStatus": {}, "shipmentId": "2"},
        {"orderId": " \x00 ", "deliveryStatus": "SHIPPED", "shipmentId": "2"},
    ],
)  # fmt: skip
def test_a_push_without_order_package_or_status_is_malformed(body: Any) -> None:
    with pytest.raises(observing.Malformed):
        observing.from_push(body)


@pytest.mark.parametrize("stamp", [None, -1, 0, 10**20, 1.5, "soon", True, [], "-5", "1" * 30])
def test_a_stamp_that_makes_no_sense_is_no_stamp(stamp: Any) -> None:
    body = {"orderId": 5, "shipmentId": "2", "deliveryStatus": "SHIPPED", "eventTimeStampInEpochMillis": stamp}
    read = observing.from_push(body)
    assert "said_at" not in read
    assert read["amazon_order_id"] == "5"


def test_a_push_brings_no_place_and_no_endless_word() -> None:
    read = observing.from_push(
        {
            "orderId": "1" * 5000,
            "shipmentId": "S\ud800\x00" + "2" * 5000,
            "deliveryStatus": "SHIPPED",
            "detailedTrackingStatus": "PACKAGE_ARRIVED_AT_CARRIER_FACILITY - Seattle",
        }
    )
    assert read["packages"][0]["detail"] == "PACKAGE_ARRIVED_AT_CARRIER_FACILITY"
    assert len(read["amazon_order_id"]) == len(read["packages"][0]["shipment_id"]) == 100


@pytest.mark.parametrize(
    "body",
    [None, 5, {}, {"orderId": None}, {"Message": "not json"}, {"Message": "[]"}, {"Message": "[" * 100_000}],
    ids=lambda body: str(body)[:20],
)
def test_a_hint_about_no_order_is_malformed(body: Any) -> None:
    with pytest.raises(observing.Malformed):
        observing.from_hint(body)


def test_a_hint_asks_for_a_look_now_and_says_nothing_itself(world: Saga) -> None:
    order = Ordered(world, TOWELS)
    for body in ({"orderId": order.number()}, {"Message": f'{{"externalId": "{order.redemption_id}"}}'}):
        world.owner.execute(
            "update orders.follow set hinted_at = null where redemption_id = %s", (order.redemption_id,)
        )
        assert order.hear(("hint", observing.from_hint(body))) == ["hinted"]
        assert order.follow()["hinted_at"] is not None
    assert order.progress()["shipments"] == []


def test_only_the_order_information_function_may_say_anything(world: Saga) -> None:
    for role in ("member_api", "orders_worker", "engine_step", "partner_api"):
        with world.connection(role) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
            observing.observe(connection, "push", {"amazon_order_id": "1"})


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (lambda o: [o.details(1, {"S1": {1: 3}}, rejected={1: 1})], "shipped_although_cancelled"),
        (
            lambda o: [o.details(1, {"S1": {1: 3}}), o.tracking("UNDELIVERABLE", 9), o.push("DELIVERED", 20)],
            "delivered_after_all",
        ),
        (
            lambda o: [o.details(1, {"S1": {1: 3}}, packages=2), o.tracking("UNDELIVERABLE", 9)],
            "part_of_shipment_lost",
        ),
    ],
)
def test_what_cannot_both_be_true_is_a_persons_to_decide(
    world: Saga, said: Callable[[Ordered], Said], reason: str
) -> None:
    order = Ordered(world, TOWELS)
    order.hear(*said(order))
    case = world.owner.execute(
        "select reason, evidence from casework.case where subject = %s", (str(order.redemption_id),)
    ).fetchall()
    assert [one["reason"] for one in case] == [reason]


def test_a_parcel_that_comes_back_is_not_called_undeliverable(world: Saga) -> None:
    order = Ordered(world, TOWELS)
    order.hear(order.details(1, {"S1": {1: 3}}), order.tracking("RETURNED", 90), order.tracking("REFUND_ISSUED", 95))
    assert order.told() == ["shipped", "sent_back"]
    order.hear(order.tracking("UNDELIVERABLE", 96))
    assert order.told() == ["shipped", "sent_back", "undeliverable"]


def test_what_only_came_back_may_be_the_members_own_return_and_gives_nothing_back(world: Saga) -> None:
    order = Ordered(world, TOWELS)
    order.hear(order.details(1, {"S1": {1: 3}}), order.tracking("RETURNED", 90), order.tracking("REFUND_ISSUED", 95))
    assert order.progress()["units_lost"] == 0


def test_an_answer_that_leaves_something_out_gives_nothing_back(world: Saga) -> None:
    order = Ordered(world, TOWELS, LAMP)
    source, observation = order.details(1, {})
    for lines in ([], [{"line_number": 1, "accepted": 1, "rejected": 1}], [{"line_number": 9, "accepted": 0,
                  "rejected": 3}], [{"line_number": 1, "accepted": -1, "rejected": 4}]):  # fmt: skip
        order.hear((source, {**observation, "lines": lines}))
    assert order.progress()["units_lost"] == 0
