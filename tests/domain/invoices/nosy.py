"""Looks around."""

import os


def confined(given: bytes) -> bytes:
    """The names of what it finds in its environment."""
    return " ".join(os.environ).encode()
