"""How long objects are kept, and what becomes of uploads that nobody finished."""

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk import aws_s3 as s3

# An upload in parts is done within the hour or never; its parts are paid for and seen by nobody.
UNFINISHED = Duration.days(1)


def kept(
    days: int, *, replaced_days: int | None = None, prefix: str | None = None, rarely_after_days: int | None = None
) -> s3.LifecycleRule:
    """Gone after so many days; what was replaced or deleted (a bucket with versions keeps it) after `replaced_days`.

    `rarely_after_days`: from then on S3 watches what is still asked for (Intelligent-Tiering), which pays from 128 kB
    an object; what is smaller stays where it is.
    """
    return s3.LifecycleRule(
        prefix=prefix,
        expiration=Duration.days(days),
        noncurrent_version_expiration=Duration.days(replaced_days) if replaced_days else None,
        abort_incomplete_multipart_upload_after=UNFINISHED,
        transitions=[
            s3.Transition(
                storage_class=s3.StorageClass.INTELLIGENT_TIERING, transition_after=Duration.days(rarely_after_days)
            )
        ]
        if rarely_after_days
        else None,
    )
