"""The metrics that dashboards and alarms read: AWS's own of each part, and what our code says of itself."""

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs

from stacks.constructs.functions import METRIC_NAMESPACE
from stacks.constructs.rest_api import RestApi

MINUTE = Duration.minutes(1)
FIVE_MINUTES = Duration.minutes(5)


def said(
    name: str,
    service: str,
    period: Duration = FIVE_MINUTES,
    statistic: str = "Maximum",
    *,
    label: str | None = None,
    **dimensions: str,
) -> cloudwatch.Metric:
    """What `service` says of itself as `name`; one metric for each set of dimensions."""
    return cloudwatch.Metric(
        namespace=METRIC_NAMESPACE,
        metric_name=name,
        dimensions_map={"service": service, **dimensions},
        period=period,
        statistic=statistic,
        label=label,
    )


def requests(name: str, api: RestApi) -> cloudwatch.Metric:
    """Requests to one API."""
    return api.api.metric_count(label=name, period=FIVE_MINUTES)


def refused(name: str, api: RestApi) -> cloudwatch.Metric:
    """Answers that say that the caller is wrong."""
    return api.api.metric_client_error(label=f"{name} 4xx", period=FIVE_MINUTES)


def failed(name: str, api: RestApi) -> cloudwatch.Metric:
    """Answers that say that we are wrong."""
    return api.api.metric_server_error(label=f"{name} 5xx", period=FIVE_MINUTES)


def latency(name: str, api: RestApi, statistic: str = "p99") -> cloudwatch.Metric:
    """Milliseconds from the gateway's first byte in to its last out."""
    return api.api.metric_latency(label=name, period=FIVE_MINUTES, statistic=statistic)


def depth(name: str, queue: sqs.IQueue) -> cloudwatch.Metric:
    """Messages that wait."""
    return queue.metric_approximate_number_of_messages_visible(label=name, period=MINUTE, statistic="Maximum")


def oldest(name: str, queue: sqs.IQueue) -> cloudwatch.Metric:
    """Seconds that the oldest message has waited."""
    return queue.metric_approximate_age_of_oldest_message(label=name, period=MINUTE, statistic="Maximum")


def errors(function: lambda_.Function) -> cloudwatch.Metric:
    """Calls that ended with an exception."""
    return function.metric_errors(label=function.node.id, period=FIVE_MINUTES)
