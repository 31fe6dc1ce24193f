"""A stand-in as a process of its own: `python -m local.simulators.<name> --port N --database FILE`."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import uvicorn
from starlette.applications import Starlette


def serve(name: str, create_app: Callable[[Path], Starlette]) -> None:
    """On the loopback, until stopped."""
    parser = argparse.ArgumentParser(prog=f"python -m local.simulators.{name}")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--database", type=Path, required=True)
    arguments = parser.parse_args()
    uvicorn.run(
        create_app(arguments.database),
        host="127.0.0.1",
        port=arguments.port,
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=1,
    )
