"""What wakes somebody for redemptions, the ledger, events and the database, and for what parts say of themselves."""

from __future__ import annotations

from collections.abc import Iterator

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch

from stacks.alarm import Alarm
from stacks.metrics import FIVE_MINUTES, said
from stacks.said import SAID, SAID_ONCE
from stacks.watched import Watched

# An event waits this long only when the bus or the relay is away.
OLDEST_EVENT_SECONDS = 900
# The books and the daily sums are behind by so much only when their posting has stopped, or nothing sweeps.
OLDEST_BOOKING_SECONDS = 900
BUSY_PERCENT = 80
# One answer that is lost is nobody's work; more in five minutes is an outage.
MOST_UNKNOWN = 5


def engine_alarms(watched: Watched) -> Iterator[Alarm]:
    """Of every deployment: nothing of it is optional."""
    for name, metric, service, meaning in SAID:
        silence = cloudwatch.TreatMissingData.IGNORE if metric in SAID_ONCE else None
        yield Alarm(name, said(metric, service), meaning, silence=silence)
    yield Alarm(
        "EventsWait",
        said("OutboxOldestSeconds", "outbox_relay"),
        "What happened is not told: the event bus or the outbox's relay is away",
        2,
        # The relay says it every minute: silence means that it does not run.
        cloudwatch.TreatMissingData.BREACHING,
        above=OLDEST_EVENT_SECONDS,
        runbook="outbox.md#events-that-do-not-go-out",
    )
    yield Alarm(
        "MessagesUnknown",
        said("MessagesUnknown", "shipment_notification"),
        "SES or SNS answers with errors of its own: what it may have sent or not is not sent again",
        above=MOST_UNKNOWN,
    )
    yield from _ledger_alarms(watched.settings.schedules.sweeper_minutes)
    yield Alarm(
        "RedemptionsFail",
        watched.engine.state_machine.metric_failed(period=FIVE_MINUTES),
        "An execution ended as failed: the machine handles every known refusal, so this one is unknown",
    )
    yield Alarm(
        "RedemptionsOverdue",
        said("RedemptionsOverdue", "sweeper"),
        "Redemptions stand still for longer than members are promised, and wait for nobody but us or Amazon",
        3,
    )
    yield Alarm(
        "AuroraBusy",
        watched.cluster.metric_cpu_utilization(period=FIVE_MINUTES),
        f"Aurora is above {BUSY_PERCENT} % for a quarter",
        3,
        above=BUSY_PERCENT,
    )


def _ledger_alarms(sweeper_minutes: int) -> Iterator[Alarm]:
    # At least one run of the sweeper falls into each.
    sweep = Duration.minutes(max(5, 2 * sweeper_minutes))
    for name, metric, what in (
        ("BooksBehind", "BooksBehindSeconds", "The books are"),
        ("SumsBehind", "SumsBehindSeconds", "The ledger's daily sums are"),
    ):
        yield Alarm(
            name,
            said(metric, "sweeper", sweep),
            f"{what} a quarter of an hour behind, or nothing sweeps",
            2,
            # The sweeper says it each time it runs, if it does.
            cloudwatch.TreatMissingData.BREACHING if sweeper_minutes else None,
            above=OLDEST_BOOKING_SECONDS,
            runbook="books.md#ledger-and-books-alarms",
        )
