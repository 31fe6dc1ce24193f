"""Least privilege, offline and over every role: what is allowed exists, is called, and leads nowhere else.

What goes beyond is in permitted.toml, each line with its reason; a line that nothing needs is one too many.
"""

from __future__ import annotations

import tomllib
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
from cloudsplaining.scan.policy_document import PolicyDocument
from policy_sentry.querying.all import get_all_actions

from tests.stacks.assembly import Assembly, Target, listed
from tests.stacks.calls import actions_called
from tests.stacks.roles import Role, called_by_code, called_by_machines, keys_of, keys_that_are_needed, roles, targets

PERMITTED: dict[str, Any] = tomllib.loads(Path(__file__).with_name("permitted.toml").read_text())
REASON_AT_LEAST = 20
# A key of ours is used through the service that holds what it encrypts; the key's rule is beside the others here.
BY_A_KEY = {"kms:Decrypt", "kms:GenerateDataKey"}
# What a role needs of the key of what it reads or writes.
BY_KEY = {
    **dict.fromkeys(("sqs:SendMessage", "s3:PutObject", "sns:Publish"), "kms:GenerateDataKey"),
    **dict.fromkeys(("sqs:ReceiveMessage", "s3:GetObject", "secretsmanager:GetSecretValue"), "kms:Decrypt"),
}
# Documents whose statements AWS checks like a role's.
RESOURCE_POLICIES = {
    "AWS::KMS::Key": "KeyPolicy",
    "AWS::S3::BucketPolicy": "PolicyDocument",
    "AWS::SQS::QueuePolicy": "PolicyDocument",
    "AWS::SNS::TopicPolicy": "PolicyDocument",
    "AWS::SecretsManager::ResourcePolicy": "ResourcePolicy",
    "AWS::Logs::ResourcePolicy": "PolicyDocument",
    "AWS::Events::EventBusPolicy": "Statement",
}


@pytest.fixture(scope="module")
def found(assembly: Assembly) -> list[Role]:
    return roles(assembly)


@pytest.fixture(scope="module")
def called(assembly: Assembly) -> dict[str, set[str]]:
    return called_by_code(assembly) | called_by_machines(assembly)


def test_every_action_exists(assembly: Assembly, found: list[Role]) -> None:
    known = {action.lower() for action in get_all_actions()}
    said = {action for role in found for one in role.statements for action in listed(one["Action"])}
    for type_, name in RESOURCE_POLICIES.items():
        for resource in assembly.resources(type_):
            document = resource.properties.get(name, {})
            for statement in listed(document.get("Statement", document)) if isinstance(document, dict) else []:
                said |= set(listed(statement.get("Action", [])))
    assert "secretsmanager:GetSecretValue" in said
    unknown = {
        action
        for action in said
        # A family, as the root's statement of a key has them: some action must belong to it.
        if not any(
            one.startswith(action.lower().rstrip("*")) if "*" in action else one == action.lower() for one in known
        )
    }
    assert unknown == set()


def test_no_role_may_a_family_of_actions(found: list[Role]) -> None:
    for role in found:
        for statement in role.statements:
            assert "NotAction" not in statement, role.name
            assert "NotResource" not in statement, role.name
            assert [action for action in listed(statement["Action"]) if "*" in action] == [], role.name


def test_every_resource_is_meant_only_where_a_reason_says_so(found: list[Role]) -> None:
    reasons, used = PERMITTED["every_resource"], set()
    for role in found:
        for statement in role.statements:
            if statement["Effect"] == "Allow" and "*" in listed(statement["Resource"]):
                assert set(listed(statement["Action"])) <= reasons.keys(), role.name
                used |= set(listed(statement["Action"]))
                if "sns:Publish" in listed(statement["Action"]):
                    assert _denies_topics(role), role.name
                if "cloudwatch:PutMetricData" in listed(statement["Action"]):
                    assert "cloudwatch:namespace" in str(statement["Condition"]), role.name
                if set(listed(statement["Action"])) & {"redshift-data:DescribeStatement"}:
                    assert "statement-owner-iam-userid" in str(statement["Condition"]), role.name
    assert reasons.keys() - used == set(), "reasons that nothing needs any more"


def _denies_topics(role: Role) -> bool:
    wanted = {"Effect": "Deny", "Action": "sns:Publish", "Resource": "arn:aws:sns:*:*:*"}
    return any(wanted.items() <= one.items() for one in role.statements)


def test_no_role_leads_to_another_one(assembly: Assembly, found: list[Role]) -> None:
    for role in found:
        document = PolicyDocument({"Version": "2012-10-17", "Statement": _plain(assembly, role)})
        assert document.allows_privilege_escalation == [], role.name
        assert document.allows_data_exfiltration_actions == [], role.name
        assert document.service_wildcard == [], role.name
        managing = set(document.permissions_management_without_constraints)
        assert managing <= {"ec2:CreateNetworkInterfacePermission", "ec2:DeleteNetworkInterfacePermission"}, role.name


def test_the_check_of_escalation_sees_one() -> None:
    statement = {"Effect": "Allow", "Action": ["iam:PassRole", "lambda:CreateFunction", "lambda:InvokeFunction"]}
    document = PolicyDocument({"Version": "2012-10-17", "Statement": [{**statement, "Resource": ["*"]}]})
    assert document.allows_privilege_escalation


def _plain(assembly: Assembly, role: Role) -> list[dict[str, Any]]:
    """With references as words: what the reader of policies asks for is only whether it is everything."""
    return [
        {**one, "Resource": [assembly.text(role.resource.stack, each) for each in listed(one["Resource"])]}
        for one in role.statements
    ]


