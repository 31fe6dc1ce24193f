"""The stand-in in a thread on a free port, an emulator with one deployed job for it, and boto3's client."""

from __future__ import annotations

import http.server
import json
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
from local.simulators.glue import create_app
from tests.simulators.loopback import loopback

JOB = "loyalty-test-export"
SECRET = "arn:aws:secretsmanager:us-east-1:000000000000:secret:LakeReader"


@dataclass(frozen=True, slots=True)
class GlueStandIn:
    """A running stand-in of the job `JOB`."""

    base_url: str

    def client(self) -> Any:
        """Without retries."""
        return boto3.client(
            "glue",
            endpoint_url=self.base_url,
            region_name="us-east-1",
            aws_access_key_id="local",
            aws_secret_access_key="local",
            config=Config(retries={"total_max_attempts": 1}, read_timeout=20),
        )

    def fault(self, operation: str, kind: str, times: int = 1) -> None:
        """The next `times` calls of the operation go wrong in this way."""
        body = {"operation": operation, "kind": kind, "times": times}
        loopback.put(f"{self.base_url}/_simulator/faults", json=body).raise_for_status()

    def settings(self, **settings: Any) -> None:
        loopback.put(f"{self.base_url}/_simulator/settings", json=settings).raise_for_status()

    def rows(self, table: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = loopback.get(f"{self.base_url}/_simulator/{table}").json()
        return rows

    def started(self, **more: Any) -> str:
        return str(self.client().start_job_run(JobName=JOB, **more)["JobRunId"])

    def ended(self, run_id: str) -> dict[str, Any]:
        """The run when it is over."""
        client = self.client()
        for _ in range(400):
            run: dict[str, Any] = client.get_job_run(JobName=JOB, RunId=run_id)["JobRun"]
            if run["JobRunState"] not in ("STARTING", "RUNNING", "STOPPING"):
                return run
            time.sleep(0.05)
        raise AssertionError("the run does not end")


@contextmanager
def emulator(lake: Path, database: dict[str, Any]) -> Iterator[str]:
    """As much of the emulator as a run asks: the job that was deployed, and its secret."""
    job = {
        "Name": JOB,
        "DefaultArguments": {"--lake": str(lake), "--secret": SECRET, "--enable-metrics": "true"},
        "Timeout": 5,
        "WorkerType": "G.1X",
        "NumberOfWorkers": 2,
        "GlueVersion": "5.1",
    }

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            given = json.loads(self.rfile.read(int(self.headers["content-length"])) or b"{}")
            match self.headers["x-amz-target"]:
                case "AWSGlue.GetJob" if given["JobName"] == JOB:
                    self._say(200, {"Job": job})
                case "secretsmanager.GetSecretValue" if given["SecretId"] == SECRET:
                    self._say(200, {"ARN": SECRET, "Name": "LakeReader", "SecretString": json.dumps(database)})
                case _:
                    self._say(400, {"__type": "EntityNotFoundException", "Message": "not known"})

        def _say(self, status: int, document: dict[str, Any]) -> None:
            body = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("content-type", "application/x-amz-json-1.1")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def glue_stand_in(database: Path) -> Iterator[GlueStandIn]:
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(create_app(database), host="127.0.0.1", port=port, log_level="warning"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield GlueStandIn(f"http://127.0.0.1:{port}")
    finally:
        server.should_exit = True
        thread.join(10)
