"""Who did what in the account is recorded, cannot be changed after, and wakes somebody where it matters."""

from __future__ import annotations

import fnmatch
import json
import re
from typing import Any

import pytest

from stacks.audited_calls import AUDITED
from stacks.settings import REPOSITORY
from tests.stacks.assembly import Assembly, Resource

HAND = {"sourceIPAddress": "198.51.100.7", "readOnly": False, "userIdentity": {"type": "AssumedRole"}}
DEPLOYMENT = {**HAND, "sourceIPAddress": "cloudformation.amazonaws.com"}
PATTERNS = {one.id: one.pattern for one in AUDITED}


def _found(record: dict[str, Any], path: str) -> Any:
    value: Any = record
    for name in path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _matches(pattern: str, record: dict[str, Any]) -> bool:
    """As CloudWatch Logs reads the part of its language that the patterns here use."""

    def compared(found: re.Match[str]) -> str:
        path, sign, wanted = found[1], found[2], found[3]
        value = _found(record, path)
        if sign == "NOT EXISTS":
            return str(value is None)
        if sign == "IS FALSE":
            return str(value is False)
        same = isinstance(value, str) and fnmatch.fnmatchcase(value, wanted)
        return str(same if sign == "=" else not same)

    text = re.sub(r'\$\.([\w.]+) (NOT EXISTS|IS FALSE|=|!=)(?: "([^"]*)")?', compared, pattern)
    text = text.strip("{} ").replace("&&", "and").replace("||", "or")
    assert re.fullmatch(r"(True|False|and|or|[() ])+", text), f"more of the language than this test knows: {text}"
    return bool(eval(text, {"__builtins__": {}}))


@pytest.mark.parametrize(
    ("id", "record"),
    [
        ("RootActs", {**HAND, "eventType": "AwsApiCall", "userIdentity": {"type": "Root"}}),
        ("IamChanged", {**HAND, "eventSource": "iam.amazonaws.com", "eventName": "AttachRolePolicy"}),
        ("KeysEndangered", {**HAND, "eventSource": "kms.amazonaws.com", "eventName": "ScheduleKeyDeletion"}),
        ("KeysEndangered", {**HAND, "eventSource": "kms.amazonaws.com", "eventName": "DisableKey"}),
        ("FirewallsChanged", {**HAND, "eventName": "AuthorizeSecurityGroupIngress"}),
        ("BucketsOpened", {**HAND, "eventSource": "s3.amazonaws.com", "eventName": "PutBucketPolicy"}),
        ("BackupsEndangered", {**HAND, "eventName": "DeleteRecoveryPoint"}),
        ("BackupsEndangered", {**DEPLOYMENT, "eventName": "DeleteDBCluster"}),
        ("TrailChanged", {**HAND, "eventSource": "cloudtrail.amazonaws.com", "eventName": "StopLogging"}),
        (
            "SignedInWithoutMfa",
            {
                "eventName": "ConsoleLogin",
                "userIdentity": {"type": "IAMUser"},
                "responseElements": {"ConsoleLogin": "Success"},
                "additionalEventData": {"MFAUsed": "No"},
            },
        ),
        ("CallsRefused", {**HAND, "errorCode": "Client.UnauthorizedOperation"}),
        ("CallsRefused", {**HAND, "errorCode": "AccessDeniedException"}),
    ],
)
def test_what_endangers_the_account_is_seen(id: str, record: dict[str, Any]) -> None:
    assert _matches(PATTERNS[id], record)


@pytest.mark.parametrize(
    "record",
    [
        {**DEPLOYMENT, "eventSource": "iam.amazonaws.com", "eventName": "PutRolePolicy"},
        {**DEPLOYMENT, "eventName": "AuthorizeSecurityGroupIngress"},
        {**HAND, "eventSource": "iam.amazonaws.com", "eventName": "ListRoles", "readOnly": True},
        {**HAND, "eventSource": "kms.amazonaws.com", "eventName": "Decrypt"},
        {**HAND, "sourceIPAddress": "backup.amazonaws.com", "eventName": "DeleteDBClusterSnapshot"},
        {
            "eventName": "ConsoleLogin",
            "userIdentity": {"type": "IAMUser"},
            "responseElements": {"ConsoleLogin": "Success"},
            "additionalEventData": {"MFAUsed": "Yes"},
        },
        {**HAND, "eventType": "AwsServiceEvent", "userIdentity": {"type": "Root"}},
    ],
)
def test_a_deployment_and_everyday_calls_wake_nobody(record: dict[str, Any]) -> None:
    assert [id for id, pattern in PATTERNS.items() if _matches(pattern, record)] == []


def test_no_pattern_is_longer_than_cloudwatch_takes() -> None:
    assert max(map(len, PATTERNS.values())) <= 1_024


def _trail(templates: Assembly) -> Resource:
    (trail,) = templates.resources("AWS::CloudTrail::Trail")
    return trail


