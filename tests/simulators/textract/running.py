"""The stand-in in a thread on a free port, a store of objects for it, and boto3's client of the real service."""

from __future__ import annotations

import http.server
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import uvicorn
from botocore.config import Config

from local.postgres import free_port
from local.simulators.textract import create_app
from tests.simulators.loopback import loopback

BUCKET = "papers"


@dataclass(frozen=True, slots=True)
class TextractStandIn:
    """A running stand-in. `objects`: what S3 holds, by key."""

    base_url: str
    objects: dict[str, bytes]

    def client(self) -> Any:
        """As the product makes it, without retries."""
        return boto3.client(
            "textract",
            endpoint_url=self.base_url,
            region_name="us-east-1",
            aws_access_key_id="local",
            aws_secret_access_key="local",
            config=Config(retries={"total_max_attempts": 1}, read_timeout=20),
        )

    def fault(self, operation: str, kind: str, code: str | None = None, times: int = 1) -> None:
        """The next `times` calls of the operation go wrong in this way."""
        body = {"operation": operation, "kind": kind, "times": times, "code": code}
        loopback.put(f"{self.base_url}/_simulator/faults", json=body).raise_for_status()

    def settings(self, **settings: Any) -> None:
        loopback.put(f"{self.base_url}/_simulator/settings", json=settings).raise_for_status()

    def rows(self, table: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = loopback.get(f"{self.base_url}/_simulator/{table}").json()
        return rows

    def started(self, name: str, **more: Any) -> str:
        job_id: str = self.client().start_expense_analysis(
            DocumentLocation={"S3Object": {"Bucket": BUCKET, "Name": name}}, **more
        )["JobId"]
        return job_id

    def finished(self, job_id: str, **more: Any) -> dict[str, Any]:
        """GetExpenseAnalysis's first answer that is not IN_PROGRESS."""
        client = self.client()
        for _ in range(300):
            answer: dict[str, Any] = client.get_expense_analysis(JobId=job_id, **more)
            if answer["JobStatus"] != "IN_PROGRESS":
                return answer
            time.sleep(0.05)
        raise AssertionError("the job does not end")


@contextmanager
def textract_stand_in(path: Path, objects: dict[str, bytes]) -> Iterator[TextractStandIn]:
    """Serve until the block ends; as fast as it can, and no rates."""
    port = free_port()
    config = uvicorn.Config(
        create_app(path), host="127.0.0.1", port=port, log_level="critical", timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    stand_in = TextractStandIn(f"http://127.0.0.1:{port}", objects)
    stand_in.settings(rates="off", job_seconds=0)
    yield stand_in
    server.should_exit = True
    thread.join(20)


@contextmanager
def object_store(objects: dict[str, bytes]) -> Iterator[str]:
    """The little of S3 that is asked for: HEAD and GET of an object; its address."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = objects.get(self.path.removeprefix(f"/{BUCKET}/").split("?")[0])
            self.send_response(404 if body is None else 200)
            self.send_header("Content-Length", str(len(body or b"")))
            self.end_headers()
            if self.command == "GET" and body is not None:
                self.wfile.write(body)

        def do_HEAD(self) -> None:
            self.do_GET()

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
