"""Files on the way to and from Amazon Personalize: what is unloaded for it, and its answers in a night's own words.

It talks to the lake's bucket alone; the machine sends the statements. Environment: LAKE_BUCKET, LAKE_KEY_ARN,
PROGRAM_ID. May: list the bucket; s3:GetObject and s3:PutObject on insight/*.
"""

from __future__ import annotations

import hashlib
import json
import os
import zlib
from functools import cache
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit

from analytics.warehouse import personalize
from lambdas.observed import logger, metrics, observed
from loyalty import aws
from loyalty.recommendations import batches

# Of one file of results, compressed; what takes them over refuses more than 50 MB.
MOST_BYTES = 30_000_000
NAMES: tuple[batches.Name, ...] = ("members", "similar")


@observed
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """By `do`; `run` is the run's name.

    unload → {"sqls", "token"}, one transaction, whose last statement counts. answers → {"files": [{"name", "key"}]}:
    what Personalize wrote. convert: a file's `name` and `key` → {"name", "keys", "lines", "unanswered"}: the results.
    publish: the results' keys by name, and when (`at`) → {"key"}: from now on every night takes over these.
    """
    run = event["run"]
    match event["do"]:
        case "unload":
            sqls = personalize.unload(_program(), run, os.environ["LAKE_BUCKET"], os.environ["LAKE_KEY_ARN"])
            # The same for the same run: the Data API runs it once, however often it is sent.
            return {"sqls": sqls, "token": hashlib.sha256(f"personalize {run}".encode()).hexdigest()}
        case "answers":
            return {"files": [{"name": name, "key": key} for name in NAMES for key in _answers(run, name)]}
        case "convert":
            return _convert(run, event["name"], event["key"])
        case "publish":
            results: dict[str, list[str]] = {name: event[name] for name in NAMES}
            told = {"run": run, "at": event["at"], "program_id": _program(), **results}
            _s3().put_object(Bucket=os.environ["LAKE_BUCKET"], Key=batches.CURRENT, Body=json.dumps(told).encode())
            return {"key": batches.CURRENT}
    raise ValueError("do is unload, answers, convert or publish")


def _answers(run: str, name: str) -> list[str]:
    pages = _s3().get_paginator("list_objects_v2")
    prefix = f"{personalize.folder(run)}answers/{name}/"
    return [
        entry["Key"]
        for page in pages.paginate(Bucket=os.environ["LAKE_BUCKET"], Prefix=prefix)
        for entry in page.get("Contents", ())
        if entry["Key"].endswith(".out")
    ]


def _convert(run: str, name: batches.Name, key: str) -> dict[str, Any]:
    """Line by line, in as many files as they need: a batch's answers are larger than a function's memory."""
    if name not in NAMES or not key.startswith(f"{personalize.folder(run)}answers/{name}/"):
        raise ValueError("the key is of another run")
    body = _s3().get_object(Bucket=os.environ["LAKE_BUCKET"], Key=key)["Body"]
    stem = f"{personalize.folder(run)}out/{name}/{hashlib.sha256(key.encode()).hexdigest()[:16]}"
    keys: list[str] = []
    lines = unanswered = 0
    part = _Part()
    for result in batches.results(_program(), name, body.iter_lines()):
        if result is None:
            unanswered += 1
            continue
        lines += 1
        part.add(result)
        if part.size >= MOST_BYTES:
            keys.append(part.put(f"{stem}-{len(keys):03d}.jsonl.gz"))
            part = _Part()
    if part.lines:
        keys.append(part.put(f"{stem}-{len(keys):03d}.jsonl.gz"))
    metrics.add_metric("PersonalizeLines", MetricUnit.Count, lines)
    metrics.add_metric("PersonalizeUnanswered", MetricUnit.Count, unanswered)
    logger.info("converted", extra={"results": name, "lines": lines, "unanswered": unanswered})
    return {"name": name, "keys": keys, "lines": lines, "unanswered": unanswered}


class _Part:
    """One file of results, as it grows; gzip."""

    def __init__(self) -> None:
        self._packer = zlib.compressobj(5, zlib.DEFLATED, zlib.MAX_WBITS | 16)
        self._packed = bytearray()
        self.lines = 0

    @property
    def size(self) -> int:
        return len(self._packed)

    def add(self, result: dict[str, Any]) -> None:
        self._packed += self._packer.compress(json.dumps(result, separators=(",", ":")).encode() + b"\n")
        self.lines += 1

    def put(self, key: str) -> str:
        body = bytes(self._packed + self._packer.flush())
        _s3().put_object(Bucket=os.environ["LAKE_BUCKET"], Key=key, Body=body)
        return key


def _program() -> int:
    return int(os.environ["PROGRAM_ID"])


@cache
def _s3() -> Any:
    return aws.client("s3", read_seconds=60)
