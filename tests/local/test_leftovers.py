"""What a killed process left behind is ended before the next start."""

from __future__ import annotations

import subprocess
import sys
import threading

from local import processes


def test_a_leftover_that_ends_politely_is_not_killed() -> None:
    code = (
        "import signal, sys; signal.signal(signal.SIGTERM, lambda *_: sys.exit(7)); print(flush=True); signal.pause()"
    )
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    assert child.stdout is not None
    child.stdout.readline()
    # Somebody has to collect it, as init does with a process whose parent died.
    collector = threading.Thread(target=child.wait)
    collector.start()
    processes.end(child.pid, 10)
    collector.join()
    assert child.returncode == 7


def test_a_leftover_that_stays_is_killed_and_one_that_is_gone_is_no_error() -> None:
    code = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); signal.pause()"
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    assert child.stdout is not None
    child.stdout.readline()
    collector = threading.Thread(target=child.wait)
    collector.start()
    processes.end(child.pid, 0.1)
    collector.join()
    assert child.returncode == -9
    processes.end(child.pid, 0.1)
