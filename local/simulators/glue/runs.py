"""Runs: begun, followed in processes of their own, stopped, told as the service tells them."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
import threading
import time
from datetime import datetime
from pathlib import Path
from typing import Any

from local.simulators.aws_json.files import now
from local.simulators.glue.files import File
from local.simulators.glue.jobs import Job
from local.simulators.glue.refusals import Refused

OPEN = ("STARTING", "RUNNING", "STOPPING")
REPOSITORY = Path(__file__).resolve().parents[3]
ENDED_WITH_US = "The stand-in was ended while the run was going on."


def start(file: File, job: Job, given: dict[str, Any], fault: dict[str, Any] | None) -> str:
    """A new run's id. Raises Refused when the job has as many as it may have."""
    begun = now()
    run_id = f"jr_{secrets.token_hex(32)}"
    arguments = {**job.arguments, **(given.get("Arguments") or {})}
    with file.transaction():
        running = file.all("select run_id from runs where job = ? and ended_at is null", job.name)
        if len(running) >= job.at_once:
            raise Refused("ConcurrentRunsExceededException", f"Concurrent runs exceeded for {job.name}")
        file.run(
            "insert into runs(run_id, job, state, arguments, timeout_minutes, worker_type, workers, fault, started_at,"
            " changed_at) values (?, ?, 'STARTING', ?, ?, ?, ?, ?, ?, ?)",
            *(run_id, job.name, json.dumps(arguments), int(given.get("Timeout") or job.timeout_minutes)),
            *(job.worker_type, job.workers, fault["kind"] if fault else None, begun, begun),
        )
    return run_id


def told(row: dict[str, Any]) -> dict[str, Any]:
    """A run as GetJobRun answers it."""
    run: dict[str, Any] = {
        "Id": row["run_id"],
        "Attempt": row["attempt"],
        "JobName": row["job"],
        "StartedOn": _seconds(row["started_at"]),
        "LastModifiedOn": _seconds(row["changed_at"]),
        "JobRunState": row["state"],
        "Arguments": json.loads(row["arguments"]),
        "PredecessorRuns": [],
        "ExecutionTime": 0,
        "Timeout": row["timeout_minutes"],
        "WorkerType": row["worker_type"],
        "NumberOfWorkers": row["workers"],
        "LogGroupName": "/aws-glue/jobs",
        "GlueVersion": "5.1",
    }
    if row["ended_at"]:
        run["CompletedOn"] = _seconds(row["ended_at"])
        run["ExecutionTime"] = max(0, int(run["CompletedOn"] - run["StartedOn"]))
    if row["message"]:
        run["ErrorMessage"] = row["message"]
    return run


def _seconds(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()


def get(file: File, job: str, run_id: str) -> dict[str, Any]:
    """One run's row. Raises Refused."""
    row = file.one("select * from runs where job = ? and run_id = ?", job, run_id)
    if row is None:
        raise Refused("EntityNotFoundException", f"Job run {run_id} is not known")
    return row


class Worker:
    """Follows each run in a thread; a run's process does not outlive the stand-in."""

    def __init__(self, file: File) -> None:
        self._file = file
        self._over = threading.Event()
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._lock = threading.Lock()

    def start(self) -> None:
        """What an earlier process left open has failed."""
        for row in self._file.all("select run_id from runs where ended_at is null"):
            self._end(row["run_id"], "FAILED", ENDED_WITH_US)

    def stop(self) -> None:
        self._over.set()
        with self._lock:
            for process in self._running.values():
                process.kill()

    def follow(self, run_id: str) -> None:
        """Begin a run that was just started."""
        threading.Thread(target=self._run, args=(run_id,), name=f"run {run_id[:12]}", daemon=True).start()

    def halt(self, run_id: str) -> None:
        """End a run before its time; its state is STOPPED when it has."""
        self._move(run_id, "STOPPING")
        with self._lock:
            if process := self._running.get(run_id):
                process.kill()

    def _run(self, run_id: str) -> None:
        settings = self._file.settings()
        row = self._row(run_id)
        if self._over.wait(float(settings["start_seconds"])):
            return
        fault = row["fault"]
        if fault == "slow":
            self._linger(run_id, float(settings["slow_seconds"]))
        if self._row(run_id)["state"] == "STOPPING":
            self._end(run_id, "STOPPED")
            return
        if fault == "fail_run":
            self._end(run_id, "FAILED", "LAUNCH ERROR | The run failed, as it was told to.")
            return
        self._move(run_id, "RUNNING")
        seconds = 0.0 if fault == "time_out" else 60.0 * row["timeout_minutes"]
        state, message, said = self._process(run_id, row, seconds, kill=fault == "kill_run")
        if self._over.is_set():
            return
        stopped = self._row(run_id)["state"] == "STOPPING"
        self._end(run_id, "STOPPED" if stopped else state, None if stopped else message, said)

    def _linger(self, run_id: str, seconds: float) -> None:
        """So long, or until somebody stops the run."""
        until = time.monotonic() + seconds
        while time.monotonic() < until and self._row(run_id)["state"] != "STOPPING" and not self._over.wait(0.05):
            pass

    def _process(
        self, run_id: str, row: dict[str, Any], seconds: float, *, kill: bool
    ) -> tuple[str, str | None, str | None]:
        """State, message and the export's own line, when its process is over."""
        log = self._file.folder / "logs" / "export.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "local.simulators.glue.child", row["arguments"]]
        with log.open("ab") as errors:
            process = subprocess.Popen(
                command, cwd=REPOSITORY, env=os.environ, stdout=subprocess.PIPE, stderr=errors, stdin=subprocess.DEVNULL
            )
            with self._lock:
                self._running[run_id] = process
            if kill or self._over.is_set():
                process.kill()
            try:
                out, _ = process.communicate(timeout=seconds)
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()
                return "TIMEOUT", None, None
            finally:
                with self._lock:
                    self._running.pop(run_id, None)
        lines = out.decode(errors="replace").strip().splitlines()
        try:
            said = json.loads(lines[-1]) if lines else {}
        except ValueError:
            said = {}
        tables = json.dumps(said["tables"]) if "tables" in said else None
        if process.returncode == 0:
            return "SUCCEEDED", None, tables
        message = said.get("error") or f"Command failed with exit code {process.returncode}"
        return "FAILED", str(message)[:4000], tables

    def _row(self, run_id: str) -> dict[str, Any]:
        row = self._file.one("select * from runs where run_id = ?", run_id)
        assert row is not None
        return row

    def _move(self, run_id: str, state: str) -> None:
        self._file.run(
            "update runs set state = ?, changed_at = ? where run_id = ? and ended_at is null and state <> 'STOPPING'",
            *(state, now(), run_id),
        )

    def _end(self, run_id: str, state: str, message: str | None = None, said: str | None = None) -> None:
        over = now()
        self._file.run(
            "update runs set state = ?, message = ?, told = ?, changed_at = ?, ended_at = ? where run_id = ?",
            *(state, message, said, over, over, run_id),
        )
