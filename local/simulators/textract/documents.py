"""What a document is and what it says, found out in a child process with little time and memory."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from typing import Any

# Of one page or picture at once; of the asynchronous operation.
LARGEST_SYNCHRONOUS_BYTES = 10 * 1024 * 1024
LARGEST_BYTES = 500 * 1024 * 1024


class Unreadable(Exception):
    """The document is not read; `code` is the error's name, `message` what a job says."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


def read(document: bytes, *, seconds: float, one_page: bool) -> dict[str, Any]:
    """{"pages", "documents", "failed" (numbers of pages)}, or Unreadable.

    `one_page`: several are refused, as the synchronous operation does.
    """
    command = [sys.executable, "-W", "ignore", "-m", "local.simulators.textract.child", str(int(seconds))]
    command += ["one-page"] if one_page else []
    # A session of its own, so that recognition ends with it.
    child = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        told, _ = child.communicate(document, timeout=seconds + 10)
    except subprocess.TimeoutExpired:
        raise Unreadable("BadDocumentException", "The document takes too long.") from None
    finally:
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()
    if child.returncode != 0:
        raise Unreadable("BadDocumentException", "The document cannot be read.")
    answer: dict[str, Any] = json.loads(told)
    if "code" in answer:
        raise Unreadable(answer["code"], answer["message"])
    return answer
