"""What it costs, watched: a budget, a watch for what is unusual, a dashboard of what bills grow with."""

from __future__ import annotations

import json

from aws_cdk import Duration, Stack
from aws_cdk import aws_budgets as budgets
from aws_cdk import aws_ce as ce
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_sns as sns

from stacks.settings import Settings

# Only there does AWS say by a metric what an account owes.
BILLING_REGION = "us-east-1"
# By this tag bills tell this deployment from all else in the account.
DEPLOYMENT_TAG = "deployment"
HOUR, DAY = Duration.hours(1), Duration.days(1)


def tellers(settings: Settings) -> list[str]:
    """Who tells of money: each has to be let through to the operators' topic and its key."""
    cost = settings.cost
    return [
        *(["budgets.amazonaws.com"] if cost.monthly_budget_usd else []),
        *(["costalerts.amazonaws.com"] if cost.anomaly_usd else []),
    ]


def watch_costs(stack: Stack, settings: Settings, operators: sns.ITopic) -> None:
    """Puts the budget, the anomaly monitor and the dashboard into `stack`, as far as the config wants them."""
    if settings.cost.monthly_budget_usd:
        _budget(stack, settings, operators)
    if settings.cost.anomaly_usd:
        _anomalies(stack, settings, operators)
    if tellers(settings):
        _dashboard(stack, settings)


def deployment_tag(settings: Settings) -> str:
    """The value of DEPLOYMENT_TAG on all that is ours."""
    return f"loyalty-{settings.deployment.name}"


def _budget(stack: Stack, settings: Settings, operators: sns.ITopic) -> None:
    cost = settings.cost
    teller = budgets.CfnBudget.SubscriberProperty(subscription_type="SNS", address=operators.topic_arn)
    kinds = [("ACTUAL", percent) for percent in cost.thresholds_percent]
    if cost.forecast:
        kinds.append(("FORECASTED", 100))
    budgets.CfnBudget(
        stack,
        "Budget",
        budget=budgets.CfnBudget.BudgetDataProperty(
            budget_name=deployment_tag(settings),
            budget_type="COST",
            time_unit="MONTHLY",
            budget_limit=budgets.CfnBudget.SpendProperty(amount=cost.monthly_budget_usd, unit="USD"),
            cost_filters={"TagKeyValue": [f"user:{DEPLOYMENT_TAG}${deployment_tag(settings)}"]}
            if cost.by_tag
            else None,
        ),
        notifications_with_subscribers=[
            budgets.CfnBudget.NotificationWithSubscribersProperty(
                notification=budgets.CfnBudget.NotificationProperty(
                    notification_type=kind,
                    comparison_operator="GREATER_THAN",
                    threshold=percent,
                    threshold_type="PERCENTAGE",
                ),
                subscribers=[teller],
            )
            for kind, percent in kinds
        ],
    )


def _anomalies(stack: Stack, settings: Settings, operators: sns.ITopic) -> None:
    """By the tag: of monitors by service an account has one only, and AWS may have made it already."""
    monitor = ce.CfnAnomalyMonitor(
        stack,
        "AnomalyMonitor",
        monitor_name=deployment_tag(settings),
        monitor_type="CUSTOM",
        monitor_specification=json.dumps({"Tags": {"Key": DEPLOYMENT_TAG, "Values": [deployment_tag(settings)]}}),
    )
    ce.CfnAnomalySubscription(
        stack,
        "AnomalySubscription",
        subscription_name=deployment_tag(settings),
        # At once is told by SNS only.
        frequency="IMMEDIATE",
        monitor_arn_list=[monitor.attr_monitor_arn],
        subscribers=[ce.CfnAnomalySubscription.SubscriberProperty(type="SNS", address=operators.topic_arn)],
        threshold_expression=json.dumps(
            {
                "Dimensions": {
                    "Key": "ANOMALY_TOTAL_IMPACT_ABSOLUTE",
                    "MatchOptions": ["GREATER_THAN_OR_EQUAL"],
                    "Values": [str(settings.cost.anomaly_usd)],
                }
            }
        ),
    )


def _dashboard(stack: Stack, settings: Settings) -> None:
    """Dollars where AWS says them, and everywhere what dollars follow."""
    dashboard = cloudwatch.Dashboard(
        stack,
        "CostDashboard",
        dashboard_name=f"{deployment_tag(settings)}-cost",
        default_interval=Duration.days(14),
    )
    if settings.deployment.region == BILLING_REGION:
        dashboard.add_widgets(
            cloudwatch.GraphWidget(
                title="This month so far, the whole account, dollars", left=_charges(), width=24, height=6
            )
        )
    dashboard.add_widgets(
        _graph("API requests a day", _daily("{AWS/ApiGateway,ApiName}", "Count")),
        _graph("Functions: busy ms a day", _daily("{AWS/Lambda,FunctionName}", "Duration")),
        _graph("Logs taken, bytes a day", _daily("{AWS/Logs,LogGroupName}", "IncomingBytes")),
    )
    dashboard.add_widgets(
        _graph(
            "Aurora: capacity (ACU)",
            _searched("{AWS/RDS,DBInstanceIdentifier}", "ServerlessDatabaseCapacity", "Average", HOUR),
        ),
        _graph(
            "Aurora: I/Os a day",
            _daily("{AWS/RDS,DBClusterIdentifier}", "VolumeReadIOPs"),
            _daily("{AWS/RDS,DBClusterIdentifier}", "VolumeWriteIOPs"),
        ),
        _graph("NAT: bytes a day", _daily("{AWS/NATGateway,NatGatewayId}", "BytesOutToDestination")),
    )
    dashboard.add_widgets(
        _graph("Executions a day", _daily("{AWS/States,StateMachineArn}", "ExecutionsStarted")),
        _graph("Warehouse: busy seconds a day", _daily("{AWS/Redshift-Serverless,Workgroup}", "ComputeSeconds")),
        _graph("Invoices read a day", _daily("{AWS/Textract,Operation}", "SuccessfulRequestCount")),
    )


def _charges() -> list[cloudwatch.IMetric]:
    return [
        cloudwatch.Metric(
            namespace="AWS/Billing",
            metric_name="EstimatedCharges",
            dimensions_map={"Currency": "USD"},
            statistic="Maximum",
            period=Duration.hours(6),
            label="all services",
        )
    ]


def _graph(title: str, *metrics: cloudwatch.IMetric) -> cloudwatch.GraphWidget:
    return cloudwatch.GraphWidget(title=title, left=list(metrics), width=8, height=6)


def _daily(schema: str, name: str) -> cloudwatch.IMetric:
    return _searched(schema, name, "Sum", DAY)


def _searched(schema: str, name: str, statistic: str, period: Duration) -> cloudwatch.IMetric:
    """Of everything in the account that has the metric: a namespace and its dimensions in braces."""
    return cloudwatch.MathExpression(
        expression=f"SEARCH('{schema} MetricName=\"{name}\"', '{statistic}', {period.to_seconds():.0f})",
        using_metrics={},
        period=period,
        label="",
    )
