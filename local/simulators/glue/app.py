"""The service at its door: runs of deployed jobs, over one file."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from starlette.applications import Starlette

from local.simulators.aws_json.door import Call, Door, application
from local.simulators.glue import control, jobs, runs
from local.simulators.glue.files import OPERATIONS, File
from local.simulators.glue.refusals import Refused

# What each operation takes; anything else is refused by name.
TAKES = {
    "StartJobRun": {"JobName", "Arguments", "Timeout", "WorkerType", "NumberOfWorkers", "JobRunQueuingEnabled"},
    "GetJobRun": {"JobName", "RunId", "PredecessorsIncluded"},
    "GetJobRuns": {"JobName", "NextToken", "MaxResults"},
    "BatchStopJobRun": {"JobName", "JobRunIds"},
}

type Fault = dict[str, Any] | None


def create_app(database: Path) -> Starlette:
    """The stand-in on its own file."""
    file = File(database)
    worker = runs.Worker(file)

    def stop() -> None:
        worker.stop()
        file.close()

    return application(StandIn(file, worker), control.plane(file).routes(), start=worker.start, stop=stop)


class StandIn(Door[File]):
    """Begins runs, tells of them and stops them."""

    target = "AWSGlue."
    operations = OPERATIONS
    refused = Refused
    refusing: ClassVar = {
        "throttle": "ThrottlingException",
        "limit": "ResourceNumberLimitExceededException",
        "access_denied": "AccessDeniedException",
        "error_500": "InternalServiceException",
    }
    largest_body_bytes = 1024 * 1024
    too_large = no_object = ("InvalidInputException",)

    def __init__(self, file: File, worker: runs.Worker) -> None:
        super().__init__(file)
        self._worker = worker

    def _do(self, call: Call, given: dict[str, Any]) -> dict[str, Any]:
        if strange := given.keys() - TAKES[call.operation]:
            raise Refused("InvalidInputException", f"This stand-in does not take {', '.join(sorted(strange))}")
        if not isinstance(given.get("JobName"), str) or not given["JobName"]:
            raise Refused("InvalidInputException", "JobName is missing")
        operation = {
            "StartJobRun": self._start,
            "GetJobRun": self._run,
            "GetJobRuns": self._listed,
            "BatchStopJobRun": self._stop,
        }[call.operation]
        document = operation(given, call.fault)
        call.subject = document.get("JobRunId") or given.get("RunId")
        return document

    def _start(self, given: dict[str, Any], fault: Fault) -> dict[str, Any]:
        arguments = given.get("Arguments") or {}
        if not all(isinstance(one, str) for pair in arguments.items() for one in pair):
            raise Refused("InvalidInputException", "Arguments are text by text")
        run_id = runs.start(self._file, jobs.job(given["JobName"]), given, fault)
        self._worker.follow(run_id)
        return {"JobRunId": run_id}

    def _run(self, given: dict[str, Any], _: Fault) -> dict[str, Any]:
        if not isinstance(given.get("RunId"), str):
            raise Refused("InvalidInputException", "RunId is missing")
        return {"JobRun": runs.told(runs.get(self._file, given["JobName"], given["RunId"]))}

    def _listed(self, given: dict[str, Any], _: Fault) -> dict[str, Any]:
        token, most = given.get("NextToken"), given.get("MaxResults")
        limit = min(int(most or 200), int(self._file.settings()["page_size"]))
        if (token is not None and not str(token).isdecimal()) or limit < 1:
            raise Refused("InvalidInputException")
        first = int(token or 0)
        rows = self._file.all(
            "select * from runs where job = ? order by started_at desc, rowid desc limit ? offset ?",
            *(given["JobName"], limit + 1, first),
        )
        more = {"NextToken": str(first + limit)} if len(rows) > limit else {}
        return {"JobRuns": [runs.told(row) for row in rows[:limit]], **more}

    def _stop(self, given: dict[str, Any], _: Fault) -> dict[str, Any]:
        asked = given.get("JobRunIds")
        if not isinstance(asked, list) or not 1 <= len(asked) <= 25:
            raise Refused("InvalidInputException", "JobRunIds are 1 to 25")
        stopped, errors = [], []
        for run_id in asked:
            name = {"JobName": given["JobName"], "JobRunId": run_id}
            try:
                ended = runs.get(self._file, given["JobName"], run_id)["ended_at"]
                problem = "InvalidInputException" if ended else ""
            except Refused as refused:
                problem = refused.code
            if problem:
                errors.append({**name, "ErrorDetail": {"ErrorCode": problem, "ErrorMessage": "It cannot be stopped."}})
            else:
                self._worker.halt(run_id)
                stopped.append(name)
        return {"SuccessfulSubmissions": stopped, "Errors": errors}
