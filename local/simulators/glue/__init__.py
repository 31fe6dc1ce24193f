"""A stand-in for AWS Glue's job runs that really exports: JSON 1.1 in and out, strict, on the turned clock.

    python -m local.simulators.glue --port 4670 --database .local/glue.sqlite

StartJobRun, GetJobRun, GetJobRuns and BatchStopJobRun, as boto3 speaks them (`AWS_ENDPOINT_URL_GLUE`). What a job is
(default arguments, timeout, how many runs at once) it asks the emulator that the job was deployed to
(`AWS_ENDPOINT_URL`). A run does what the deployed job does with the arguments it gets (--lake, --secret), by DuckDB in
place of Spark, in a process of its own; its log is beside the file. Its file (SQLite, WAL; times ISO 8601):

    runs       run_id, job, attempt, state STARTING|RUNNING|STOPPING|STOPPED|SUCCEEDED|FAILED|TIMEOUT, message,
               arguments, timeout_minutes, fault, told (the export's own line about each table), started_at,
               changed_at, ended_at
    requests   sequence, at, operation, run_id, status (0: no answer), code (the error's name), fault
    faults     operation, kind, code, times
    settings   start_seconds (how long a run is STARTING), slow_seconds, hold_seconds, page_size, off (true:
               every call gets 503)

Control plane: GET /_simulator/health · GET, PUT, DELETE /_simulator/faults · GET, PUT /_simulator/settings · GET
/_simulator/runs, /_simulator/requests. Faults, for the next `times` calls of an `operation` (or `*`): throttle, limit,
access_denied, error_500, timeout_before, timeout_after_commit, reset, malformed; and for the run that a StartJobRun
starts: fail_run, kill_run (its process dies), time_out, slow.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.applications import Starlette


def create_app(database: Path) -> Starlette:
    """The stand-in on its own file. (Imported late: the child below this package runs without a server.)"""
    from local.simulators.glue.app import create_app as create

    return create(database)


__all__ = ["create_app"]
