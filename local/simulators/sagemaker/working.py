"""Jobs' threads: each from its first moment to its end, in a folder of its own that goes with it."""

from __future__ import annotations

import json
import tempfile
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.simulators.sagemaker import jobs
from local.simulators.sagemaker.container import Container
from local.simulators.sagemaker.files import JOBS, File
from local.simulators.sagemaker.objects import Missing

INTERNAL = "InternalServerError: We encountered an internal error. Please try again."
# What SageMaker tells of a job's own words.
LONGEST = 1024


class BrokenOff(Exception):
    """Somebody stopped the job, or its time is over."""

    def __init__(self, *, late: bool = False) -> None:
        super().__init__("late" if late else "stopped")
        self.late = late


class Failed(Exception):
    """The job failed; the text is its FailureReason. `message`: its ExitMessage."""

    def __init__(self, reason: str, message: str | None = None) -> None:
        super().__init__(reason)
        self.message = message


@dataclass(frozen=True, slots=True)
class Job:
    """A running job, for what its kind does with it."""

    file: File
    kind: str
    name: str
    root: Path
    over: threading.Event

    @property
    def row(self) -> dict[str, Any]:
        return jobs.found(self.file, self.kind, self.name)

    @property
    def asked(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.row["asked"])
        return found

    @property
    def stopped(self) -> bool:
        """Whether somebody asked for its end."""
        return self.over.is_set() or self.row["status"] == "Stopping"

    def step(self, secondary: str, message: str) -> None:
        """A training job's finer status; nothing for the others."""
        if self.stopped:
            raise BrokenOff
        if self.kind == "training":
            jobs.step(self.file, self.name, secondary, message)

    def container(self, arguments: list[str], environment: dict[str, str]) -> Container:
        """Our image, started with the arguments."""
        log = self.file.folder / "logs" / "sagemaker" / f"{self.kind}-{self.name}.log"
        jobs.begin(self.file, self.kind, self.name)
        container = Container(self.file.settings()["entry_point"], arguments, self.root, log, environment)
        if self.row["fault"] == "kill_job":
            container.process.kill()
        return container

    def ran(self, arguments: list[str], environment: dict[str, str]) -> tuple[int, str]:
        """Exit code and log of a container that came to its end. Raises BrokenOff."""
        row = self.row
        container = self.container(arguments, environment)
        limit = 0.0 if row["fault"] == "time_out" else jobs.longest_seconds(row)
        try:
            if not container.ended_within(limit, lambda: self.stopped):
                raise BrokenOff(late=not self.stopped)
        finally:
            code = container.stop(0.0 if self.over.is_set() else float(self.file.settings()["stop_seconds"]))
        return code, container.said()

    def own_words(self, path: str) -> str:
        """What the job wrote to a file below /opt/ml, as much of it as is told."""
        file = self.root / path
        return file.read_text(errors="replace")[:LONGEST] if file.is_file() else ""


# What a job of a kind does; the columns that its end adds. Raises BrokenOff, Failed, Missing.
type Doing = Callable[[Job], dict[str, Any]]


class Worker:
    """Follows each job in a thread; a job does not outlive the stand-in."""

    def __init__(self, file: File, kinds: dict[str, Doing]) -> None:
        assert set(kinds) == set(JOBS)
        self._file, self._kinds = file, kinds
        self._over = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """What an earlier process left open has failed."""
        for row in self._file.all("select kind, name from jobs where ended_at is null"):
            jobs.end(self._file, row["kind"], row["name"], "Failed", reason=INTERNAL)

    def stop(self) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join(5)

    def follow(self, kind: str, name: str) -> None:
        """Begin a job that was just created."""
        thread = threading.Thread(target=self._run, args=(kind, name), name=f"{kind} {name}", daemon=True)
        self._threads = [one for one in self._threads if one.is_alive()] + [thread]
        thread.start()

    def _run(self, kind: str, name: str) -> None:
        with tempfile.TemporaryDirectory(prefix=f"{kind}-") as folder:
            job = Job(self._file, kind, name, Path(folder), self._over)
            try:
                status, more = self._done(job)
            except Exception:
                traceback.print_exc()
                status, more = "Failed", {"reason": INTERNAL}
        if not self._over.is_set():
            jobs.end(self._file, kind, name, status, **more)

    def _done(self, job: Job) -> tuple[str, dict[str, Any]]:
        """Status and columns of its end."""
        try:
            self._wait(job)
            if job.row["fault"] == "fail_job":
                return "Failed", {"reason": "AlgorithmError: The job failed, as it was told to., exit code: 1"}
            return "Completed", self._kinds[job.kind](job)
        except BrokenOff as broken:
            return "Stopped", {"secondary": "MaxRuntimeExceeded"} if broken.late and job.kind == "training" else {}
        except Failed as failed:
            told = {"message": failed.message} if failed.message else {}
            return "Failed", {"reason": str(failed)[:LONGEST], **told}
        except Missing as missing:
            return "Failed", {"reason": str(missing)[:LONGEST]}

    def _wait(self, job: Job) -> None:
        """As long as instances take to come."""
        settings = self._file.settings()
        slow = float(settings["slow_seconds"]) if job.row["fault"] == "slow" else 0.0
        until = time.monotonic() + float(settings["start_seconds"]) + slow
        while time.monotonic() < until:
            if job.stopped:
                raise BrokenOff
            self._over.wait(0.05)
