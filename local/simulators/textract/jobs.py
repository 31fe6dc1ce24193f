"""Jobs: begun once a token, done one after the other, told page by page, forgotten after seven days."""

from __future__ import annotations

import base64
import gzip
import hashlib
import hmac
import json
import secrets
import threading
from datetime import datetime, timedelta
from typing import Any

from local.simulators import clock
from local.simulators.aws_json.files import stored
from local.simulators.textract import objects
from local.simulators.textract.documents import Unreadable, read
from local.simulators.textract.files import File
from local.simulators.textract.refusals import Refused
from local.simulators.textract.validation import Place

KEPT = timedelta(days=7)
MODEL_VERSION = "1.0"
SMUDGED = 0.7
OPEN = "IN_PROGRESS"


def start(file: File, place: Place, token: str | None, tag: str | None, fault: dict[str, Any] | None) -> str:
    """The job's id; the same for the same token and parameters."""
    fingerprint = hashlib.sha256(repr((place, tag)).encode()).hexdigest()
    settings, now = file.settings(), clock.now()
    with file.transaction():
        forget(file, now)
        before = file.one("select job_id, fingerprint from jobs where token = ?", token) if token else None
        if before is not None:
            if before["fingerprint"] != fingerprint:
                raise Refused("IdempotentParameterMismatchException")
            return str(before["job_id"])
    objects.check(place)
    seconds = float(settings["job_seconds"])
    kind = fault["kind"] if fault else None
    if kind == "slow":
        seconds += float(settings["slow_seconds"])
    job_id = secrets.token_hex(32)
    with file.transaction():
        if file.all("select count(*) as open from jobs where status = ?", OPEN)[0]["open"] >= settings["open_jobs"]:
            raise Refused("LimitExceededException")
        file.run(
            "insert into jobs(job_id, token, fingerprint, tag, bucket, name, version, status, fault, fault_code,"
            " started_at, ready_at) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict(token) do nothing",
            *(job_id, token, fingerprint, tag, place.bucket, place.name, place.version, OPEN, kind),
            *(fault["code"] if fault else None, stored(now), stored(now + timedelta(seconds=seconds))),
        )
        row = file.one("select job_id from jobs where token = ?", token) if token else None
    return str(row["job_id"]) if row else job_id


def forget(file: File, now: datetime) -> None:
    """Jobs of more than seven days ago."""
    file.run("delete from jobs where started_at < ?", stored(now - KEPT))


def get(file: File, job_id: str, most: int, page: str | None) -> dict[str, Any]:
    """GetExpenseAnalysis's answer."""
    with file.transaction():
        forget(file, clock.now())
        job = file.one("select * from jobs where job_id = ?", job_id)
    if job is None:
        raise Refused("InvalidJobIdException")
    first = _offset(job_id, page) if page else 0
    if job["finished_at"] is None or job["ready_at"] > stored(clock.now()):
        return {"JobStatus": OPEN}
    answer: dict[str, Any] = {"JobStatus": job["status"], "AnalyzeExpenseModelVersion": MODEL_VERSION}
    if job["pages"] is not None:
        answer["DocumentMetadata"] = {"Pages": job["pages"]}
    if job["message"]:
        answer["StatusMessage"] = job["message"]
    warnings = json.loads(job["warnings"])
    if warnings:
        answer["Warnings"] = warnings
    if job["documents"] is not None:
        documents = json.loads(gzip.decompress(job["documents"]))
        end = first + min(most, int(file.settings()["page_size"]))
        answer["ExpenseDocuments"] = documents[first:end]
        if end < len(documents):
            answer["NextToken"] = _token(job_id, end)
    return answer


def smudged(documents: list[dict[str, Any]], code: str | None) -> list[dict[str, Any]]:
    """The same with lower confidences, as a bad copy has them."""
    share = float(code) if code else SMUDGED

    def lower(value: Any) -> Any:
        if isinstance(value, dict):
            return {
                name: round(inner * share, 4) if name == "Confidence" else lower(inner) for name, inner in value.items()
            }
        return [lower(inner) for inner in value] if isinstance(value, list) else value

    changed: list[dict[str, Any]] = lower(documents)
    return changed


