"""Words for the night's machine: which batches are to be loaded, and the statements that create, load and refresh.

It talks to the lake's bucket alone; the machine sends the statements. Environment: LAKE_BUCKET; REPORTER and
REPORTER_SECRET_ARN where reports come as a user of their own. May: s3:GetObject on state/*, list the bucket, read that
secret.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from collections.abc import Iterable
from functools import cache
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit

from analytics.export.manifest import REFUSALS
from analytics.export.window import Batch, State
from analytics.warehouse import statements
from lambdas.observed import logger, metrics, observed
from loyalty import aws

# Views of metrics are over the programme, not over its canary.
PROGRAM = 1
# Of a reason: all tables' together pass through the machine.
MOST_LETTERS = 1_000


@observed
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """By `do`; `run` is the night's name.

    create, refresh → {"groups": [{"sqls", "token"}]}: each group is one transaction, in this order. plan: `loaded`, the
    Data API's records (table, last batch) → {"tables": [{"table", "refused", "batches": [{"batch", "manifest",
    "replaces", "rows"}]}]}, oldest first; `refused`: why the export did not take what is new, empty if it did. load: a
    batch of a `table` → {"sqls", "token"}.
    """
    match event["do"]:
        case "create":
            return _groups(event["run"], "create", statements.batches(_bootstrap()))
        case "plan":
            return _plan(event["loaded"])
        case "load":
            sqls = statements.load(
                event["table"], f"s3://{_bucket()}/{event['manifest']}", event["batch"], replaces=event["replaces"]
            )
            return {"sqls": sqls, "token": _token(event["run"], event["table"], str(event["batch"]))}
        case "refresh":
            alone = [[statement] for statement in statements.refresh()]
            return _groups(event["run"], "refresh", [*statements.batches(statements.derive()), *alone])
    raise ValueError("do is create, plan, load or refresh")


def _bootstrap() -> list[str]:
    """Also a view a metric, for whoever comes with SQL, and the user that reports come as, where there is one, with the
    password of its secret."""
    from analytics.metrics import views  # reads all metrics: only what creates needs them

    metrics_views = views.create(PROGRAM)
    reporter = os.environ.get("REPORTER")
    if not reporter:
        return [*statements.bootstrap(), *metrics_views]
    told = _client("secretsmanager").get_secret_value(SecretId=os.environ.get("REPORTER_SECRET_ARN"))
    password, salt = json.loads(told["SecretString"])["password"], secrets.token_hex(16)
    # Redshift takes the digest for the password: what is logged of the statement says nothing.
    digest = hashlib.sha256(f"{password}{salt}".encode()).hexdigest()
    return [
        *statements.bootstrap(reporters=[reporter]),
        *metrics_views,
        f"ALTER USER \"{reporter}\" PASSWORD 'sha256|{digest}|{salt}'",
    ]


def _plan(records: list[list[dict[str, Any]]]) -> dict[str, Any]:
    loaded = {str(name["stringValue"]): int(batch["longValue"]) for name, batch in map(_lower, records)}
    refused = _refused()
    tables = [
        {
            "table": table,
            "refused": refused.get(table, ""),
            "batches": [_told(one) for one in _batches(table) if one.batch > loaded.get(table, -1)],
        }
        for table in statements.tables()
    ]
    waiting = sum(len(one["batches"]) for one in tables)
    metrics.add_metric("LakeBatches", MetricUnit.Count, waiting)
    metrics.add_metric("LakeTablesRefused", MetricUnit.Count, len(refused))
    logger.info("planned", extra={"tables": len(tables), "batches": waiting, "refused": sorted(refused)})
    return {"tables": tables}


def _lower(record: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Step Functions writes the names of an answer's fields large."""
    return [{name[:1].lower() + name[1:]: value for name, value in field.items()} for field in record]


def _told(batch: Batch) -> dict[str, Any]:
    return {"batch": batch.batch, "manifest": batch.manifest, "replaces": batch.replaces, "rows": batch.rows}


def _batches(table: str) -> tuple[Batch, ...]:
    """What the export has left of a table; a table that was never exported has nothing."""
    client = _client("s3")
    try:
        answer = client.get_object(Bucket=_bucket(), Key=f"state/{table}.json")
    except client.exceptions.NoSuchKey:
        return ()
    return State.read(answer["Body"].read()).batches


def _refused() -> dict[str, str]:
    """Why the last export refused a table, by table: the rules or sums that do not hold, of how many rows."""
    client, found = _client("s3"), {}
    listed = client.list_objects_v2(Bucket=_bucket(), Prefix=REFUSALS).get("Contents", ())
    for key in (one["Key"] for one in listed):
        told = json.loads(client.get_object(Bucket=_bucket(), Key=key)["Body"].read())
        found[str(told["table"])] = "; ".join(told["problems"])[:MOST_LETTERS]
    # A table that is exported no more is never taken again: nobody is told of it for ever.
    return {table: why for table, why in found.items() if table in statements.tables()}


def _groups(run: str, name: str, found: Iterable[list[str]]) -> dict[str, Any]:
    return {
        "groups": [{"sqls": sqls, "token": _token(run, name, str(place))} for place, sqls in enumerate(found, start=1)]
    }


def _token(*parts: str) -> str:
    """The same for the same part of the same night: the Data API runs it once, however often it is sent."""
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _bucket() -> str:
    return os.environ["LAKE_BUCKET"]


@cache
def _client(service: str) -> Any:
    return aws.client(service, read_seconds=15)
