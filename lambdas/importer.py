"""A file arrived: read it line by line, report what became of each, go on in another run when time is short.

    accruals/<partner>/<name>.csv                  purchases, programme `main`
    accruals/<programme>/<partner>/<name>.csv      purchases, another programme
    members/<name>.csv, members/<programme>/<name>.csv
    quarantine/catalogue/<programme's number>/<id>.csv   staff's table of products: only looked at, taken over by them
    reports/<the same>.json                        what came of it
    reports/<the same>.rejected-1.csv …            line, id, reason; nothing of the lines themselves

The event is S3's notification, EventBridge's "Object Created", or our own word to ourselves to go on. A second delivery
or a run that died changes nothing: what was booked is a replay.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any
from urllib.parse import unquote_plus

from lambdas.observed import logger, observed
from loyalty import aws
from loyalty.catalogue import sheet
from loyalty.database import Connection, database
from loyalty.importing import NotThisFile, Progress
from loyalty.members.member_file import MemberImport
from loyalty.points.accrual_file import AccrualImport
from loyalty.programme import reading

CHUNK_BYTES = 1 << 20
QUARANTINE = "quarantine/catalogue/"
_QUARANTINED_KEY = re.compile(
    r"quarantine/catalogue/(?P<program>[0-9]{1,9})/(?P<import_id>[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})\.csv"
)
REJECTS_BYTES = 4 << 20
MAX_REJECT_FILES = 100
# Enough to finish the batch at hand, write what is left to write and call ourselves.
SPARE_MS = 60_000
MAX_READ_ATTEMPTS = 4

_KEY = re.compile(
    r"(?P<kind>members|accruals)/(?:(?P<programme>[a-z][a-z0-9-]{1,30})/)?(?P<name>[A-Za-z0-9][A-Za-z0-9._-]{0,200})\.csv"
)
_ACCRUALS_KEY = re.compile(
    r"(?P<kind>accruals)/(?:(?P<programme>[a-z][a-z0-9-]{1,30})/)?(?P<partner>[a-z0-9][a-z0-9_.-]{0,62})/"
    r"(?P<name>[A-Za-z0-9][A-Za-z0-9._-]{0,200})\.csv"
)


@dataclass(frozen=True, slots=True)
class File:
    """A file to import. `etag` is set once it was opened: another version under the same key is another file."""

    bucket: str
    key: str
    etag: str = ""

    @property
    def report(self) -> str:
        """Its report's key without the ending."""
        return f"reports/{self.key.removesuffix('.csv')}"


class _Replaced(Exception):
    """Somebody put another file in its place; that one's own event imports it."""


