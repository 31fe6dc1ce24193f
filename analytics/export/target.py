"""Where the lake lies: objects by key, in a bucket or in a folder. An object is there whole or not at all."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any, Protocol


class Target(Protocol):
    """Keys have `/` between their parts and no first one."""

    def url(self, key: str) -> str:
        """How a loader names it: s3://… or file://…"""

    def read(self, key: str) -> tuple[bytes, str] | None:
        """Its content and a tag that changes with it; None: it is not there."""

    def write(self, key: str, content: bytes) -> None: ...

    def write_if(self, key: str, content: bytes, tag: str | None) -> bool:
        """Write only over what has this tag; None: only where nothing is. Whether it was written."""

    def upload(self, key: str, file: Path) -> None: ...

    def sizes(self, prefix: str) -> dict[str, int]:
        """Bytes of each object below a prefix, by key."""

    def remove(self, keys: list[str]) -> None: ...


class Folder:
    """On this machine; for tests and the laptop."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def url(self, key: str) -> str:
        return f"file://{self.root}/{key}"

    def read(self, key: str) -> tuple[bytes, str] | None:
        path = self.root / key
        if not path.exists():
            return None
        content = path.read_bytes()
        return content, hashlib.sha256(content).hexdigest()

    def write(self, key: str, content: bytes) -> None:
        path = self.root / key
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_name(f".{path.name}.{os.getpid()}")
        beside.write_bytes(content)
        beside.replace(path)

    def write_if(self, key: str, content: bytes, tag: str | None) -> bool:
        found = self.read(key)
        if (found[1] if found else None) != tag:
            return False
        self.write(key, content)
        return True

    def upload(self, key: str, file: Path) -> None:
        self.write(key, file.read_bytes())

    def sizes(self, prefix: str) -> dict[str, int]:
        return {
            str(path.relative_to(self.root)): path.stat().st_size
            for path in sorted((self.root / prefix).rglob("*"))
            if path.is_file()
        }

    def remove(self, keys: list[str]) -> None:
        for key in keys:
            (self.root / key).unlink(missing_ok=True)


class Bucket:
    """In S3, below a prefix ("" or "…/"). `client`: boto3's for S3."""

    def __init__(self, client: Any, bucket: str, prefix: str = "") -> None:
        self._client, self._bucket, self._prefix = client, bucket, prefix

    def url(self, key: str) -> str:
        return f"s3://{self._bucket}/{self._prefix}{key}"

    def read(self, key: str) -> tuple[bytes, str] | None:
        try:
            answer = self._client.get_object(Bucket=self._bucket, Key=self._prefix + key)
        except self._client.exceptions.NoSuchKey:
            return None
        return answer["Body"].read(), answer["ETag"]

    def write(self, key: str, content: bytes) -> None:
        self._client.put_object(Bucket=self._bucket, Key=self._prefix + key, Body=content)

    def write_if(self, key: str, content: bytes, tag: str | None) -> bool:
        condition = {"IfNoneMatch": "*"} if tag is None else {"IfMatch": tag}
        try:
            self._client.put_object(Bucket=self._bucket, Key=self._prefix + key, Body=content, **condition)
        except self._client.exceptions.ClientError as failure:
            if failure.response["ResponseMetadata"]["HTTPStatusCode"] in (404, 409, 412):
                return False
            raise
        return True

    def upload(self, key: str, file: Path) -> None:
        self._client.upload_file(str(file), self._bucket, self._prefix + key)

    def sizes(self, prefix: str) -> dict[str, int]:
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=self._prefix + prefix
        )
        return {
            found["Key"][len(self._prefix) :]: found["Size"] for page in pages for found in page.get("Contents", [])
        }

    def remove(self, keys: list[str]) -> None:
        for start in range(0, len(keys), 1000):
            self._client.delete_objects(
                Bucket=self._bucket,
                Delete={"Objects": [{"Key": self._prefix + key} for key in keys[start : start + 1000]]},
            )


def target(url: str) -> Target:
    """By address: s3://bucket/prefix or a folder's path."""
    if not url.startswith("s3://"):
        return Folder(Path(url.removeprefix("file://")).resolve())
    import boto3  # only the cloud and its stand-in have buckets
    from botocore.config import Config

    patient = Config(connect_timeout=5, read_timeout=60, retries={"total_max_attempts": 5, "mode": "standard"})
    bucket, _, prefix = url.removeprefix("s3://").partition("/")
    return Bucket(boto3.client("s3", config=patient), bucket, prefix.rstrip("/") + "/" if prefix.strip("/") else "")
