"""The stand-in in a thread on a free port, and a token for it."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import uvicorn

from local.postgres import free_port
from local.simulators.erp import create_app

TOKEN = "open-sesame"


@dataclass(frozen=True, slots=True)
class ErpStandIn:
    """A running stand-in. Amounts in its rows are minor units."""

    base_url: str
    path: Path
    # One for all calls: each new one would read the certificates again.
    client: httpx.Client

    def fault(self, operation: str, kind: str, times: int = 1) -> None:
        """The next `times` calls of the operation go wrong in this way."""
        self.put("faults", operation=operation, kind=kind, times=times)

    def put(self, what: str, **facts: Any) -> None:
        """Tell the control plane: settings, vendors, periods, faults."""
        self.client.put(f"{self.base_url}/_simulator/{what}", json=facts).raise_for_status()

    def quiet(self) -> None:
        """As it was in the beginning, but for what is booked."""
        self.client.delete(f"{self.base_url}/_simulator/faults")
        self.put("settings", pending_seconds=None, hold_seconds=60, vendors_must_be_known=False)
        self.rows("delete from periods")
        self.rows("delete from vendors")

    def rows(self, statement: str, *arguments: Any) -> list[dict[str, Any]]:
        """Read its file, or change it."""
        with sqlite3.connect(self.path) as connection:
            connection.row_factory = sqlite3.Row
            return [dict(row) for row in connection.execute(statement, arguments).fetchall()]

    def booked(self, number: str) -> list[dict[str, Any]]:
        """The documents of that number."""
        return self.rows("select * from documents where number = ?", number)


@contextmanager
def erp_stand_in(path: Path) -> Iterator[ErpStandIn]:
    """Serve until the block ends."""
    port = free_port()
    config = uvicorn.Config(
        create_app(path), host="127.0.0.1", port=port, log_level="critical", timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    with httpx.Client(verify=False) as client:
        stand_in = ErpStandIn(f"http://127.0.0.1:{port}", path, client)
        stand_in.put("credentials", token=TOKEN)
        yield stand_in
    server.should_exit = True
    thread.join(5)
