"""Serve the stand-in on the loopback."""

from __future__ import annotations

from local.simulators.personalize import create_app
from local.simulators.serving import serve

if __name__ == "__main__":
    serve("personalize", create_app)
