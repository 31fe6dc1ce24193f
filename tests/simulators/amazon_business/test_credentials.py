"""A secret is filled in and renewed by a person, at any time: it is read again, and what is wrong is named."""

from __future__ import annotations

import json
from dataclasses import asdict

import pytest

from loyalty.orders.amazon_business import Credentials, CredentialsRevoked, NotSent, RenewedCredentials
from tests.simulators.amazon_business.running import CREDENTIALS


class _Store:
    """A secret store: what it answers, and how often it was asked. None: it does not answer."""

    def __init__(self, answer: str | None) -> None:
        self.answer = answer
        self.asked = 0

    def __call__(self) -> str:
        self.asked += 1
        if self.answer is None:
            raise ConnectionError
        return self.answer


def _secret(**changes: str) -> str:
    return json.dumps({**asdict(CREDENTIALS), **changes})


def test_a_renewed_secret_is_taken_up_after_five_minutes_and_not_read_more_often() -> None:
    now, store = [0.0], _Store(_secret())
    current = RenewedCredentials(store, monotonic=lambda: now[0])
    assert current() == current() == CREDENTIALS
    assert store.asked == 1
    store.answer = _secret(client_secret="another")
    now[0] = 300.0
    assert current().client_secret == "another"
    assert store.asked == 2


def test_a_store_that_does_not_answer_leaves_the_credentials_that_are_known() -> None:
    now, store = [0.0], _Store(_secret())
    current = RenewedCredentials(store, monotonic=lambda: now[0])
    current()
    store.answer = None
    now[0] = 300.0
    assert current() == CREDENTIALS


def test_a_store_that_never_answered_means_that_nothing_was_sent() -> None:
    with pytest.raises(NotSent):
        RenewedCredentials(_Store(None))()


@pytest.mark.parametrize("secret", ["", "not filled in", "[]", "{}", _secret(refresh_token="")])
def test_a_secret_that_is_not_filled_in_is_refused_by_name_and_never_quoted(secret: str) -> None:
    with pytest.raises(CredentialsRevoked) as refused:
        RenewedCredentials(_Store(secret))()
    assert CREDENTIALS.client_secret not in str(refused.value)
    assert "secret_" in refused.value.code


def test_credentials_show_no_secret() -> None:
    shown = repr(Credentials(**asdict(CREDENTIALS)))
    assert CREDENTIALS.client_secret not in shown
    assert CREDENTIALS.refresh_token not in shown
