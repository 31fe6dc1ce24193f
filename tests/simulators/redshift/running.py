"""The stand-in in a thread on a free port, and boto3's client of the real service."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import boto3
import uvicorn
from botocore.config import Config

from analytics.export.contract import FOLDER, read
from local.postgres import free_port
from local.simulators.redshift import create_app
from tests.analytics.warehouse.lake import parquet
from tests.simulators.loopback import loopback
from tests.simulators.textract.running import BUCKET

WHERE = {"WorkgroupName": "loyalty", "Database": "loyalty"}


@dataclass(frozen=True, slots=True)
class RedshiftStandIn:
    """A running stand-in. `objects`: what S3 holds, by key, quoted."""

    base_url: str
    objects: dict[str, bytes]
    folder: Path

    def client(self) -> Any:
        """As the product makes it, without retries."""
        return boto3.client(
            "redshift-data",
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

    def over(self, statement_id: str) -> dict[str, Any]:
        """DescribeStatement, once the statement has ended."""
        answer: dict[str, Any] = self.client().describe_statement(Id=statement_id, WaitTimeSeconds=15)
        assert answer["Status"] not in ("SUBMITTED", "PICKED", "STARTED")
        return answer

    def ran(self, *sqls: str, **more: Any) -> dict[str, Any]:
        """A batch, once it has ended."""
        return self.over(self.client().batch_execute_statement(Sqls=list(sqls), **WHERE, **more)["Id"])

    def asked(self, sql: str, *parameters: tuple[str, str]) -> list[list[Any]]:
        """A query's rows, as plain values."""
        client = self.client()
        given = {"Parameters": [{"name": name, "value": value} for name, value in parameters]} if parameters else {}
        answer = self.over(client.execute_statement(Sql=sql, **WHERE, **given)["Id"])
        assert answer["Status"] == "FINISHED", answer
        pages = client.get_paginator("get_statement_result").paginate(Id=answer["Id"])
        return [[next(iter(field.values())) for field in row] for page in pages for row in page["Records"]]

    def put(self, table: str, rows: list[dict[str, Any]], batch: int, types: dict[str, str] | None = None) -> str:
        """A batch in S3; its manifest's address."""
        contract, path = read(FOLDER / f"{table}.json"), self.folder / f"{table}-{batch}.parquet"
        parquet(path, contract, rows, types or {})
        key = f"bronze/{table}/batch={batch}"
        self.objects[quote(f"{key}/part-00000.parquet")] = path.read_bytes()
        entry = {"url": f"s3://{BUCKET}/{key}/part-00000.parquet", "meta": {"content_length": path.stat().st_size}}
        self.objects[quote(f"{key}/manifest.json")] = json.dumps({"entries": [{**entry, "mandatory": True}]}).encode()
        return f"s3://{BUCKET}/{key}/manifest.json"


@contextmanager
def redshift_stand_in(folder: Path, objects: dict[str, bytes]) -> Iterator[RedshiftStandIn]:
    """Serve until the block ends; as fast as it can, and no rates."""
    port = free_port()
    config = uvicorn.Config(
        create_app(folder / "redshift.sqlite"),
        host="127.0.0.1",
        port=port,
        log_level="critical",
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    stand_in = RedshiftStandIn(f"http://127.0.0.1:{port}", objects, folder)
    stand_in.settings(rates="off", run_seconds=0)
    yield stand_in
    server.should_exit = True
    thread.join(20)
