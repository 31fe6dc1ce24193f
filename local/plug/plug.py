"""The plug as a button presses it: one run at a time, on a thread of its own."""

from __future__ import annotations

import threading
from typing import Any

from local.cloud import Cloud
from local.plug.run import Run

MEMBERS = 50


class Plug:
    """Of the cloud that this process runs."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._lock = threading.Lock()
        self._run: Run | None = None

    def pull(self, members: int = MEMBERS) -> bool:
        """Begin a run; false while one is under way."""
        with self._lock:
            if self._run is not None and not self._run.ended:
                return False
            self._run = Run(self._cloud, members)
            threading.Thread(target=self._run.run, daemon=True, name="plug").start()
            return True

    def report(self) -> dict[str, Any] | None:
        """The run under way or the last one; None before the first."""
        run = self._run
        return run.report() if run else None
