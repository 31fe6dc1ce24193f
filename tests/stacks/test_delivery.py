"""A workflow deploys by GitHub's own word for one environment of one repository, and may take the CDK's roles only."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest

from app import flags
from stacks.delivery import AUDIENCE, ISSUER, DeliveryStack
from stacks.settings import CONFIG_FOLDER, Settings, load
from tests.stacks.assembly import Assembly, listed

STACK = "loyalty-full-delivery"
REPOSITORY = "company/loyalty"


def roles(assembly: Assembly) -> dict[str, tuple[str, dict[str, Any]]]:
    """By the first word of its name: the logical id, and the one statement of who may take it."""
    found = {}
    for role in assembly.resources("AWS::IAM::Role"):
        if role.stack == STACK:
            (statement,) = role.properties["AssumeRolePolicyDocument"]["Statement"]
            found[role.properties["Description"].split()[0]] = (role.id, statement)
    return found


def test_each_role_is_for_the_repository_and_its_own_subject_letter_by_letter(assembly: Assembly) -> None:
    subjects = {}
    for what, (_, statement) in roles(assembly).items():
        assert statement["Action"] == "sts:AssumeRoleWithWebIdentity"
        assert set(statement["Condition"]) == {"StringEquals"}
        equals = statement["Condition"]["StringEquals"]
        assert equals[f"{ISSUER}:aud"] == AUDIENCE
        subjects[what] = listed(equals[f"{ISSUER}:sub"])
    assert subjects == {
        "Deploys": [f"repo:{REPOSITORY}:environment:full"],
        "Looks": [f"repo:{REPOSITORY}:pull_request", f"repo:{REPOSITORY}:ref:refs/heads/main"],
        "Pushes": [f"repo:{REPOSITORY}:ref:refs/heads/main"],
    }


def test_who_looks_cannot_deploy_and_who_deploys_takes_the_cdks_roles_only(assembly: Assembly) -> None:
    allowed = {
        what: {
            (action, resource)
            for statement in assembly.statements(STACK, role_id)
            for action in listed(statement["Action"])
            for resource in listed(statement["Resource"])
            if isinstance(resource, str)
        }
        for what, (role_id, _) in roles(assembly).items()
    }
    place = "arn:aws:iam::111111111111:role/cdk-hnb659fds-{}-111111111111-us-east-1"
    templates = ("cloudformation:GetTemplate", "arn:aws:cloudformation:us-east-1:111111111111:stack/loyalty-full-*/*")
    assert allowed["Looks"] == {("sts:AssumeRole", place.format("lookup-role")), templates}
    assert allowed["Deploys"] == {
        templates,
        *(
            ("sts:AssumeRole", place.format(role))
            for role in ("deploy-role", "file-publishing-role", "image-publishing-role", "lookup-role")
        ),
    }
    assert {action for action, _ in allowed["Pushes"]} == {"ecr:GetAuthorizationToken"}


def test_an_image_that_was_pushed_stays_what_it_is(assembly: Assembly) -> None:
    repositories = [one for one in assembly.resources("AWS::ECR::Repository") if one.stack == STACK]
    assert {one.properties["RepositoryName"] for one in repositories} == {
        f"loyalty-full/{image}" for image in ("orders", "payments", "forecast")
    }
    for repository in repositories:
        assert repository.properties["ImageTagMutability"] == "IMMUTABLE"
        assert repository.properties["ImageScanningConfiguration"] == {"ScanOnPush": True}


def test_without_a_repository_nobody_is_let_in(laptop: Assembly) -> None:
    assert not [name for name in laptop.templates if name.endswith("-delivery")]
    assert not load(CONFIG_FOLDER / "dev.toml").delivery.repository


@pytest.mark.parametrize("region", ["eu-west-1"])
def test_an_account_that_knows_github_already_and_another_region(region: str, tmp_path: Path) -> None:
    full = load(CONFIG_FOLDER / "full.toml").model_dump()
    full["delivery"]["provider"] = False
    settings = Settings.model_validate(full)
    app = cdk.App(context=flags(), outdir=str(tmp_path), builtin_cloud_formation_validation=False)
    there = cdk.Environment(account="111111111111", region=region)
    DeliveryStack(app, STACK, settings=settings, env=there)
    app.synth()
    assembly = Assembly.read(tmp_path)
    assert not list(assembly.resources("AWS::IAM::OIDCProvider"))
    _, statement = roles(assembly)["Deploys"]
    assert statement["Principal"] == {"Federated": f"arn:aws:iam::111111111111:oidc-provider/{ISSUER}"}
    role_id, _ = roles(assembly)["Looks"]
    taken = assembly.statements(STACK, role_id)[0]["Resource"]
    assert [resource[-len(region) :] for resource in taken] == [region, "-us-east-1"[-len(region) :]]
