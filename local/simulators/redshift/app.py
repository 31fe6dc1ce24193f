"""The service at its door: statements over one file and one warehouse."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, ClassVar

from starlette.applications import Starlette

from analytics.warehouse.engine import Warehouse
from local.simulators import clock
from local.simulators.aws_json.door import Call, Door, application
from local.simulators.redshift import answers, control, objects, runs, validation
from local.simulators.redshift.files import PUBLISHED, File
from local.simulators.redshift.refusals import Refused, wrong


def create_app(database: Path) -> Starlette:
    """The stand-in on its own files."""
    file = File(database)
    warehouse = Warehouse(
        database.with_suffix(".duckdb"),
        fetch=objects.fetch,
        now=lambda: clock.now().replace(tzinfo=None),
        store=objects.Bucket(),
    )
    running = runs.Runs(file, warehouse)

    def stop() -> None:
        running.stop()
        warehouse.close()
        file.close()

    return application(StandIn(file, running), control.plane(file).routes(), start=running.start, stop=stop)


class StandIn(Door[File]):
    """Takes statements, waits for their end if asked to, and tells of them."""

    target = "RedshiftData."
    operations = PUBLISHED
    refused = Refused
    refusing: ClassVar = {
        "throttle": "ThrottlingException",
        "access_denied": "AccessDeniedException",
        "error_500": "InternalServerException",
        "limit": "ActiveStatementsExceededException",
    }
    # Forty statements of 100 kB, and the rest of a request.
    largest_body_bytes = 5 * 1024 * 1024
    too_large = ("ValidationException", "The request is too large")
    no_object = ("ValidationException", "The request is no JSON object")

    def __init__(self, file: File, running: runs.Runs) -> None:
        super().__init__(file)
        self._runs = running

    def _unknown(self, operation: str) -> Refused:
        if operation == "GetStatementResultV2":
            return wrong("GetStatementResultV2 is not offered by this stand-in: JSON only")
        return Refused("UnknownOperationException")

    def _do(self, call: Call, given: dict[str, Any]) -> dict[str, Any]:
        if call.operation == "ListStatements":
            return answers.listed(self._file, *validation.listing(given))
        if call.operation in ("ExecuteStatement", "BatchExecuteStatement"):
            asked = validation.submission(call.operation, given)
            row = runs.submit(self._file, asked, call.fault)
            call.subject = row["id"]
            self._runs.wake()
            return self._begun(row, asked.wait_seconds)
        call.subject, number = validation.identified(given, *_members(call.operation))
        return self._of_one(call.operation, call.subject, number, given)

    def _begun(self, row: dict[str, Any], seconds: int) -> dict[str, Any]:
        row = self._waited(row["id"], seconds)
        answer = answers.submitted(row)
        if seconds and row["status"] == "FINISHED":
            answer["HasResultSet"] = any(part["has_result"] for part in runs.parts(self._file, row["id"]))
        return answer

    def _of_one(self, operation: str, statement_id: str, number: int | None, given: dict[str, Any]) -> dict[str, Any]:
        row = self._waited(statement_id, validation.wait(given))
        match operation:
            case "DescribeStatement":
                return answers.described(row, runs.parts(self._file, statement_id))
            case "CancelStatement":
                return {"Status": self._runs.cancel(row)}
        return answers.result(self._file, row, number, validation.page(given))

    def _waited(self, statement_id: str, seconds: int) -> dict[str, Any]:
        """The statement's row once it is over, or when the seconds are."""
        until = time.monotonic() + seconds
        while True:
            row = runs.found(self._file, statement_id)
            if row["status"] not in runs.OPEN or time.monotonic() >= until:
                return row
            time.sleep(0.02)


def _members(operation: str) -> tuple[str, ...]:
    """What a request about one statement may have beside its id."""
    known = {"CancelStatement": (), "DescribeStatement": ("WaitTimeSeconds",)}
    return known.get(operation, ("WaitTimeSeconds", "NextToken"))
