"""A partner's file arrives: uploaded as any partner would, and its report awaited."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from local.connected import Connected

LONGEST_SECONDS = 1_200
MEANWHILE_SECONDS = 10


def imported(cloud: Connected, file: Path, key: str, meanwhile: Callable[[], None] = lambda: None) -> dict[str, Any]:
    """Upload `file` under `key` and return the report; `meanwhile` is called every ten seconds. Raises RuntimeError."""
    storage, bucket = cloud.client("s3"), cloud.outputs["ImportBucket"]
    storage.upload_file(str(file), bucket, key)
    report_key = f"reports/{key.removesuffix('.csv')}.json"
    deadline = time.monotonic() + LONGEST_SECONDS
    told = time.monotonic()
    while time.monotonic() < deadline:
        try:
            report: dict[str, Any] = json.loads(storage.get_object(Bucket=bucket, Key=report_key)["Body"].read())
            if report["state"] == "failed":
                raise RuntimeError(f"{key}: {report['failure']}")
            if report["state"] == "complete":
                if report["rejected"] or not report["accepted"]:
                    raise RuntimeError(f"{key} was not accepted as a whole: {json.dumps(report)}")
                return report
        except ClientError as error:
            if error.response["Error"]["Code"] not in ("NoSuchKey", "404"):
                raise
        if time.monotonic() - told > MEANWHILE_SECONDS:
            told = time.monotonic()
            meanwhile()
        time.sleep(0.5)
    raise RuntimeError(f"no report of {key} within {LONGEST_SECONDS} s")
