"""Custom resource: make our rule set the active one, and when it goes put back what was active before it.

Of SES's rule sets one is active in an account and region. Which one ours replaced is kept in the resource's physical
id: `ours|before`, where `before` is empty if there was none.
"""

from __future__ import annotations

from typing import Any

from lambdas.custom_resource import Made, answered
from loyalty import aws

PHYSICAL_ID = "receipt-rules"
BETWEEN = "|"


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """The property is RuleSet, the name of ours. Also returns what it answered."""
    known = event.get("PhysicalResourceId", "")
    return answered(
        event,
        PHYSICAL_ID,
        lambda: _activate(event["ResourceProperties"]["RuleSet"], known),
        undo=lambda: _put_back(known, event["ResourceProperties"]["RuleSet"]),
    )


def _activate(ours: str, known: str) -> Made:
    client = _ses()
    active = _active(client)
    until_now, _, before = known.partition(BETWEEN)
    if active != ours:
        client.set_active_receipt_rule_set(RuleSetName=ours)
    if until_now == ours:
        # Another physical id would have this very rule set put back as that of a resource that went.
        return Made(known)
    return Made(f"{ours}{BETWEEN}{before if active in (ours, until_now) else active}")


def _put_back(known: str, named: str) -> None:
    """Unless somebody has made another one active since: that is left alone. Where nobody heard what we answered, none
    is active afterwards: an active one cannot be deleted."""
    ours, between, before = known.partition(BETWEEN)
    client = _ses()
    if _active(client) != (ours if between else named):
        return
    try:
        # Without a name none is active; the active one cannot be deleted.
        client.set_active_receipt_rule_set(**({"RuleSetName": before} if before else {}))
    except client.exceptions.RuleSetDoesNotExistException:
        client.set_active_receipt_rule_set()


def _active(client: Any) -> str:
    """The active rule set's name, empty if none is."""
    metadata = client.describe_active_receipt_rule_set().get("Metadata") or {}
    return str(metadata.get("Name", ""))


def _ses() -> Any:
    return aws.client("ses", read_seconds=10)
