"""The system's headless Chromium, for whoever looks at the portal: found, never downloaded."""

from __future__ import annotations

import shutil

NAMES = ("chromium-headless-shell", "chromium", "google-chrome")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
]


class NoBrowser(RuntimeError):
    """There is no Chromium on this machine."""


def program() -> str:
    """Where it is. Raises NoBrowser."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        raise NoBrowser("there is no Chromium: run `make browser`, or apt-get install chromium-headless-shell")
    return found
