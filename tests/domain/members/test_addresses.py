"""Addresses are checked when they are saved and never change."""

from __future__ import annotations

from dataclasses import replace
from uuid import uuid4

import psycopg
import pytest

from loyalty.members import addresses
from loyalty.members.addresses import Address
from loyalty.programme.document import Programme
from loyalty.refusal import Kind, Refusal
from tests.conftest import TestDatabase
from tests.domain.people import published, somebody

HOME = Address("Jane Doe", "206-555-0100", "12 Pine Street", None, None, "Seattle", "wa", "98101", "US")


@pytest.fixture
def document(database: TestDatabase) -> Programme:
    with database.owner() as owner:
        return published(owner)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("full_name", ""),
        ("full_name", "   "),
        ("full_name", "J" * 61),
        ("phone", ""),
        ("phone", "unknown"),
        ("line1", ""),
        ("line1", "1" * 61),
        ("line2", "1" * 61),
        ("line1", "12 Pine\nStreet"),
        ("line1", "12 Pine\x00Street"),
        ("line1", "12 \u202eeniP Street"),
        ("city", ""),
        ("state_or_region", None),
        ("state_or_region", "Washington"),
        ("state_or_region", "ZZ"),
        ("postal_code", "9810"),
        ("postal_code", "98101-12"),
        ("postal_code", "٩٨١٠١"),
        ("country_code", "DE"),
        ("country_code", "XX"),
    ],
)
def test_what_cannot_be_delivered_to_is_refused_by_field(document: Programme, field: str, value: str | None) -> None:
    with pytest.raises(Refusal) as refused:
        addresses.checked(document, replace(HOME, **{field: value}))
    assert (refused.value.kind, refused.value.field) == (Kind.INVALID, field)


def test_spelling_is_made_even(document: Programme) -> None:
    checked = addresses.checked(document, replace(HOME, full_name="  Zoe\u0308   Doe ", postal_code="98101-1234"))
    assert checked.full_name == "Zoë Doe"
    assert (checked.phone, checked.state_or_region, checked.postal_code) == ("+12065550100", "WA", "98101-1234")


@pytest.mark.parametrize(
    ("line", "box"),
    [
        ("PO Box 12", True),
        ("P.O. Box 12", True),
        ("p o box 7", True),
        ("POB 7", True),
        ("Post Office Box 9", True),
        ("12 Boxwood Lane", False),
        ("1 Pobox-Museum Road", False),
        ("100 Poboth Street", False),
    ],
)
def test_a_post_office_box_is_marked(line: str, box: bool) -> None:
    assert addresses.is_po_box(replace(HOME, line1=line)) is box
    assert addresses.is_po_box(replace(HOME, line2=line)) is box


def test_a_military_address_is_marked_and_must_agree_with_itself(document: Programme) -> None:
    base = replace(HOME, line1="PSC 802 Box 74", city="APO", state_or_region="AE", postal_code="09499")
    assert addresses.is_military(addresses.checked(document, base))
    assert not addresses.is_military(addresses.checked(document, HOME))
    for change in ({"city": "Seattle"}, {"state_or_region": "WA"}):
        with pytest.raises(Refusal):
            addresses.checked(document, replace(base, **change))


def test_the_first_address_becomes_the_default_and_the_same_one_is_saved_once(
    database: TestDatabase, document: Programme
) -> None:
    with database.owner() as owner:
        jane = somebody(owner, claimed=True)
    with database.connect("member_api") as connection:
        first = addresses.save(connection, 1, jane.member_id, document, HOME, make_default=False)
        assert addresses.default_of(connection, 1, jane.member_id) == first.address_id
        again = addresses.save(connection, 1, jane.member_id, document, HOME, make_default=False)
        assert again.address_id == first.address_id
        work = replace(HOME, line1="99 Office Road")
        second = addresses.save(connection, 1, jane.member_id, document, work, make_default=True)
        assert addresses.default_of(connection, 1, jane.member_id) == second.address_id
        assert [saved.address_id for saved in addresses.of_member(connection, 1, jane.member_id)] == [
            second.address_id,
            first.address_id,
        ]


def test_a_member_has_so_many_addresses_and_no_more(database: TestDatabase, document: Programme) -> None:
    with database.owner() as owner:
        jane = somebody(owner, claimed=True)
    with database.connect("member_api") as connection:
        for number in range(document.enrolment.addresses_per_member):
            address = replace(HOME, line1=f"{number} Pine Street")
            addresses.save(connection, 1, jane.member_id, document, address, make_default=False)
        with pytest.raises(Refusal) as refused:
            addresses.save(connection, 1, jane.member_id, document, HOME, make_default=False)
        assert refused.value.code == "too-many-addresses"


def test_nobody_reaches_anothers_address(database: TestDatabase, document: Programme) -> None:
    with database.owner() as owner:
        jane, thief = somebody(owner, claimed=True), somebody(owner, claimed=True)
        home = addresses.save(owner, 1, jane.member_id, document, HOME, make_default=True)
    with database.connect("quote_api") as connection:
        for program_id, member_id, address_id, found in (
            (1, jane.member_id, home.address_id, 1),
            (1, thief.member_id, home.address_id, 0),
            (2, jane.member_id, home.address_id, 0),
            (1, jane.member_id, uuid4(), 0),
        ):
            rows = connection.execute(
                "select * from members.shipping_address(%s, %s, %s)", (program_id, member_id, address_id)
            ).fetchall()
            assert len(rows) == found
            with database.owner() as owner:
                owns = owner.execute(
                    "select members.owns_address(%s, %s, %s) as owns", (program_id, member_id, address_id)
                ).fetchone()
            assert owns == {"owns": bool(found)}


def test_not_even_the_owner_changes_a_saved_address(database: TestDatabase, document: Programme) -> None:
    with database.owner() as owner:
        jane = somebody(owner)
        addresses.save(owner, 1, jane.member_id, document, HOME, make_default=True)
        with pytest.raises(psycopg.errors.RestrictViolation):
            owner.execute("update members.address set city = 'Elsewhere' where member_id = %s", (jane.member_id,))
