"""Partners say what was spent; the programme says how many points; saying it twice changes nothing."""

from __future__ import annotations

import json
import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from loyalty.database import Connection
from loyalty.points import accruals, ledger
from loyalty.points.accruals import Earned, Purchase, Return
from loyalty.programme.document import Programme
from loyalty.refusal import Kind, Refusal
from tests.conftest import TestDatabase
from tests.domain.people import Somebody, published, somebody


@pytest.fixture
def document(database: TestDatabase) -> Programme:
    with database.owner() as owner:
        return published(owner)


@pytest.fixture
def jane(database: TestDatabase) -> Somebody:
    with database.owner() as owner:
        return somebody(owner)


def purchase(member: Somebody, spend_minor: int = 12_34, **changes: object) -> Purchase:
    bought = Purchase(
        partner_reference=f"basket-{uuid.uuid4()}",
        member_number=member.number,
        spend_minor=spend_minor,
        currency="USD",
        category="Dairy",
        occurred_at=datetime.now(UTC) - timedelta(hours=1),
    )
    return replace(bought, **changes)  # type: ignore[arg-type]


def available(connection: Connection, member: Somebody) -> int:
    balance = ledger.balance(connection, member.program_id, member.member_id)
    assert balance is not None
    return balance.available


def changed(document: Programme, **points: object) -> Programme:
    document_json = document.model_dump(mode="json")
    document_json["points"] |= points
    return Programme.model_validate_json(json.dumps(document_json))


def test_a_purchase_earns_points_until_a_months_end(
    database: TestDatabase, document: Programme, jane: Somebody
) -> None:
    with database.connect("partner_api") as connection, database.owner() as owner:
        bought = purchase(jane)
        earned = accruals.accrue(connection, 1, document, "grocer", bought, "partner:grocer")
        assert (earned.points, earned.replayed) == (123, False)
        assert earned.expires_on is not None
        assert (earned.expires_on + timedelta(days=1)).day == 1
        assert available(owner, jane) == 123


def test_the_same_purchase_again_has_the_first_answer_even_when_the_rate_has_changed(
    database: TestDatabase, document: Programme, jane: Somebody
) -> None:
    with database.connect("partner_api") as connection, database.owner() as owner:
        bought = purchase(jane)
        first = accruals.accrue(connection, 1, document, "grocer", bought, "partner:grocer")
        doubled = changed(document, base_points_per_major=20)
        again = accruals.accrue(connection, 1, doubled, "grocer", bought, "partner:grocer")
        assert (again.points, again.replayed) == (first.points, True)
        assert available(owner, jane) == 123


@pytest.mark.parametrize(
    "change", [{"spend_minor": 12_35}, {"category": "Fuel"}, {"occurred_at": datetime(2026, 1, 1, tzinfo=UTC)}]
)
def test_another_purchase_under_the_same_reference_is_a_conflict(
    database: TestDatabase, document: Programme, jane: Somebody, change: dict[str, object]
) -> None:
    with database.connect("partner_api") as connection, database.owner() as owner:
        bought = purchase(jane)
        accruals.accrue(connection, 1, document, "grocer", bought, "partner:grocer")
        other = somebody(owner)
        said_otherwise = replace(bought, **change)  # type: ignore[arg-type]
        for wrong in (said_otherwise, replace(bought, member_number=other.number)):
            with pytest.raises(Refusal) as refused:
                accruals.accrue(connection, 1, document, "grocer", wrong, "partner:grocer")
            assert (refused.value.kind, refused.value.field) == (Kind.CONFLICT, "partner_reference")
        assert available(owner, other) == 0


def test_two_partners_and_two_programmes_have_references_of_their_own(
    database: TestDatabase, document: Programme, jane: Somebody
) -> None:
    with database.connect("partner_api") as connection, database.owner() as owner:
        bought = purchase(jane, 100)
        for partner in ("grocer", "garage"):
            assert not accruals.accrue(connection, 1, document, partner, bought, "test").replayed
        canary = somebody(owner, program_id=2)
        accruals.accrue(connection, 2, document, "grocer", replace(bought, member_number=canary.number), "test")
        with pytest.raises(Refusal):
            accruals.accrue(connection, 2, document, "grocer", purchase(jane), "test")


