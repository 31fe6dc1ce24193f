"""A claim proves a membership by a code to the contact on file, and tells nobody else anything."""

from __future__ import annotations

import json
import re
import threading

import pytest

from loyalty.database import Connection
from loyalty.members import blocking, claiming
from loyalty.members.claiming import Mail
from loyalty.programme.document import Programme
from loyalty.refusal import Kind, Refusal
from tests.conftest import TestDatabase
from tests.domain.people import Somebody, published, somebody


class Post:
    """The mails that were sent."""

    def __init__(self) -> None:
        self.mails: list[Mail] = []

    def __call__(self, mail: Mail) -> None:
        self.mails.append(mail)

    @property
    def code(self) -> str:
        found = re.search(r"\b\d{6}\b", self.mails[-1].text)
        assert found
        return found[0]


def start(connection: Connection, document: Programme, number: str, subject: str) -> Post:
    post = Post()
    claiming.start(connection, 1, document, number, subject, post)
    return post


def refusal(connection: Connection, document: Programme, number: str, subject: str, code: str) -> str:
    with pytest.raises(Refusal) as refused:
        claiming.confirm(connection, 1, document, number, subject, code)
    return refused.value.code


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06}"


@pytest.fixture
def document(database: TestDatabase) -> Programme:
    with database.owner() as owner:
        return published(owner)


@pytest.fixture
def jane(database: TestDatabase) -> Somebody:
    with database.owner() as owner:
        return somebody(owner)


def test_the_code_from_the_mail_links_the_sign_in(database: TestDatabase, document: Programme, jane: Somebody) -> None:
    with database.connect("member_api") as connection:
        post = start(connection, document, jane.number, jane.subject)
        assert post.mails[0].to == jane.email
        assert claiming.confirm(connection, 1, document, jane.number, jane.subject, post.code) == jane.member_id
        # Again, as after a lost answer.
        assert claiming.confirm(connection, 1, document, jane.number, jane.subject, post.code) == jane.member_id
        assert connection.execute("select members.member_of(1, %s) as id", (jane.subject,)).fetchone() == {
            "id": jane.member_id
        }
        assert connection.execute("select members.member_of(2, %s) as id", (jane.subject,)).fetchone() == {"id": None}


def test_only_a_salted_hash_of_the_code_is_kept(database: TestDatabase, document: Programme, jane: Somebody) -> None:
    with database.owner() as owner:
        post = start(owner, document, jane.number, jane.subject)
        row = owner.execute(
            "select c::text as text from members.claim c where member_id = %s", (jane.member_id,)
        ).fetchone()
    assert row is not None
    assert post.code not in row["text"]


def test_five_wrong_codes_lock_the_claim_for_a_day(
    fresh_database: TestDatabase,
) -> None:
    with fresh_database.owner() as owner:
        document, jane = published(owner), somebody(owner)
    with fresh_database.connect("member_api") as connection:
        code = start(connection, document, jane.number, jane.subject).code
        for _ in range(5):
            assert refusal(connection, document, jane.number, jane.subject, wrong(code)) == "claim-refused"
        assert refusal(connection, document, jane.number, jane.subject, code) == "claim-refused"
        assert start(connection, document, jane.number, jane.subject).mails == []
        fresh_database.shift_clock("24 hours 1 minute")
        again = start(connection, document, jane.number, jane.subject)
        assert claiming.confirm(connection, 1, document, jane.number, jane.subject, again.code) == jane.member_id


def test_guessing_with_many_sign_ins_is_still_guessing(
    database: TestDatabase, document: Programme, jane: Somebody
) -> None:
    with database.connect("member_api") as connection:
        codes = [start(connection, document, jane.number, f"thief-{i}").code for i in range(5)]
        for i, code in enumerate(codes):
            assert refusal(connection, document, jane.number, f"thief-{i}", wrong(code)) == "claim-refused"
        assert refusal(connection, document, jane.number, "thief-0", codes[0]) == "claim-refused"


def test_another_sign_ins_code_is_no_use(database: TestDatabase, document: Programme, jane: Somebody) -> None:
    with database.connect("member_api") as connection:
        code = start(connection, document, jane.number, jane.subject).code
        assert refusal(connection, document, jane.number, "thief", code) == "claim-refused"
        assert claiming.confirm(connection, 1, document, jane.number, jane.subject, code) == jane.member_id


