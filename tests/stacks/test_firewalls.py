"""What stands before every door: the same rules, each there and each in force, and a log that tells no secret."""

from __future__ import annotations

from typing import Any

import pytest

from tests.stacks.assembly import Assembly, Resource

MANAGED = {
    "AWSManagedRulesAmazonIpReputationList",
    "AWSManagedRulesKnownBadInputsRuleSet",
    "AWSManagedRulesCommonRuleSet",
}
# The functions refuse large bodies themselves, above another size and with a problem document.
ONLY_COUNTED = {"SizeRestrictions_BODY"}


@pytest.fixture(scope="module")
def guards(assembly: Assembly) -> dict[str, Resource]:
    """What is guarded, and the one ACL before it."""
    found: dict[str, Resource] = {}
    for one in assembly.resources("AWS::WAFv2::WebACLAssociation"):
        guarded = assembly.text(one.stack, one.properties["ResourceArn"])
        assert guarded not in found, f"{guarded}: two at once, of which AWS takes one"
        found[guarded] = assembly.at(assembly.follow(one.stack, one.properties["WebACLArn"]))
    return found


def _doors(assembly: Assembly) -> dict[str, str]:
    """Every door, with the scope of what may stand before it."""
    regional = [*assembly.resources("AWS::Cognito::UserPool", "AWS::ApiGateway::Stage")]
    apps = [*assembly.resources("AWS::Amplify::App")]
    assert (len(regional), len(apps)) == (5, 2)
    return {one.id: "REGIONAL" for one in regional} | {one.id: "CLOUDFRONT" for one in apps}


def test_nothing_is_open_that_a_firewall_can_stand_before(assembly: Assembly, guards: dict[str, Resource]) -> None:
    for id, scope in _doors(assembly).items():
        (acl,) = [acl for guarded, acl in guards.items() if f"<{id}>" in guarded or f"<{id}.Arn>" in guarded]
        assert acl.properties["Scope"] == scope, id


def test_one_firewall_of_cloudfronts_scope_stands_before_both_apps_from_us_east_1(
    assembly: Assembly, guards: dict[str, Resource]
) -> None:
    apps = {one.id for one in assembly.resources("AWS::Amplify::App")}
    before = {acl[:2] for guarded, acl in guards.items() if any(f"<{id}.Arn>" in guarded for id in apps)}
    (only,) = before
    assert only[0].endswith("-edge")


def test_known_bad_senders_are_refused_at_every_door(guards: dict[str, Resource]) -> None:
    for guarded, acl in guards.items():
        rule = _rules(acl)["AWSManagedRulesAmazonIpReputationList"]
        assert rule["OverrideAction"] == {"None": {}}, f"{guarded}: it would only be counted"
        assert rule["Priority"] == min(one["Priority"] for one in acl.properties["Rules"]), guarded
        assert "RuleActionOverrides" not in rule["Statement"]["ManagedRuleGroupStatement"], guarded


def test_common_and_known_bad_requests_are_refused_at_every_door(guards: dict[str, Resource]) -> None:
    for guarded, acl in guards.items():
        rules = _rules(acl)
        assert rules.keys() >= MANAGED, guarded
        for name in MANAGED:
            group = rules[name]["Statement"]["ManagedRuleGroupStatement"]
            assert (group["VendorName"], group["Name"]) == ("AWS", name)
            assert rules[name]["OverrideAction"] == {"None": {}}, f"{guarded}: {name} would only be counted"
            counted = {one["Name"] for one in group.get("RuleActionOverrides", [])}
            assert counted <= ONLY_COUNTED, f"{guarded}: {name}"


def test_nobody_asks_without_end_at_any_door(guards: dict[str, Resource]) -> None:
    for guarded, acl in guards.items():
        rates = [one for one in acl.properties["Rules"] if "RateBasedStatement" in one["Statement"]]
        assert rates, guarded
        assert all("Block" in one["Action"] for one in rates), guarded
        # At least one counts everything that no other rate rule counts.
        everything = [one for one in rates if one["Name"] == "TooManyFromOneAddress"]
        assert [one["Statement"]["RateBasedStatement"]["AggregateKeyType"] for one in everything] == ["IP"], guarded


def test_what_is_blocked_is_logged_without_tokens(assembly: Assembly, guards: dict[str, Resource]) -> None:
    logged = {}
    for one in assembly.resources("AWS::WAFv2::LoggingConfiguration"):
        acl = assembly.follow(one.stack, one.properties["ResourceArn"])
        logged[acl[:2]] = one
        (place,) = one.properties["LogDestinationConfigs"]
        (group,) = [
            group
            for group in assembly.resources("AWS::Logs::LogGroup")
            if group.stack == one.stack and f"<{group.id}>" in assembly.text(one.stack, place)
        ]
        assert group.properties["LogGroupName"].startswith("aws-waf-logs-"), str(group)
        hidden = {part["SingleHeader"]["Name"] for part in one.properties["RedactedFields"]}
        assert hidden >= {"authorization", "cookie"}, str(one)
    assert {acl[:2] for acl in guards.values()} == logged.keys()


def _rules(acl: Resource) -> dict[str, dict[str, Any]]:
    return {rule["Name"]: rule for rule in acl.properties["Rules"]}
