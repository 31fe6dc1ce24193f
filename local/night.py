"""`make night`: a night of the lake now, on the running local cloud, and what became of each table."""

from __future__ import annotations

import json
import sys
import time
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local.connected import STATE, Connected, NotRunning

LONGEST_SECONDS = 1800


class Stopped(Exception):
    """The night did not come to its end; why, in the machine's own words."""


def begin(cloud: Connected) -> str:
    """Start one now. Its execution's ARN."""
    machine = cloud.client("stepfunctions")
    return str(machine.start_execution(stateMachineArn=cloud.outputs["LakeMachineArn"], input="{}")["executionArn"])


def newest(cloud: Connected) -> dict[str, Any] | None:
    """The last night: `status`, `started`, `ended`, `stopped_by`; `tables` when it is over; None before the first."""
    machine = cloud.client("stepfunctions")
    found = machine.list_executions(stateMachineArn=cloud.outputs["LakeMachineArn"], maxResults=1)["executions"]
    return told(cloud, found[0]["executionArn"]) if found else None


def told(cloud: Connected, execution: str) -> dict[str, Any]:
    """One night, as `newest` tells it."""
    said = cloud.client("stepfunctions").describe_execution(executionArn=execution)
    return {
        "status": said["status"],
        "started": str(said["startDate"])[:19],
        "ended": str(said["stopDate"])[:19] if said.get("stopDate") else "",
        "stopped_by": ": ".join(filter(None, (said.get("error"), said.get("cause")))),
        "tables": json.loads(said.get("output") or "{}").get("tables", []),
    }


def wait(cloud: Connected, execution: str, seconds: float = LONGEST_SECONDS) -> list[dict[str, Any]]:
    """What became of each table: `table`, `status`, `batches`, `rows`, `cause`. Raises Stopped."""
    deadline = time.monotonic() + seconds
    while (night := told(cloud, execution))["status"] == "RUNNING":
        if time.monotonic() > deadline:
            raise Stopped(f"it still runs after {seconds:.0f} s")
        time.sleep(0.5)
    if night["status"] != "SUCCEEDED":
        raise Stopped(night["stopped_by"] or night["status"])
    tables: list[dict[str, Any]] = night["tables"]
    return tables


def main() -> int:
    """0 when everything is loaded."""
    try:
        cloud = Connected.to(STATE)
        began = time.monotonic()
        for table in wait(cloud, begin(cloud)):
            print(
                f"{table['table']:22}{table['status']:12}{table['rows']:>10,} rows  {table.get('cause', '')}".rstrip()
            )
        print(f"loaded in {time.monotonic() - began:.1f} s")
    except (NotRunning, Stopped, BotoCoreError, ClientError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
