"""Objects in S3, to and from a job's folders."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from pathlib import Path

from local.simulators.aws_json.clients import client


class Missing(Exception):
    """Nothing is there, or it may not be read or written; the message is SageMaker's."""


def parts(url: str) -> tuple[str, str]:
    """Bucket and key, or beginning of keys, of s3://bucket/key. Raises Missing."""
    bucket, _, key = url.removeprefix("s3://").partition("/")
    if not url.startswith("s3://") or not bucket:
        raise Missing(f"ClientError: {url} is no S3 URL")
    return bucket, key


def below(url: str) -> Iterator[tuple[str, str]]:
    """Every object of a prefix: (its key, its path below the prefix), in order. Raises Missing if there is none."""
    from botocore.exceptions import BotoCoreError, ClientError

    bucket, prefix = parts(url)
    any_of_them = False
    try:
        for page in client("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
            for found in page.get("Contents", []):
                if not found["Key"].endswith("/"):
                    any_of_them = True
                    yield found["Key"], _path(found["Key"], prefix)
    except (BotoCoreError, ClientError):
        any_of_them = False
    if not any_of_them:
        raise Missing(
            f'ClientError: Data download failed: No S3 objects found under S3 URL "{url}" given in input data source.'
            " Please ensure that the bucket exists in the selected region, that objects exist under that S3 prefix, and"
            " that the role has s3:ListBucket permissions on the bucket."
        )


def _path(key: str, prefix: str) -> str:
    folder = prefix if prefix.endswith("/") or not prefix else f"{prefix}/"
    return key.removeprefix(folder) if key.startswith(folder) else key.rpartition("/")[2]


def fetch(url: str, folder: Path) -> None:
    """All objects of a prefix as files below the folder. Raises Missing."""
    bucket, _ = parts(url)
    for key, path in below(url):
        target = (folder / path).resolve()
        if not target.is_relative_to(folder.resolve()):
            raise Missing(f"ClientError: the key {key} does not stay in its folder")
        target.parent.mkdir(parents=True, exist_ok=True)
        client("s3").download_file(bucket, key, str(target))


def fetch_one(url: str, file: Path) -> None:
    """One object as a file. Raises Missing."""
    from botocore.exceptions import BotoCoreError, ClientError

    bucket, key = parts(url)
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        client("s3").download_file(bucket, key, str(file))
    except (BotoCoreError, ClientError):
        raise Missing(f"ClientError: Could not find model data at {url}.") from None


def body(url_bucket: str, key: str) -> bytes:
    """An object's bytes."""
    return bytes(client("s3").get_object(Bucket=url_bucket, Key=key)["Body"].read())


def put(url: str, what: bytes) -> None:
    """An object. Raises Missing."""
    from botocore.exceptions import BotoCoreError, ClientError

    bucket, key = parts(url)
    try:
        client("s3").put_object(Bucket=bucket, Key=key, Body=what)
    except (BotoCoreError, ClientError) as error:
        raise Missing(f"ClientError: Data upload failed: {url}: {error}") from None


def put_files(folder: Path, url: str) -> None:
    """All files below the folder, under the URL. Raises Missing."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            put(f"{url.rstrip('/')}/{path.relative_to(folder).as_posix()}", path.read_bytes())


def packed(folder: Path, archive: Path) -> Path:
    """The folder's content as tar.gz."""
    with tarfile.open(archive, "w:gz") as tar:
        for path in sorted(folder.iterdir()):
            tar.add(path, path.name)
    return archive


def unpack(archive: Path, folder: Path) -> None:
    """A model's tar.gz. Raises Missing."""
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with tarfile.open(archive, "r:gz") as tar:
            tar.extractall(folder, filter="data")
    except (tarfile.TarError, OSError):
        raise Missing("ClientError: The model data is no tar.gz.") from None
