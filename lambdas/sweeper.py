"""Every minute: whoever was left standing. Each rule is bounded, fails alone, and may be stopped at any time."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit

from lambdas import machine
from lambdas.observed import log_failure, logger, metrics, observed
from loyalty.campaigns import watching as campaigns
from loyalty.canary import reversing
from loyalty.database import Connection, database
from loyalty.orders import observing
from loyalty.payments import notices
from loyalty.points import closing
from loyalty.programme import scheduling
from loyalty.recommendations import popularity
from loyalty.redemptions import measuring, sweeping
from loyalty.reports import journal, watching
from loyalty.tiers import settling

# No rule begins after this; the next minute goes on where this one stopped.
BUDGET_SECONDS = 40.0

type Rule = Callable[[Connection], int]


def start_left(connection: Connection) -> int:
    """Redemptions whose execution nobody has seen start."""
    left = sweeping.unstarted(connection)
    for one in left:
        machine.start_execution(one.program_id, one.redemption_id, one.execution_name)
        sweeping.started(connection, one)
    return len(left)


def replace_dead(connection: Connection) -> int:
    """Open redemptions whose execution has ended: another one enters where the row stands."""
    dead = 0
    for one in sweeping.to_check(connection):
        if machine.execution_status(one.execution_name) != "RUNNING":
            sweeping.execution_died(connection, one)
            dead += 1
    return dead


def replace_overlooked(connection: Connection) -> int:
    """Open redemptions whose execution waits for an answer that was given: another one does not wait."""
    overlooked = sweeping.overlooked(connection)
    for one in overlooked:
        sweeping.execution_died(connection, one)
    return len(overlooked)


def abandon_payments(connection: Connection) -> int:
    """Payments that nobody will approve any more: in time they would hold points for nothing."""
    if "PAYMENTS_QUEUE_URL" not in os.environ:
        return 0
    lapsed = sweeping.payments_to_abandon(connection)
    for program_id, redemption_id in lapsed:
        machine.tell_payments("abandon", program_id, redemption_id)
    return len(lapsed)


def watch_ledger(connection: Connection) -> int:
    """Say how ledger and books stand, for the alarms. Always 0: there is nothing to count."""
    found = watching.watch(connection)
    metrics.add_metric("JournalMonthsMissing", MetricUnit.Count, found.months_missing)
    metrics.add_metric("MonthClosesRefused", MetricUnit.Count, found.closes_refused)
    metrics.add_metric("MonthClosesLate", MetricUnit.Count, found.closes_late)
    metrics.add_metric("BooksBehindSeconds", MetricUnit.Seconds, found.unposted_seconds)
    metrics.add_metric("SumsBehindSeconds", MetricUnit.Seconds, found.unrolled_seconds)
    return 0


def watch_cases(connection: Connection) -> int:
    """Say how many cases are past their deadline. Always 0: there is nothing to do here."""
    row = connection.execute("select casework.overdue() as overdue").fetchone()
    assert row is not None
    metrics.add_metric("CasesOverdue", MetricUnit.Count, int(row["overdue"]))
    return 0


def watch_redemptions(connection: Connection) -> int:
    """Say how redemptions stand that are under way. Always 0: there is nothing to do here."""
    found = measuring.standing(connection, int(os.environ.get("REDEMPTION_MINUTES", "60")))
    metrics.add_metric("RedemptionsOpen", MetricUnit.Count, found.open)
    metrics.add_metric("HoldsOpen", MetricUnit.Count, found.holds)
    metrics.add_metric("PointsHeld", MetricUnit.Count, found.points_held)
    metrics.add_metric("RedemptionsOverdue", MetricUnit.Count, found.overdue)
    return 0


RULES: dict[str, Rule] = {
    # First: what the duties below have left undone, also when they leave no time.
    "watch_ledger": watch_ledger,
    "watch_cases": watch_cases,
    "watch_redemptions": watch_redemptions,
    # Before the starting: what is found dead lives again in the same minute.
    "replace_dead": replace_dead,
    "replace_overlooked": replace_overlooked,
    "start_left": start_left,
    "abandon_payments": abandon_payments,
    "publish_scheduled": scheduling.publish_due,
    "extend_leases": sweeping.extend_leases,
    "abandon_unstarted": sweeping.abandon,
    "mature_points": sweeping.mature_points,
    "expire_points": sweeping.expire_points,
    "lapse_reservations": sweeping.lapse_reservations,
    "follow_merged": sweeping.follow_merged,
    "purge_strays": observing.purge,
    "purge_notices": notices.purge,
    "ensure_partitions": sweeping.ensure_partitions,
    "roll_up": closing.roll_up,
    "close_months": closing.close_months,
    "post_books": journal.post,
    "post_deliveries": journal.post_deliveries,
    "watch_campaigns": campaigns.watch,
    "count_audiences": campaigns.count_audiences,
    "measure_campaigns": campaigns.measure,
    "count_popular": popularity.recount,
    "settle_tiers": settling.settle_due,
    "walk_tiers": settling.walk,
    "reverse_canary": reversing.sweep,
}


@observed
def handler(event: Any, context: Any) -> dict[str, int]:
    """How much each rule did; -1 where it failed. `{"rules": [...]}` runs only those."""
    wanted = (event or {}).get("rules") or list(RULES)
    end = time.monotonic() + BUDGET_SECONDS
    done: dict[str, int] = {}
    for name in wanted:
        if time.monotonic() > end:
            logger.warning("no time left", extra={"rule": name})
            break
        done[name] = _run(name)
    logger.info("swept", extra={"done": done})
    return done


def _run(name: str) -> int:
    try:
        count = RULES[name](database().connection())
    # Whatever it is: the other rules are not to blame, and the next minute tries this one again.
    except Exception as failure:
        log_failure(failure)
        metrics.add_metric("SweeperRuleFailures", MetricUnit.Count, 1)
        return -1
    if count:
        metrics.add_metric(f"Swept_{name}", MetricUnit.Count, count)
    return count
