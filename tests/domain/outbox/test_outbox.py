"""What happened reaches the bus at least once, in its order, whatever fails on the way."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from uuid import UUID, uuid4

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loyalty.database import Connection
from loyalty.outbox import __main__ as command
from loyalty.outbox import relaying
from loyalty.outbox.relaying import BusAway, Event, Refused
from tests.conftest import TestDatabase


class Dies(BaseException):
    """The relay's process ends here."""


class Bus:
    """Takes events and remembers them; `says` decides by event what it answers."""

    def __init__(self, says: Mapping[str, list[str]] | None = None) -> None:
        self.got: list[tuple[str, int]] = []
        self.ids: list[UUID] = []
        self.says = {key: list(answers) for key, answers in (says or {}).items()}
        self.largest = 0

    def put(self, events: Sequence[Event]) -> Mapping[UUID, Refused]:
        self.largest = max(self.largest, len(events))
        refused: dict[UUID, Refused] = {}
        for event in events:
            number = json.loads(event.detail)["payload"]["number"]
            answers = self.says.get(f"{event.key}/{number}") or self.says.get(event.key)
            answer = answers.pop(0) if answers else "ok"
            if answer == "away":
                raise BusAway("timeout")
            if answer in ("ok", "dies"):
                self.got.append((event.key, number))
                self.ids.append(event.event_id)
            if answer == "dies":
                raise Dies
            if answer == "busy":
                refused[event.event_id] = Refused("ThrottlingException", of_this_event=False)
            if answer == "no":
                refused[event.event_id] = Refused("MalformedDetail", of_this_event=True)
        return refused


@pytest.fixture
def owner(fresh_database: TestDatabase) -> Iterator[Connection]:
    with fresh_database.owner() as connection:
        yield connection


@pytest.fixture
def relays(fresh_database: TestDatabase) -> Iterator[Connection]:
    with fresh_database.connect("outbox_relay") as connection:
        yield connection


def say(owner: Connection, key: str, number: int, program_id: int = 1, topic: str = "shipment.shipped") -> None:
    owner.execute(
        "select outbox.emit(%s, %s, %s, null, jsonb_build_object('number', %s::integer))",
        (program_id, topic, key, number),
    )


def until_quiet(relays: Connection, owner: Connection, bus: Bus, rounds: int = 60) -> None:
    """The relay of many minutes, some of which end in the middle."""
    for _ in range(rounds):
        with suppress(Dies):
            relaying.relay(relays, bus, seconds=5)
        owner.execute("update clock.setting set shift = shift + interval '16 minutes'")
        row = owner.execute("select count(*) as count from outbox.event where state = 'waiting'").fetchone()
        assert row
        if row["count"] == 0:
            return


def test_what_was_said_is_sent_once_with_its_id_and_time(relays: Connection, owner: Connection) -> None:
    subject = uuid4()
    owner.execute("select outbox.emit(1, 'shipment.delivered', '7', %s, '{\"number\": 3}')", (subject,))
    taken = relaying.take(relays, uuid4())
    (event,) = taken
    detail = json.loads(event.detail)
    assert event.topic == "shipment.delivered"
    assert detail == {
        "event_id": str(event.event_id),
        "program_id": 1,
        "key": "7",
        "subject": str(subject),
        "occurred_at": event.occurred_at.isoformat(),
        "payload": {"number": 3},
    }


def test_nothing_is_said_of_what_was_rolled_back(relays: Connection, owner: Connection) -> None:
    with owner.transaction(force_rollback=True):
        say(owner, "a", 1)
    assert relaying.take(relays, uuid4()) == []


@pytest.mark.parametrize(
    "values",
    [
        "1, 'Shipped', 'k', null, '{}'",
        "1, 'shipment.shipped', '', null, '{}'",
        "1, 'shipment.shipped', 'k', null, '[1]'",
        "1, 'shipment.shipped', 'k', null, jsonb_build_object('x', repeat('y', 9000))",
        "99, 'shipment.shipped', 'k', null, '{}'",
    ],
)
def test_what_no_bus_would_take_is_refused_where_it_is_said(owner: Connection, values: str) -> None:
    with pytest.raises(psycopg.errors.IntegrityError):
        owner.execute(f"select outbox.emit({values})".encode())


