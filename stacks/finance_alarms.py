"""What wakes somebody for money that does not match, and for invoices on their way to the ERP."""

from __future__ import annotations

from collections.abc import Iterator

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch

from stacks.alarm import Alarm
from stacks.metrics import FIVE_MINUTES, said
from stacks.watched import Watched

# A ticket of the reconciliation is to be settled in three days; a day is reconciled within hours of its end.
UNMATCHED_HOURS = 72
BEHIND_HOURS = 8
# An ERP may be away for a night's work.
OLDEST_FOR_ERP_SECONDS = 4 * 3600
# Papers by mail in an hour: each page that Textract reads is paid for.
MOST_PAPERS_AN_HOUR = 2_000


def finance_alarms(watched: Watched) -> Iterator[Alarm]:
    """Reconciliation's and invoices'."""
    yield from _reconciliation_alarms(watched.settings.schedules.reconciliation_minutes)
    yield Alarm(
        "ErpWaits",
        said("ErpOldestSeconds", "erp_gateway"),
        "A document has been on its way to the ERP for hours",
        2,
        above=OLDEST_FOR_ERP_SECONDS,
    )
    yield Alarm(
        "InvoicesGetStuck",
        watched.invoices.state_machine.metric_failed(period=FIVE_MINUTES),
        "An invoice's execution ended as failed and not even a person was told",
    )
    yield Alarm(
        "InvoicesFlood",
        said("InvoiceDocumentsTaken", "invoice_intake", Duration.hours(1), "Sum"),
        "More papers come by mail than anybody orders; each page is paid for",
        above=MOST_PAPERS_AN_HOUR,
        runbook="invoice-mail.md#when-something-is-wrong",
    )


def _reconciliation_alarms(minutes: int) -> Iterator[Alarm]:
    # At least one run falls into each.
    period = Duration.minutes(max(5, 2 * minutes))
    # It says both each time it runs, if it does.
    silence = cloudwatch.TreatMissingData.BREACHING if minutes else None
    for name, metric, hours, meaning in (
        (
            "UnmatchedForLong",
            "ReconciliationOldestHours",
            UNMATCHED_HOURS,
            "A redemption, charge or transaction has not matched for three days",
        ),
        (
            "ReconciliationBehind",
            "ReconciliationBehindHours",
            BEHIND_HOURS,
            "Yesterday is not reconciled, or nothing reconciles",
        ),
    ):
        yield Alarm(name, said(metric, "reconciliation", period), meaning, silence=silence, above=hours)
