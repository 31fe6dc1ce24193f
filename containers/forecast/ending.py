"""How a job ends: 0 done, 1 something is wrong here, 2 what it was given is wrong, 143 told to stop (SIGTERM)."""

from __future__ import annotations

import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable

from containers.forecast.places import Places

# SageMaker tells the first 1,024 characters.
LONGEST_REASON = 1024
STOPPED = 128 + signal.SIGTERM


class Unusable(Exception):
    """What the job was given cannot be used; the message says which part of it, never whose it is."""


def ended(job: Callable[[Places], None], places: Places) -> int:
    """Do the job; its exit code. Why it failed is in the files that SageMaker looks at."""
    _stop_on_sigterm()
    try:
        job(places)
    except Unusable as error:
        return _told(places, str(error), 2)
    except Exception as error:
        traceback.print_exc()
        return _told(places, f"{type(error).__name__}: {error}", 1)
    return 0


def _told(places: Places, reason: str, code: int) -> int:
    sys.stderr.write(reason + "\n")
    for file in (places.failure, places.message):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(reason[:LONGEST_REASON])
    return code


def _stop_on_sigterm() -> None:
    """As the first process of a container it would not even be ended by the signal.

    A thread of its own takes it: a handler would wait until the main thread comes back from a library's loop.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})

    def wait() -> None:
        signal.sigwait({signal.SIGTERM})
        # What is half written must not look like a result, so nothing is saved.
        os._exit(STOPPED)

    threading.Thread(target=wait, name="sigterm", daemon=True).start()
