"""Versions: published once, kept for ever, one after the other."""

from __future__ import annotations

import psycopg
import pytest
from pydantic import ValidationError

from loyalty.programme import publishing, reading
from loyalty.refusal import Kind, Refusal
from tests.conftest import TestDatabase


def test_a_new_installation_publishes_each_programme_once(fresh_database: TestDatabase) -> None:
    with fresh_database.owner() as owner:
        overrides = {"redemption": {"release_delay_seconds": 5}}
        assert publishing.publish_initial(owner, overrides) == {"main": 1, "canary": 1}
        assert publishing.publish_initial(owner, {"redemption": {"release_delay_seconds": 9}}) == {}
    with fresh_database.connect("member_api") as connection:
        published = reading.current(connection, 1)
    assert published.version == 1
    assert published.document.redemption.release_delay_seconds == 5
    assert published.document.conversion.points_per_major == 200


def test_an_override_that_makes_no_sense_publishes_nothing(fresh_database: TestDatabase) -> None:
    with fresh_database.owner() as owner:
        with pytest.raises(ValidationError):
            publishing.publish_initial(owner, {"conversion": {"points_per_major": 0}})
        assert owner.execute("select count(*) as n from programme.published").fetchone() == {"n": 0}


def test_a_programme_without_a_version_is_unavailable(fresh_database: TestDatabase) -> None:
    with fresh_database.connect("quote_api") as connection, pytest.raises(Refusal) as refused:
        reading.current(connection, 1)
    assert refused.value.kind is Kind.UNAVAILABLE


def test_the_second_of_two_who_publish_at_once_is_told(fresh_database: TestDatabase) -> None:
    with fresh_database.owner() as owner:
        publishing.publish_initial(owner, {})
        document = reading.current(owner, 1).document
        assert publishing.publish(owner, 1, document, based_on=1, actor="ann", why="a test") == 2
        with pytest.raises(Refusal) as refused:
            publishing.publish(owner, 1, document, based_on=1, actor="bob", why="a test")
        assert refused.value.kind is Kind.CONFLICT
        assert reading.version(owner, 1, 1).document == document
        assert reading.current(owner, 2).version == 1


def test_what_was_published_cannot_be_changed_even_by_the_owner(fresh_database: TestDatabase) -> None:
    with fresh_database.owner() as owner:
        publishing.publish_initial(owner, {})
        for statement in ("update programme.published set why = ''", "delete from programme.published"):
            with pytest.raises(psycopg.errors.RestrictViolation):
                owner.execute(statement)


@pytest.mark.parametrize("role", ["member_api", "quote_api", "engine_step", "importer", "orders_worker"])
def test_entry_points_read_documents_and_cannot_publish(database: TestDatabase, role: str) -> None:
    with database.connect(role) as connection:
        connection.execute("select * from programme.current(1)")
        for statement in (
            "select programme.publish(1, 0, '{}', 'me', 'because')",
            "insert into programme.partner(program_id, client_id, partner) values (1, 'x', 'y')",
            "select * from programme.published",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement)
