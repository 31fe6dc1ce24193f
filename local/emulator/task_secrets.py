"""A task's secret reference, read through the gateway as ECS would."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from local.emulator.settings import REGION


def read_secret(gateway_port: int, reference: str) -> str:
    """The value of `secret-id[:json-key[:stage[:version]]]`, where the id may be an ARN. Raises if it is not there."""
    secret_id, key = split(reference)
    value = str(_client(gateway_port).get_secret_value(SecretId=secret_id)["SecretString"])
    return str(json.loads(value)[key]) if key else value


def split(reference: str) -> tuple[str, str]:
    """The secret's id and the JSON key, empty for the whole value."""
    # arn:aws:secretsmanager:region:account:secret:name is seven parts; a bare name is one.
    length = 7 if reference.startswith("arn:") else 1
    parts = reference.split(":")
    return ":".join(parts[:length]), parts[length] if len(parts) > length else ""


@cache
def _client(gateway_port: int) -> Any:
    import boto3

    return boto3.client("secretsmanager", endpoint_url=f"http://127.0.0.1:{gateway_port}", region_name=REGION)
