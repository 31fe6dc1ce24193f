"""Take up what a restore has lost: python -m loyalty.reconciliation.readopt RESTORED_TO [PROVIDER:CHARGE_ID…].

RESTORED_TO is the instant of the restore (2026-11-22T10:00:00Z). Comes to the database as DATABASE_* in the environment
say, as the role readoption; asks whom the variables of the function `readoption` name. In the cloud that function does
the same: invoke it with {"restored_to": "…"} (docs/operations/restore.md). Begun again it goes on where it stopped.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any

from loyalty import aws
from loyalty.database import Connection, database
from loyalty.reconciliation import parties, readopting

# Long enough for a day's orders at Amazon's half a call a second.
SECONDS = 6 * 3600.0


def main(arguments: Sequence[str], connection: Connection) -> int:
    """Do it and say what was done. 0: all; 1: stopped, begin again; 2: not understood."""
    try:
        restored_to = datetime.fromisoformat(arguments[0])
        charges = [charge_named(text) for text in arguments[1:]]
        if restored_to.tzinfo is None:
            raise ValueError("without a zone")
    except (IndexError, ValueError):
        sys.stderr.write((__doc__ or "").splitlines()[0] + "\n")
        return 2
    end = time.monotonic() + SECONDS
    world = readopting.World(
        amazon=parties.stores(connection),
        providers=parties.providers(),
        portal_origin=os.environ["PORTAL_ORIGIN"],
        execution_status=execution_status,
        seconds_left=lambda: end - time.monotonic(),
        pause=time.sleep,
    )
    done = readopting.readopt(connection, world, restored_to, charges)
    sys.stdout.write(json.dumps({"over": done.over, "stopped": done.stopped, **done.counts}) + "\n")
    return 0 if done.over else 1


def charge_named(text: str) -> tuple[str, str]:
    """amazon_pay:S01-…, stripe:pi_…. Raises ValueError for anything else."""
    provider, _, charge_id = text.partition(":")
    if provider not in ("amazon_pay", "stripe") or not charge_id:
        raise ValueError("a charge is named amazon_pay:… or stripe:…")
    return provider, charge_id


def execution_status(name: str) -> str | None:
    """RUNNING, SUCCEEDED, FAILED, TIMED_OUT, ABORTED; None if there is no such execution."""
    client = _machines()
    execution = os.environ["STATE_MACHINE_ARN"].replace(":stateMachine:", ":execution:") + f":{name}"
    try:
        return str(client.describe_execution(executionArn=execution)["status"])
    except client.exceptions.ExecutionDoesNotExist:
        return None


@cache
def _machines() -> Any:
    return aws.client("stepfunctions")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], database().connection()))
