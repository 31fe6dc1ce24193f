"""A member is told of an event at most once on each channel, in their language, where they want it."""

from __future__ import annotations

import json
import threading
from typing import Any
from uuid import uuid4

import pytest

from loyalty.notifications import events
from loyalty.notifications.telling import NoAnswer, NotTried, Refused
from loyalty.programme import publishing, reading
from loyalty.programme.document import Programme
from tests.domain.notifications.conftest import PORTAL, Dies, World
from tests.domain.notifications.orders import order


def test_a_delivered_parcel_is_told_by_mail_and_sms(world: World) -> None:
    member = world.member()
    redemption = str(uuid4())
    event = world.event("shipment.delivered", member, redemption_id=redemption, shipment_key="s1", package_key="p1")
    told = world.tell(event)
    assert (told.sent, told.again) == (2, False)
    (mail,), (sms,) = world.email.letters, world.sms.letters
    assert mail.to == "n1@members.example"
    assert mail.subject == "Your parcel is delivered"
    assert f"{PORTAL}/redemptions/{redemption}" in mail.text
    assert (sms.to, sms.subject) == ("+12065550001", "")
    assert sms.text.startswith("Journey Rewards: delivered: your order.")
    assert world.states(event) == {"email": ("sent", None), "sms": ("sent", None)}


def test_the_same_event_again_sends_nothing_more(world: World) -> None:
    event = world.event("shipment.shipped", world.member(), shipment_key="s1", package_key="p1")
    for _ in range(3):
        world.tell(event)
    assert (len(world.email.letters), len(world.sms.letters)) == (1, 1)


def test_two_functions_with_the_same_event_at_once_send_it_once(world: World) -> None:
    event = world.event("shipment.shipped", world.member(), shipment_key="s1", package_key="p1")
    start = threading.Barrier(4)

    def run() -> None:
        with world.database.connect("shipment_notification") as connection:
            start.wait()
            World(world.database, world.owner, connection, world.email, world.sms).tell(event)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(world.email.letters), len(world.sms.letters)) == (1, 1)


def test_whoever_dies_while_sending_leaves_a_message_that_is_listed_and_not_sent_again(world: World) -> None:
    event = world.event("shipment.shipped", world.member(phone=None), shipment_key="s1", package_key="p1")
    world.email.answers = [Dies()]
    with pytest.raises(Dies):
        world.tell(event)
    assert world.states(event)["email"] == ("sending", None)
    world.tell(event)
    world.later("16 minutes")
    with world.database.connect("points_notices") as connection:
        assert connection.execute("select notifications.give_up(15) as count").fetchone() == {"count": 1}
    world.tell(event)
    assert len(world.email.letters) == 1
    assert world.states(event)["email"] == ("unknown", "interrupted")
    with world.database.connect("manager_api") as connection:
        (row,) = connection.execute("select * from notifications.lost(1, 10)").fetchall()
    assert (row["member_number"], row["state"]) == ("N1", "unknown")


@pytest.mark.parametrize(
    ("answer", "state", "again"),
    [
        (NotTried("Throttling"), ("queued", "Throttling"), True),
        (Refused("MessageRejected"), ("failed", "MessageRejected"), False),
        (NoAnswer("ReadTimeoutError"), ("unknown", "ReadTimeoutError"), False),
    ],
)
def test_what_the_provider_answers_decides_whether_it_is_tried_again(
    world: World, answer: Exception, state: tuple[str, str], again: bool
) -> None:
    event = world.event("shipment.shipped", world.member(), shipment_key="s1", package_key="p1")
    world.email.answers = [answer]
    assert world.tell(event).again is again
    assert world.states(event) == {"email": state, "sms": ("sent", None)}
    world.tell(event)
    assert len(world.email.letters) == (1 if again else 0)
    assert len(world.sms.letters) == 1, "what was sent is not sent again because of its brother"


def test_a_number_that_has_opted_out_at_the_network_gets_nothing_more(world: World) -> None:
    member = world.member()
    world.sms.answers = [Refused("opted_out")]
    world.tell(world.event("shipment.shipped", member, shipment_key="s1", package_key="p1"))
    later = world.event("shipment.delivered", member, shipment_key="s1", package_key="p1")
    world.tell(later)
    assert world.states(later)["sms"] == ("suppressed", "opted_out")


