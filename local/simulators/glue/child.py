"""A run: `python -m local.simulators.glue.child '<arguments as JSON>'`, with the arguments of the deployed job.

The last line of what it writes is {"tables": […]} or {"error": "…"}; a refused table is one of the tables. The
password comes from the secret that --secret names and goes to nobody but libpq.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import Any

from analytics.export import duck
from analytics.export.target import target
from analytics.export.window import NotTheWriter

NEEDED = ("--lake", "--secret")


def main() -> int:
    arguments: dict[str, str] = json.loads(sys.argv[1])
    missing = [name for name in NEEDED if not arguments.get(name)]
    if missing:
        return _say({"error": f"GlueArgumentError: the following arguments are required: {', '.join(missing)}"}, 2)
    try:
        done = duck.export(_dsn(_secret(arguments["--secret"])), target(arguments["--lake"]))
    except (duck.Unreachable, NotTheWriter) as error:
        return _say({"error": f"{type(error).__name__}: {error}"}, 1)
    return _say({"tables": [table.__dict__ for table in done.tables]}, 0)


def _secret(name: str) -> dict[str, Any]:
    import boto3

    told: dict[str, Any] = json.loads(boto3.client("secretsmanager").get_secret_value(SecretId=name)["SecretString"])
    return told


def _dsn(secret: Mapping[str, Any]) -> str:
    parts = {name: secret[name] for name in ("host", "port", "dbname", "password")} | {"user": secret["username"]}
    return " ".join(f"{name}={_quoted(str(value))}" for name, value in parts.items())


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _say(what: dict[str, Any], code: int) -> int:
    sys.stdout.write(json.dumps(what, default=list) + "\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
