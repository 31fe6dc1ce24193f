"""What a deployment that stands says of itself: its stacks' outputs."""

from __future__ import annotations

from delivery.preflight.account import Account, Refused
from stacks.settings import Settings


def outputs(account: Account, settings: Settings, part: str, *, standing: bool = False) -> dict[str, str]:
    """The outputs of a stack by name; none if it does not stand. `standing` adds one that says that it does.

    Raises Refused.
    """
    name = f"loyalty-{settings.deployment.name}-{part}"
    try:
        stacks = account.ask("cloudformation", "DescribeStacks", StackName=name)["Stacks"]
    except Refused as refused:
        if refused.code == "ValidationError":  # CloudFormation's word for a stack that is not there
            return {}
        raise
    found = {output["OutputKey"]: output["OutputValue"] for stack in stacks for output in stack.get("Outputs", ())}
    return found | ({"StackName": name} if standing and stacks else {})
