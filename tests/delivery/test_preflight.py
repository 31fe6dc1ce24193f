"""Before a deployment an operator is told what is missing, where to ask and how long it takes; nothing is changed."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError
from moto import mock_aws

from delivery.preflight import __main__ as preflight
from delivery.preflight import places
from delivery.preflight.account import CALLS, Account, Refused, policy
from delivery.preflight.findings import Finding, State, report
from stacks.settings import CONFIG_FOLDER, Settings, load
from tests.delivery.account import (
    NOW,
    NUMBER,
    REGION,
    SESSION,
    No,
    Told,
    described_secret,
    quotas,
    secret,
    stands,
)

PROD = load(CONFIG_FOLDER / "prod.toml")


def resolve(name: str, kind: str) -> list[str]:
    return {"MX": [f"10 inbound-smtp.{REGION}.amazonaws.com"], "A": ["192.0.2.1"]}[kind]


def found(settings: Settings = PROD, resolve: Any = resolve, **changed: Any) -> dict[str, Finding]:
    """What is found, by subject, where the account answers so."""
    findings = preflight.look(Told(stands(**changed)), settings, preflight.checks(NOW, resolve))
    by_subject = {finding.subject: finding for finding in findings}
    assert len(by_subject) == len(findings)
    return by_subject


def changed(tmp_path: Path, old: str, new: str) -> Settings:
    text = (CONFIG_FOLDER / "prod.toml").read_text()
    assert old in text
    path = tmp_path / "mine.toml"
    path.write_text(text.replace(old, new, 1))
    return load(path)


def test_an_account_that_lacks_nothing_is_told_so() -> None:
    findings = found()
    left = {subject for subject, finding in findings.items() if finding.state is not State.OK}
    # Of a token only Amazon can say whether it is good.
    assert left == {"Amazon Business consent"}
    assert len(findings) > 35
    assert report(list(findings.values())).endswith("to_do=0 cannot_tell=1 blocks=0")


@pytest.mark.parametrize(
    ("operation", "answer", "subject", "blocks"),
    [
        ("GetParameter", No("ParameterNotFound"), "CDK bootstrap in us-east-1", True),
        ("GetParameter", {"Parameter": {"Value": "5"}}, "CDK bootstrap in us-east-1", True),
        ("DescribeAvailabilityZones", {"AvailabilityZones": []}, "zones", True),
        ("GetRole", No("NoSuchEntity"), "role AWSServiceRoleForECS", False),
        (
            "GetAccountSettings",
            {"AccountLimit": {"UnreservedConcurrentExecutions": 10}},
            "quota lambda: Concurrent executions",
            True,
        ),
        ("GetAccount", {"ProductionAccessEnabled": False, "SendQuota": {"Max24HourSend": 200.0}}, "SES sandbox", True),
        ("GetAccount", {"ProductionAccessEnabled": True, "SendQuota": {"Max24HourSend": 200.0}}, "SES sending", False),
        (
            "GetEmailIdentity",
            {"VerifiedForSendingStatus": False, "DkimAttributes": {"Tokens": ["abc"]}},
            "SES identity loyalty.example",
            True,
        ),
        ("GetEmailIdentity", No("NotFoundException"), "SES identity loyalty.example", False),
        ("DescribeActiveReceiptRuleSet", {"Metadata": {"Name": "somebody"}}, "SES receiving", True),
        ("GetSMSSandboxAccountStatus", {"IsInSandbox": True}, "SMS sandbox", True),
        ("GetSMSAttributes", {"attributes": {}}, "SMS spending", False),
        ("DescribeAccountSubscription", No("ResourceNotFoundException"), "QuickSight subscription", True),
        (
            "DescribeAccountSubscription",
            {"AccountInfo": {"AccountSubscriptionStatus": "UNSUBSCRIBED"}},
            "QuickSight subscription",
            True,
        ),
        ("DescribeGroup", No("ResourceNotFoundException"), "QuickSight group business", True),
        ("DescribeStacks", No("ValidationError"), "secrets", False),
    ],
)
def test_what_is_missing_is_named_with_what_to_request_where_and_how_long(
    operation: str, answer: Any, subject: str, blocks: bool
) -> None:
    finding = found(**{operation: answer})[subject]
    assert (finding.state, finding.blocks) == (State.TO_DO, blocks)
    assert finding.remedy is not None
    assert all((finding.remedy.what, finding.remedy.where, finding.remedy.lasts))
    source = finding.remedy.source
    assert source.startswith("https://") or (CONFIG_FOLDER.parent / source).exists()


@pytest.mark.parametrize("short", ["Fargate On-Demand vCPU resource count", "DB instances", "EC2-VPC Elastic IPs"])
def test_a_quota_that_is_too_small_blocks(short: str) -> None:
    def small(**asked: Any) -> Any:
        answer = quotas(**asked)
        return {
            "Quotas": [one | {"Value": 1.0 if one["QuotaName"] == short else one["Value"]} for one in answer["Quotas"]]
        }

    addresses = {"Addresses": [{"PublicIp": "192.0.2.7"}, {"PublicIp": "192.0.2.8"}]}
    findings = found(ListAWSDefaultServiceQuotas=small, DescribeAddresses=addresses)
    assert [subject for subject, finding in findings.items() if finding.blocks] == [
        next(subject for subject in findings if subject.endswith(short))
    ]


def test_a_quota_that_was_raised_counts_and_not_its_default() -> None:
    def low(**asked: Any) -> Any:
        return {"Quotas": [one | {"Value": 0.0} for one in quotas(**asked)["Quotas"]]}

    assert not [one for one in found(ListAWSDefaultServiceQuotas=low, ListServiceQuotas=quotas).values() if one.blocks]


def test_a_service_that_the_region_has_not_blocks_only_a_config_that_uses_it(tmp_path: Path) -> None:
    path = places.SERVICES.format(region=REGION)
    without = {"Parameters": [{"Name": f"{path}/{name}"} for name in places.services(PROD) if name != "personalize"]}
    assert "personalize" in found(GetParametersByPath=without)["services of the region"].words
    off = changed(tmp_path, 'enabled = true\nmode = "batch"', "enabled = false\n#")
    assert found(off, GetParametersByPath=without)["services of the region"].state is State.OK


def test_another_account_than_the_configs_ends_it_at_once() -> None:
    caller = {"Account": "999999999999", "Arn": "arn:aws:iam::999999999999:user/eve"}
    account = Told(stands(GetCallerIdentity=caller))
    (finding,) = preflight.look(account, PROD, preflight.checks(NOW, resolve))
    assert finding.blocks
    assert "999999999999" in finding.words
    assert account.asked == {("sts", "GetCallerIdentity")}


@pytest.mark.parametrize(
    ("days", "state", "blocks"), [(10, State.OK, False), (151, State.TO_DO, False), (181, State.TO_DO, True)]
)
def test_the_lwa_secret_is_rotated_before_its_180_days_are_over(days: int, state: State, blocks: bool) -> None:
    finding = found(
        DescribeSecret=lambda **_: described_secret(secret("business", days=days)),
    )["age of the LWA client secret"]
    assert (finding.state, finding.blocks) == (state, blocks)


def test_a_secret_that_nobody_filled_in_blocks_where_nothing_is_redeemed_without_it() -> None:
    findings = found(DescribeSecret=lambda **_: described_secret(secret("any", filled=False)))
    assert findings["secret of Amazon Business"].blocks
    assert findings["Amazon Business consent"].blocks
    assert findings["secret of Stripe"].state is State.TO_DO
    assert not findings["secret of Stripe"].blocks
    assert "age of the LWA client secret" not in findings


def test_the_dns_is_asked_and_what_it_says_otherwise_is_shown() -> None:
    findings = found(resolve=lambda name, kind: ["10 mail.elsewhere.example"] if kind == "MX" else [])
    assert "mail.elsewhere.example" in findings["MX of invoices.loyalty.example"].words
    assert findings["DNS of rewards.loyalty.example"].state is State.TO_DO

    def away(name: str, kind: str) -> list[str]:
        raise OSError("no name server")

    assert found(resolve=away)["MX of invoices.loyalty.example"].state is State.UNKNOWN


def test_an_image_that_was_never_pushed_blocks(tmp_path: Path) -> None:
    image = f"{NUMBER}.dkr.ecr.us-east-1.amazonaws.com/loyalty/orders@sha256:{'a' * 64}"
    named = changed(tmp_path, "[services.orders]", f'[services.orders]\nimage = "{image}"')
    assert found(named)["image services.orders.image"].words == image.split("@")[1]
    assert found(named, DescribeImages=No("ImageNotFoundException"))["image services.orders.image"].blocks


@pytest.mark.parametrize("call", sorted(CALLS))
def test_every_call_that_is_refused_is_a_line_and_never_a_traceback(call: tuple[str, str]) -> None:
    answers = stands()
    answers[call] = No("AccessDeniedException")
    findings = preflight.look(Told(answers), PROD, preflight.checks(NOW, resolve))
    refused = [finding for finding in findings if CALLS[call] in finding.words]
    assert all(finding.state is not State.OK for finding in refused)
    # Not asked of production: no image is named, no number, no user, no domain of Amplify's stack.
    assert refused or call in {
        ("ecr", "DescribeImages"), ("sns", "ListOriginationNumbers"), ("quicksight", "DescribeUser"),
        ("ec2", "DescribeVpcs"), ("ec2", "DescribeAddresses"),
    }  # fmt: skip


def test_an_answer_in_another_form_is_a_line_too() -> None:
    assert found(GetAccountSettings={})["quotas"].state is State.UNKNOWN


def test_a_network_that_is_away_is_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: Any, **__: Any) -> Any:
        raise EndpointConnectionError(endpoint_url="https://sts.amazonaws.com")

    monkeypatch.setattr("botocore.httpsession.URLLib3Session.send", away)
    with pytest.raises(Refused, match="sts:GetCallerIdentity: EndpointConnectionError"):
        Account(boto3.Session("test", "test"), REGION).ask("sts", "GetCallerIdentity")


def test_it_reads_only_and_another_call_cannot_be_made() -> None:
    for (service, operation), action in CALLS.items():
        assert re.match("Describe|Get|List", operation)
        assert re.search(":(Describe|Get|List)", action)
        model = SESSION.client(service).meta.service_model
        assert operation in model.operation_names
    # What it may not even look at.
    assert "secretsmanager:GetSecretValue" not in CALLS.values()
    with pytest.raises(KeyError):
        Told({}).ask("secretsmanager", "GetSecretValue", SecretId="x")
    (statement,) = json.loads(policy())["Statement"]
    assert statement["Action"] == sorted(set(CALLS.values()))


def test_every_call_it_may_make_is_made() -> None:
    """A right that nobody uses is a right too many."""
    source = "".join(path.read_text() for path in Path(places.__file__).parent.glob("*.py") if path.stem != "account")
    for service, operation in CALLS:
        assert re.search(rf'"{service}",\s*"?{operation}|"{operation}"', source), operation


@mock_aws
def test_an_empty_account_is_told_all_of_it_by_moto(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOTO_ACCOUNT_ID", NUMBER)
    account = Account(boto3.Session("test", "test", region_name=REGION), REGION)
    known = preflight.checks(NOW, resolve)
    names = ("bootstrap", "roles", "trail")
    findings = preflight.look(account, PROD, {name: known[name] for name in names})
    states = {finding.subject: finding.state for finding in findings}
    assert states["CDK bootstrap in us-east-1"] is State.TO_DO
    assert states["role AWSServiceRoleForECS"] is State.TO_DO
    assert states["trail of the account"] is State.OK
    assert "traceback" not in report(findings).lower()


def test_a_refused_config_ends_with_its_lines(capsys: pytest.CaptureFixture[str]) -> None:
    assert preflight.main(["nowhere"]) == 2
    assert "config/nowhere.toml" in capsys.readouterr().err
    assert preflight.main(["--policy"]) == 0
    assert json.loads(capsys.readouterr().out)["Version"] == "2012-10-17"
