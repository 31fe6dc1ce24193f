"""Starting the state machine and telling the payments service: what the web door and the sweeper both do."""

from __future__ import annotations

import json
import os
from uuid import UUID

from lambdas import queues
from lambdas.observed import present_correlation_id
from lambdas.step_functions import step_functions


def start_execution(program_id: int, redemption_id: UUID, name: str | None = None) -> None:
    """Start the redemption's execution; a name that is taken is one that was started. Raises what boto3 raises.

    It goes on with the correlation id, and with the trace, of what is handled now.
    """
    client = step_functions()
    trace = os.environ.get("_X_AMZN_TRACE_ID")
    try:
        client.start_execution(
            stateMachineArn=os.environ["STATE_MACHINE_ARN"],
            name=name or str(redemption_id),
            input=json.dumps(
                {
                    "program_id": program_id,
                    "redemption_id": str(redemption_id),
                    "correlation_id": present_correlation_id(),
                }
            ),
            **({"traceHeader": trace} if trace else {}),
        )
    except client.exceptions.ExecutionAlreadyExists:
        return


def execution_status(name: str) -> str | None:
    """RUNNING, SUCCEEDED, FAILED, TIMED_OUT, ABORTED; None if there is no such execution."""
    client = step_functions()
    execution = os.environ["STATE_MACHINE_ARN"].replace(":stateMachine:", ":execution:") + f":{name}"
    try:
        return str(client.describe_execution(executionArn=execution)["status"])
    except client.exceptions.ExecutionDoesNotExist:
        return None


def tell_payments(task: str, program_id: int, redemption_id: UUID) -> None:
    """Send a task without a token: `complete` (the member approved) or `abandon` (nobody waits for an approval)."""
    message = {
        "task": task,
        "program_id": program_id,
        "redemption_id": str(redemption_id),
        "correlation_id": present_correlation_id(),
    }
    queues.sqs().send_message(QueueUrl=os.environ["PAYMENTS_QUEUE_URL"], MessageBody=json.dumps(message))