def test_the_trail_records_all_regions_signs_what_it_writes_and_encrypts_it(assembly: Assembly) -> None:
    trail = _trail(assembly).properties
    for name in ("IsLogging", "IsMultiRegionTrail", "IncludeGlobalServiceEvents", "EnableLogFileValidation"):
        assert trail[name] is True, name
    assert assembly.at(assembly.follow(_trail(assembly).stack, trail["KMSKeyId"])).type == "AWS::KMS::Key"


def test_nobody_removes_a_record_before_its_time(assembly: Assembly) -> None:
    trail = _trail(assembly)
    bucket = assembly.at(assembly.follow(trail.stack, trail.properties["S3BucketName"])).properties
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    kept = bucket["ObjectLockConfiguration"]["Rule"]["DefaultRetention"]["Days"]
    expired = [rule["ExpirationInDays"] for rule in bucket["LifecycleConfiguration"]["Rules"]]
    assert expired == [kept] == [400]


def test_only_this_trail_writes_into_its_bucket_and_by_its_key(assembly: Assembly) -> None:
    trail = _trail(assembly)
    name = f"arn:aws:cloudtrail:us-east-1:111111111111:trail/{trail.properties['TrailName']}"
    documents = [
        one.properties[key]
        for type, key in (("AWS::S3::BucketPolicy", "PolicyDocument"), ("AWS::KMS::Key", "KeyPolicy"))
        for one in assembly.resources(type)
    ]
    statements = [
        statement
        for document in documents
        for statement in document["Statement"]
        if statement["Principal"] == {"Service": "cloudtrail.amazonaws.com"}
    ]
    assert len(statements) == 3
    for statement in statements:
        assert statement["Condition"]["StringEquals"]["aws:SourceArn"] == name


def test_every_read_of_a_file_with_personal_data_is_recorded(assembly: Assembly) -> None:
    trail = _trail(assembly)
    (selected,) = [
        [field["StartsWith"] for field in one["FieldSelectors"] if field["Field"] == "resources.ARN"]
        for one in trail.properties["AdvancedEventSelectors"]
        if {"Field": "eventCategory", "Equals": ["Data"]} in one["FieldSelectors"]
    ]
    watched = {assembly.text(trail.stack, arn).split(".")[0].lstrip("<") for arn in selected[0]}
    ours = {
        one.id
        for one in assembly.resources("AWS::S3::Bucket")
        # What S3 and CloudTrail write themselves, and the portal's files, which are everybody's.
        if not re.match(r"(\w*AccessLogs|Records|Bundles?|Logos?)[0-9A-F]{8}$", one.id)
    }
    assert watched == ours


def test_each_audited_call_wakes_somebody_and_the_handbook_says_what_to_do(assembly: Assembly) -> None:
    counted = {
        one.properties["MetricTransformations"][0]["MetricName"]
        for one in assembly.resources("AWS::Logs::MetricFilter")
    }
    alarms = {
        one.properties["MetricName"]: one.properties
        for one in assembly.resources("AWS::CloudWatch::Alarm")
        if one.properties.get("Namespace") == "LoyaltyAudit"
    }
    assert counted == set(alarms) == set(PATTERNS)
    handbook = (REPOSITORY / "docs" / "operations" / "audit.md").read_text()
    for id, alarm in alarms.items():
        assert alarm["AlarmActions"], id
        assert f"| `{id}` |" in handbook, id


def test_a_trail_that_falls_silent_wakes_somebody(assembly: Assembly) -> None:
    (alarm,) = [one for one in assembly.resources("AWS::CloudWatch::Alarm") if one.id.startswith("TrailSilent")]
    assert alarm.properties["TreatMissingData"] == "breaching"


def test_there_is_no_trail_where_the_config_says_that_there_is_one_already(laptop: Assembly) -> None:
    assert not list(laptop.resources("AWS::CloudTrail::Trail"))


def test_both_pools_say_what_they_could_not_send_and_who_signed_in(assembly: Assembly) -> None:
    deliveries = list(assembly.resources("AWS::Cognito::LogDeliveryConfiguration"))
    pools = {assembly.follow(one.stack, one.properties["UserPoolId"])[:2] for one in deliveries}
    assert pools == {(one.stack, one.id) for one in assembly.resources("AWS::Cognito::UserPool")}
    for one in deliveries:
        levels = {c["EventSource"]: c["LogLevel"] for c in one.properties["LogConfigurations"]}
        assert levels == {"userNotification": "ERROR", "userAuthEvents": "INFO"}, str(one)
        for configured in one.properties["LogConfigurations"]:
            arn = configured["CloudWatchLogsConfiguration"]["LogGroupArn"]
            group = assembly.at(assembly.follow(one.stack, arn))
            assert group.properties["LogGroupName"].startswith("/aws/vendedlogs/"), "Cognito could not write into it"
            key = assembly.at(assembly.follow(group.stack, group.properties["KmsKeyId"]))
            assert "logs.us-east-1.amazonaws.com" in json.dumps(key.properties["KeyPolicy"])