def test_a_key_keeps_its_order_and_fails_alone(relays: Connection, owner: Connection) -> None:
    for number in range(25):
        say(owner, "a", number)
        say(owner, "b", number)
    bus = Bus({"a/3": ["busy", "no"], "a/4": ["away"]})
    relaying.relay(relays, bus, seconds=5)
    assert [number for key, number in bus.got if key == "a"] == [0, 1, 2]
    assert [number for key, number in bus.got if key == "b"] == list(range(25))
    until_quiet(relays, owner, bus)
    assert [number for key, number in bus.got if key == "a"] == list(range(25))
    assert bus.largest <= relaying.ENTRIES_A_CALL


def test_the_same_key_of_two_programmes_is_two_keys(relays: Connection, owner: Connection) -> None:
    owner.execute("insert into programme.program(program_id, code) values (3, 'third') on conflict do nothing")
    say(owner, "7", 1, program_id=1)
    say(owner, "7", 2, program_id=3)
    bus = Bus({"7/1": ["busy"]})
    relaying.relay(relays, bus, seconds=5)
    assert bus.got == [("7", 2)]


def test_of_the_canarys_programme_nothing_is_told(relays: Connection, owner: Connection) -> None:
    say(owner, "7", 1, program_id=2)
    assert owner.execute("select from outbox.event where program_id = 2").fetchall() == []
    bus = Bus()
    relaying.relay(relays, bus, seconds=5)
    assert bus.got == []


def test_a_relay_that_dies_after_sending_sends_again_and_loses_nothing(relays: Connection, owner: Connection) -> None:
    for number in range(12):
        say(owner, "a", number)
    bus = Bus({"a/5": ["dies"]})
    with pytest.raises(Dies):
        relaying.relay(relays, bus, seconds=5)
    assert bus.got == [("a", number) for number in range(6)]
    assert relaying.take(relays, uuid4()) == [], "they are somebody's until the lease ends"
    until_quiet(relays, owner, bus)
    assert [number for _, number in bus.got] == [*range(6), *range(5, 12)]
    assert len(set(bus.ids)) == 12, "the second time it has the same id"


def test_a_bus_that_is_away_for_a_day_parks_nothing(relays: Connection, owner: Connection) -> None:
    say(owner, "a", 1)
    bus = Bus({"a": ["away"] * 40})
    for _ in range(40):
        relaying.relay(relays, bus, seconds=5)
        owner.execute("update clock.setting set shift = shift + interval '16 minutes'")
    assert relaying.standing(relays).parked == 0
    relaying.relay(relays, bus, seconds=5)
    assert bus.got == [("a", 1)]


