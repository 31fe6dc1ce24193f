"""What stacks know of each other: the slow ones are held on to, the quick ones may change under their readers."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from stacks import assets
from tests.stacks.assembly import Assembly

HELD = {"network", "database", "identity"}


def test_network_database_and_identity_cannot_be_replaced_under_their_readers(assembly: Assembly) -> None:
    held, loose = set(), set()
    for template in assembly.templates.values():
        text = json.dumps(template)
        held |= set(re.findall(r'"Fn::ImportValue": "loyalty-full-(\w+):', text))
        loose |= set(re.findall(r'"Fn::GetStackOutput": \{"StackName": "loyalty-full-(\w+)"', text))
    assert held == HELD
    assert loose
    assert not loose & HELD


def test_every_stack_is_far_from_the_limit_of_resources(assembly: Assembly) -> None:
    for name, template in assembly.templates.items():
        assert len(template["Resources"]) < 400, name


def test_no_custom_resources_but_those_that_somebody_thought_about(assembly: Assembly, laptop: Assembly) -> None:
    ours = {"Custom::Migration", "Custom::ActiveReceiptRules"}
    for one, known in (
        (assembly, {*ours, "Custom::PublishedPortal", "Custom::PublishedManager", "Custom::InvalidationRefused"}),
        (laptop, ours),
    ):
        custom = {
            resource["Type"]
            for template in one.templates.values()
            for resource in template["Resources"].values()
            if resource["Type"].startswith(("Custom::", "AWS::CloudFormation::CustomResource"))
        }
        assert custom == known


def test_the_migration_runs_again_when_sql_or_a_first_document_changes(
    assembly: Assembly, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (migration,) = assembly.resources("Custom::Migration")
    assert len(migration.properties["Database"]) == len(assets.database_hash())
    monkeypatch.setattr(assets, "REPOSITORY", tmp_path)
    hashes = [assets.database_hash()]
    for path in ("database/points/1_lots.sql", "loyalty/programme/initial/main.json"):
        (tmp_path / path).parent.mkdir(parents=True)
        (tmp_path / path).write_text("1")
        hashes.append(assets.database_hash())
    (tmp_path / "loyalty/other.py").write_text("1")
    assert len(set(hashes)) == 3
    assert assets.database_hash() == hashes[-1], "code is not SQL"


def test_the_laptop_deploys_the_same_stacks_as_the_cloud(assembly: Assembly, laptop: Assembly) -> None:
    """All but the web apps, which it serves itself, their firewall, and what is for an account, a workflow or another
    region."""
    cloud = {name.removeprefix("loyalty-full-") for name in assembly.templates}
    assert cloud - {"portals", "edge", "audit", "backup", "copies", "delivery"} == {
        name.removeprefix("loyalty-local-") for name in laptop.templates
    }


def test_output_names_are_unique_over_all_stacks(laptop: Assembly) -> None:
    names = [
        name
        for template in laptop.templates.values()
        for name in template.get("Outputs", {})
        if not name.startswith(("ExportsOutput", "PublishOutput"))
    ]
    assert len(set(names)) == len(names)
    assert {
        *(
            "MemberApiUrl",
            "MemberApiId",
            "ManagerApiId",
            "InboundApiId",
            "MemberPoolId",
            "MemberClientId",
            "StaffPoolId",
        ),
        *("StaffClientId", "PartnerClientId", "CanaryClientId", "ImportBucket", "StateMachineArn", "PaymentsQueueUrl"),
        *("OrdersQueueUrl", "AmazonBusinessSecretArn", "AmazonPaySecretArn", "QuoteSigningSecretArn", "MemberDomain"),
    } <= set(names)
