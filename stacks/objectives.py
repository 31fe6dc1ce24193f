"""Service level objectives: what members and partners may rely on, and alarms on how fast the error budget burns.

Each objective has three alarms. Two wake somebody when a budget of 30 days would be gone in two days (14.4 times too
fast, over one hour and still in the last five minutes) or in five (6 times, over six hours and the last thirty
minutes). The third is a ticket: on three days in a row more was burnt than a day has. See docs/operations/slo.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_sns as sns
from constructs import Construct

from stacks.alarm import Alarm, described, tell, watch
from stacks.constructs.rest_api import RestApi
from stacks.metrics import said
from stacks.sections import Objectives
from stacks.watched import Watched

BUDGET_DAYS = 30


@dataclass(frozen=True)
class Window:
    """`short` says that it still burns, so that the alarm ends soon after its cause."""

    name: str
    burn: float
    long: Duration
    short: Duration


# A page: 2 % of the budget in an hour, 5 % in six.
PAGES = (
    Window("Fast", 14.4, Duration.hours(1), Duration.minutes(5)),
    Window("Slow", 6, Duration.hours(6), Duration.minutes(30)),
)
TICKET_DAYS = 3


@dataclass(frozen=True)
class Objective:
    """At least `percent` are good: of an API's requests those without 5xx, with `within_ms` those quicker than that;
    without `api` the redemptions that ended in time. `section` of docs/operations/slo.md."""

    id: str
    meaning: str
    percent: float
    section: str
    api: RestApi | None = None
    within_ms: int = 0

    def burning(self, period: Duration, fewest: int) -> cloudwatch.MathExpression:
        """How many times too fast the budget went in `period`; 0 while fewer than `fewest` were bad."""
        every, bad = self._measured(period)
        # In a graph that has several objectives ids are unique.
        own = self.id.lower()
        allowed = round(100 - self.percent, 6)
        return cloudwatch.MathExpression(
            expression=f"IF(bad_{own} >= {fewest}, 100 * bad_{own} / every_{own} / {allowed:g}, 0)",
            label=f"{self.id}: times too fast",
            period=period,
            using_metrics={f"every_{own}": every, f"bad_{own}": bad},
        )

    def _measured(self, period: Duration) -> tuple[cloudwatch.IMetric, cloudwatch.IMetric]:
        if self.api is None:
            return said("RedemptionsEnded", "engine_step", period, "Sum"), said(
                "RedemptionsLate", "engine_step", period, "Sum"
            )
        every = self.api.api.metric_count(period=period, statistic="Sum")
        if not self.within_ms:
            return every, self.api.api.metric_server_error(period=period, statistic="Sum")
        within = self.api.api.metric_latency(period=period, statistic=f"PR(:{self.within_ms})")
        slow = cloudwatch.MathExpression(
            expression="requests * (100 - within) / 100",
            label="slower",
            period=period,
            using_metrics={"requests": every, "within": within},
        )
        return every, slow


def objectives(watched: Watched) -> tuple[Objective, ...]:
    """What is promised; the config says how much of it."""
    targets: Objectives = watched.settings.observability.objectives
    member, inbound = watched.apis["Member"], watched.apis["Inbound"]
    return (
        Objective(
            "MemberAvailable", "Members' requests fail", targets.member_percent, "member-api-availability", member
        ),
        Objective(
            "MemberQuick",
            f"Members wait longer than {targets.member_ms} ms",
            targets.member_quick_percent,
            "member-api-latency",
            member,
            targets.member_ms,
        ),
        Objective(
            "RedemptionsInTime",
            "Redemptions end late, or fail by our fault",
            targets.redemptions_percent,
            "redemptions-that-end-in-time",
        ),
        Objective(
            "InboundAvailable",
            "Partners' purchases and webhooks are not taken",
            targets.inbound_percent,
            "intake-availability",
            inbound,
        ),
    )


def burn_alarms(scope: Construct, topic: sns.ITopic, watched: Watched) -> None:
    """Of every objective two pages and a ticket."""
    fewest = watched.settings.observability.objectives.fewest_bad
    url = watched.settings.observability.repository_url
    for objective in objectives(watched):
        runbook = f"slo.md#{objective.section}"
        for window in PAGES:
            parts = [
                watch(scope, alarm, described(f"Part of {objective.id}{window.name}", runbook, url))
                for alarm in _parts(objective, window, fewest)
            ]
            page = cloudwatch.CompositeAlarm(
                scope,
                f"{objective.id}{window.name}",
                alarm_description=described(
                    f"{objective.meaning}: the error budget of {BUDGET_DAYS} days burns {window.burn:g} times too fast",
                    runbook,
                    url,
                ),
                alarm_rule=cloudwatch.AlarmRule.all_of(
                    *(cloudwatch.AlarmRule.from_alarm(part, cloudwatch.AlarmState.ALARM) for part in parts)
                ),
            )
            tell(page, topic)
        ticket = Alarm(
            f"{objective.id}Ticket",
            objective.burning(Duration.days(1), fewest),
            "",
            TICKET_DAYS,
            above=1,
        )
        text = f"{objective.meaning}: more than the error budget, {TICKET_DAYS} days in a row (no hurry)"
        tell(watch(scope, ticket, described(text, runbook, url)), topic)


def _parts(objective: Objective, window: Window, fewest: int) -> Iterator[Alarm]:
    for name, period in (("Long", window.long), ("Short", window.short)):
        # What has to be bad at least is for the whole; its last minutes may be few.
        least = fewest if name == "Long" else 1
        yield Alarm(
            f"{objective.id}{window.name}{name}",
            objective.burning(period, least),
            "",
            above=window.burn,
        )
