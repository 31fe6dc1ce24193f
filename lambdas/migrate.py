"""Custom resource: bring the database to this version of the code. Whatever happens, CloudFormation gets its answer."""

from __future__ import annotations

import json
import logging
import os
import traceback
from collections.abc import Mapping
from typing import Any

import psycopg
import urllib3
from psycopg import sql

from loyalty.database import Connection, DatabaseSettings, connect
from loyalty.migration import migrate

PHYSICAL_ID = "migration"
# CloudFormation takes no more in an answer.
LONGEST_REASON = 1024
ANSWER_TRIES = 3

_log = logging.getLogger()
_log.setLevel(os.environ.get("LOG_LEVEL", "INFO"))


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Migrate on create and update; a deleted resource leaves the data alone. Also returns what it answered."""
    try:
        done = {} if event["RequestType"] == "Delete" else _bring_up_to_date(os.environ)
        answer = _answer(event, "SUCCESS", "done", done)
    except Exception as error:  # an unanswered custom resource holds the deployment for an hour
        reason = f"{type(error).__name__}: {_without_rows(error)}"
        _log.error("the migration failed: %s\n%s", reason, "".join(traceback.format_tb(error.__traceback__)))
        answer = _answer(event, "FAILED", reason, {})
    _send(event["ResponseURL"], answer)
    return answer


def _bring_up_to_date(environment: Mapping[str, str]) -> dict[str, Any]:
    with connect(DatabaseSettings.from_environment(environment)) as connection:
        applied = migrate(connection)
        _set_passwords(connection, json.loads(environment.get("ROLE_SECRET_ARNS") or "{}"))
        _publish(connection, json.loads(environment.get("PROGRAMME_OVERRIDES") or "{}"))
    return {"Migrations": len(applied.migrations), "Repeatables": len(applied.repeatables)}


def _set_passwords(connection: Connection, secret_arns: Mapping[str, str]) -> None:
    if not secret_arns:
        return
    import boto3  # only where roles have passwords, which is the laptop

    secrets = boto3.client("secretsmanager")
    for role, arn in secret_arns.items():
        password = json.loads(secrets.get_secret_value(SecretId=arn)["SecretString"])["password"]
        statement = sql.SQL("alter role {} password {}").format(sql.Identifier(role), sql.Literal(password))
        try:
            connection.execute(statement)
        except psycopg.Error as error:
            # The statement holds the password, and the server quotes statements.
            raise RuntimeError(f"the password of {role} cannot be set: {error.sqlstate}") from None


def _publish(connection: Connection, overrides: dict[str, Any]) -> None:
    from loyalty.programme.publishing import publish_initial

    publish_initial(connection, overrides)


def _without_rows(error: Exception) -> str:
    """The message; of a database's error only its first line, because the details quote the row."""
    primary = error.diag.message_primary if isinstance(error, psycopg.Error) else None
    return primary or str(error)


def _answer(event: Mapping[str, Any], status: str, reason: str, data: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "Status": status,
        "Reason": reason[:LONGEST_REASON],
        "PhysicalResourceId": event.get("PhysicalResourceId", PHYSICAL_ID),
        "StackId": event["StackId"],
        "RequestId": event["RequestId"],
        "LogicalResourceId": event["LogicalResourceId"],
        "Data": data,
    }


def _send(url: str, answer: Mapping[str, Any]) -> None:
    response = urllib3.PoolManager().request(
        "PUT",
        url,
        body=json.dumps(answer).encode(),
        # An empty content type: the URL is signed without one.
        headers={"Content-Type": ""},
        retries=urllib3.Retry(ANSWER_TRIES, backoff_factor=1, allowed_methods=None, status_forcelist=(500, 502, 503)),
        timeout=10,
    )
    _log.info("answered %s: HTTP %s", answer["Status"], response.status)
