"""Custom resource: hand a bundle of the portal to Amplify, and wait until it is what visitors get."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from lambdas.custom_resource import answered
from loyalty import aws

PHYSICAL_ID = "portal"
ENDED = frozenset({"SUCCEED", "FAILED", "CANCELLED"})
# Less than the function's own time, so that a job that hangs is told as what it is.
LONGEST_JOB_SECONDS = 540.0
LOOK_EVERY_SECONDS = 3.0
ADDRESS_SECONDS = 900


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """On create and update; the properties are App, Branch, Bucket and Key (the bundle, zipped)."""
    return answered(event, PHYSICAL_ID, lambda: _publish(event["ResourceProperties"]))


def _publish(wanted: Mapping[str, str]) -> dict[str, Any]:
    amplify, s3 = _clients()
    place = {"appId": wanted["App"], "branchName": wanted["Branch"]}
    # Amplify takes the file by an address that opens for whoever has it.
    address = s3.generate_presigned_url(
        "get_object", Params={"Bucket": wanted["Bucket"], "Key": wanted["Key"]}, ExpiresIn=ADDRESS_SECONDS
    )
    job = amplify.start_deployment(**place, sourceUrl=address)["jobSummary"]["jobId"]
    give_up = time.monotonic() + LONGEST_JOB_SECONDS
    while (status := amplify.get_job(**place, jobId=job)["job"]["summary"]["status"]) not in ENDED:
        if time.monotonic() > give_up:
            raise TimeoutError(f"Amplify's job {job} is {status} after {LONGEST_JOB_SECONDS:.0f} seconds")
        time.sleep(LOOK_EVERY_SECONDS)
    if status != "SUCCEED":
        raise RuntimeError(f"Amplify's job {job} ended as {status}: the portal is what it was before")
    return {"Job": job}


def _clients() -> tuple[Any, Any]:
    # The region's own host: the global one redirects, and nobody says that Amplify follows.
    s3 = {"addressing_style": "virtual", "us_east_1_regional_endpoint": "regional"}
    return aws.client("amplify"), aws.client("s3", read_seconds=30, signature_version="s3v4", s3=s3)
