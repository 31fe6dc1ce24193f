"""The account as it may be asked: by the calls of CALLS only, which read, and whose refusals become one line."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

# (service of the SDK, operation): the action that IAM knows it by.
CALLS: Mapping[tuple[str, str], str] = {
    ("cloudformation", "DescribeStacks"): "cloudformation:DescribeStacks",
    ("cloudtrail", "DescribeTrails"): "cloudtrail:DescribeTrails",
    ("cloudtrail", "GetTrailStatus"): "cloudtrail:GetTrailStatus",
    ("ec2", "DescribeAddresses"): "ec2:DescribeAddresses",
    ("ec2", "DescribeAvailabilityZones"): "ec2:DescribeAvailabilityZones",
    ("ec2", "DescribeVpcs"): "ec2:DescribeVpcs",
    ("ecr", "DescribeImages"): "ecr:DescribeImages",
    ("iam", "GetRole"): "iam:GetRole",
    ("lambda", "GetAccountSettings"): "lambda:GetAccountSettings",
    ("quicksight", "DescribeAccountSubscription"): "quicksight:DescribeAccountSubscription",
    ("quicksight", "DescribeGroup"): "quicksight:DescribeGroup",
    ("quicksight", "DescribeUser"): "quicksight:DescribeUser",
    ("secretsmanager", "DescribeSecret"): "secretsmanager:DescribeSecret",
    ("service-quotas", "ListAWSDefaultServiceQuotas"): "servicequotas:ListAWSDefaultServiceQuotas",
    ("service-quotas", "ListServiceQuotas"): "servicequotas:ListServiceQuotas",
    ("ses", "DescribeActiveReceiptRuleSet"): "ses:DescribeActiveReceiptRuleSet",
    ("sesv2", "GetAccount"): "ses:GetAccount",
    ("sesv2", "GetEmailIdentity"): "ses:GetEmailIdentity",
    ("sns", "GetSMSAttributes"): "sns:GetSMSAttributes",
    ("sns", "GetSMSSandboxAccountStatus"): "sns:GetSMSSandboxAccountStatus",
    ("sns", "ListOriginationNumbers"): "sns:ListOriginationNumbers",
    ("ssm", "GetParameter"): "ssm:GetParameter",
    ("ssm", "GetParametersByPath"): "ssm:GetParametersByPath",
    ("sts", "GetCallerIdentity"): "sts:GetCallerIdentity",
}
# An operator waits for the answer: a call that hangs is a call that cannot tell.
PATIENCE = Config(connect_timeout=5, read_timeout=15, retries={"mode": "standard", "max_attempts": 3})
MOST_PAGES = 40


class Refused(Exception):
    """AWS does not answer: which call, and why, in one line. `code` is AWS's, or the SDK's own word."""

    def __init__(self, call: str, code: str, why: str) -> None:
        super().__init__(f"{call}: {code}: {' '.join(why.split())}")
        self.code = code


class Account:
    """One account by one session. Every check asks by `ask` and `pages` and nothing else."""

    def __init__(self, session: boto3.Session, region: str) -> None:
        self._session, self.region = session, region
        self._clients: dict[tuple[str, str], Any] = {}
        self.asked: set[tuple[str, str]] = set()

    def ask(self, service: str, operation: str, *, region: str = "", **parameters: Any) -> dict[str, Any]:
        """AWS's answer. Raises Refused, and KeyError at a call that is not in CALLS."""
        action = CALLS[service, operation]
        self.asked.add((service, operation))
        try:
            client = self._client(service, region or self.region)
            method = next(name for name, known in client.meta.method_to_api_mapping.items() if known == operation)
            answer: dict[str, Any] = getattr(client, method)(**parameters)
        except ClientError as error:
            told = error.response.get("Error", {})
            raise Refused(action, told.get("Code", "unknown"), told.get("Message", "")) from None
        except BotoCoreError as error:
            raise Refused(action, type(error).__name__, str(error)) from None
        return answer

    def pages(self, service: str, operation: str, key: str, *, region: str = "", **parameters: Any) -> Iterator[Any]:
        """Every item below `key` of a list that comes in pages by NextToken. Raises as `ask`."""
        token: dict[str, str] = {}
        for _ in range(MOST_PAGES):
            answer = self.ask(service, operation, region=region, **parameters, **token)
            yield from answer.get(key, ())
            if not answer.get("NextToken"):
                return
            token = {"NextToken": answer["NextToken"]}

    def _client(self, service: str, region: str) -> Any:
        if (service, region) not in self._clients:
            self._clients[service, region] = self._session.client(  # type: ignore[call-overload]
                service, region_name=region, config=PATIENCE
            )
        return self._clients[service, region]


def policy() -> str:
    """The IAM policy that is enough to run it, and no more."""
    statement = {"Sid": "Preflight", "Effect": "Allow", "Action": sorted(set(CALLS.values())), "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]}, indent=2)
