"""Looks around."""

import os
from pathlib import Path


def confined(given: bytes) -> bytes:
    """The names of what it finds in its environment, and in that of whoever started it."""
    try:
        parents = Path(f"/proc/{os.getppid()}/environ").read_bytes().decode()
    except PermissionError:
        parents = ""
    return " ".join((*os.environ, parents)).encode()
