"""Every minute: exports that wait are put together, erasures go on store by store, and what is old goes.

By hand after a restore: `{"reapply": true}` says the list of ended accounts again (docs/operations/restore.md).
"""

from __future__ import annotations

import time
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit

from lambdas.observed import log_failure, logger, metrics, observed
from lambdas.privacy_stores import Buckets, Ended, Pool
from loyalty.database import database
from loyalty.privacy import erasing, exporting, retention
from loyalty.privacy.erasing import Outside

# The function's own limit is longer: an export that is begun is finished.
BUDGET_SECONDS = 120.0


@observed
def handler(event: Any, context: Any) -> dict[str, Any]:
    """How much of each was done; or what became of the list."""
    connection = database().connection()
    asked = event if isinstance(event, dict) else {}
    outside = Outside(Pool(), Buckets(), Ended())
    if asked.get("reapply"):
        done = erasing.reapply(connection, outside.ended)
        return {
            "known": done.known, "again": done.again, "waits": done.waits, "unknown_key": done.unknown_key,
            "over": done.waits == 0, "lines": done.lines[:500],
        }  # fmt: skip
    end = time.monotonic() + BUDGET_SECONDS

    def more() -> bool:
        return time.monotonic() < end

    carried = erasing.carry_out(connection, outside, log_failure, more)
    made = failed = 0
    while (
        more() and (came := exporting.make_next(connection, outside.files, outside.sign_ins, log_failure)) is not None
    ):
        made, failed = made + came, failed + (not came)
    expired = exporting.remove_expired(connection, outside.files)
    listed = erasing.list_closed(connection, outside.ended)
    removed = retention.apply(connection, lambda key: outside.files.delete_documents([key]), more)
    overdue = erasing.overdue(connection)
    metrics.add_metric("PrivacyFailed", MetricUnit.Count, carried.failed + failed)
    metrics.add_metric("PrivacyOverdue", MetricUnit.Count, overdue)
    told = {
        "receipts": carried.receipts, "waiting": carried.waiting, "failed": carried.failed + failed,
        "stuck": carried.stuck, "exports": made, "expired": expired, "listed": listed, "removed": removed,
        "overdue": overdue,
    }  # fmt: skip
    logger.info("privacy", extra={"done": told})
    return told
