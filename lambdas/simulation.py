"""Simulations, one message each: what a draft would change, computed on a reader and kept beside the draft.

A message that fails comes again; three tries are all a simulation gets, then it says that it has failed.
"""

from __future__ import annotations

import json
import os
from functools import cache
from typing import Any
from uuid import UUID

from aws_lambda_powertools.metrics import MetricUnit

from lambdas.observed import log_failure, logger, metrics, observed
from loyalty.database import Database, DatabaseSettings, database
from loyalty.programme.simulation import running

# The laptop and the smallest database have two processors.
READERS = 2


@observed
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """A batch of the queue. Answers the records that must come again."""
    again = []
    for record in event["Records"]:
        try:
            told = json.loads(record["body"])
            program_id, simulation_id = int(told["program_id"]), UUID(told["simulation_id"])
            readers = [one.connection() for one in _readers()]
            became = running.run(database().connection(), readers, program_id, simulation_id)
        # The other simulations are not to blame.
        except Exception as failure:
            log_failure(failure)
            metrics.add_metric("SimulationsFailed", MetricUnit.Count, 1)
            again.append(record["messageId"])
            continue
        logger.info(
            "simulated", extra={"program_id": program_id, "simulation_id": str(simulation_id), "became": became}
        )
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in again]}


@cache
def _readers() -> list[Database]:
    """Connections of their own: to the readers where there are any."""
    environment = dict(os.environ)
    if host := environment.get("DATABASE_READER_HOST"):
        environment["DATABASE_HOST"] = host
    return [Database(DatabaseSettings.from_environment(environment)) for _ in range(READERS)]
