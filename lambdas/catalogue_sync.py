"""Keep the stored copy of Amazon's catalogue fresh: every quarter of an hour a bounded piece, or all of it by hand.

By hand with `{"full": true}`; while the answer's `due` is above 0, call again.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from lambdas.amazon import amazon_business
from lambdas.observed import logger, metrics, observed
from loyalty.catalogue.syncing import sync
from loyalty.database import database

READ_SECONDS = 10.0
LONGEST_SECONDS = 240.0
# What is left for the last call's answer and its writing.
SPARE_SECONDS = 15.0


@observed
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Sync each programme for its share of the time. Raises CredentialsRevoked: a person must act."""
    connection = database().connection()
    programmes = [1, 2]
    remaining = getattr(context, "get_remaining_time_in_millis", None)
    seconds = min(remaining() / 1000 - SPARE_SECONDS if remaining else LONGEST_SECONDS, LONGEST_SECONDS)
    done = {}
    for program_id in programmes:
        synced = sync(
            connection,
            amazon_business(READ_SECONDS),
            program_id,
            max(seconds / len(programmes), 1.0),
            full=bool(event.get("full")),
        )
        logger.info("synced", program_id=program_id, **asdict(synced))
        metrics.add_metric("ProductsDue", "Count", synced.due)
        done[str(program_id)] = asdict(synced)
    return {"programmes": done, "due": sum(one["due"] for one in done.values())}
