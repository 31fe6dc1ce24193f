"""Every some minutes: invoices that got stuck or never came.

- papers that lie there and nobody reads get their execution;
- what waits for its goods to leave is compared again;
- shipments whose invoice did not come are asked for, and the papers fetched;
- months that are over and differ from what Amazon charged are counted, for an alarm;
- what was refused a year ago is forgotten.

`{"rules": [...]}` runs only those. Each rule fails alone, and each programme in it.

Environment: DATABASE_*, INVOICES_BUCKET, INVOICE_DESK_ARN, AMAZON_BUSINESS_URL, AMAZON_LWA_URL,
AMAZON_BUSINESS_SECRET_ARN. May: s3:PutObject on documents/*, kms:GenerateDataKey with the bucket's key,
states:StartExecution on the Invoice Desk, secretsmanager:GetSecretValue on Amazon Business's secret. It reaches Amazon
on the internet. 1,024 MB, 300 s, one at a time.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any
from uuid import UUID

from aws_lambda_powertools.metrics import MetricUnit

from lambdas.amazon import amazon_business
from lambdas.invoice_papers import begin, keep
from lambdas.observed import log_failure, logger, metrics, observed
from loyalty.database import Connection, database
from loyalty.invoices import fetching

BUDGET_SECONDS = 200.0
# What is left for one slow answer, or for one paper that is a trap.
READ_SECONDS = 20.0
MOST_STARTED = 100
MOST_JUDGED = 200
MOST_FORGOTTEN = 5_000

type Clock = Callable[[], bool]


@observed
def handler(event: Any, context: Any) -> dict[str, int]:
    """How much each rule did; -1 where it failed."""
    end = time.monotonic() + BUDGET_SECONDS

    def more_time() -> bool:
        return time.monotonic() < end

    wanted = (event or {}).get("rules") or list(RULES)
    done = {name: _run(name, more_time) for name in wanted if more_time()}
    logger.info("watched invoices", extra={"done": done})
    return done


def start_left(connection: Connection, more_time: Clock) -> int:
    """Papers whose execution nobody has seen start, or that are being read for a day."""
    left = connection.execute("select * from invoices.to_start(%s)", (MOST_STARTED,)).fetchall()
    started = 0
    for one in left:
        if not more_time():
            break
        begin(connection, one["program_id"], one["document_id"], one["starts"])
        started += 1
    return started


def judge_again(connection: Connection, more_time: Clock) -> int:
    """Invoices that wait for what they are about."""
    row = connection.execute("select invoices.judge_again(%s) as judged", (MOST_JUDGED,)).fetchone()
    assert row is not None
    return int(row["judged"])


def fetch_missing(connection: Connection, more_time: Clock) -> int:
    """Invoices that did not come by themselves: how many papers came by asking."""
    fetched = missing = 0
    failed: Exception | None = None
    for store in connection.execute("select program_id, region, locale from catalogue.stores()").fetchall():
        program_id = store["program_id"]
        try:
            amazon = amazon_business(store["region"], store["locale"], READ_SECONDS)
            ran = fetching.run(connection, amazon, program_id, keep, more_time)
            for document_id in ran.begin:
                _begin(connection, program_id, document_id)
        except Exception as failure:  # the other programmes are not to blame
            log_failure(failure)
            failed = failure
            continue
        fetched += ran.fetched
        missing += ran.missing
        logger.info(
            "asked for invoices",
            extra={"program_id": program_id, "missing": ran.missing, "ordered": ran.ordered, "fetched": ran.fetched,
                   "given_up": ran.given_up, "stopped": ran.stopped},
        )  # fmt: skip
    metrics.add_metric("InvoicesMissing", MetricUnit.Count, missing)
    if failed is not None:
        raise failed
    return fetched


def compare_months(connection: Connection, more_time: Clock) -> int:
    """Months that are over and differ from what Amazon charged."""
    differing = 0
    for store in connection.execute("select program_id from catalogue.stores()").fetchall():
        row = connection.execute("select invoices.months_differing(%s) as months", (store["program_id"],)).fetchone()
        assert row is not None
        differing += row["months"]
    metrics.add_metric("InvoiceMonthsDiffering", MetricUnit.Count, differing)
    return differing


def forget_refused(connection: Connection, more_time: Clock) -> int:
    """What was refused long ago."""
    row = connection.execute("select invoices.forget_refused(%s) as gone", (MOST_FORGOTTEN,)).fetchone()
    assert row is not None
    return int(row["gone"])


RULES: dict[str, Callable[[Connection, Clock], int]] = {
    "start_left": start_left,
    "judge_again": judge_again,
    "fetch_missing": fetch_missing,
    "compare_months": compare_months,
    "forget_refused": forget_refused,
}


def _run(name: str, more_time: Clock) -> int:
    try:
        count = RULES[name](database().connection(), more_time)
    except Exception as failure:  # the next run tries again
        log_failure(failure)
        metrics.add_metric("InvoiceWatchFailures", MetricUnit.Count, 1)
        return -1
    if count:
        metrics.add_metric(f"InvoiceWatch_{name}", MetricUnit.Count, count)
    return count


def _begin(connection: Connection, program_id: int, document_id: UUID) -> None:
    try:
        begin(connection, program_id, document_id)
    except Exception as failure:  # it is recorded: the next run begins it
        log_failure(failure)
        metrics.add_metric("InvoiceStartFailures", MetricUnit.Count, 1)