class Worker:
    """Does the open jobs, the oldest first, also those that a stop interrupted."""

    def __init__(self, file: File) -> None:
        self._file = file
        self._wake = threading.Event()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="textract jobs", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def wake(self) -> None:
        """There is a job."""
        self._wake.set()

    def stop(self) -> None:
        """End after the job in hand."""
        self._over.set()
        self._wake.set()
        self._thread.join(15)

    def _run(self) -> None:
        while not self._over.is_set():
            job = self._file.one(
                "select * from jobs where finished_at is null order by started_at limit 1",
            )
            if job is None:
                self._wake.wait(1.0)
                self._wake.clear()
                continue
            self._do(job)

    def _do(self, job: dict[str, Any]) -> None:
        status, message, result = "SUCCEEDED", None, None
        try:
            if job["fault"] == "fail_job":
                raise Unreadable("InternalServerError", "The analysis failed.")
            result = _outcome(job, self._file.settings())
        except Unreadable as refused:
            status, message = "FAILED", refused.message
        except Refused as refused:
            status, message = "FAILED", refused.document["Message"]
        failed = result["failed"] if result else []
        if failed:
            status = "FAILED" if len(failed) == result["pages"] else "PARTIAL_SUCCESS"  # type: ignore[index]
        self._file.run(
            "update jobs set status = ?, message = ?, pages = ?, warnings = ?, documents = ?, finished_at = ?"
            " where job_id = ?",
            *(status, message, result["pages"] if result else None),
            json.dumps([{"ErrorCode": "PAGE_NOT_READ", "Pages": failed}] if failed else []),
            gzip.compress(json.dumps(result["documents"]).encode(), 1) if result and status != "FAILED" else None,
            *(stored(clock.now()), job["job_id"]),
        )


def _outcome(job: dict[str, Any], settings: dict[str, Any]) -> dict[str, Any]:
    content = objects.content(Place(job["bucket"], job["name"], job["version"]))
    result = read(content, seconds=float(settings["document_seconds"]), one_page=False)
    if job["fault"] == "smudge":
        result["documents"] = smudged(result["documents"], job["fault_code"])
    if job["fault"] == "partial" and result["pages"] > 1:
        last = result["pages"]
        result["failed"] = sorted({*result["failed"], last})
        result["documents"] = _without_page(result["documents"], last)
    return result


def _without_page(documents: list[dict[str, Any]], page: int) -> list[dict[str, Any]]:
    def others(fields: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [field for field in fields if field.get("PageNumber", field.get("Page")) != page]

    made = []
    for document in documents:
        groups = []
        for group in document["LineItemGroups"]:
            items = [{"LineItemExpenseFields": others(item["LineItemExpenseFields"])} for item in group["LineItems"]]
            items = [item for item in items if item["LineItemExpenseFields"]]
            if items:
                groups.append({**group, "LineItems": items})
        left = {"SummaryFields": others(document["SummaryFields"]), "Blocks": others(document["Blocks"])}
        if left["Blocks"]:
            made.append({**document, **left, "LineItemGroups": groups})
    return made


def _token(job_id: str, first: int) -> str:
    seal = hmac.new(b"pages of jobs", f"{job_id}/{first}".encode(), hashlib.sha256).hexdigest()[:32]
    return base64.urlsafe_b64encode(f"{first}/{seal}".encode()).decode()


def _offset(job_id: str, token: str) -> int:
    try:
        first = int(base64.urlsafe_b64decode(token.encode()).decode().split("/")[0])
    except ValueError:
        raise Refused("InvalidParameterException") from None
    if not hmac.compare_digest(_token(job_id, first), token):
        raise Refused("InvalidParameterException")
    return first
