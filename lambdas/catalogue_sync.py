"""Keep the stored copy of Amazon's catalogue fresh: every quarter of an hour a bounded piece, or all of it by hand.

By hand with `{"full": true}`; while the answer's `due` is above 0, call again.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit

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
    """Sync each store for its share of the time. Raises CredentialsRevoked: a person must act."""
    connection = database().connection()
    programmes: dict[tuple[str, str], list[int]] = {}
    for row in connection.execute("select program_id, region, locale from catalogue.stores()").fetchall():
        programmes.setdefault((row["region"], row["locale"]), []).append(row["program_id"])
    remaining = getattr(context, "get_remaining_time_in_millis", None)
    seconds = min(remaining() / 1000 - SPARE_SECONDS if remaining else LONGEST_SECONDS, LONGEST_SECONDS)
    due, products = 0, 0
    for (region, locale), program_ids in programmes.items():
        amazon = amazon_business(region, locale, READ_SECONDS)
        share = max(seconds / len(programmes), 1.0)
        synced = sync(connection, amazon, program_ids, share, full=event.get("full") is True)
        logger.info("synced", region=region, **asdict(synced))
        metrics.add_metric("ProductsDue", MetricUnit.Count, synced.due)
        due, products = due + synced.due, products + synced.products
    return {"products": products, "due": due}
