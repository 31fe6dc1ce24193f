"""Objects in S3, fetched and stored with the stand-in's own client."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

from local.simulators.aws_json.clients import client


def fetch(url: str, folder: Path) -> Path:
    """An object of s3://bucket/key as a file in the folder. FileNotFoundError: it cannot be had."""
    from botocore.exceptions import BotoCoreError, ClientError

    bucket, _, key = url.removeprefix("s3://").partition("/")
    if not url.startswith("s3://") or not key:
        raise FileNotFoundError(url)
    path = folder / uuid.uuid4().hex
    try:
        client("s3").download_file(bucket, key, str(path))
    except (BotoCoreError, ClientError):
        raise FileNotFoundError(url) from None
    return path


class Bucket:
    """Where UNLOAD's files go, s3://bucket/key."""

    def holds(self, url: str) -> bool:
        return bool(self._keys(url))

    def clear(self, url: str) -> None:
        bucket = url.removeprefix("s3://").partition("/")[0]
        for key in self._keys(url):
            _asked("delete_object", Bucket=bucket, Key=key)

    def put(self, path: Path, url: str) -> None:
        bucket, _, key = url.removeprefix("s3://").partition("/")
        with path.open("rb") as body:
            _asked("put_object", Bucket=bucket, Key=key, Body=body)

    @staticmethod
    def _keys(url: str) -> list[str]:
        bucket, _, prefix = url.removeprefix("s3://").partition("/")
        keys: list[str] = []
        token: dict[str, str] = {}
        while True:
            page = _asked("list_objects_v2", Bucket=bucket, Prefix=prefix, **token)
            keys += [found["Key"] for found in page.get("Contents", [])]
            if not page.get("IsTruncated"):
                return keys
            token = {"ContinuationToken": page["NextContinuationToken"]}


def _asked(operation: str, **arguments: Any) -> Any:
    """OSError: S3 refuses it, or is not there."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        return getattr(client("s3"), operation)(**arguments)
    except (BotoCoreError, ClientError) as error:
        raise OSError(str(error)) from None
