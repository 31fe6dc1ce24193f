"""The stand-in in a thread on a free port, and the merchant's keys for it."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import uvicorn
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from local.postgres import free_port
from local.simulators.amazon_pay import create_app
from loyalty.payments.amazon_pay.client import AmazonPayClient, Credentials
from tests.simulators.loopback import loopback

PUBLIC_KEY_ID = "SANDBOX-AETESTKEY"


@dataclass(frozen=True, slots=True)
class AmazonPayStandIn:
    """A running stand-in. Amounts in its rows are minor units."""

    base_url: str
    path: Path
    credentials: Credentials

    def client(self, **options: Any) -> AmazonPayClient:
        return AmazonPayClient(self.base_url, self.credentials, **{"read_timeout_seconds": 5.0, **options})

    def fault(self, operation: str, kind: str, times: int = 1, code: str | None = None) -> None:
        """The next `times` calls of the operation go wrong in this way."""
        body = {"operation": operation, "kind": kind, "times": times, "code": code}
        loopback.put(f"{self.base_url}/_simulator/faults", json=body).raise_for_status()

    def settings(self, **settings: Any) -> None:
        loopback.put(f"{self.base_url}/_simulator/settings", json=settings).raise_for_status()

    def decide(self, approval_url: str, decision: str, card: str = "1111") -> str:
        """What a member does on the page; where they are sent."""
        answer = loopback.post(approval_url, data={"decision": decision, "card": card})
        assert answer.status_code == 303, answer.text
        return answer.headers["location"]

    def rows(self, statement: str, *arguments: Any) -> list[dict[str, Any]]:
        """Read its file, as the demo does."""
        with sqlite3.connect(self.path) as connection:
            connection.row_factory = sqlite3.Row
            return [dict(row) for row in connection.execute(statement, arguments).fetchall()]

    def calls(self, operation: str) -> int:
        """How often the operation was called."""
        return int(self.rows("select count(*) as n from requests where operation = ?", operation)[0]["n"])


@cache
def key_pair() -> tuple[str, str]:
    """(private PEM, public PEM), made once; short, because each client that reads it looks whether it is prime."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=1024)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return private.decode(), public.decode()


@contextmanager
def amazon_pay(path: Path) -> Iterator[AmazonPayStandIn]:
    """Serve until the block ends; the merchant's key is registered and nothing is throttled."""
    port = free_port()
    config = uvicorn.Config(
        create_app(path), host="127.0.0.1", port=port, log_level="critical", timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    private, public = key_pair()
    stand_in = AmazonPayStandIn(
        f"http://127.0.0.1:{port}", path, Credentials(PUBLIC_KEY_ID, private, "store", "merchant")
    )
    body = {"public_key_id": PUBLIC_KEY_ID, "public_key_pem": public}
    loopback.put(f"{stand_in.base_url}/_simulator/credentials", json=body).raise_for_status()
    stand_in.settings(rates="off")
    yield stand_in
    server.should_exit = True
    thread.join(5)
