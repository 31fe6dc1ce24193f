"""Serve the stand-in on the loopback."""

from __future__ import annotations

from local.simulators.serving import serve
from local.simulators.stripe import create_app

if __name__ == "__main__":
    serve("stripe", create_app)
