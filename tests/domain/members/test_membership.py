"""Members arrive before they sign in, once each, with an account for their points."""

from __future__ import annotations

from dataclasses import replace

import psycopg
import pytest

from loyalty.members import membership
from loyalty.members.membership import NewMember
from loyalty.points import ledger
from loyalty.refusal import Kind, Refusal
from tests.conftest import TestDatabase
from tests.domain.people import published, somebody

JANE = NewMember("J-1", "jane@example.com", "+12065550100", "gold", "US", "en")


def test_a_new_member_has_an_empty_account(database: TestDatabase) -> None:
    with database.owner() as owner:
        jane = somebody(owner)
        balance = ledger.balance(owner, 1, jane.member_id)
    assert balance is not None
    assert (balance.available, balance.held, balance.debt) == (0, 0, 0)


def test_the_same_member_twice_is_one_and_another_under_the_number_is_a_conflict(database: TestDatabase) -> None:
    with database.connect("partner_api") as connection:
        member_id, created = membership.create(connection, 1, JANE, "partner:a")
        assert created
        assert membership.create(connection, 1, JANE, "partner:a") == (member_id, False)
        with pytest.raises(Refusal) as refused:
            membership.create(connection, 1, replace(JANE, email="other@example.com"), "partner:a")
        assert refused.value.kind is Kind.CONFLICT
        assert "jane" not in str(refused.value)
        # The other programme knows nothing of her.
        other_id, created = membership.create(connection, 2, JANE, "partner:a")
        assert created
        assert other_id != member_id


@pytest.mark.parametrize(
    ("field", "value", "named"),
    [
        ("number", "", "member_number"),
        ("number", "=1+1", "member_number"),
        ("number", "a b", "member_number"),
        ("number", "1" * 41, "member_number"),
        ("email", "nobody", "email"),
        ("email", "a@b", "email"),
        ("email", "a@b.c", "email"),
        ("email", "two@at@example.com", "email"),
        ("email", "line\n@example.com", "email"),
        ("email", "x" * 250 + "@example.com", "email"),
        ("phone", "call me", "phone"),
        ("phone", "+0123456789", "phone"),
        ("tier", "emperor", "tier"),
        ("country", "usa", "country"),
        ("language", "EN", "language"),
    ],
)
def test_what_cannot_be_a_member_is_refused_by_field(
    database: TestDatabase, field: str, value: str, named: str
) -> None:
    with database.owner() as owner:
        document = published(owner)
    with pytest.raises(Refusal) as refused:
        membership.checked(document, replace(JANE, **{field: value}))
    assert refused.value.field == named
    assert not value or value not in refused.value.detail


def test_an_american_number_gets_its_country_and_a_missing_tier_is_the_first(database: TestDatabase) -> None:
    with database.owner() as owner:
        document = published(owner)
    checked = membership.checked(document, replace(JANE, phone="(206) 555-0100", tier=""))
    assert (checked.phone, checked.tier) == ("+12065550100", "member")


def test_enrolling_twice_is_one_membership(database: TestDatabase) -> None:
    with database.owner() as owner:
        document = published(owner)
    with database.connect("identity_trigger") as connection:
        first = membership.enrol(connection, 1, document, "new-sign-in", "n@example.com", "en")
        assert membership.enrol(connection, 1, document, "new-sign-in", "n@example.com", "en") == first
        assert membership.enrol(connection, 2, document, "new-sign-in", "n@example.com", "en") != first


def test_terms_are_accepted_once_and_only_the_current_ones(database: TestDatabase) -> None:
    with database.owner() as owner:
        document, jane = published(owner), somebody(owner)
    with database.connect("member_api") as connection:
        first = membership.accept_terms(connection, 1, jane.member_id, document, document.terms.version)
        database.shift_clock("1 hour")
        assert membership.accept_terms(connection, 1, jane.member_id, document, document.terms.version) == first
        with pytest.raises(Refusal) as refused:
            membership.accept_terms(connection, 1, jane.member_id, document, "1999-01")
        assert refused.value.field == "version"
        assert membership.profile(connection, 1, jane.member_id).accepted_terms == [document.terms.version]


@pytest.mark.parametrize(
    ("role", "may", "may_not"),
    [
        ("member_api", "select members.member_of(1, 'x')", "select * from members.by_numbers(1, '{x}')"),
        ("quote_api", "select members.tier_of(1, 1)", "select * from members.profile(1, 1)"),
        ("partner_api", "select * from members.by_number(1, 'x')", "select * from members.profile(1, 1)"),
        (
            "manager_api",
            "select * from members.profile(1, 1)",
            "select * from members.shipping_address(1, 1, clock.new_id())",
        ),
        ("importer", "select * from members.by_numbers(1, '{x}')", "select * from members.profile(1, 1)"),
        ("identity_trigger", "select members.member_of(1, 'x')", "select * from members.profile(1, 1)"),
        (
            "orders_worker",
            "select * from members.shipping_address(1, 1, clock.new_id())",
            "select * from members.addresses(1, 1)",
        ),
        ("sweeper", "select 1", "select members.member_of(1, 'x')"),
        ("auditor", "select 1", "select * from members.profile(1, 1)"),
    ],
)
def test_each_entry_point_does_its_own_work_and_no_other(
    database: TestDatabase, role: str, may: str, may_not: str
) -> None:
    with database.connect(role) as connection:
        connection.execute(may)
        denied = (
            may_not,
            "select * from members.member",
            "select * from members.address",
            "select * from members.claim",
            "update members.member set tier = 'gold'",
            "delete from members.acceptance",
            "update casework.case set state = 'decided'",
        )
        for statement in denied:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement)
