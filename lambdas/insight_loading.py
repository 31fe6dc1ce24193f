"""Words for the machine `insight`: what a night is about, whether a trained model is good enough, and its results into
Aurora.

The machine sends the statements and runs the jobs. Environment: DATABASE_*, LAKE_BUCKET, LAKE_KEY_ARN, NAME (what jobs
and models begin with), RETRAIN_DAYS, TOLERANCE_PERCENT. May: s3:GetObject and s3:PutObject on insight/*, list the
bucket, use its key. No science here: numbers come as JSON lines and go into the database piece by piece.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import time
from collections.abc import Iterator
from dataclasses import asdict
from datetime import date
from functools import cache
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from pydantic import TypeAdapter

from analytics.warehouse import insight
from lambdas.observed import logger, metrics, observed
from loyalty import aws
from loyalty.database import database
from loyalty.demand import alerts, lines, loading, models, planning

FOLDER = "insight/"
# Where Amazon Personalize's newest results are named, if it works for a programme: they take the place of our own.
PERSONALIZED = f"{FOLDER}personalize/current.json"
PERSONALIZE_NAMES = ("members", "similar")
# After so many days they are not shown any more: Personalize has been turned off, or has failed for weeks.
MOST_PERSONALIZED_DAYS = 30
# A call gives back what is left before Lambda ends it.
BUDGET_SECONDS = 150.0
LONGEST_LINE = 4 * 1024 * 1024
MOST_FILES = 20_000
_HEALTH: TypeAdapter[dict[str, Any]] = TypeAdapter(lines.Evidence)


@observed
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """By `do`; `run` is the night's name.

    plan (`train`: whatever happens) → {"as_of", "version", "job", "training", "model", "artefact", "earlier", "sqls",
    "token"}: `version`, `job`: of a model that is trained now, and what jobs are called. decide: `version`, `artefact`,
    `metrics` as SageMaker tells them → {"promoted", "reason"}. name: a `version`'s `package`. load: `as_of`, `model`,
    `after` (what the last call answered, null at first) → {"more", "after"}. show (same) → {"more", "states",
    "drifted"}. stop:
    what is half loaded goes.
    """
    run = event["run"]
    match event["do"]:
        case "plan":
            return _plan(run, train=event.get("train") is True)
        case "decide":
            return _decide(event["version"], event["artefact"], event["metrics"])
        case "name":
            models.name_package(database().connection(), event["version"], event["package"])
            return {}
        case "load":
            return _load(run, date.fromisoformat(event["as_of"]), event["model"] or None, event["after"])
        case "show":
            return _show(run, date.fromisoformat(event["as_of"]), event["model"] or None)
        case "stop":
            loading.stop(database().connection(), run)
            return {}
    raise ValueError("do is plan, decide, name, load, show or stop")


def _plan(run: str, *, train: bool) -> dict[str, Any]:
    tonight = planning.plan(database().connection())
    folder = f"s3://{_bucket()}/{FOLDER}run={run}/in"
    planned = [insight.Planned(**asdict(one)) for one in tonight.campaigns]
    document = {
        "run": run,
        "as_of": tonight.as_of.isoformat(),
        "slow_days": {str(program): days for program, days in tonight.slow_days.items()},
        **({"own_stock": [asdict(one) for one in tonight.own_stock]} if tonight.own_stock else {}),
    }
    _s3().put_object(Bucket=_bucket(), Key=f"{FOLDER}run={run}/in/plan.json", Body=json.dumps(document).encode())
    digest = hashlib.sha256(run.encode()).hexdigest()
    version = f"{tonight.as_of:%Y%m%d}-{digest[:12]}"
    old = tonight.days_old is None or tonight.days_old >= float(os.environ["RETRAIN_DAYS"])
    return {
        "as_of": tonight.as_of.isoformat(),
        "version": version,
        # SageMaker's names have letters, digits and hyphens only, an execution's may have more.
        "job": f"{os.environ['NAME']}-{version}",
        "training": train or old or tonight.drifted,
        "model": tonight.model or "",
        "earlier": tonight.earlier or "",
        "sqls": insight.statements(folder, tonight.as_of, planned, "default", os.environ["LAKE_KEY_ARN"]),
        # The same for the same night: the Data API runs it once, however often it is sent.
        "token": hashlib.sha256(f"insight {run}".encode()).hexdigest(),
    }


def _decide(version: str, artefact: str, told: list[dict[str, Any]]) -> dict[str, Any]:
    measured = {str(one["MetricName"]): float(one["Value"]) for one in told}
    tolerance = float(os.environ["TOLERANCE_PERCENT"])
    decision = models.decide(database().connection(), version, artefact, measured, tolerance)
    metrics.add_metric("InsightModelsRefused", MetricUnit.Count, 0 if decision.promoted else 1)
    logger.info("decided", extra={"version": version, "promoted": decision.promoted, "measured": measured})
    return {"promoted": decision.promoted, "reason": decision.reason or ""}


def _load(run: str, as_of: date, model: str | None, after: dict[str, Any] | None) -> dict[str, Any]:
    """As much as the time allows; `after`: how many files are in, and how many lines of the next, its key."""
    until = time.monotonic() + BUDGET_SECONDS
    connection = database().connection()
    if loading.LOADING not in loading.begin(connection, run, as_of, model).values():
        return {"more": False, "after": None}
    files = list(_results(run, as_of))
    files_in, lines_in = (int(after["files"]), int(after["lines"])) if after else (0, 0)
    if after and [key for _, key, _ in files[files_in : files_in + 1]] != [after["key"]]:
        # Personalize has said something newer since: from the first file on, and what is in counts once.
        files_in, lines_in = 0, 0
    rows = 0
    for number, (name, key, but) in enumerate(files):
        if number < files_in:
            continue
        skipped = lines_in if number == files_in else 0
        for piece in loading.pieces(name, _lines(key, skipped, but)):
            loading.keep(connection, run, name, f"{key.rpartition('/')[2]}:{piece.first}", piece.rows)
            rows += len(piece.rows)
            if time.monotonic() > until:
                logger.info("loaded a part", extra={"run": run, "rows": rows})
                return {"more": True, "after": {"files": number, "lines": piece.last, "key": key}}
    logger.info("loaded", extra={"run": run, "rows": rows})
    return {"more": False, "after": None}


def _show(run: str, as_of: date, model: str | None) -> dict[str, Any]:
    until = time.monotonic() + BUDGET_SECONDS
    connection, health = database().connection(), _health(run)
    states = loading.begin(connection, run, as_of, model)
    more = False
    for program_id in states:
        states[program_id] = loading.show(connection, program_id, run, health)
        if states[program_id] != "current":
            continue
        alerts.renew(connection, program_id)
        while loading.drop_lists(connection, program_id, run) == loading.MOST_DROPPED:
            if more := time.monotonic() > until:
                break
    ours, naive = health.get("wql_lately"), health.get("wql_naive_lately")
    if ours is not None and naive:
        metrics.add_metric("InsightErrorAgainstNaive", MetricUnit.NoUnit, ours / naive)
    metrics.add_metric("InsightDrifted", MetricUnit.Count, int(bool(health.get("drifted"))))
    metrics.add_metric("InsightSeries", MetricUnit.Count, int(health.get("series") or 0))
    logger.info("shown", extra={"run": run, "states": states, "health": health})
    shown = {str(program): state for program, state in states.items()}
    return {"more": more, "states": shown, "drifted": bool(health.get("drifted"))}


def _results(run: str, as_of: date) -> Iterator[tuple[str, str, int | None]]:
    """All files of a night's results, always in the same order: name, key, and whose lines of it do not count."""
    told = _personalized(as_of)
    listed = sorted(_keys(f"{FOLDER}run={run}/out/"))
    if len(listed) > MOST_FILES:
        raise ValueError(f"more than {MOST_FILES} files")
    for name in loading.NAMES:
        replaced = told["program_id"] if told.get(name) and name in PERSONALIZE_NAMES else None
        ending = ".out" if name == "forecast" else ".jsonl.gz"
        for key in listed:
            if key.startswith(f"{FOLDER}run={run}/out/{name}/") and key.endswith(ending):
                yield name, key, replaced
        if replaced is not None:
            for key in told[name]:
                yield name, key, None


