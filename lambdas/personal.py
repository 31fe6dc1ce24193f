"""What members do, handed on to who learns from it: ids only, and never for long."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from uuid import UUID

from aws_lambda_powertools.metrics import MetricUnit

from lambdas import queues
from lambdas.observed import logger, metrics


def tell_looks(program_id: int, member_id: int, keys: Sequence[UUID]) -> None:
    """Into PERSONALIZE_QUEUE_URL, where there is one. What does not get there at once is left: the lake has it too."""
    from botocore.exceptions import BotoCoreError, ClientError

    url = os.environ.get("PERSONALIZE_QUEUE_URL")
    if not url:
        return
    message = {"program_id": program_id, "member_id": member_id, "looks": [str(key) for key in keys]}
    try:
        queues.hasty_sqs().send_message(QueueUrl=url, MessageBody=json.dumps(message))
    except (BotoCoreError, ClientError) as failure:
        logger.warning("looks not handed on", extra={"failure": type(failure).__name__})
        metrics.add_metric("LooksNotHandedOn", MetricUnit.Count, 1)
