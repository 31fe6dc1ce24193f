"""The one way to reach PostgreSQL: autocommit, no server-prepared statements, no SET, so that RDS Proxy never pins."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import dict_row

from loyalty import aws

type Connection = psycopg.Connection[dict[str, Any]]

# Shipped beside the code: Lambda's image has no store that libpq would find by itself.
CERTIFICATES = Path(__file__).with_name("rds-ca-bundle.pem")
CONNECT_TIMEOUT_SECONDS = 5


@dataclass(frozen=True, slots=True)
class DatabaseSettings:
    """Where the database is and as whom to come. `secret_arn` is set where passwords are used (the laptop)."""

    host: str
    port: int
    name: str
    role: str
    sslmode: str = "verify-full"
    secret_arn: str | None = None

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> DatabaseSettings:
        """Read DATABASE_*; a missing variable is a KeyError at start, not in the middle of a request."""
        return cls(
            host=environment["DATABASE_HOST"],
            port=int(environment["DATABASE_PORT"]),
            name=environment["DATABASE_NAME"],
            role=environment["DATABASE_ROLE"],
            sslmode=environment.get("DATABASE_SSLMODE", "verify-full"),
            secret_arn=environment.get("DATABASE_SECRET_ARN") or None,
        )


def connect(settings: DatabaseSettings) -> Connection:
    """Open a connection as the settings' role. Raises psycopg.OperationalError if nobody answers in 5 s."""
    tls: dict[str, Any] = {"sslrootcert": str(CERTIFICATES)} if settings.sslmode.startswith("verify") else {}
    return psycopg.connect(
        host=settings.host,
        port=settings.port,
        dbname=settings.name,
        user=settings.role,
        password=_password(settings),
        sslmode=settings.sslmode,
        connect_timeout=CONNECT_TIMEOUT_SECONDS,
        autocommit=True,
        prepare_threshold=None,
        row_factory=dict_row,
        **tls,
    )


class Database:
    """One connection kept between invocations and opened again when it broke.

    Only a failure to connect is retried here: a statement whose answer was lost may have been committed,
    and only its own idempotency key can tell.
    """

    def __init__(self, settings: DatabaseSettings) -> None:
        self._settings = settings
        self._connection: Connection | None = None

    def connection(self) -> Connection:
        """The open connection, or a new one if the last one is closed or broken."""
        if self._connection is None or self._connection.closed or self._connection.broken:
            self._connection = connect(self._settings)
        return self._connection

    def close(self) -> None:
        """Close the connection if there is one."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


@cache
def database() -> Database:
    """The process's database, by DATABASE_* in the environment."""
    return Database(DatabaseSettings.from_environment())


def _password(settings: DatabaseSettings) -> str | None:
    if settings.secret_arn:
        return _secret_password(settings.secret_arn)
    if settings.sslmode == "disable":
        return None
    return str(
        aws.client("rds").generate_db_auth_token(DBHostname=settings.host, Port=settings.port, DBUsername=settings.role)
    )


@cache
def _secret_password(secret_arn: str) -> str:
    answer = aws.client("secretsmanager").get_secret_value(SecretId=secret_arn)
    return str(json.loads(answer["SecretString"])["password"])
