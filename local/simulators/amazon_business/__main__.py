"""`python -m local.simulators.amazon_business --port N --database FILE`"""

from __future__ import annotations

import argparse
from pathlib import Path

import uvicorn

from local.simulators.amazon_business import create_app


def main() -> None:
    """Serve on the loopback until a signal comes."""
    arguments = argparse.ArgumentParser(description="A simulated Amazon Business, on 127.0.0.1 only.")
    arguments.add_argument("--port", type=int, required=True)
    arguments.add_argument("--database", type=Path, required=True)
    chosen = arguments.parse_args()
    # Connections that are cut on purpose would be logged as errors.
    uvicorn.run(
        create_app(chosen.database),
        host="127.0.0.1",
        port=chosen.port,
        log_level="critical",
        timeout_graceful_shutdown=2,
    )


main()
