"""By operators, after a restore to an earlier instant: take up what was lost (docs/operations/restore.md).

`{"restored_to": "2026-11-22T10:00:00Z", "charges": ["amazon_pay:S01-…"]}`; call again until it says `"over": true`.
"""

from __future__ import annotations

import os
import time
from datetime import datetime
from typing import Any

from lambdas.observed import logger, observed
from loyalty.database import database
from loyalty.reconciliation import parties, readopting
from loyalty.reconciliation.readopt import charge_named, execution_status

LONGEST_SECONDS = 840.0
SPARE_SECONDS = 40.0


@observed
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """What this call did, by kind. Raises ValueError for an event that does not say when."""
    restored_to = datetime.fromisoformat(str(event["restored_to"]))
    if restored_to.tzinfo is None:
        raise ValueError("restored_to needs a zone")
    charges = [charge_named(str(text)) for text in event.get("charges", [])]
    connection = database().connection()
    remaining = getattr(context, "get_remaining_time_in_millis", None)
    seconds = min(remaining() / 1000 - SPARE_SECONDS if remaining else LONGEST_SECONDS, LONGEST_SECONDS)
    end = time.monotonic() + seconds
    world = readopting.World(
        amazon=parties.stores(connection),
        providers=parties.providers(),
        portal_origin=os.environ["PORTAL_ORIGIN"],
        execution_status=execution_status,
        seconds_left=lambda: end - time.monotonic(),
        pause=time.sleep,
    )
    done = readopting.readopt(connection, world, restored_to, charges)
    logger.info("readopted", extra={"over": done.over, "stopped": done.stopped, "counts": done.counts})
    return {"over": done.over, "stopped": done.stopped, **done.counts}
