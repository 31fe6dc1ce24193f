"""Serve the stand-in on the loopback."""

from __future__ import annotations

from local.simulators.serving import serve
from local.simulators.textract import create_app

if __name__ == "__main__":
    serve("textract", create_app)
