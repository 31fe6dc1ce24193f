"""Which documents there are: one an event, numbered without gaps, frozen when they are issued, stored at last."""

from __future__ import annotations

import hashlib
import threading
from typing import Any
from unittest import mock
from uuid import UUID, uuid4

import psycopg
import pytest

from loyalty.documents import issuing, reading, storing
from loyalty.refusal import Refusal
from tests.domain.documents.conftest import LAMP, Office
from tests.domain.documents.sheets import TAXED
from tests.domain.redemptions.saga import Line


def test_an_order_that_was_placed_has_one_receipt_of_what_was_accepted(office: Office) -> None:
    redemption_id = office.order(points=9_000)
    office.follow_all(redemption_id)
    (receipt,) = office.documents(redemption_id)
    assert (receipt["kind"], receipt["state"]) == ("receipt", "ready")
    redemption = office.world.row(redemption_id)
    assert receipt["facts"]["points"] == redemption["accepted_points"] == 9_000
    assert receipt["facts"]["charged_minor"] == redemption["accepted_money_minor"] == 9_000
    content = office.stored[receipt["object_key"]]
    assert receipt["content_hash"] == hashlib.sha256(content).digest()
    assert office.told(redemption_id) == 1


def test_a_receipt_holds_nothing_that_says_who_somebody_is(office: Office) -> None:
    redemption_id = office.order()
    office.follow_all(redemption_id)
    (receipt,) = office.documents(redemption_id)
    said = str(receipt)
    assert "Alex" not in said
    assert "Example Ave" not in said
    assert set(receipt["facts"]) == {
        *("language", "address_id", "currency", "ordered_at", "provider", "capture_at", "lines", "points"),
        *("money_minor", "charged_minor", "partial", "issued_on"),
    }


def test_an_order_that_failed_has_none(office: Office) -> None:
    office.world.payments = "decline"
    redemption_id = office.order(points=0)
    assert office.events(redemption_id) == []
    with pytest.raises(issuing.NotYet):
        office.follow("redemption.confirmed", {"program_id": 1, "payload": {"redemption_id": str(redemption_id)}})
    assert office.documents(redemption_id) == []


def test_the_same_event_again_changes_nothing(office: Office) -> None:
    redemption_id = office.order()
    office.give_back(redemption_id)
    for _ in range(3):
        office.follow_all(redemption_id)
    assert [one["kind"] for one in office.documents(redemption_id)] == ["receipt", "credit_note"]
    assert (office.puts, office.told(redemption_id)) == (2, 2)


def test_units_that_came_back_before_the_receipt_was_written_have_both(office: Office) -> None:
    redemption_id = office.order()
    office.give_back(redemption_id, quantity=2, reason="damaged")
    (_, confirmed), (topic, returned) = office.events(redemption_id)
    office.follow(topic, returned)
    receipt, note = office.documents(redemption_id)
    assert (receipt["kind"], note["kind"], note["corrects"]) == ("receipt", "credit_note", receipt["document_id"])
    assert note["facts"]["points"] == 2 * LAMP.unit_points_full
    assert office.follow("redemption.confirmed", confirmed) == [receipt["document_id"]]
    # What came back later is not in the receipt of what was accepted.
    assert receipt["facts"]["lines"][0]["quantity"] == 3


def test_each_event_of_a_line_has_a_credit_note_of_its_own(office: Office) -> None:
    redemption_id = office.order(points=13_500)
    for key in ("a", "b", "c"):
        office.give_back(redemption_id, key)
    office.follow_all(redemption_id)
    receipt, *notes = office.documents(redemption_id)
    for name in ("points", "money_minor"):
        assert sum(note["facts"][name] for note in notes) == receipt["facts"][name]
    assert office.violations() == {}


def test_an_event_that_nothing_was_given_back_by_has_no_credit_note(office: Office) -> None:
    redemption_id = office.order()
    payload = {"redemption_id": str(redemption_id), "line_number": 1, "event_key": "never"}
    with pytest.raises(issuing.NotYet):
        office.follow("units.returned", {"program_id": 1, "payload": payload})


