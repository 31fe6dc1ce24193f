"""The canary's function: a step that nobody answers has its name, as one that is refused."""

from __future__ import annotations

import socket

import pytest

from lambdas import canary
from loyalty.canary.visiting import StepFailed


def test_a_sign_in_that_nobody_answers_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:  # and let go again: nobody listens there
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    monkeypatch.setattr(canary, "_client_secret", lambda: "secret")
    monkeypatch.setenv("TOKEN_URL", f"http://127.0.0.1:{port}/oauth2/token")
    with pytest.raises(StepFailed) as failure:
        canary._token("visitor")
    assert (failure.value.step, failure.value.why) == ("sign_in", "NewConnectionError")