def test_each_member_is_spoken_to_in_their_language(world: World) -> None:
    world.tell(world.event("shipment.shipped", world.member(language="de"), shipment_key="1", package_key="1"))
    world.tell(world.event("shipment.shipped", world.member(language="fr"), shipment_key="2", package_key="2"))
    assert [letter.subject for letter in world.email.letters] == [
        "Ihre Bestellung ist unterwegs",
        "Your order is on its way",
    ]


def test_what_comes_late_is_not_told_after_what_came_later(world: World) -> None:
    member = world.member()
    parcel: dict[str, Any] = {"shipment_key": "s1", "package_key": "p1", "redemption_id": str(uuid4())}
    world.tell(world.event("shipment.delivered", member, **parcel))
    for topic in ("shipment.shipped", "shipment.delayed", "shipment.out_for_delivery", "shipment.delivered"):
        event = world.event(topic, member, **parcel)
        world.tell(event)
        assert world.states(event)["email"] == ("suppressed", "overtaken"), topic
    other = world.event("shipment.shipped", member, **(parcel | {"package_key": "p2"}))
    world.tell(other)
    assert world.states(other)["email"][0] == "sent", "another parcel has its own story"
    others = world.event("shipment.shipped", world.member(), **parcel)
    world.tell(others)
    assert world.states(others)["email"][0] == "sent", "and so has another member"


def test_a_payment_that_failed_is_told_once_whoever_says_so(world: World) -> None:
    member, redemption = world.member(), str(uuid4())
    world.tell(world.event("payment.failed", member, redemption_id=redemption))
    world.tell(world.event("redemption.failed", member, redemption_id=redemption, outcome="payment_declined"))
    assert [letter.subject for letter in world.email.letters] == ["Your payment did not go through"]


def test_nobody_wants_to_know_what_was_out_for_delivery_yesterday(world: World) -> None:
    event = world.event("shipment.out_for_delivery", world.member(), ago="1 day", shipment_key="s", package_key="p")
    assert world.tell(event).sent == 0
    assert world.states(event)["email"] == ("suppressed", "stale")


def test_a_member_without_a_telephone_gets_the_mail_only(world: World) -> None:
    event = world.event("shipment.shipped", world.member(phone=None), shipment_key="s", package_key="p")
    world.tell(event)
    assert world.states(event) == {"email": ("sent", None), "sms": ("suppressed", "no_contact")}


def test_a_member_who_has_left_hears_nothing(world: World) -> None:
    member = world.member()
    world.owner.execute("update members.member set state = 'closed' where member_id = %s", (member,))
    event = world.event("shipment.shipped", member, shipment_key="s", package_key="p")
    assert world.tell(event).sent == 0


def test_a_programme_may_send_sms_to_those_only_who_asked_for_them(world: World) -> None:
    facts = json.loads(reading.current(world.owner, 1).document.model_dump_json())
    facts["notifications"]["order_sms_by_default"] = False
    changed = Programme.model_validate_json(json.dumps(facts))
    publishing.publish(world.owner, 1, changed, based_on=1, actor="ann", why="test")
    silent, asked = world.member(), world.member()
    world.owner.execute(
        'select notifications.choose(1, %s, \'[{"channel": "sms", "kind": "orders", "wanted": true}]\', \'member\')',
        (asked,),
    )
    for member in (silent, asked):
        world.tell(world.event("shipment.shipped", member, shipment_key=str(member), package_key="p"))
    assert [letter.to for letter in world.sms.letters] == ["+12065550002"]


def test_a_balance_is_told_with_the_version_at_which_it_was_true(world: World) -> None:
    member = world.member(points=500)
    world.earn(member, 700)
    event = world.event("points.earned", member, amount=1200, day="2026-11-20")
    world.tell(event)
    (mail,) = world.email.letters
    assert mail.subject == "You earned 1,200 points"
    assert "you had 1,200 points to spend" in mail.text
    row = world.owner.execute("select facts from notifications.message where channel = 'email'").fetchone()
    assert row is not None
    assert (row["facts"]["available"], row["facts"]["version"]) == (1200, 2)
    assert set(row["facts"]) <= {"available", "version", "lapsed", "as_of", "time_zone"}, "nothing personal is kept"


