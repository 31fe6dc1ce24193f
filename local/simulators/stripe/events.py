"""Events: kept in the file, signed, and posted to the merchant's webhook from a thread of their own."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import threading
import time
from typing import Any

import httpx

from local.plain import PLAIN
from local.simulators import clock
from local.simulators.stripe.files import File

ATTEMPTS = 5
PAUSE_SECONDS = 0.5


def say(file: File, kind: str, document: dict[str, Any]) -> None:
    """Within the transaction that made it so; the sender finds it after the commit."""
    instant = clock.now()
    event_id = f"evt_{secrets.token_hex(12)}"
    event = {
        "id": event_id,
        "object": "event",
        "type": kind,
        "created": int(instant.timestamp()),
        "livemode": False,
        "data": {"object": document},
    }
    file.run(
        "insert into events(event_id, kind, document, created_at) values (?, ?, ?, ?)",
        event_id,
        kind,
        json.dumps(event),
        instant.isoformat(timespec="milliseconds"),
    )


def signature(secret: str, body: bytes, timestamp: int) -> str:
    """The Stripe-Signature header. A signature is fresh by real time, whatever the turned clock says."""
    digest = hmac.new(secret.encode(), f"{timestamp}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={timestamp},v1={digest}"


def send(file: File, event_id: str) -> int | None:
    """Post one event once; the HTTP status, None where nobody listens."""
    settings = file.settings()
    row = file.one("select document from events where event_id = ?", event_id)
    if row is None or not settings["webhook_url"]:
        return None
    body = row["document"].encode()
    header = signature(settings["webhook_secret"] or "", body, int(time.time()))
    try:
        answer = httpx.post(
            settings["webhook_url"],
            content=body,
            headers={"stripe-signature": header, "content-type": "application/json; charset=utf-8"},
            timeout=35,
            verify=PLAIN,
        )
        status = answer.status_code
    except httpx.HTTPError:
        status = 0
    file.run("update events set delivered = delivered + 1, answer = ? where event_id = ?", status, event_id)
    return status


class Sender:
    """Sends what has not been taken yet, in order, each a few times."""

    def __init__(self, file: File) -> None:
        self._file = file
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="stripe events", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(2)

    def _run(self) -> None:
        while not self._stop.wait(PAUSE_SECONDS):
            if not self._file.settings()["webhook_url"]:
                continue
            waiting = self._file.all(
                "select event_id from events where delivered < ? and coalesce(answer, 0) not between 200 and 299"
                " order by rowid limit 20",
                ATTEMPTS,
            )
            for row in waiting:
                if self._stop.is_set():
                    return
                send(self._file, row["event_id"])
