"""What an order's messages say: what it is, what was given for it, what does not come."""

from __future__ import annotations

import pytest

from tests.domain.notifications.conftest import World
from tests.domain.notifications.orders import accepted, order


def test_an_order_is_told_by_what_it_is_and_what_was_given_for_it(world: World) -> None:
    member = world.member(points=70)
    redemption = order(world, member, "Kettle", "Mug – “blue”", "Spoon")
    world.tell(world.event("redemption.confirmed", member, redemption_id=redemption, outcome="completed"))
    (mail,), (sms,) = world.email.letters, world.sms.letters
    assert "your order is placed: Kettle and 2 more.\nYou gave 3,000 points and USD 15.00." in mail.text
    assert "you had 70 points left" in mail.text
    assert "placed: Kettle and 2 more." in sms.text


def test_an_order_that_was_placed_in_part_is_told_with_what_comes_what_does_not_and_what_came_back(
    world: World,
) -> None:
    member = world.member(points=70)
    redemption = order(world, member, "Kettle", "Mug", "Spoon")
    accepted(world, redemption, 2, 1, 0, of_each=2)
    world.tell(world.event("redemption.confirmed", member, redemption_id=redemption, outcome="partially_completed"))
    (mail,), (sms,) = world.email.letters, world.sms.letters
    assert mail.subject == "A part of your order is confirmed"
    assert "a part of your order is placed: Kettle and 1 more.\n" in mail.text
    assert "could not be had: 1 × Mug and 1 more.\n" in mail.text
    assert "You gave 3,000 points and USD 15.00. For the rest you have back: 3,000 points and USD 15.00." in mail.text
    assert sms.text.startswith(
        "Journey Rewards: placed: Kettle and 1 more. Not to be had: 1 x Mug and 1 more."
        " You have back: 3,000 points and USD 15.00. "
    )
    (row,) = world.owner.execute("select facts from notifications.message where channel = 'email'").fetchall()
    assert not {"what", "missing"} & set(row["facts"]), "no titles are kept"


def test_an_order_that_was_placed_in_part_is_told_in_german(world: World) -> None:
    member = world.member(language="de")
    redemption = order(world, member, "Kettle", "Mug")
    accepted(world, redemption, 1, 0)
    world.tell(world.event("redemption.confirmed", member, redemption_id=redemption, outcome="partially_completed"))
    (mail,), (sms,) = world.email.letters, world.sms.letters
    assert "ein Teil Ihrer Bestellung ist aufgegeben: Kettle.\nDieser Teil war nicht zu bekommen: Mug.\n" in mail.text
    assert "Für den Rest haben Sie zurück: 1.000 Punkte und 5,00 USD." in mail.text
    assert "aufgegeben: Kettle. Nicht zu bekommen: Mug. Sie haben zurück: 1.000 Punkte und 5,00 USD." in sms.text


def test_later_messages_do_not_name_what_was_never_placed(world: World) -> None:
    member = world.member()
    redemption = order(world, member, "Kettle", "Mug")
    accepted(world, redemption, 1, 0)
    world.tell(world.event("shipment.shipped", member, redemption_id=redemption, shipment_key="s", package_key="p"))
    assert "has been shipped: Kettle.\n" in world.email.letters[0].text


def test_a_parcel_is_told_by_what_is_in_it(world: World) -> None:
    member = world.member()
    redemption = order(world, member, "Kettle", "Mug – “blue”", "Spoon")
    with world.owner.transaction():
        world.owner.execute("set local session_replication_role = replica")
        world.owner.execute(
            "insert into orders.shipped_unit(program_id, redemption_id, shipment_key, line_number, quantity)"
            " values (1, %s, 's1', 2, 1)",
            (redemption,),
        )
    world.tell(world.event("shipment.shipped", member, redemption_id=redemption, shipment_key="s1", package_key="p"))
    assert "has been shipped: Mug – “blue”." in world.email.letters[0].text
    assert world.sms.letters[0].text.startswith('Journey Rewards: shipped: Mug - "blue". ')


def test_units_that_do_not_come_are_told_with_what_comes_back_for_them(world: World) -> None:
    member = world.member(language="de")
    redemption = order(world, member, "Kettle", "Mug")
    back = {"line_number": 2, "quantity": 1, "points": 1000, "money_minor": 500, "event_key": "x"}
    world.tell(world.event("units.cancelled", member, redemption_id=redemption, **back))
    assert "geliefert werden: Mug.\nSie haben zurück: 1.000 Punkte und 5,00 USD." in world.email.letters[0].text


def test_a_parcel_that_is_late_once_more_is_told_with_its_new_day(world: World) -> None:
    member = world.member(language="de")
    parcel = {"redemption_id": order(world, member, "Kettle"), "shipment_key": "s1", "package_key": "p1"}
    friday = {"promised_to": "2026-11-27T20:00:00+00:00", "expected_by": None}
    wednesday = dict.fromkeys(("promised_to", "expected_by"), "2026-12-02T20:00:00+00:00")
    for day in (friday, friday, wednesday, wednesday):
        world.tell(world.event("shipment.delayed", member, **parcel, **day))  # type: ignore[arg-type]
    late = world.event("shipment.delayed", member, ago="1 hour", **parcel, **friday)  # type: ignore[arg-type]
    world.tell(late)
    assert world.states(late)["email"] == ("suppressed", "overtaken")
    first, second = world.email.letters
    assert "Voraussichtlich: der Tag steht noch nicht fest." in first.text
    assert "Voraussichtlich: bis 2. Dezember 2026." in second.text
    assert "Voraussichtlich: bis 2. Dezember 2026." in world.sms.letters[1].text


@pytest.mark.parametrize("topic", ["shipment.undeliverable", "shipment.sent_back"])
@pytest.mark.parametrize("language", ["en", "de"])
def test_a_parcel_that_does_not_arrive_promises_nothing_that_nobody_has_decided(
    world: World, topic: str, language: str
) -> None:
    member = world.member(language=language)
    world.tell(world.event(topic, member, redemption_id=order(world, member, "Kettle"), shipment_key="s1"))
    (mail,), (sms,) = world.email.letters, world.sms.letters
    for text in (mail.text, sms.text):
        assert "Kettle" in text
        assert ("look into it" if language == "en" else "dem nach") in text
        assert "You get back" not in text
        assert "Sie bekommen zurück" not in text


def test_nobody_is_told_what_somebody_else_has_ordered(world: World) -> None:
    member, other = world.member(), world.member()
    redemption = order(world, other, "Kettle")
    world.tell(world.event("redemption.confirmed", member, redemption_id=redemption))
    assert "Kettle" not in world.email.letters[0].text
