"""The bucket of cases' files (CASE_FILES_BUCKET) as loyalty.casework.files wants it. Addresses are never logged."""

from __future__ import annotations

import os
from functools import cache
from typing import Any

from lambdas.http import View
from loyalty import aws
from loyalty.casework.files import Missing, Seen, Shelf, Upload

_BYTES_LOOKED_AT = 16


class UploadView(View):
    """PUT the file, of exactly the size you said, to `url` with these headers, within ten minutes."""

    file_id: str
    url: str
    headers: dict[str, str]


class S3Objects:
    """Private objects, encrypted with the bucket's own key."""

    def address_to_put(self, key: str, content_type: str, size: int, seconds: int) -> tuple[str, dict[str, str]]:
        """Type and length are signed: S3 takes nothing else."""
        url = _s3().generate_presigned_url(
            "put_object",
            Params={"Bucket": _bucket(), "Key": key, "ContentType": content_type, "ContentLength": size},
            ExpiresIn=seconds,
        )
        # The length is what every client sends by itself.
        return url, {"Content-Type": content_type}

    def address_to_get(self, key: str, seen: Seen, content_type: str, file_name: str, seconds: int) -> str:
        """As a file to save, whatever it is."""
        return str(
            _s3().generate_presigned_url(
                "get_object",
                Params={
                    "Bucket": _bucket(),
                    "Key": key,
                    "ResponseContentType": content_type,
                    "ResponseContentDisposition": f'attachment; filename="{file_name}"',
                    "ResponseCacheControl": "private, no-store",
                    **({"VersionId": seen.version} if seen.version else {}),
                },
                ExpiresIn=seconds,
            )
        )

    def look(self, key: str) -> Seen:
        """Raises Missing."""
        from botocore.exceptions import ClientError

        try:
            answer = _s3().get_object(Bucket=_bucket(), Key=key, Range=f"bytes=0-{_BYTES_LOOKED_AT - 1}")
        except ClientError as failure:
            if failure.response["Error"]["Code"] in ("NoSuchKey", "404", "InvalidRange"):
                raise Missing from None
            raise
        size = int(str(answer.get("ContentRange", "")).rpartition("/")[2] or answer["ContentLength"])
        return Seen(answer["Body"].read(_BYTES_LOOKED_AT), size, answer.get("VersionId"))


def shelf() -> Shelf:
    """The files of cases."""
    return Shelf(S3Objects())


def told(upload: Upload) -> UploadView:
    """The answer to who may upload."""
    return UploadView(file_id=str(upload.file_id), url=upload.url, headers=upload.headers)


def _bucket() -> str:
    return os.environ["CASE_FILES_BUCKET"]


@cache
def _s3() -> Any:
    # Buckets with a KMS key take no older signature; the region's own host, because the global one redirects.
    return aws.client("s3", attempts=2, **aws.REGIONAL)
