"""A simulated Amazon Business in a thread, on a free port, with a file of its own."""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import urllib3
import uvicorn

from local import postgres
from local.simulators.amazon_business import create_app
from loyalty.orders.amazon_business import TRIAL, Address, AmazonBusiness, Credentials, OrderLine, PlaceOrder, Timeouts

CREDENTIALS = Credentials(
    client_id="amzn1.application-oa2-client.test",
    client_secret="client-secret-of-the-test",
    refresh_token="Atzr|of-the-test",
    buyer_email="buyer@loyalty.example",
    buying_group="LoyaltyTest",
)
SEATTLE = Address("Alex Member", "2065550100", "100 Example Ave", "Seattle", "WA", "98109", "US")
# Fast enough to test, long enough not to hit a slow machine.
TIMEOUTS = Timeouts(connect=1, read=2, order=2)


@dataclass(frozen=True, slots=True)
class Simulator:
    """A running simulator and its control plane."""

    url: str
    file: Path

    def client(self, **options: Any) -> AmazonBusiness:
        return AmazonBusiness(self.url, self.url, options.pop("credentials", CREDENTIALS), timeouts=TIMEOUTS, **options)

    def put(self, path: str, **body: Any) -> dict[str, Any]:
        answer = urllib3.request("PUT", f"{self.url}/_simulator/{path}", json=body)
        assert answer.status in (200, 204), answer.data
        return json.loads(answer.data) if answer.data else {}

    def get(self, path: str) -> dict[str, Any]:
        answer = urllib3.request("GET", f"{self.url}/_simulator/{path}")
        assert answer.status == 200, answer.data
        return json.loads(answer.data)

    def fault(self, operation: str, kind: str, times: int | None = 1) -> None:
        self.put("faults", operation=operation, kind=kind, times=times)

    def reset(self) -> None:
        """As new: no faults, the test's credentials and settings. Orders stay."""
        urllib3.request("DELETE", f"{self.url}/_simulator/faults")
        with closing(sqlite3.connect(self.file)) as connection, connection:
            connection.execute("delete from settings")
            connection.execute("delete from requests")
        self.put(
            "credentials",
            client_id=CREDENTIALS.client_id,
            client_secret=CREDENTIALS.client_secret,
            refresh_token=CREDENTIALS.refresh_token,
            buyer_email=CREDENTIALS.buyer_email,
            buying_group=CREDENTIALS.buying_group,
        )
        self.put("settings", enforce_rates=False, timeout_seconds=0.05)

    def post(self, path: str, expected: int | None = None, **body: Any) -> dict[str, Any]:
        """A step of the control plane: post("orders/…/ship", packages=2); `expected` its status, None: it succeeds."""
        answer = urllib3.request("POST", f"{self.url}/_simulator/{path}", json=body)
        assert answer.status in ((200, 204) if expected is None else (expected,)), answer.data
        return json.loads(answer.data) if answer.data else {}

    def ask(self, method: str, path: str, **body: Any) -> Any:
        """A call of the API without the client: the answer as it came."""
        form = {
            "grant_type": "refresh_token",
            "refresh_token": CREDENTIALS.refresh_token,
            "client_id": CREDENTIALS.client_id,
            "client_secret": CREDENTIALS.client_secret,
        }
        token = urllib3.request(
            "POST",
            f"{self.url}/auth/o2/token",
            body=urlencode(form),
            headers={"content-type": "application/x-www-form-urlencoded"},
        )
        headers = {
            "x-amz-access-token": json.loads(token.data)["access_token"],
            "x-amz-date": "20261122T011554Z",
            "user-agent": "Test/1.0 (Language=Python/3.13; Platform=Test)",
        }
        return urllib3.request(method, self.url + path, headers=headers, json=body or None, retries=False)

    def rows(self, sql: str, *values: Any) -> list[dict[str, Any]]:
        """What its file says."""
        with closing(sqlite3.connect(self.file)) as connection:
            connection.row_factory = sqlite3.Row
            return [dict(row) for row in connection.execute(sql, values)]

    def requests(self, operation: str) -> list[dict[str, Any]]:
        return self.rows("select * from requests where operation = ? order by id", operation)


@contextmanager
def running(folder: Path) -> Iterator[Simulator]:
    """Start it, wait until it answers, stop it."""
    port = postgres.free_port()
    file = folder / "amazon_business.sqlite"
    server = uvicorn.Server(
        uvicorn.Config(create_app(file), host="127.0.0.1", port=port, log_level="critical", lifespan="on")
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    for _ in range(200):
        if server.started:
            break
        time.sleep(0.02)
    simulator = Simulator(f"http://127.0.0.1:{port}", file)
    simulator.reset()
    yield simulator
    server.should_exit = True
    thread.join(5)


def line(asin: str, quantity: int = 1, number: int = 1, **expected: int | None) -> OrderLine:
    return OrderLine(number, asin, None, quantity, **expected)  # type: ignore[arg-type]


def order(external_id: str, *lines: OrderLine, **options: Any) -> PlaceOrder:
    """With `trial` under a trial's name."""
    if options.get("trial"):
        external_id = f"{TRIAL}{external_id}"
    return PlaceOrder(
        external_id, lines, options.pop("address", SEATTLE), options.pop("purchase_order_number", "LOY-1"), **options
    )