@observed
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Import each file the event names; answers the progress of each by key."""
    if "continue" in event:
        state = event["continue"]
        files = [(File(state["bucket"], state["key"], state["etag"]), Progress(**state["progress"]), state["part"])]
    else:
        files = [(file, Progress(), 0) for file in _arrived(event)]
    return {
        file.key: _look_at(file) if file.key.startswith(QUARANTINE) else _import(file, progress, part, context)
        for file, progress, part in files
    }


def _arrived(event: dict[str, Any]) -> Iterator[File]:
    if event.get("detail-type") == "Object Created":
        yield File(event["detail"]["bucket"]["name"], event["detail"]["object"]["key"])
    for record in event.get("Records", []):
        # Notifications spell keys as in a query string; EventBridge does not.
        yield File(record["s3"]["bucket"]["name"], unquote_plus(record["s3"]["object"]["key"]))


def _look_at(file: File) -> dict[str, Any]:
    """A table that staff brought: what is wrong with it and what it would change is kept for them; nothing changes."""
    named = _QUARANTINED_KEY.fullmatch(file.key)
    if named is None:
        return {"state": "not ours"}
    connection, program_id = database().connection(), int(named["program"])
    answer = _get(file, 0)
    if answer is None:
        return {"state": "gone"}
    # One byte more than may be: that it is too large is seen by the sheet.
    data = answer["Body"].read(sheet.LARGEST_BYTES + 1)
    categories = {one.code for one in reading.current(connection, program_id).document.catalogue.categories}

    def known(asins: list[str]) -> list[str]:
        row = connection.execute("select catalogue.known(%s, %s) as asins", (program_id, asins)).fetchone()
        return list(row["asins"]) if row else []

    told = sheet.read(data, categories, known)
    row = connection.execute(
        "select catalogue.checked_import(%s, %s, %s, %s::jsonb, %s, %s::jsonb) as waited",
        (
            program_id,
            named["import_id"],
            told.lines,
            json.dumps([asdict(mistake) for mistake in told.mistakes]),
            told.mistakes_in_all,
            json.dumps(told.changes),
        ),
    ).fetchone()
    report = {"lines": told.lines, "mistakes": told.mistakes_in_all, "waited_for": bool(row and row["waited"])}
    logger.info("looked at a table", extra={"key": file.key, **report})
    return {"state": "looked at", **report}


def _import(file: File, progress: Progress, part: int, context: Any) -> dict[str, Any]:
    rejects = _RejectFiles(file, part)
    failure = None
    done = True
    try:
        reader, etag = _open(file, progress.offset)
        file = File(file.bucket, file.key, etag)
        done = _reader(file, rejects, progress).run(reader, lambda: _is_late(context))
    except NotThisFile as reason:
        failure = str(reason)
    except _Replaced:
        logger.warning("file replaced while it was read", extra={"key": file.key})
        return {"state": "replaced"}
    rejects.close()
    report = _report(file, progress, rejects, "failed" if failure else "complete" if done else "running", failure)
    if not done:
        _go_on(file, progress, rejects.part, context)
    logger.info("imported", extra={"key": file.key, **report})
    return report


def _reader(file: File, rejects: _RejectFiles, progress: Progress) -> AccrualImport | MemberImport:
    named = (_ACCRUALS_KEY if file.key.startswith("accruals/") else _KEY).fullmatch(file.key)
    if named is None:
        raise NotThisFile("the key must be accruals/<partner>/<name>.csv or members/<name>.csv")
    connection = database().connection()
    program_id = _program_id(connection, named["programme"] or "main")
    document = reading.current(connection, program_id).document
    if named["kind"] == "members":
        return MemberImport(connection, program_id, document, rejects, progress)
    return AccrualImport(connection, program_id, document, named["partner"], rejects, progress)


def _program_id(connection: Connection, code: str) -> int:
    row = connection.execute("select programme.id_of(%s) as id", (code,)).fetchone()
    if row is None or row["id"] is None:
        raise NotThisFile("there is no programme of that name")
    return int(row["id"])


def _report(file: File, progress: Progress, rejects: _RejectFiles, state: str, failure: str | None) -> dict[str, Any]:
    counts = {name: value for name, value in progress.as_json().items() if name not in ("offset", "line", "columns")}
    report = {"state": state, **counts, "rejected_files": rejects.part}
    if failure:
        report["failure"] = failure
    _s3().put_object(
        Bucket=file.bucket,
        Key=f"{file.report}.json",
        Body=json.dumps({"file": file.key, **report}, indent=2).encode(),
        ContentType="application/json",
    )
    return report


def _go_on(file: File, progress: Progress, part: int, context: Any) -> None:
    state = {"bucket": file.bucket, "key": file.key, "etag": file.etag, "progress": progress.as_json(), "part": part}
    _lambda().invoke(
        FunctionName=context.function_name,
        InvocationType="Event",
        Payload=json.dumps({"continue": state}).encode(),
    )


def _is_late(context: Any) -> bool:
    remaining = getattr(context, "get_remaining_time_in_millis", None)
    return remaining is not None and remaining() < SPARE_MS


class _RejectFiles:
    """Rejected lines, a few megabytes an object; after MAX_REJECT_FILES only the report's counts go on."""

    def __init__(self, file: File, part: int) -> None:
        self.part = part
        self._file = file
        self._lines: list[str] = []
        self._bytes = 0

    def __call__(self, line: int, subject: str, reason: str, /) -> None:
        if self.part >= MAX_REJECT_FILES:
            return
        self._lines.append(f"{line},{subject},{reason}\n")
        self._bytes += len(self._lines[-1])
        if self._bytes >= REJECTS_BYTES:
            self.close()

    def close(self) -> None:
        """Write what is not written yet."""
        if not self._lines:
            return
        self.part += 1
        _s3().put_object(
            Bucket=self._file.bucket,
            Key=f"{self._file.report}.rejected-{self.part}.csv",
            Body=("line,id,reason\n" + "".join(self._lines)).encode(),
            ContentType="text/csv",
        )
        self._lines, self._bytes = [], 0


def _open(file: File, offset: int) -> tuple[Iterator[bytes], str]:
    """The file from `offset` in chunks, opened again where it broke off; and the version that is read."""
    first = _get(file, offset)
    etag = str(first["ETag"]) if first is not None else file.etag
    return _chunks(File(file.bucket, file.key, etag), offset, first), etag


def _chunks(file: File, offset: int, answer: dict[str, Any] | None) -> Iterator[bytes]:
    from botocore.exceptions import IncompleteReadError, ReadTimeoutError, ResponseStreamingError

    attempt = 0
    while answer is not None:
        try:
            for chunk in answer["Body"].iter_chunks(CHUNK_BYTES):
                offset += len(chunk)
                attempt = 0
                yield chunk
        except (IncompleteReadError, ReadTimeoutError, ResponseStreamingError):
            attempt += 1
            if attempt >= MAX_READ_ATTEMPTS:
                raise
            answer = _get(file, offset)
        else:
            return


def _get(file: File, offset: int) -> dict[str, Any] | None:
    from botocore.exceptions import ClientError

    options: dict[str, str] = {"IfMatch": file.etag} if file.etag else {}
    if offset:
        options["Range"] = f"bytes={offset}-"
    try:
        answer: dict[str, Any] = _s3().get_object(Bucket=file.bucket, Key=file.key, **options)
    except ClientError as failure:
        status = failure.response["ResponseMetadata"]["HTTPStatusCode"]
        if status == 416:  # the last run ended exactly at the file's end
            return None
        if status in (404, 412):
            raise _Replaced from None
        raise
    return answer


@cache
def _s3() -> Any:
    return aws.client("s3", read_seconds=60)


@cache
def _lambda() -> Any:
    return aws.client("lambda")
