"""What follows a night of the lake, on the running local cloud: forecasts, outlooks, trends and recommendations.

python -m local.insight [train]     now; `train`: a model is trained whether the current one is old or not
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local.connected import STATE, Connected, NotRunning
from local.night import Stopped

LONGEST_SECONDS = 1_800


def begin(cloud: Connected, *, train: bool = False) -> str:
    """Start it now. Its execution's ARN."""
    machine = cloud.client("stepfunctions")
    told = {"stateMachineArn": cloud.outputs["InsightMachineArn"], "input": json.dumps({"train": train})}
    return str(machine.start_execution(**told)["executionArn"])


def newest(cloud: Connected) -> dict[str, Any] | None:
    """The last one, as `told` tells it; None before the first."""
    machine = cloud.client("stepfunctions")
    listed = machine.list_executions(stateMachineArn=cloud.outputs["InsightMachineArn"], maxResults=1)["executions"]
    return told(cloud, listed[0]["executionArn"]) if listed else None


def told(cloud: Connected, execution: str) -> dict[str, Any]:
    """`status`, `stopped_by`; when it is over also the machine's `outcome`."""
    said = cloud.client("stepfunctions").describe_execution(executionArn=execution)
    return {
        "status": said["status"],
        "stopped_by": ": ".join(filter(None, (said.get("error"), said.get("cause")))),
        "outcome": json.loads(said.get("output") or "{}"),
    }


def wait(cloud: Connected, execution: str, seconds: float = LONGEST_SECONDS) -> dict[str, Any]:
    """The outcome: `run`, `status`, `as_of`, `model` ('' while there is none), `reason`, `states`, `drifted`.

    Raises Stopped.
    """
    deadline = time.monotonic() + seconds
    while (one := told(cloud, execution))["status"] == "RUNNING":
        if time.monotonic() > deadline:
            raise Stopped(f"it still runs after {seconds:.0f} s")
        time.sleep(0.5)
    if one["status"] != "SUCCEEDED":
        raise Stopped(one["stopped_by"] or one["status"])
    outcome: dict[str, Any] = one["outcome"]
    return outcome


def summary(outcome: dict[str, Any]) -> str:
    """In a line."""
    model = outcome["model"] or "no model"
    why = f" ({outcome['reason']})" if outcome["reason"] else ""
    return f"analysed as of {outcome['as_of']}: {outcome['status']}, {model}{why}"


def main(arguments: list[str]) -> int:
    """0 when it is shown."""
    if arguments not in ([], ["train"]):
        print(__doc__, file=sys.stderr)
        return 2
    try:
        cloud = Connected.to(STATE)
        began = time.monotonic()
        print(summary(wait(cloud, begin(cloud, train=arguments == ["train"]))))
        print(f"in {time.monotonic() - began:.1f} s")
    except (NotRunning, Stopped, BotoCoreError, ClientError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