def test_points_in_german(world: World) -> None:
    member = world.member(language="de", points=1_234_567)
    world.tell(world.event("points.adjusted", member, amount=-1_000, sequence=1, op_id=str(uuid4())))
    (mail,) = world.email.letters
    assert "um -1.000 berichtigt" in mail.text
    assert "1.234.567 Punkte" in mail.text


def test_lapsing_points_are_told_with_date_worth_and_what_they_buy(world: World) -> None:
    member = world.member(points=4_200, days=20)
    row = world.owner.execute("select expires_on::text from points.lots(1, %s)", (member,)).fetchone()
    assert row is not None
    event = world.event("points.expiring", member, amount=4_200, expires_on=row["expires_on"], stage=30, warning_id="x")
    world.tell(event)
    (mail,) = world.email.letters
    assert mail.subject.startswith("4,200 points lapse after ")
    assert "worth USD 21.00: enough for rewards worth USD 21.00" in mail.text


def test_points_that_were_spent_meanwhile_are_no_longer_warned_of(world: World) -> None:
    member = world.member(points=100)
    event = world.event("points.expiring", member, amount=50, expires_on="2027-01-31", stage=7, warning_id="x")
    world.tell(event)
    assert world.states(event)["email"] == ("suppressed", "spent")


def test_whoever_hears_of_the_order_is_not_told_of_its_points_as_well(world: World) -> None:
    member = world.member(points=100)
    event = world.event("points.redeemed", member, amount=50, sequence=1, op_id=str(uuid4()))
    world.tell(event)
    assert world.states(event)["email"] == ("suppressed", "told_with_order")
    world.owner.execute(
        'select notifications.choose(1, %s, \'[{"channel": "email", "kind": "orders", "wanted": false}]\', \'member\')',
        (member,),
    )
    event = world.event("points.redeemed", member, amount=50, sequence=1, op_id=str(uuid4()))
    world.tell(event)
    assert world.states(event)["email"] == ("sent", None)


def test_money_of_units_that_were_told_of_is_told_again_only_where_it_took_long(world: World) -> None:
    member = world.member()
    redemption = order(world, member, "Kettle")
    back = {"line_number": 1, "quantity": 1, "points": 1000, "money_minor": 500, "event_key": "x"}
    world.tell(world.event("units.returned", member, redemption_id=redemption, **back))
    refunded = {"redemption_id": redemption, "amount_minor": 500, "currency": "USD"}
    soon = world.event("payment.refunded", member, **refunded)
    world.tell(soon)
    assert world.states(soon)["email"] == ("suppressed", "told_with_order")
    world.later("2 days")
    late = world.event("payment.refunded", member, **refunded)
    world.tell(late)
    assert world.states(late)["email"] == ("sent", None)
    of_another_order = world.event("payment.refunded", member, **refunded | {"redemption_id": str(uuid4())})
    world.tell(of_another_order)
    assert world.states(of_another_order)["email"] == ("sent", None)


def test_a_question_is_asked_until_its_deadline_and_not_after_it(world: World) -> None:
    member = world.member(language="de")
    redemption = order(world, member, "Kettle")
    question = {"redemption_id": redemption, "until": "2126-11-22T14:32:00+00:00"}
    world.tell(world.event("redemption.confirmation_asked", member, **question))
    (mail,), (sms,) = world.email.letters, world.sms.letters
    assert "Bitte bestätigen Sie es bis 22. November 2126, " in mail.text
    assert sms.text.startswith("Journey Rewards: Bitte bestätigen Sie Ihre Bestellung (Kettle) bis 22. November 2126")
    too_late = world.event("redemption.confirmation_asked", member, **question | {"until": "2025-01-01T00:00:00+00:00"})
    world.tell(too_late)
    assert world.states(too_late) == {"email": ("suppressed", "stale"), "sms": ("suppressed", "stale")}


@pytest.mark.parametrize(
    ("cancelled_by", "subject"),
    [
        ("member", "Your order is cancelled"),
        ("not_confirmed", "Your order was not confirmed"),
        ("not_approved", "Your order could not be placed"),
    ],
)
def test_nobody_is_told_that_it_was_their_wish_where_it_was_not(world: World, cancelled_by: str, subject: str) -> None:
    member = world.member()
    world.tell(world.event("redemption.cancelled", member, redemption_id=str(uuid4()), cancelled_by=cancelled_by))
    assert world.email.letters[0].subject == subject


