"""The provider is built from its secret when it is needed, and again when the secret has changed."""

from __future__ import annotations

import json

import pytest

from loyalty.payments import providers
from loyalty.payments.provider import NotTrusted
from loyalty.payments.providers import Providers, amazon_pay, stripe
from tests.simulators.amazon_pay.running import key_pair


def secret(public_key_id: str = "SANDBOX-1") -> str:
    private, _ = key_pair()
    names = {"public_key_id": public_key_id, "private_key_pem": private, "store_id": "s", "merchant_id": "m"}
    return json.dumps(names)


@pytest.mark.parametrize("text", ["", "{}", "null", '{"public_key_id": "SANDBOX-1"}', secret("NEITHER")])
def test_a_secret_nobody_has_filled_in_is_waited_for(text: str) -> None:
    answers = [text, secret()]
    known = Providers(amazon_pay=amazon_pay("http://127.0.0.1:1", lambda: answers.pop(0)))
    with pytest.raises(NotTrusted):
        known["amazon_pay"]
    assert known["amazon_pay"].name == "amazon_pay"


def test_a_rotated_key_is_taken_up_without_a_restart(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = [secret(), secret(), secret("SANDBOX-2")]
    known = Providers(amazon_pay=amazon_pay("http://127.0.0.1:1", lambda: answers.pop(0)))
    first = known["amazon_pay"]
    assert known["amazon_pay"] is first
    assert len(answers) == 2, "read once"
    monkeypatch.setattr(providers, "SECRET_SECONDS", -1.0)
    assert known["amazon_pay"] is first, "the same secret is the same provider"
    assert known["amazon_pay"] is not first


def test_a_provider_that_is_not_served_is_a_mistake_of_ours() -> None:
    with pytest.raises(KeyError):
        Providers(amazon_pay=amazon_pay("http://127.0.0.1:1", secret))["stripe"]


def test_each_provider_has_its_own_secret() -> None:
    known = Providers(
        amazon_pay=amazon_pay("http://127.0.0.1:1", secret),
        stripe=stripe("http://127.0.0.1:1", lambda: '{"api_key": "sk_test_1"}'),
    )
    assert [known[name].name for name in known] == ["amazon_pay", "stripe"]


@pytest.mark.parametrize("text", ["", "{}", '{"api_key": ""}', '{"api_key": "pk_test_1"}'])
def test_what_is_no_secret_key_of_stripe_is_waited_for(text: str) -> None:
    with pytest.raises(NotTrusted):
        Providers(stripe=stripe("http://127.0.0.1:1", lambda: text))["stripe"]
