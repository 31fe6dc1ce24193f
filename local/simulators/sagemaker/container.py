"""A container that is none: the image's entry point as a process, with /opt/ml in a folder of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[3]
# Nothing else of this process's environment is in a container; the job sees no credentials and no endpoints.
_INHERITED = ("PATH", "HOME", "LANG", "TMPDIR", "LD_LIBRARY_PATH")
POLL_SECONDS = 0.05


class Container:
    """A running entry point; what it says goes to the log."""

    def __init__(
        self, entry_point: Sequence[str], arguments: Sequence[str], root: Path, log: Path, given: Mapping[str, str]
    ) -> None:
        log.parent.mkdir(parents=True, exist_ok=True)
        self._log, self._from = log, log.stat().st_size if log.exists() else 0
        environment = {name: os.environ[name] for name in _INHERITED if name in os.environ}
        with log.open("ab") as said:
            self.process = subprocess.Popen(
                [sys.executable, *entry_point, *arguments],
                cwd=REPOSITORY,
                env={**environment, "AWS_REGION": "us-east-1", **given, "OPT_ML": str(root)},
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                start_new_session=True,
            )

    def ended_within(self, seconds: float, broken_off: Callable[[], bool]) -> bool:
        """Whether it came to its end by itself in time; not, if somebody breaks it off."""
        until = time.monotonic() + seconds
        while self.process.poll() is None:
            if broken_off() or time.monotonic() > until:
                return False
            time.sleep(POLL_SECONDS)
        return True

    def stop(self, seconds: float) -> int:
        """SIGTERM, and SIGKILL when it is still there after `seconds`; its exit code."""
        if self.process.poll() is None:
            self.process.terminate()
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()

    def said(self) -> str:
        """What it wrote."""
        with self._log.open("rb") as log:
            log.seek(self._from)
            return log.read().decode(errors="replace")
