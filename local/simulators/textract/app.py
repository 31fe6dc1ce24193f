"""The service at its door: three operations over one file, one worker and one set of buckets."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from starlette.applications import Starlette

from local.simulators.aws_json.door import Call, Door, application
from local.simulators.textract import control, jobs, objects, validation
from local.simulators.textract.documents import Unreadable, read
from local.simulators.textract.files import PUBLISHED, File
from local.simulators.textract.refusals import Refused


def create_app(database: Path) -> Starlette:
    """The stand-in on its own file."""
    file = File(database)
    worker = jobs.Worker(file)

    def stop() -> None:
        worker.stop()
        file.close()

    return application(StandIn(file, worker), control.plane(file).routes(), start=worker.start, stop=stop)


class StandIn(Door[File]):
    """Reads at once, or begins a job and tells of it."""

    target = "Textract."
    operations = PUBLISHED
    refused = Refused
    refusing: ClassVar = {
        "throttle": "ThrottlingException",
        "throughput": "ProvisionedThroughputExceededException",
        "limit": "LimitExceededException",
        "access_denied": "AccessDeniedException",
        "error_500": "InternalServerError",
    }
    throttled = "ProvisionedThroughputExceededException"
    # Ten megabytes of document in base64, and the rest of a request.
    largest_body_bytes = 15 * 1024 * 1024
    too_large = ("DocumentTooLargeException",)
    no_object = ("InvalidParameterException",)

    def __init__(self, file: File, worker: jobs.Worker) -> None:
        super().__init__(file)
        self._worker = worker

    def _do(self, call: Call, given: dict[str, Any]) -> dict[str, Any]:
        match call.operation:
            case "AnalyzeExpense":
                return _analyzed(given, call)
            case "StartExpenseAnalysis":
                place, token, tag = validation.start(given)
                call.subject = jobs.start(self._file, place, token, tag, call.fault)
                self._worker.wake()
                return {"JobId": call.subject}
        call.subject, most, page = validation.get(given)
        return jobs.get(self._file, call.subject, most, page)


def _analyzed(given: dict[str, Any], call: Call) -> dict[str, Any]:
    document = validation.synchronous(given)
    content = document if isinstance(document, bytes) else objects.content(document, synchronous=True)
    try:
        result = read(content, seconds=float(call.settings["document_seconds"]), one_page=True)
    except Unreadable as refused:
        raise Refused(refused.code, refused.message) from None
    if result["failed"]:
        raise Refused("BadDocumentException")
    if call.fault and call.kind == "smudge":
        result["documents"] = jobs.smudged(result["documents"], call.fault["code"])
    return {"DocumentMetadata": {"Pages": result["pages"]}, "ExpenseDocuments": result["documents"]}
