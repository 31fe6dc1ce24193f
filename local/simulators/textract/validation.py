"""What a request may contain; anything else is InvalidParameterException, and says which member."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from typing import Any

from local.simulators.textract.documents import LARGEST_SYNCHRONOUS_BYTES
from local.simulators.textract.refusals import Refused

MOST_RESULTS = 20
_BUCKET = re.compile(r"[0-9A-Za-z.\-_]{3,255}")
_NAME = re.compile(r"(?=.*\S)[\s\S]{1,1024}")
_TOKEN = re.compile(r"[a-zA-Z0-9\-_]{1,64}")
_TAG = re.compile(r"[a-zA-Z0-9_.\-:]{1,64}")
_PAGE = re.compile(r"(?=.*\S).{1,1024}")


@dataclass(frozen=True, slots=True)
class Place:
    """An object in S3."""

    bucket: str
    name: str
    version: str | None


def synchronous(given: dict[str, Any]) -> bytes | Place:
    """AnalyzeExpense's document."""
    _only(given, "Document")
    document = _object(given, "Document")
    _only(document, "Bytes", "S3Object")
    if ("Bytes" in document) == ("S3Object" in document):
        raise _wrong("Document needs one of Bytes and S3Object")
    if "S3Object" in document:
        return _place(document)
    try:
        content = base64.b64decode(document["Bytes"], validate=True)
    except (TypeError, ValueError, binascii.Error):
        raise _wrong("Document.Bytes is not base64") from None
    if not content:
        raise _wrong("Document.Bytes is empty")
    if len(content) > LARGEST_SYNCHRONOUS_BYTES:
        raise Refused("DocumentTooLargeException")
    return content


def start(given: dict[str, Any]) -> tuple[Place, str | None, str | None]:
    """StartExpenseAnalysis: place, client request token, tag."""
    for name in ("NotificationChannel", "OutputConfig", "KMSKeyId"):
        if name in given:
            raise _wrong(f"{name} is not offered by this stand-in")
    _only(given, "DocumentLocation", "ClientRequestToken", "JobTag")
    location = _object(given, "DocumentLocation")
    _only(location, "S3Object")
    return _place(location), _text(given, "ClientRequestToken", _TOKEN), _text(given, "JobTag", _TAG)


def get(given: dict[str, Any]) -> tuple[str, int, str | None]:
    """GetExpenseAnalysis: job id, most results, token of the page."""
    _only(given, "JobId", "MaxResults", "NextToken")
    job_id = _text(given, "JobId", _TOKEN)
    if job_id is None:
        raise _wrong("JobId is missing")
    most = given.get("MaxResults", MOST_RESULTS)
    if not isinstance(most, int) or isinstance(most, bool) or most < 1:
        raise _wrong("MaxResults has to be at least 1")
    return job_id, min(most, MOST_RESULTS), _text(given, "NextToken", _PAGE)


def _place(within: dict[str, Any]) -> Place:
    place = _object(within, "S3Object")
    _only(place, "Bucket", "Name", "Version")
    bucket, name = _text(place, "Bucket", _BUCKET), _text(place, "Name", _NAME)
    if bucket is None or name is None:
        raise _wrong("S3Object needs Bucket and Name")
    return Place(bucket, name, _text(place, "Version", _NAME))


def _only(given: dict[str, Any], *known: str) -> None:
    unknown = sorted(given.keys() - set(known))
    if unknown:
        raise _wrong(f"{unknown[0]} is not known")


def _object(given: dict[str, Any], name: str) -> dict[str, Any]:
    value = given.get(name)
    if not isinstance(value, dict):
        raise _wrong(f"{name} is missing")
    return value


def _text(given: dict[str, Any], name: str, pattern: re.Pattern[str]) -> str | None:
    value = given.get(name)
    if value is None:
        return None
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise _wrong(f"{name} does not satisfy its pattern")
    return value


def _wrong(detail: str) -> Refused:
    return Refused("InvalidParameterException", f"Request has invalid parameters: {detail}.")