def _personalized(as_of: date) -> dict[str, Any]:
    content = _object(PERSONALIZED)
    told: dict[str, Any] = json.loads(content) if content else {}
    if "at" in told and (as_of - date.fromisoformat(told["at"][:10])).days > MOST_PERSONALIZED_DAYS:
        logger.warning("what Personalize said last is too old", extra={"at": told["at"]})
        return {}
    return told


def _keys(prefix: str) -> Iterator[str]:
    for page in _s3().get_paginator("list_objects_v2").paginate(Bucket=_bucket(), Prefix=prefix):
        for one in page.get("Contents", ()):
            yield one["Key"]


def _lines(key: str, after: int, but: int | None) -> Iterator[tuple[int, bytes]]:
    """A file's lines after that many, by their numbers; without those of the programme `but`."""
    body: Any = _s3().get_object(Bucket=_bucket(), Key=key)["Body"]
    file: Any = gzip.GzipFile(fileobj=body) if key.endswith(".gz") else io.BufferedReader(_Raw(body))
    number = 0
    while line := file.readline(LONGEST_LINE):
        number += 1
        if len(line) == LONGEST_LINE:
            raise lines.InvalidLine(f"line {number} is longer than {LONGEST_LINE} bytes")
        if number > after and line.strip() and (but is None or json.loads(line).get("program_id") != but):
            yield number, line


class _Raw(io.RawIOBase):
    """An answer's body as a file that is read line by line."""

    def __init__(self, body: Any) -> None:
        self._body = body

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        found = self._body.read(len(buffer))
        buffer[: len(found)] = found
        return len(found)


def _health(run: str) -> dict[str, Any]:
    """Numbers alone, of whatever else it says nothing is kept; {} when there is none."""
    content = _object(f"{FOLDER}run={run}/out/health/health.json")
    told = json.loads(content) if content else {}
    plain = {name: value for name, value in told.items() if value is None or isinstance(value, int | float)}
    return _HEALTH.validate_python(plain)


def _object(key: str) -> bytes | None:
    client = _s3()
    try:
        return bytes(client.get_object(Bucket=_bucket(), Key=key)["Body"].read())
    except client.exceptions.NoSuchKey:
        return None


def _bucket() -> str:
    return os.environ["LAKE_BUCKET"]


@cache
def _s3() -> Any:
    return aws.client("s3", read_seconds=60)
