"""A bounce, a complaint and STOP are obeyed, for the right member and as long as they should be."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID, uuid4

import pytest

from loyalty.notifications import feedback
from loyalty.notifications.feedback import Keyword, MailOutcome, NotUnderstood
from tests.domain.notifications.conftest import World


def mail_event(kind: str, message_id: UUID, **more: Any) -> str:
    """As SES publishes it to a configuration set's topic."""
    tags = {"ses:configuration-set": ["loyalty"], "message": [str(message_id)], "programme": ["1"]}
    mail = {"messageId": "0100", "destination": ["somebody@members.example"], "tags": tags}
    return json.dumps({"eventType": kind, "mail": mail, kind.lower(): {}, **more})


def permanent(message_id: UUID) -> str:
    return mail_event("Bounce", message_id, bounce={"bounceType": "Permanent", "bouncedRecipients": []})


def said(phone: str, words: str) -> str:
    """As two-way SMS publishes it."""
    return json.dumps({"originationNumber": phone, "destinationNumber": "+12065550188", "messageKeyword": "KEYWORD",
                       "messageBody": words, "inboundMessageId": "1", "previousPublishedMessageId": "2"})  # fmt: skip


def take(world: World, text: str) -> bool:
    understood = feedback.understood(text)
    assert understood is not None
    with world.database.connect("notification_feedback") as connection:
        return feedback.take(connection, understood)


def mailed(world: World, member: int) -> UUID:
    event = world.event("shipment.shipped", member, shipment_key=str(uuid4()), package_key="p")
    world.tell(event)
    return world.message(event)


def shipped(world: World, member: int) -> dict[str, tuple[str, str | None]]:
    event = world.event("shipment.shipped", member, shipment_key=str(uuid4()), package_key="p")
    world.tell(event)
    return dict(world.states(event))


def test_a_delivery_is_noted_also_when_it_comes_twice(world: World) -> None:
    message = mailed(world, world.member())
    for _ in range(2):
        assert take(world, mail_event("Delivery", message))
    row = world.owner.execute("select state from notifications.message where message_id = %s", (message,)).fetchone()
    assert row == {"state": "delivered"}


def test_after_a_hard_bounce_no_mail_is_sent_until_the_member_confirms_the_address(world: World) -> None:
    member = world.member()
    message = mailed(world, member)
    for _ in range(2):
        take(world, permanent(message))
    assert shipped(world, member) == {"email": ("suppressed", "bounced"), "sms": ("sent", None)}
    with world.database.connect("member_api") as connection:
        connection.execute("select notifications.confirm_contact(1, %s, 'email')", (member,))
    assert shipped(world, member)["email"][0] == "sent"
    take(world, permanent(message))
    assert shipped(world, member)["email"][0] == "sent", "the old bounce again says nothing of the confirmed address"


def test_a_bounce_is_of_the_address_it_was_sent_to_and_not_of_the_next_one(world: World) -> None:
    member = world.member()
    message = mailed(world, member)
    world.later("1 minute")
    world.owner.execute("update members.member set email = 'new@members.example' where member_id = %s", (member,))
    take(world, permanent(message))
    assert shipped(world, member)["email"][0] == "sent"


def test_a_full_mailbox_is_no_reason_to_stop(world: World) -> None:
    member = world.member()
    take(world, mail_event("Bounce", mailed(world, member), bounce={"bounceType": "Transient"}))
    assert shipped(world, member)["email"][0] == "sent"


def test_a_complaint_ends_advertising_and_nothing_else(world: World) -> None:
    member = world.member()
    choice = '[{"channel": "email", "kind": "marketing", "wanted": true}]'
    world.owner.execute("select notifications.choose(1, %s, %s, 'member')", (member, choice))
    for _ in range(2):
        take(world, mail_event("Complaint", mailed(world, member)))
    with world.database.connect("member_api") as connection:
        rows = connection.execute("select * from notifications.history(1, %s, 10)", (member,)).fetchall()
    assert [(row["wanted"], row["source"]) for row in rows] == [(False, "complaint"), (True, "member")]
    assert all(row["given_at"] for row in rows)
    assert shipped(world, member)["email"][0] == "sent"


@pytest.mark.parametrize(
    "words", ["STOP", " stop ", "Stop!", "STOP sending me this", "unsubscribe", "Abmelden", "stopp"]
)
def test_stop_from_a_telephone_ends_sms_to_everybody_who_has_the_number(world: World, words: str) -> None:
    first, second, other = world.member(phone="+12065557777"), world.member(phone="+12065557777"), world.member()
    assert take(world, said("+12065557777", words))
    assert shipped(world, first)["sms"] == ("suppressed", "stopped")
    assert shipped(world, second)["sms"] == ("suppressed", "stopped")
    assert shipped(world, other)["sms"][0] == "sent"
    assert shipped(world, first)["email"][0] == "sent"


