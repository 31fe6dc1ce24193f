"""Who closes the account hears of it at the contact of before, whatever was chosen; of its end as the last thing."""

from __future__ import annotations

from tests.domain.notifications.conftest import World


def test_the_beginning_says_until_when_it_may_be_undone_and_how_to_stop_it(world: World) -> None:
    member = world.member(language="de")
    world.owner.execute(
        'select notifications.choose(1, %s, \'[{"channel": "email", "kind": "orders", "wanted": false}]\', \'member\')',
        (member,),
    )
    event = world.event("member.closing", member, until="2099-06-30T12:00:00+00:00")
    assert world.tell(event).sent == 2
    (mail,), (sms,) = world.email.letters, world.sms.letters
    assert mail.subject == "Ihr Konto wird geschlossen"
    assert "30. Juni 2099" in mail.text
    assert "30. Juni 2099" in sms.text or "30.06.2099" in sms.text


def test_the_end_is_told_to_a_membership_that_is_closed_and_nothing_else_is(world: World) -> None:
    member = world.member()
    world.owner.execute("select members.close(1, %s)", (member,))
    assert world.tell(world.event("points.earned", member, amount=5, day="2026-11-22")).sent == 0
    assert world.tell(world.event("member.closed", member)).sent == 2
    assert "is closed" in world.email.letters[0].text


def test_who_was_erased_is_told_nothing(world: World) -> None:
    member = world.member()
    world.owner.execute("select members.close(1, %s)", (member,))
    world.owner.execute("select members.erase(1, %s)", (member,))
    event = world.event("member.closed", member)
    assert world.tell(event).sent == 0
    assert world.states(event) == {"email": ("suppressed", "no_contact"), "sms": ("suppressed", "no_contact")}
