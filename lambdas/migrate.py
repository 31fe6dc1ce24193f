"""Custom resource: bring the database to this version of the code. Whatever happens, CloudFormation gets its answer."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any

import psycopg
from psycopg import sql

from lambdas.custom_resource import answered
from loyalty import aws
from loyalty.database import Connection, DatabaseSettings, connect
from loyalty.migration import migrate

PHYSICAL_ID = "migration"


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Migrate on create and update; a deleted resource leaves the data alone. Also returns what it answered.

    By hand (`{}`) the same, for a database that was restored to before the last deployment: that deployment has nothing
    left to do. Answers how much was applied; raises RuntimeError.
    """
    if "ResponseURL" not in event:
        try:
            return _bring_up_to_date(os.environ)
        except Exception as error:  # its details quote rows, and would be in the log
            raise RuntimeError(_without_rows(error)) from None
    return answered(event, PHYSICAL_ID, lambda: _bring_up_to_date(os.environ), _without_rows)


def _bring_up_to_date(environment: Mapping[str, str]) -> dict[str, Any]:
    with connect(DatabaseSettings.from_environment(environment)) as connection:
        applied = migrate(connection)
        connection.execute("select audit.watch_statements()")
        _set_passwords(connection, json.loads(environment.get("ROLE_SECRET_ARNS") or "{}"))
        _publish(connection, json.loads(environment.get("PROGRAMME_OVERRIDES") or "{}"))
    return {"Migrations": len(applied.migrations), "Repeatables": len(applied.repeatables)}


def _set_passwords(connection: Connection, secret_arns: Mapping[str, str]) -> None:
    if not secret_arns:
        return
    secrets = aws.client("secretsmanager")
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
