"""The stand-in in a thread on a free port, as much of S3 as it asks, and boto3's clients of its three services."""

from __future__ import annotations

import functools
import http.server
import json
import threading
import time
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import boto3
import uvicorn
from botocore.config import Config

from local.postgres import free_port
from local.simulators.personalize import create_app
from tests.simulators.loopback import loopback

BUCKET = "lake"
ROLE = "arn:aws:iam::000000000000:role/Personalize"
RECIPES = "arn:aws:personalize:::recipe/"


def schema(*fields: dict[str, Any]) -> str:
    """An Avro record of these fields."""
    named = {"type": "record", "name": "Rows", "namespace": "com.amazonaws.personalize.schema", "version": "1.0"}
    return json.dumps({**named, "fields": list(fields)})


INTERACTIONS = schema(
    {"name": "USER_ID", "type": "string"},
    {"name": "ITEM_ID", "type": "string"},
    {"name": "TIMESTAMP", "type": "long"},
    {"name": "EVENT_TYPE", "type": "string"},
)
ITEMS = schema(
    {"name": "ITEM_ID", "type": "string"},
    {"name": "IN_STOCK", "type": ["null", "string"], "categorical": True},
    {"name": "PRICE", "type": ["null", "float"]},
)


@dataclass(frozen=True, slots=True)
class PersonalizeStandIn:
    """A running stand-in. `objects`: what S3 holds, by key."""

    base_url: str
    objects: dict[str, bytes] = field(default_factory=dict)

    def client(self, service: str = "personalize") -> Any:
        """Without retries."""
        return _client(self.base_url, service)

    def fault(self, operation: str, kind: str, times: int = 1) -> None:
        """The next `times` calls of the operation go wrong in this way."""
        body = {"operation": operation, "kind": kind, "times": times}
        loopback.put(f"{self.base_url}/_simulator/faults", json=body).raise_for_status()

    def settings(self, **settings: Any) -> None:
        loopback.put(f"{self.base_url}/_simulator/settings", json=settings).raise_for_status()

    def rows(self, table: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = loopback.get(f"{self.base_url}/_simulator/{table}?limit=1000").json()
        return rows

    def ended(self, word: str, arn: str) -> dict[str, Any]:
        """What was begun, when it is made or has failed."""
        client = self.client()
        for _ in range(400):
            told: dict[str, Any] = getattr(client, f"describe_{_snake(word)}")(**{f"{word}Arn": arn})[word]
            if "PENDING" not in told["status"] and "PROGRESS" not in told["status"]:
                return told
            time.sleep(0.02)
        raise AssertionError(f"{arn} does not come to its end")

    def made(self, word: str, **given: Any) -> str:
        """Its ARN, when it is there."""
        arn = str(getattr(self.client(), f"create_{_snake(word)}")(**given)[f"{word}Arn"])
        if word != "schema":
            told = self.ended(word, arn)
            assert told["status"] in ("ACTIVE", "COMPLETED"), told
        return arn

    def group(self, name: str) -> str:
        """A dataset group with interactions and items."""
        group = self.made("datasetGroup", name=name)
        for kind, text in (("Interactions", INTERACTIONS), ("Items", ITEMS)):
            known = self.made("schema", name=f"{name}-{kind.lower()}", schema=text)
            self.made("dataset", name=kind.lower(), schemaArn=known, datasetGroupArn=group, datasetType=kind)
        return group

    def imported(self, group: str, kind: str, text: str, job: str) -> dict[str, Any]:
        """What became of an import of this file."""
        self.objects[f"{job}/rows.csv"] = text.encode()
        arn = self.client().create_dataset_import_job(
            jobName=job,
            datasetArn=f"{group.replace(':dataset-group/', ':dataset/')}/{kind}",
            dataSource={"dataLocation": f"s3://{BUCKET}/{job}/"},
            roleArn=ROLE,
            importMode="FULL",
        )["datasetImportJobArn"]
        return self.ended("datasetImportJob", arn)

    def solution(self, group: str, name: str, recipe: str) -> str:
        return self.made(
            "solution", name=name, datasetGroupArn=group, recipeArn=f"{RECIPES}{recipe}", performAutoTraining=False
        )


@functools.cache
def _client(base_url: str, service: str) -> Any:
    """Made once: that takes longer than what is asked of it."""
    return boto3.client(  # type: ignore[call-overload]
        service,
        endpoint_url=base_url,
        region_name="us-east-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",
        config=Config(retries={"total_max_attempts": 1}, read_timeout=20),
    )


def history(users: int = 30, each: int = 40, products: int = 60) -> str:
    """So many interactions: users of the even number like even products, the others odd ones."""
    lines = ["USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE"]
    for user in range(users):
        for number in range(each):
            product = (user * 7 + number * 2) // 2 * 2 % products + user % 2
            lines.append(f"user-{user},item-{product},{1_700_000_000 + number * 86_400 + user},redeemed")
    return "\n".join(lines) + "\n"


def _snake(word: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in word)


@contextmanager
def bucket(objects: dict[str, bytes]) -> Iterator[str]:
    """The little of S3 that is asked for: a list, GET and PUT; its address."""

    class Handler(http.server.BaseHTTPRequestHandler):
        # By it a PUT is told to go on; otherwise the SDK waits a second for that.
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            asked = urllib.parse.urlsplit(self.path)
            query = dict(urllib.parse.parse_qsl(asked.query, keep_blank_values=True))
            if "list-type" in query:
                entries = "".join(
                    f"<Contents><Key>{escape(key)}</Key><Size>{len(objects[key])}</Size></Contents>"
                    for key in sorted(objects)
                    if key.startswith(query.get("prefix", ""))
                )
                self._say(
                    200, f"<ListBucketResult><IsTruncated>false</IsTruncated>{entries}</ListBucketResult>".encode()
                )
            elif (key := _key(asked.path)) in objects:
                self._say(200, objects[key])
            else:
                self._say(404, b"<Error><Code>NoSuchKey</Code></Error>")

        def do_PUT(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            if self.headers.get("content-encoding") == "aws-chunked":
                body = _unchunked(body)
            objects[_key(urllib.parse.urlsplit(self.path).path)] = body
            self._say(200, b"")

        def _say(self, status: int, body: bytes) -> None:
            self.send_response(status)
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


def _key(path: str) -> str:
    return urllib.parse.unquote(path).removeprefix(f"/{BUCKET}/")


def _unchunked(body: bytes) -> bytes:
    found, rest = b"", body
    while rest:
        head, _, rest = rest.partition(b"\r\n")
        size = int(head.split(b";")[0], 16)
        if not size:
            return found
        found, rest = found + rest[:size], rest[size + 2 :]
    return found


@contextmanager
def personalize_stand_in(database: Path, objects: dict[str, bytes]) -> Iterator[PersonalizeStandIn]:
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(create_app(database), host="127.0.0.1", port=port, log_level="warning"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield PersonalizeStandIn(f"http://127.0.0.1:{port}", objects)
    finally:
        server.should_exit = True
        thread.join(10)