def test_what_earns_nothing_moves_nothing(database: TestDatabase, document: Programme, jane: Somebody) -> None:
    with database.connect("partner_api") as connection:
        assert accruals.accrue(connection, 1, document, "grocer", purchase(jane, 9), "test") == Earned(0, None, False)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"member_number": "nobody"}, "member_number"),
        ({"currency": "EUR"}, "currency"),
        ({"occurred_at": datetime.now(UTC) + timedelta(days=1)}, "occurred_at"),
        ({"occurred_at": datetime(2020, 1, 1, tzinfo=UTC)}, "occurred_at"),
    ],
)
def test_a_purchase_that_cannot_count_is_refused_by_field(
    database: TestDatabase, document: Programme, jane: Somebody, change: dict[str, object], field: str
) -> None:
    with database.connect("partner_api") as connection, pytest.raises(Refusal) as refused:
        accruals.accrue(connection, 1, document, "grocer", purchase(jane, **change), "test")  # type: ignore[arg-type]
    assert refused.value.field == field


def test_points_that_must_wait_are_pending(database: TestDatabase, document: Programme, jane: Somebody) -> None:
    with database.connect("partner_api") as connection, database.owner() as owner:
        waiting = changed(document, pending_days=14)
        accruals.accrue(connection, 1, waiting, "grocer", purchase(jane), "test")
        balance = ledger.balance(owner, 1, jane.member_id)
        assert balance is not None
        assert (balance.available, balance.pending) == (0, 123)


def test_a_return_takes_back_its_part_and_parts_never_more_than_the_whole(
    database: TestDatabase, document: Programme, jane: Somebody
) -> None:
    with database.connect("partner_api") as connection, database.owner() as owner:
        bought = purchase(jane, 10_00)
        accruals.accrue(connection, 1, document, "grocer", bought, "test")

        def back(reference: str, **what: int) -> Earned:
            returned = Return(bought.partner_reference, reference, **what)
            return accruals.reverse(connection, 1, document, "grocer", returned, "test")

        third = back("r-1", spend_minor=3_33, original_spend_minor=10_00)
        assert (third.points, third.replayed) == (33, False)
        assert back("r-1", spend_minor=3_33, original_spend_minor=10_00) == replace(third, replayed=True)
        assert available(owner, jane) == 67
        with pytest.raises(Refusal) as refused:
            back("r-1", points=5)
        assert refused.value.kind is Kind.CONFLICT
        assert back("r-2", points=60).points == 60
        with pytest.raises(Refusal) as refused:
            back("r-3", points=8)
        assert refused.value.code == "more-than-earned"
        assert available(owner, jane) == 7


def test_a_return_of_an_unknown_purchase_is_refused(
    database: TestDatabase, document: Programme, jane: Somebody
) -> None:
    with database.connect("partner_api") as connection:
        bought = purchase(jane)
        accruals.accrue(connection, 1, document, "grocer", bought, "test")
        for partner, reference in (("grocer", "no-such"), ("garage", bought.partner_reference)):
            with pytest.raises(Refusal) as refused:
                accruals.reverse(connection, 1, document, partner, Return(reference, "r", points=1), "test")
            assert refused.value.kind is Kind.NOT_FOUND


def test_a_partners_own_terms_say_who_pays(database: TestDatabase, document: Programme, jane: Somebody) -> None:
    agreed = changed(document, partners={"grocer": {"funder": "Grocer Inc", "unit_cost_micros": 5_000}})
    assert accruals.terms(agreed, "grocer") == ("Grocer Inc", 5_000)
    assert accruals.terms(agreed, "garage") == ("programme", 4_000)
