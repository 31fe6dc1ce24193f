"""Alarms, dashboards, metrics, canaries, trails, flags."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from cost.bill import Line, Rule, World
from cost.templates import Resource


def _alarm(resource: Resource, world: World) -> Iterator[Line]:
    """Of an expression every metric in it counts."""
    looked_at = [one for one in resource.properties.get("Metrics", []) if "MetricStat" in one]
    yield world.line(resource, "alarm", max(1, len(looked_at)))


def _composite(resource: Resource, world: World) -> Iterator[Line]:
    yield world.line(resource, "composite_alarm", 1)


def _dashboard(resource: Resource, world: World) -> Iterator[Line]:
    """Every metric that our services write is reckoned with the first of them."""
    yield world.line(resource, "dashboard", 1)
    if resource == next(world.templates.of(resource.type)):
        yield world.line(resource, "metric", world.month["metrics_of_ours"], what="metrics that our services write")


def _insights(resource: Resource, world: World) -> Iterator[Line]:
    settings = resource.properties.get("ClusterSettings", [])
    if any(one.get("Name") == "containerInsights" and one.get("Value") != "disabled" for one in settings):
        services = sum(1 for _ in world.templates.of("AWS::ECS::Service"))
        metrics = world.month["insights_metrics_per_service"] * (services + 1)
        yield world.line(resource, "metric", metrics, what="Container Insights")


def _canary(resource: Resource, world: World) -> Iterator[Line]:
    yield world.line(resource, "canary_runs", world.month["canary_runs"])


def _trail(resource: Resource, world: World) -> Iterator[Line]:
    """As if the account had another trail already."""
    yield world.line(resource, "trail_events", world.month["trail_events"])


def _slo(resource: Resource, world: World) -> Iterator[Line]:
    """Its metrics are two of its own."""
    yield world.line(resource, "metric", Decimal(2))


RULES: dict[str, Rule] = {
    "AWS::CloudWatch::Alarm": _alarm,
    "AWS::CloudWatch::CompositeAlarm": _composite,
    "AWS::CloudWatch::Dashboard": _dashboard,
    "AWS::ECS::Cluster": _insights,
    "AWS::Synthetics::Canary": _canary,
    "AWS::CloudTrail::Trail": _trail,
    "AWS::ApplicationSignals::ServiceLevelObjective": _slo,
}