def test_a_code_is_good_for_fifteen_minutes(fresh_database: TestDatabase) -> None:
    with fresh_database.owner() as owner:
        document, jane = published(owner), somebody(owner)
    with fresh_database.connect("member_api") as connection:
        code = start(connection, document, jane.number, jane.subject).code
        fresh_database.shift_clock("15 minutes 1 second")
        assert refusal(connection, document, jane.number, jane.subject, code) == "claim-refused"


def test_one_of_the_staff_cannot_take_an_unclaimed_membership_by_changing_its_address(
    fresh_database: TestDatabase,
) -> None:
    with fresh_database.owner() as owner:
        document, jane = published(owner), somebody(owner)
    with fresh_database.connect("member_api") as connection, fresh_database.connect("manager_api") as desk:
        blocking.correct_contact(desk, 1, jane.number, None, "de")
        code = start(connection, document, jane.number, jane.subject).code
        blocking.correct_contact(desk, 1, jane.number, "mine@example.com", None)
        assert refusal(connection, document, jane.number, jane.subject, code) == "claim-refused"
        assert start(connection, document, jane.number, jane.subject).mails == []
        fresh_database.shift_clock("71 hours 59 minutes")
        assert start(connection, document, jane.number, jane.subject).mails == []
        fresh_database.shift_clock("1 minute 1 second")
        assert start(connection, document, jane.number, jane.subject).mails[0].to == "mine@example.com"


def test_a_new_code_replaces_the_last_one(database: TestDatabase, document: Programme, jane: Somebody) -> None:
    with database.connect("member_api") as connection:
        old, new = (start(connection, document, jane.number, jane.subject).code for _ in range(2))
        if old != new:
            assert refusal(connection, document, jane.number, jane.subject, old) == "claim-refused"
        assert claiming.confirm(connection, 1, document, jane.number, jane.subject, new) == jane.member_id


def test_nobody_can_tell_a_wrong_number_from_a_claimed_or_locked_one(
    database: TestDatabase, document: Programme
) -> None:
    with database.owner() as owner:
        claimed = somebody(owner, claimed=True)
    with database.connect("member_api") as connection:
        for number in (claimed.number, "no-such-number", "'; drop table members.member; --", ""):
            assert start(connection, document, number, "curious").mails == []
            assert refusal(connection, document, number, "curious", "123456") == "claim-refused"


def test_a_mail_that_is_not_taken_does_not_give_the_number_away(
    database: TestDatabase, document: Programme, jane: Somebody
) -> None:
    def refuses(mail: Mail) -> None:
        raise Refusal(Kind.UNAVAILABLE, "mail-unavailable", "no")

    with database.connect("member_api") as connection:
        for number in (jane.number, "nobody-has-this"):
            claiming.start(connection, 1, document, number, "curious", refuses)


def test_a_sign_in_has_one_membership(database: TestDatabase, document: Programme, jane: Somebody) -> None:
    with database.owner() as owner:
        claimed = somebody(owner, claimed=True)
    with database.connect("member_api") as connection:
        with pytest.raises(Refusal, match="already-member"):
            start(connection, document, jane.number, claimed.subject)
        assert refusal(connection, document, jane.number, claimed.subject, "123456") == "already-member"


def test_a_mailbox_gets_ten_codes_a_day(database: TestDatabase, document: Programme, jane: Somebody) -> None:
    with database.connect("member_api") as connection:
        sent = [len(start(connection, document, jane.number, f"s-{i}").mails) for i in range(12)]
    assert sum(sent) == 10


def test_of_two_sign_ins_with_good_codes_at_once_one_wins(
    database: TestDatabase, document: Programme, jane: Somebody
) -> None:
    with database.connect("member_api") as connection:
        codes = {subject: start(connection, document, jane.number, subject).code for subject in ("a", "b")}
    won: list[str] = []

    def confirm(subject: str) -> None:
        with database.connect("member_api") as connection:
            try:
                claiming.confirm(connection, 1, document, jane.number, subject, codes[subject])
                won.append(subject)
            except Refusal:
                pass

    threads = [threading.Thread(target=confirm, args=(subject,)) for subject in codes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1


def test_a_template_reaches_into_nothing(database: TestDatabase, document: Programme, jane: Somebody) -> None:
    changed = document.model_dump(mode="json")
    changed["messages"]["claim-code"] = {"en": {"subject": "{brand.__class__}", "text": "{code} {code.__class__} {0}"}}
    with database.connect("member_api") as connection:
        post = start(connection, Programme.model_validate_json(json.dumps(changed)), jane.number, jane.subject)
    assert post.mails[0].subject == "{brand.__class__}"
    assert post.mails[0].text.endswith("{code.__class__} {0}")