def test_a_change_of_contact_is_told_to_the_one_before_and_no_choice_stops_it(world: World) -> None:
    member = world.member()
    world.later("10 days")
    world.owner.execute(
        'select notifications.choose(1, %s, \'[{"channel": "email", "kind": "orders", "wanted": false}]\', \'member\')',
        (member,),
    )
    world.owner.execute(
        "update members.member set email = 'thief@elsewhere.example', phone = '+12065559999' where member_id = %s",
        (member,),
    )
    world.later("1 hour")
    world.owner.execute("update members.member set email = 'thief2@elsewhere.example' where member_id = %s", (member,))
    world.deliver()
    assert [letter.to for letter in world.email.letters] == ["n1@members.example"] * 2
    assert {letter.to for letter in world.sms.letters} == {"+12065550001"}
    assert f"{PORTAL}/security" in world.email.letters[0].text
    world.tell(world.event("security.redeemed", member, redemption_id=str(uuid4())))
    assert world.email.letters[-1].to == "n1@members.example", "also what is redeemed within three days"
    world.later("4 days")
    world.tell(world.event("security.password_changed", member))
    assert world.email.letters[-1].to == "thief2@elsewhere.example"


def _detail(**other: Any) -> dict[str, Any]:
    good = {"event_id": str(uuid4()), "program_id": 1, "occurred_at": "2026-01-01T00:00:00Z"}
    return {**good, "payload": {"member_id": 1}, **other}


@pytest.mark.parametrize(
    "detail",
    [
        None,
        [],
        "x",
        {},
        _detail(event_id="x"),
        _detail(occurred_at="yesterday"),
        _detail(occurred_at="2026-01-01T00:00:00"),
        _detail(program_id=2**40),
        _detail(payload={"member_id": True}),
        _detail(payload={"member_id": -1}),
        _detail(payload={"member_id": 1, "redemption_id": "1"}),
    ],
)
def test_what_is_no_event_is_told_apart(detail: Any) -> None:
    with pytest.raises(events.NotAnEvent):
        events.read("shipment.shipped", detail)


def test_an_event_whose_amount_makes_no_sense_is_told_to_nobody(world: World) -> None:
    event = world.event("points.adjusted", world.member(points=1), amount="a lot")
    assert world.tell(event).failed == 1
    assert world.states(event)["email"] == ("failed", "not_written ValueError")


def test_nobody_hears_of_another_programmes_member(world: World) -> None:
    stranger = world.member(program_id=2)
    event = world.event("shipment.shipped", stranger, program_id=1, shipment_key="s", package_key="p")
    assert world.tell(event).sent == 0


def test_every_topic_has_a_message_and_every_message_a_topic() -> None:
    from loyalty.programme.messages import TEMPLATES

    told = {events._PLAIN[topic].template for topic in events._PLAIN} | set(events._CANCELLED.values())
    assert told | {
        *("order-cancelled", "order-failed", "order-partly-confirmed", "claim-code", "step-up-code", "phone-code"),
        *("tier-granted", "tier-lowered"),
    } == set(TEMPLATES)


def test_a_new_level_is_told_with_what_it_gives_and_a_lost_one_softly(world: World) -> None:
    ada, jan = world.member(), world.member(language="de")
    up = {"from": "member", "to": "gold", "direction": "up", "cause": "reached", "kept_until": "2027-12-31"}
    world.tell(world.event("member.tier_changed", ada, **up))
    world.tell(world.event("member.tier_changed", jan, **up | {"cause": "granted"}))
    down = {"from": "gold", "to": "silver", "direction": "down", "cause": "period_ended", "kept_until": "2028-12-31"}
    world.tell(world.event("member.tier_changed", ada, **down))
    reached, given, lowered = world.email.letters[-3:]
    assert reached.subject == "Welcome to Gold"
    assert "yours until 31 December 2027" in reached.text
    assert "- points for every purchase" in reached.text
    assert "Stufe Gold geschenkt. Sie gilt bis 31. Dezember 2027" in given.text
    assert "your level is now Silver. Every point you have stays yours" in lowered.text
    assert not {"{", "}"} & set(reached.text + given.text + lowered.text)
