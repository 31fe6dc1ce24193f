"""What the function `privacy` reaches outside the database: members' pool, buckets, list of ended accounts."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

from loyalty import aws
from loyalty.privacy.stores import Line

# What S3 deletes at once.
_AT_ONCE = 1_000


class Pool:
    """The pool MEMBER_POOL_ID; a user's name there is the subject of its tokens."""

    def of(self, subject: str) -> Mapping[str, str]:
        """Its attributes, when it was made, whether it is enabled."""
        cognito = _cognito()
        try:
            user = cognito.admin_get_user(UserPoolId=os.environ["MEMBER_POOL_ID"], Username=subject)
        except cognito.exceptions.UserNotFoundException:
            return {}
        known = {one["Name"]: one["Value"] for one in user["UserAttributes"]}
        return known | {"created_at": str(user.get("UserCreateDate", "")), "status": str(user.get("UserStatus", ""))}

    def remove(self, subject: str) -> bool:
        """Whether it was there."""
        cognito = _cognito()
        try:
            cognito.admin_delete_user(UserPoolId=os.environ["MEMBER_POOL_ID"], Username=subject)
        except cognito.exceptions.UserNotFoundException:
            return False
        return True


class Buckets:
    """DOCUMENTS_BUCKET, CASE_FILES_BUCKET, EXPORTS_BUCKET."""

    def document(self, key: str) -> bytes | None:
        return _read(os.environ["DOCUMENTS_BUCKET"], key)

    def case_file(self, key: str) -> bytes | None:
        return _read(os.environ["CASE_FILES_BUCKET"], key)

    def put_export(self, key: str, file: Path) -> None:
        """The bucket encrypts with its own key."""
        with file.open("rb") as body:
            _s3().put_object(Bucket=os.environ["EXPORTS_BUCKET"], Key=key, Body=body, ContentType="application/zip")

    def delete_documents(self, keys: Sequence[str]) -> int:
        return _delete(os.environ["DOCUMENTS_BUCKET"], keys)

    def delete_case_files(self, keys: Sequence[str]) -> int:
        return _delete(os.environ["CASE_FILES_BUCKET"], keys)

    def delete_exports(self, keys: Sequence[str]) -> int:
        return _delete(os.environ["EXPORTS_BUCKET"], keys)


class Ended:
    """ENDED_ACCOUNTS_BUCKET: an object an account, which cannot be changed; none says who it was."""

    def add(self, line: Line) -> None:
        """Again puts the same under the same name."""
        _s3().put_object(
            Bucket=os.environ["ENDED_ACCOUNTS_BUCKET"],
            Key=f"ended/{line.program_id}/{line.request_id}.json",
            Body=json.dumps({"what": line.what, "key": line.erasure_key, "at": line.at.isoformat()}).encode(),
            ContentType="application/json",
        )

    def lines(self) -> Iterator[Line]:
        """All of them, oldest request first within a programme."""
        bucket = os.environ["ENDED_ACCOUNTS_BUCKET"]
        pages = _s3().get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix="ended/")
        for page in pages:
            for one in page.get("Contents", ()):
                _, program_id, name = one["Key"].split("/")
                told = json.loads(_s3().get_object(Bucket=bucket, Key=one["Key"])["Body"].read())
                yield Line(
                    int(program_id),
                    UUID(name.removesuffix(".json")),
                    told["what"],
                    told["key"],
                    datetime.fromisoformat(told["at"]),
                )


def _read(bucket: str, key: str) -> bytes | None:
    from botocore.exceptions import ClientError

    try:
        content: bytes = _s3().get_object(Bucket=bucket, Key=key)["Body"].read()
    except ClientError as failure:
        if failure.response["Error"]["Code"] in ("NoSuchKey", "404"):
            return None
        raise
    return content


def _delete(bucket: str, keys: Sequence[str]) -> int:
    """Every version of every key: in these buckets a plain delete would only hide them."""
    there = 0
    for key in keys:
        versions = [
            {"Key": one["Key"], "VersionId": one["VersionId"]}
            for page in _s3().get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=key)
            for one in (*page.get("Versions", ()), *page.get("DeleteMarkers", ()))
            if one["Key"] == key
        ]
        there += bool(versions)
        for first in range(0, len(versions), _AT_ONCE):
            answer = _s3().delete_objects(
                Bucket=bucket, Delete={"Objects": versions[first : first + _AT_ONCE], "Quiet": True}
            )
            if answer.get("Errors"):
                # Its code, and not its message, which names the key.
                raise NotDeleted(answer["Errors"][0].get("Code", ""))
    return there


class NotDeleted(Exception):
    """S3 refused to delete a version: by its code."""


@cache
def _s3() -> Any:
    return aws.client("s3", read_seconds=30)


@cache
def _cognito() -> Any:
    return aws.client("cognito-idp", read_seconds=10)