def test_start_takes_stop_back(world: World) -> None:
    member = world.member(phone="+12065557777")
    take(world, said("+12065557777", "STOP"))
    take(world, said("+12065557777", "start"))
    assert shipped(world, member)["sms"][0] == "sent"


def test_stop_is_of_the_number_and_another_number_has_not_said_it_but_the_choice_stays(world: World) -> None:
    member = world.member(phone="+12065557777")
    take(world, said("+12065557777", "STOP"))
    world.later("1 hour")
    world.owner.execute("update members.member set phone = '+12065558888' where member_id = %s", (member,))
    assert shipped(world, member)["sms"] == ("suppressed", "not_wanted")


def test_stop_stops_what_was_planned_and_not_sent_yet(world: World) -> None:
    from loyalty.notifications.telling import NotTried

    member = world.member(phone="+12065557777")
    event = world.event("shipment.shipped", member, shipment_key="s", package_key="p")
    world.sms.answers = [NotTried("Throttling")]
    assert world.tell(event).again
    take(world, said("+12065557777", "STOP"))
    world.tell(event)
    assert world.states(event)["sms"] == ("suppressed", "stopped")
    assert world.sms.letters == []


def test_a_thief_who_says_stop_does_not_silence_the_owner(world: World) -> None:
    member = world.member()
    world.later("10 days")
    world.owner.execute("update members.member set phone = '+12065556666' where member_id = %s", (member,))
    world.later("1 minute")
    take(world, said("+12065556666", "STOP"))
    world.deliver()
    assert [letter.to for letter in world.sms.letters] == ["+12065550001"]


@pytest.mark.parametrize("words", ["thanks", "", "please stop by", "yes but no", "✋"])
def test_other_words_of_a_telephone_are_nothing_for_us(words: str) -> None:
    assert feedback.understood(said("+12065557777", words)) is None


def test_a_number_of_nobody_and_a_message_of_nobody_are_nobodys(world: World) -> None:
    assert take(world, said("+12065550000", "STOP")) is False
    assert take(world, mail_event("Delivery", uuid4())) is False


def test_another_mail_of_the_account_is_nothing_for_us() -> None:
    assert feedback.understood(json.dumps({"eventType": "Delivery", "mail": {"messageId": "1"}})) is None
    assert feedback.understood(json.dumps({"eventType": "Open", "mail": {"tags": {}}})) is None


def test_what_comes_in_snss_envelope_is_the_same() -> None:
    message = uuid4()
    wrapped = json.dumps({"Type": "Notification", "Message": mail_event("Delivery", message)})
    assert feedback.understood(wrapped) == MailOutcome(1, message, "delivered")
    wrapped = json.dumps({"Type": "Notification", "Message": said("+12065557777", "STOP")})
    assert feedback.understood(wrapped) == Keyword("+12065557777", stop=True)


@pytest.mark.parametrize(
    "text",
    [
        "", "x", "[]", "1", "null", "{}", '{"Type": "Notification"}', '{"Type": "Notification", "Message": "x"}',
        '{"eventType": "Bounce", "mail": {}}', '{"eventType": "Bounce"}', '{"originationNumber": "+1"}',
        '{"originationNumber": "\' or 1=1", "messageBody": "STOP"}', "[" * 100_000,
        '{"eventType": "Delivery", "mail": {"tags": {"message": ["x"], "programme": ["1"]}}}',
        '{"eventType": "Delivery", "mail": {"tags": {"message": [], "programme": ["99999999999"]}}}',
    ],
)  # fmt: skip
def test_nonsense_is_told_apart_and_not_quoted(text: str) -> None:
    with pytest.raises(NotUnderstood) as refused:
        feedback.understood(text)
    assert "1=1" not in str(refused.value)


def test_what_was_chosen_cannot_be_rewritten(world: World) -> None:
    import psycopg

    member = world.member()
    choice = '[{"channel": "sms", "kind": "marketing", "wanted": true}]'
    world.owner.execute("select notifications.choose(1, %s, %s, 'member')", (member, choice))
    for statement in (
        "update notifications.consent set wanted = false",
        "delete from notifications.consent",
        "truncate notifications.consent",
        "truncate notifications.suppression",
    ):
        with pytest.raises(psycopg.errors.RestrictViolation):
            world.owner.execute(statement.encode())
