"""The stand-in in a thread on a free port, and a merchant's key for it."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn

from local.postgres import free_port
from local.simulators.stripe import create_app
from loyalty.payments.stripe.adapter import Stripe
from loyalty.payments.stripe.client import Credentials, StripeApi
from tests.simulators.loopback import loopback

API_KEY = "sk_test_local"
WEBHOOK_SECRET = "whsec_local"


@dataclass(frozen=True, slots=True)
class StripeStandIn:
    """A running stand-in. Amounts in its rows are minor units."""

    base_url: str
    path: Path

    def provider(self, *, api_key: str = API_KEY, **options: Any) -> Stripe:
        return Stripe(StripeApi(self.base_url, Credentials(api_key), **{"read_timeout_seconds": 5.0, **options}))

    def fault(self, operation: str, kind: str, times: int = 1, code: str | None = None) -> None:
        """The next `times` calls of the operation go wrong in this way."""
        body = {"operation": operation, "kind": kind, "times": times, "code": code}
        loopback.put(f"{self.base_url}/_simulator/faults", json=body).raise_for_status()

    def settings(self, **settings: Any) -> None:
        loopback.put(f"{self.base_url}/_simulator/settings", json=settings).raise_for_status()

    def decide(self, approval_url: str, decision: str, card: str = "") -> int:
        """What a member does on the page; the page's answer."""
        return loopback.post(approval_url, data={"decision": decision}).status_code

    def rows(self, statement: str, *arguments: Any) -> list[dict[str, Any]]:
        """Read its file, as the demo does."""
        with sqlite3.connect(self.path) as connection:
            connection.row_factory = sqlite3.Row
            return [dict(row) for row in connection.execute(statement, arguments).fetchall()]

    def calls(self, operation: str) -> int:
        """How often the operation was called."""
        return int(self.rows("select count(*) as n from requests where operation = ?", operation)[0]["n"])

    def post(self, path: str, **body: Any) -> dict[str, Any]:
        """Say something to the control plane."""
        answer = loopback.post(f"{self.base_url}/_simulator/{path}", json=body)
        assert answer.status_code == 200, answer.text
        document: dict[str, Any] = answer.json()
        return document


@contextmanager
def stripe_stand_in(path: Path) -> Iterator[StripeStandIn]:
    """Serve until the block ends; the merchant's key is registered."""
    port = free_port()
    config = uvicorn.Config(
        create_app(path), host="127.0.0.1", port=port, log_level="critical", timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    stand_in = StripeStandIn(f"http://127.0.0.1:{port}", path)
    body = {"api_key": API_KEY, "webhook_secret": WEBHOOK_SECRET}
    loopback.put(f"{stand_in.base_url}/_simulator/credentials", json=body).raise_for_status()
    yield stand_in
    server.should_exit = True
    thread.join(5)