@pytest.mark.parametrize(
    "detail",
    [
        None, [], {}, {"program_id": 1}, {"program_id": "1", "payload": {"redemption_id": str(uuid4())}},
        {"program_id": 1, "payload": {"redemption_id": "x"}}, {"program_id": True, "payload": {}},
        {"program_id": 1, "payload": {"redemption_id": str(uuid4()), "line_number": 1, "event_key": "\0"}},
        {"program_id": 1, "payload": {"redemption_id": str(uuid4()), "line_number": 1.5, "event_key": "a"}},
        {"program_id": 2**40, "payload": {"redemption_id": str(uuid4()), "line_number": 1, "event_key": "a"}},
    ],
)  # fmt: skip
def test_what_is_no_event_is_refused_without_being_quoted(office: Office, detail: Any) -> None:
    with pytest.raises(issuing.NotAnEvent, match="no event of the outbox"):
        office.follow("units.returned", detail)


def test_another_programmes_order_has_no_document_here(office: Office) -> None:
    redemption_id = office.order()
    with pytest.raises(issuing.NotYet):
        office.follow("redemption.confirmed", {"program_id": 2, "payload": {"redemption_id": str(redemption_id)}})


@pytest.mark.large
def test_numbers_have_no_gaps_though_many_issue_at_once_and_some_give_up(own_office: Office) -> None:
    orders = [own_office.order() for _ in range(12)]
    database = own_office.world.database
    failures: list[BaseException] = []

    def work(mine: list[UUID]) -> None:
        with database.connect("invoicing") as connection:
            for redemption_id in mine:
                detail = {"program_id": 1, "payload": {"redemption_id": str(redemption_id)}}
                try:
                    with connection.transaction():
                        issuing.issue(connection, "redemption.confirmed", detail)
                        raise psycopg.Rollback
                    issuing.issue(connection, "redemption.confirmed", detail)
                except BaseException as failure:
                    failures.append(failure)

    # Everybody issues everything, from another end.
    threads = [threading.Thread(target=work, args=(orders[start:] + orders[:start],)) for start in (0, 4, 8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    rows = own_office.world.owner.execute("select sequence, number from documents.document order by 1").fetchall()
    assert [row["sequence"] for row in rows] == list(range(1, 13))
    assert rows[0]["number"] == f"R-{_year(own_office)}-000001"
    assert own_office.violations() == {}


def _year(office: Office) -> int:
    row = office.world.owner.execute(
        "select extract(year from clock.now() at time zone 'America/New_York')::integer as y"
    ).fetchone()
    assert row is not None
    return int(row["y"])


def test_the_year_of_a_number_is_the_year_where_the_programme_is(own_office: Office) -> None:
    # Half an hour after the year has begun in Greenwich it has not in New York.
    own_office.world.owner.execute(
        "update clock.setting set shift = '2027-01-01 00:30:00+00'::timestamptz - statement_timestamp()"
    )
    first = own_office.order()
    own_office.follow_all(first)
    (before,) = own_office.documents(first)
    own_office.world.database.shift_clock("10 hours")
    second = own_office.order()
    own_office.follow_all(second)
    (after,) = own_office.documents(second)
    assert (before["number"], before["facts"]["issued_on"]) == ("R-2026-000001", "2026-12-31")
    assert (after["number"], after["facts"]["issued_on"]) == ("R-2027-000001", "2027-01-01")


def test_receipts_invoices_and_credit_notes_count_apart_and_a_credit_note_keeps_the_rules_of_what_it_corrects(
    own_office: Office,
) -> None:
    first = own_office.order()
    own_office.follow_all(first)
    own_office.taxed(TAXED)
    second = own_office.order()
    for redemption_id in (first, second):
        own_office.give_back(redemption_id)
        own_office.follow_all(redemption_id)
    receipt, refund = own_office.documents(first)
    invoice, credit = own_office.documents(second)
    assert [one["number"][0] for one in (receipt, refund, invoice, credit)] == ["R", "C", "I", "C"]
    assert [one["sequence"] for one in (receipt, refund, invoice, credit)] == [1, 1, 1, 2]
    assert refund["programme_version"] == receipt["programme_version"] == invoice["programme_version"] - 1
    assert refund["facts"]["corrects_kind"] == "receipt"
    assert own_office.violations() == {}


@pytest.mark.parametrize("crash", ["before put", "after put", "after stored"])
def test_whatever_dies_the_next_try_stores_the_same_bytes_and_tells_once(office: Office, crash: str) -> None:
    redemption_id = office.order(LAMP, Line("B0CUP00000", 1, 1200))
    ((topic, detail),) = office.events(redemption_id)
    seen: list[bytes] = []

    def put(key: str, content: bytes) -> None:
        seen.append(content)
        if crash == "before put":
            raise ConnectionError
        office.stored[key] = content
        if crash == "after put":
            raise ConnectionError

    program_id, (document_id,) = issuing.issue(office.connection, topic, detail)
    try:
        storing.store(office.connection, program_id, document_id, put)
    except ConnectionError:
        (planned,) = office.documents(redemption_id)
        assert planned["state"] == "planned"
        assert office.told(redemption_id) == 0
    office.follow(topic, detail)
    (document,) = office.documents(redemption_id)
    assert document["state"] == "ready"
    assert office.stored[document["object_key"]] == seen[0]
    assert document["content_hash"] == hashlib.sha256(seen[0]).digest()
    assert office.told(redemption_id) == 1


def test_a_page_that_cannot_be_drawn_is_marked_and_drawn_when_it_can(office: Office) -> None:
    redemption_id = office.order()
    ((topic, detail),) = office.events(redemption_id)
    with (
        mock.patch("loyalty.documents.drawing.draw", side_effect=ValueError("Alex Member lives here")),
        pytest.raises(storing.NotDrawn, match=r"^ValueError$"),
    ):
        office.follow(topic, detail)
    (failed,) = office.documents(redemption_id)
    assert (failed["state"], failed["reason"]) == ("failed", "ValueError")
    office.follow(topic, detail)
    (document,) = office.documents(redemption_id)
    assert (document["state"], document["number"]) == ("ready", failed["number"])


@pytest.mark.parametrize(
    "change",
    ["facts = '{}'", "number = 'R-1'", "sequence = 99", "state = 'planned'", "object_key = repeat('x', 50)"],
)
def test_what_was_issued_cannot_be_changed_even_by_the_owner(office: Office, change: str) -> None:
    redemption_id = office.order()
    office.follow_all(redemption_id)
    with pytest.raises(psycopg.errors.RestrictViolation):
        office.world.owner.execute(
            f"update documents.document set {change} where redemption_id = %s".encode(), (redemption_id,)
        )
    with pytest.raises(psycopg.errors.RestrictViolation):
        office.world.owner.execute("delete from documents.document where redemption_id = %s", (redemption_id,))


def test_nobody_guesses_where_a_document_is(office: Office) -> None:
    orders = [office.order(), office.order()]
    for redemption_id in orders:
        office.follow_all(redemption_id)
    keys = [office.documents(one)[0]["object_key"] for one in orders]
    assert len(set(keys)) == 2
    for key in keys:
        assert len(key) == len("1/.pdf") + 48


def test_a_member_sees_their_own_documents_and_nobody_elses(office: Office) -> None:
    member_id, stranger = office.world.member(), office.world.member()
    redemption_id = office.order(member_id=member_id)
    with office.world.connection("member_api") as door:
        assert reading.of_redemption(door, 1, member_id, redemption_id) == []
        office.follow_all(redemption_id)
        (seen,) = reading.of_redemption(door, 1, member_id, redemption_id)
        assert "object_key" not in seen
        document_id = UUID(seen["document_id"])
        assert reading.one(door, 1, member_id, document_id)["object_key"] in office.stored
        for ask in (
            lambda: reading.of_redemption(door, 1, stranger, redemption_id),
            lambda: reading.of_redemption(door, 2, member_id, redemption_id),
            lambda: reading.one(door, 1, stranger, document_id),
            lambda: reading.one(door, 2, member_id, document_id),
        ):
            with pytest.raises(Refusal):
                ask()


def test_a_document_that_is_not_stored_yet_is_asked_for_later(office: Office) -> None:
    member_id = office.world.member()
    redemption_id = office.order(member_id=member_id)
    office.away = 1
    with pytest.raises(ConnectionError):
        office.follow_all(redemption_id)
    with office.world.connection("member_api") as door:
        (seen,) = reading.of_redemption(door, 1, member_id, redemption_id)
        assert seen["state"] == "in_preparation"
        with pytest.raises(Refusal, match="not-ready"):
            reading.one(door, 1, member_id, UUID(seen["document_id"]))
