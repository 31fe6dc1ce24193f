"""An account that answers as it was told to, in the shapes that AWS's service models allow."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
from botocore.stub import Stubber

from delivery.preflight.account import CALLS, Account

NUMBER, REGION = "111111111111", "us-east-1"
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
PAGED = {"NextToken": "more"}
SESSION = boto3.Session("test", "test", region_name=REGION)
CLIENTS: dict[tuple[str, str], Any] = {}


class No(Exception):
    """AWS's refusal, by its code."""


class Told(Account):
    """`answers`: what AWS says to (service, operation), or a function of the parameters that says it."""

    def __init__(self, answers: dict[tuple[str, str], Any]) -> None:
        super().__init__(SESSION, REGION)
        # A client is dear to make, and knows nothing of who asked before.
        self._clients = CLIENTS
        self.answers = answers

    def ask(self, service: str, operation: str, *, region: str = "", **parameters: Any) -> dict[str, Any]:
        client = self._client(service, region or self.region)
        method = next(name for name, known in client.meta.method_to_api_mapping.items() if known == operation)
        answer = self.answers.get((service, operation), No("AccessDenied"))
        if callable(answer):
            answer = answer(**parameters)
        with Stubber(client) as stubber:
            if isinstance(answer, No):
                stubber.add_client_error(method, str(answer), f"{CALLS[service, operation]} is not allowed")
            else:
                stubber.add_response(method, answer)
            return super().ask(service, operation, region=region, **parameters)


def stack(name: str, outputs: dict[str, str]) -> dict[str, Any]:
    """A stack that stands, as CloudFormation describes it."""
    said = [{"OutputKey": key, "OutputValue": value} for key, value in outputs.items()]
    return {"Stacks": [{"StackName": name, "CreationTime": NOW, "StackStatus": "CREATE_COMPLETE", "Outputs": said}]}


def secret(name: str, *, filled: bool = True, days: int = 10) -> str:
    return f"arn:aws:secretsmanager:{REGION}:{NUMBER}:secret:{name}-{'filled' if filled else 'empty'}-{days}-AbCdEf"


def described_secret(SecretId: str, **_: Any) -> dict[str, Any]:  # noqa: N803
    """What the name that `secret` gave says."""
    *_, state, days, _ = SecretId.split("-")
    versions = {"a" * 32: ["AWSCURRENT"]} | ({"b" * 32: ["AWSPREVIOUS"]} if state == "filled" else {})
    return {"ARN": SecretId, "LastChangedDate": NOW - timedelta(days=int(days)), "VersionIdsToStages": versions}


def quotas(ServiceCode: str, **_: Any) -> dict[str, Any]:  # noqa: N803
    """Every quota that is asked for, and plenty of it."""
    names = {
        "fargate": ("Fargate On-Demand vCPU resource count", "Fargate Spot vCPU resource count"),
        "rds": ("DB clusters", "DB instances"),
        "apigateway": ("Throttle rate",),
        "amplify": ("Apps",),
        "textract": ("StartExpenseAnalysis throttle limit in transactions per second",),
        "vpc": ("VPCs per Region",),
        "ec2": ("EC2-VPC Elastic IPs",),
        "sagemaker": (
            "ml.m5.xlarge for training job usage",
            "ml.m5.large for transform job usage",
            "ml.m5.xlarge for processing job usage",
        ),
    }[ServiceCode]
    return {"Quotas": [{"QuotaName": name, "Value": 10_000.0} for name in names]}


def stands(**changed: Any) -> dict[tuple[str, str], Any]:
    """What is said by an account in which production stands and lacks nothing. `changed`: by operation."""
    stacks = {
        "loyalty-prod-network": {},
        "loyalty-prod-integrations": {
            "AmazonBusinessSecretArn": secret("business"),
            "AmazonPaySecretArn": secret("pay"),
            "StripeSecretArn": secret("stripe"),
            "StripeWebhookSecretArn": secret("webhook"),
        },
    }
    services = (
        *("apigateway", "application-autoscaling", "aurora", "cloudformation", "cloudwatch", "cognito-idp", "ec2"),
        *("ecr", "ecs", "eventbridge", "fargate", "iam", "kms", "lambda", "logs", "rds", "s3", "secretsmanager"),
        *("ses", "sns", "sqs", "ssm", "stepfunctions", "xray", "glue", "redshift-serverless", "redshift-data"),
        *("sagemaker", "personalize", "quicksight", "textract", "amplify"),
    )
    path = f"/aws/service/global-infrastructure/regions/{REGION}/services"
    answers: dict[tuple[str, str], Any] = {
        ("sts", "GetCallerIdentity"): {"Account": NUMBER, "Arn": f"arn:aws:sts::{NUMBER}:assumed-role/operator/ada"},
        ("ssm", "GetParameter"): {"Parameter": {"Value": "28"}},
        ("ssm", "GetParametersByPath"): lambda **asked: {
            "Parameters": [{"Name": f"{path}/{name}"} for name in services[20 if "NextToken" in asked else 0 :][:20]],
            **({} if "NextToken" in asked else PAGED),
        },
        ("ec2", "DescribeAvailabilityZones"): {
            "AvailabilityZones": [{"ZoneName": f"us-east-1{letter}", "State": "available"} for letter in "abcdef"]
        },
        ("ec2", "DescribeVpcs"): {"Vpcs": []},
        ("ec2", "DescribeAddresses"): {"Addresses": []},
        ("iam", "GetRole"): lambda RoleName: {  # noqa: N803
            "Role": {
                "Path": "/",
                "RoleName": RoleName,
                "RoleId": "A" * 16,
                "Arn": f"arn:aws:iam::{NUMBER}:role/{RoleName}",
                "CreateDate": NOW,
            }
        },
        ("cloudtrail", "DescribeTrails"): {"trailList": [{"Name": "company", "TrailARN": "arn:aws:cloudtrail:trail"}]},
        ("cloudtrail", "GetTrailStatus"): {"IsLogging": True},
        ("lambda", "GetAccountSettings"): {"AccountLimit": {"UnreservedConcurrentExecutions": 1000}},
        ("service-quotas", "ListAWSDefaultServiceQuotas"): quotas,
        ("service-quotas", "ListServiceQuotas"): {"Quotas": []},
        ("sesv2", "GetAccount"): {"ProductionAccessEnabled": True, "SendQuota": {"Max24HourSend": 50_000.0}},
        ("sesv2", "GetEmailIdentity"): {"VerifiedForSendingStatus": True},
        ("ses", "DescribeActiveReceiptRuleSet"): {"Metadata": {"Name": "loyalty-prod-invoices"}},
        ("sns", "GetSMSSandboxAccountStatus"): {"IsInSandbox": False},
        ("sns", "GetSMSAttributes"): {"attributes": {"MonthlySpendLimit": "500"}},
        ("sns", "ListOriginationNumbers"): {"PhoneNumbers": []},
        ("cloudformation", "DescribeStacks"): lambda StackName: (  # noqa: N803
            stack(StackName, stacks[StackName]) if StackName in stacks else No("ValidationError")
        ),
        ("secretsmanager", "DescribeSecret"): described_secret,
        ("quicksight", "DescribeAccountSubscription"): {
            "AccountInfo": {"AccountSubscriptionStatus": "ACCOUNT_CREATED", "Edition": "ENTERPRISE"}
        },
        ("quicksight", "DescribeGroup"): {"Group": {"GroupName": "business"}},
        ("ecr", "DescribeImages"): {"imageDetails": []},
    }
    for operation, answer in changed.items():
        (call,) = [call for call in answers if call[1] == operation]
        answers[call] = answer
    return answers
