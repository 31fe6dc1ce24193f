"""Phones and mailboxes: a thread a person, who was told last first, nothing of a message taken for HTML."""

from __future__ import annotations

from typing import Any

from local.status import mailboxes


def message(**changes: Any) -> dict[str, Any]:
    known = {
        "at": "2026-11-22T12:00:00+00:00", "kind": "sms", "to": "+12065550101", "subject": "", "text": "It left.",
        "number": "LOCAL-0001",
    }  # fmt: skip
    return {**known, **changes}


def mail(**changes: Any) -> dict[str, Any]:
    return message(**{"kind": "email", "to": "ada@members.example", "subject": "On its way", **changes})


def test_a_members_phone_and_mailbox_are_one_thread() -> None:
    html = mailboxes.show([message(), mail()])
    assert html.count('<ol class="thread">') == 1
    assert "<h3>Ada, LOCAL-0001</h3>" in html
    assert "+12065550101, ada@members.example" in html


def test_who_was_told_last_comes_first_and_a_stranger_has_their_address() -> None:
    html = mailboxes.show([mail(number=None, to="new@members.example"), message()])
    assert html.index("<h3>new@members.example</h3>") < html.index("Ada, LOCAL-0001")


def test_what_a_message_says_is_never_html() -> None:
    html = mailboxes.show([mail(subject="<b>&", text="<script>alert(1)</script>"), message(text="<i>")])
    assert "<script>" not in html
    assert "&lt;script&gt;" in html
    assert "&lt;b&gt;&amp;" in html
    assert "<i>" not in html


def test_a_link_in_a_message_can_be_followed_and_ends_nothing() -> None:
    html = mailboxes.show([message(text='See http://localhost:5173/r?a=1&b="x" onclick="y". Bye')])
    assert '<a href="http://localhost:5173/r?a=1&amp;b=" target="_blank" rel="noopener">' in html
    assert "onclick=&quot;y&quot;. Bye" in html
    assert "<a " not in mailboxes.show([message(text="javascript:alert(1)")])


def test_two_mails_of_one_minute_can_be_opened_each_by_itself() -> None:
    html = mailboxes.show([mail(text="one two"), mail(text="three")])
    names = [part.partition('"')[0] for part in html.split('<li id="')[1:]]
    assert len(set(names)) == len(names) == 2
    assert not any(" " in name for name in names)


def test_a_long_thread_is_cut_and_says_by_how_many() -> None:
    html = mailboxes.show([message() for _ in range(mailboxes.OF_ONE + 3)])
    assert html.count('class="bubble"') == mailboxes.OF_ONE
    assert "and 3 before" in html


def test_an_empty_house_says_what_will_come() -> None:
    assert "nothing leaves this machine" in mailboxes.show([])