def test_an_event_that_is_refused_again_and_again_is_parked_and_its_key_waits(
    relays: Connection, owner: Connection, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in (1, 2):
        say(owner, "a", number)
    say(owner, "b", 1)
    bus = Bus({"a/1": ["no"] * relaying.REFUSALS})
    for _ in range(relaying.REFUSALS + 2):
        relaying.relay(relays, bus, seconds=5)
        owner.execute("update clock.setting set shift = shift + interval '16 minutes'")
    assert bus.got == [("b", 1)]
    stands = relaying.standing(relays)
    assert (stands.parked, stands.waiting) == (1, 1)
    assert stands.oldest_seconds > 3600
    assert command.main(["show"], relays) == 0
    assert "MalformedDetail" in capsys.readouterr().out
    assert command.main(["redrive"], relays) == 0
    until_quiet(relays, owner, bus)
    assert bus.got == [("b", 1), ("a", 1), ("a", 2)]
    assert command.main(["redrive"], relays) == 1


def test_a_parked_event_may_be_dropped_by_name_and_its_key_goes_on(relays: Connection, owner: Connection) -> None:
    for number in (1, 2):
        say(owner, "a", number)
    bus = Bus({"a/1": ["no"] * relaying.REFUSALS})
    for _ in range(relaying.REFUSALS):
        relaying.relay(relays, bus, seconds=5)
        owner.execute("update clock.setting set shift = shift + interval '16 minutes'")
    (row,) = relaying.parked(relays)
    assert command.main(["drop", str(row["event_id"]), "ada"], relays) == 2, "why?"
    assert command.main(["drop", str(uuid4()), "ada", "no", "use"], relays) == 1
    assert command.main(["drop", "x", "ada", "no", "use"], relays) == 2
    assert command.main(["drop", str(row["event_id"]), "ada", "no", "use"], relays) == 0
    until_quiet(relays, owner, bus)
    assert bus.got == [("a", 2)]


def test_the_pause_grows_and_has_an_end(relays: Connection, owner: Connection) -> None:
    say(owner, "a", 1)
    pauses = []
    for _ in range(14):
        (event,) = relaying.take(relays, taker := uuid4())
        relays.execute("select outbox.put_back(%s, %s, false, 8, 'x')", (taker, [event.event_id]))
        row = owner.execute("select extract(epoch from due_at - clock.now()) as pause from outbox.event").fetchone()
        assert row
        pauses.append(float(row["pause"]))
        owner.execute("update clock.setting set shift = shift + interval '16 minutes'")
    assert pauses[0] <= 2
    assert pauses[-1] <= 900
    assert min(pauses[-3:]) >= 450


def test_what_somebody_else_has_taken_over_is_not_put_back_by_the_first(relays: Connection, owner: Connection) -> None:
    say(owner, "a", 1)
    (event,) = relaying.take(relays, first := uuid4())
    owner.execute("update clock.setting set shift = shift + interval '1 hour'")
    relaying.take(relays, uuid4())
    relays.execute("select outbox.put_back(%s, %s, true, 1, 'x')", (first, [event.event_id]))
    assert relaying.standing(relays).parked == 0
    relays.execute("select outbox.sent(%s)", ([event.event_id],))
    assert relaying.standing(relays).waiting == 0, "it was sent, by whomever"


def test_four_relays_at_once_send_each_event_once_and_in_order(fresh_database: TestDatabase, owner: Connection) -> None:
    with owner.transaction():
        for number in range(40):
            for key in "abcdefgh":
                say(owner, key, number)
    buses = [Bus() for _ in range(4)]

    def run(bus: Bus) -> None:
        with fresh_database.connect("outbox_relay") as connection:
            relaying.relay(connection, bus, seconds=20)

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(run, buses))
    got = [one for bus in buses for one in bus.got]
    assert len(got) == len(set(got)) == 320
    for bus in buses:
        for key in "abcdefgh":
            numbers = [number for which, number in bus.got if which == key]
            assert numbers == sorted(numbers)


def test_what_was_sent_long_ago_leaves_and_what_waits_stays(relays: Connection, owner: Connection) -> None:
    say(owner, "a", 1)
    relaying.relay(relays, Bus(), seconds=5)
    say(owner, "b", 1)
    owner.execute("update clock.setting set shift = shift + interval '40 days'")
    assert relaying.purge(relays) == 1
    assert relaying.purge(relays) == 0
    assert relaying.standing(relays).waiting == 1


ANSWERS = st.lists(st.sampled_from(["ok", "busy", "away", "no", "dies"]), max_size=7)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from("abc"), max_size=20), st.dictionaries(st.sampled_from(["a", "b", "c", "a/1"]), ANSWERS))
def test_whatever_the_bus_answers_each_event_arrives_and_first_arrivals_keep_their_order(
    relays: Connection, owner: Connection, keys: list[str], says: dict[str, list[str]]
) -> None:
    owner.execute("delete from outbox.event")
    expected: dict[str, list[int]] = {"a": [], "b": [], "c": []}
    for key in keys:
        say(owner, key, len(expected[key]))
        expected[key].append(len(expected[key]))
    bus = Bus(says)
    until_quiet(relays, owner, bus)
    for key, numbers in expected.items():
        assert list(dict.fromkeys(number for which, number in bus.got if which == key)) == numbers