def test_a_role_is_handed_on_only_to_the_one_service_it_is_made_for(assembly: Assembly, found: list[Role]) -> None:
    made_for = {role.resource[:2]: role.services for role in found}
    handed = 0
    for role in found:
        for statement in role.statements:
            if "iam:PassRole" not in listed(statement["Action"]):
                continue
            handed += 1
            told = statement["Condition"]["StringEquals"]["iam:PassedToService"]
            for resource in listed(statement["Resource"]):
                target = assembly.follow(role.resource.stack, resource)
                assert made_for[target[:2]] == {told}, role.name
    assert handed


def test_a_role_is_assumed_by_services_and_by_nobody_else(found: list[Role]) -> None:
    outside = set()
    for role in found:
        for statement in role.resource.properties["AssumeRolePolicyDocument"]["Statement"]:
            assert "*" not in str(statement["Principal"]), role.name
            if statement["Principal"].keys() != {"Service"}:
                assert statement["Principal"].keys() == {"Federated"}, role.name
                assert statement["Condition"], f"{role.name}: whoever has a token of that provider comes in"
                outside.add(role.name)
    assert outside == PERMITTED["assumed_from_outside"].keys()


def test_nobody_may_what_its_code_never_calls(
    assembly: Assembly, found: list[Role], called: dict[str, set[str]]
) -> None:
    excused = PERMITTED["not_called"]
    surplus, needless = {}, {name: set(reasons) for name, reasons in excused.items()}
    for role in found:
        if role.name in PERMITTED["of_services"]:
            continue
        unused = _unused(assembly, role, called[str(role.resource)])
        if beyond := unused - excused.get(role.name, {}).keys():
            surplus[role.name] = beyond
        needless[role.name] = set(excused.get(role.name, {})) - unused
    assert surplus == {}
    assert {name: left for name, left in needless.items() if left} == {}, "reasons that nothing needs any more"


def _unused(assembly: Assembly, role: Role, calls: set[str]) -> set[str]:
    unused = role.allowed() - calls
    by_keys = [one for one in role.statements if set(listed(one["Action"])) & BY_A_KEY]
    needed = keys_that_are_needed(assembly, role)
    if by_keys and all(_keys(assembly, role, one) <= needed for one in by_keys):
        unused -= BY_A_KEY
    return unused


def _keys(assembly: Assembly, role: Role, statement: dict[str, Any]) -> set[Target]:
    return {Target(*one[:2]) for one in targets(assembly, role.resource.stack, statement["Resource"])}


def test_what_code_calls_its_role_allows(found: list[Role], called: dict[str, set[str]]) -> None:
    excused = PERMITTED["not_needed"]
    refused, needless = {}, {name: set(reasons) for name, reasons in excused.items()}
    for role in found:
        if role.name in PERMITTED["of_services"]:
            continue
        missing = called[str(role.resource)] - role.allowed()
        if beyond := missing - excused.get(role.name, {}).keys():
            refused[role.name] = beyond
        needless[role.name] = set(excused.get(role.name, {})) - missing
    assert refused == {}
    assert {name: left for name, left in needless.items() if left} == {}, "reasons that nothing needs any more"


def test_who_reads_or_writes_something_encrypted_may_use_its_key(assembly: Assembly, found: list[Role]) -> None:
    uses = 0
    for role in found:
        may = {
            (action.rstrip("*"), key)
            for one in role.statements
            if one["Effect"] == "Allow"
            for action in set(listed(one["Action"]))
            for key in _keys(assembly, role, one)
        }
        for statement in role.statements:
            wanted = {BY_KEY[action] for action in listed(statement["Action"]) if action in BY_KEY}
            if statement["Effect"] == "Allow":
                for key in keys_of(assembly, role, statement) if wanted else ():
                    uses += 1
                    missing = {action for action in wanted if (action, key) not in may}
                    assert not missing, f"{role.name}: {missing} of {assembly.at(key)} for {statement['Action']}"
    assert uses > 50


def test_a_service_may_what_is_written_of_it_and_nothing_else(found: list[Role], called: dict[str, set[str]]) -> None:
    written = PERMITTED["of_services"]
    may = {role.name: role.allowed() for role in found if str(role.resource) not in called}
    assert may == {name: set(one["actions"]) for name, one in written.items()}


def test_every_line_beyond_the_rule_says_why() -> None:
    tables = defaultdict(dict, {name: one for name, one in PERMITTED.items() if name != "of_services"})
    reasons = [*tables.pop("every_resource").values(), *tables.pop("assumed_from_outside").values()]
    reasons += [why for table in tables.values() for role in table.values() for why in role.values()]
    reasons += [one["why"] for one in PERMITTED["of_services"].values()]
    assert [why for why in reasons if len(why) < REASON_AT_LEAST] == []


def test_the_reading_of_code_finds_calls_however_they_are_written() -> None:
    # A client kept in a function, pages, an address signed for somebody else, a batch under another action's name.
    assert {"cognito-idp:AdminDeleteUser", "rds-db:connect"} <= actions_called("lambdas.closure", "handler")
    assert {"s3:ListBucketVersions", "s3:DeleteObjectVersion"} <= actions_called("lambdas.privacy", "handler")
    assert "s3:PutObject" in actions_called("lambdas.member_api", "handler")
    assert "states:SendTaskSuccess" in actions_called("containers.payments.__main__", "main")
    # What only the members' door does is not the staff's.
    assert "states:StartExecution" not in actions_called("lambdas.manager_api", "handler")
    assert "cognito-idp:AdminDeleteUser" not in actions_called("lambdas.member_api", "handler")
