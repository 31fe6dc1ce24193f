"""Serve the stand-in on the loopback."""

from __future__ import annotations

import argparse
from pathlib import Path

import uvicorn

from local.simulators.glue import create_app


def main() -> None:
    """Run until stopped."""
    parser = argparse.ArgumentParser(prog="python -m local.simulators.glue")
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


if __name__ == "__main__":
    main()
