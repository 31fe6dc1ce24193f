"""Who deploys without a person's credentials, and where the images go that are deployed by digest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aws_cdk import CfnOutput, Duration, RemovalPolicy, Stack
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from constructs import Construct

from stacks.constructs.acknowledgement import acknowledge
from stacks.edge import REGION as EDGE
from stacks.settings import Settings

ISSUER = "token.actions.githubusercontent.com"
AUDIENCE = "sts.amazonaws.com"
# The CDK's own roles, which may do what a deployment does; ours may take them and little else.
QUALIFIER = "hnb659fds"
DEPLOYING = ("deploy-role", "file-publishing-role", "image-publishing-role", "lookup-role")
IMAGES = ("orders", "payments", "forecast")
KEPT_IMAGES = 50


class DeliveryStack(Stack):
    """`DeployRole` is for a workflow that runs for this deployment's environment at GitHub; `LookRole`, which changes
    nothing, for pull requests and the main branch; `ImagesRole` pushes images, for the main branch alone.

    Deployed once by a person, like the CDK's bootstrap: no workflow can let itself in.
    """

    def __init__(self, scope: Construct, id: str, *, settings: Settings, **kwargs: Any) -> None:
        super().__init__(scope, id, **kwargs)
        self._settings = settings
        self._regions = sorted({self.region, EDGE})
        self._provider = self._issuer()
        name = settings.deployment.name
        deploy = self._role("Deploy", f"environment:{name}", f"Deploys loyalty-{name} from GitHub", hours=2)
        deploy.add_to_policy(self._taking(*DEPLOYING))
        look = self._role("Look", "pull_request", f"Looks at loyalty-{name} from GitHub", also="ref:refs/heads/main")
        look.add_to_policy(self._taking("lookup-role"))
        stacks = f"loyalty-{name}-*/*"
        for role in (deploy, look):
            role.add_to_policy(self._looking(stacks))
            for region in self._regions:
                place = f"arn:{self.partition}:cloudformation:{region}:{self.account}:stack/{stacks}"
                acknowledge(role, "Templates of this deployment's own stacks", f"AwsSolutions-IAM5[Resource::{place}]")
        images = self._role("Images", "ref:refs/heads/main", f"Pushes the images of loyalty-{name}")
        for image in IMAGES:
            repository = self._repository(image)
            repository.grant_push(images)
            CfnOutput(self, f"{image.title()}Repository", value=repository.repository_uri)
        acknowledge(
            images,
            "ecr:GetAuthorizationToken knows no resource; what may be pushed to is named",
            "AwsSolutions-IAM5[Resource::*]",
        )

    def _issuer(self) -> str:
        """The ARN of the account's provider of GitHub's tokens, made here or by somebody else."""
        if self._settings.delivery.provider:
            return iam.CfnOIDCProvider(self, "GitHub", url=f"https://{ISSUER}", client_id_list=[AUDIENCE]).attr_arn
        return f"arn:{self.partition}:iam::{self.account}:oidc-provider/{ISSUER}"

    def _role(self, id: str, subject: str, description: str, *, also: str = "", hours: int = 1) -> iam.Role:
        """For tokens that GitHub made for this repository and this subject, letter by letter."""
        repository = self._settings.delivery.repository
        subjects = [f"repo:{repository}:{one}" for one in (subject, also) if one]
        conditions: Mapping[str, Any] = {
            "StringEquals": {
                f"{ISSUER}:aud": AUDIENCE,
                f"{ISSUER}:sub": subjects[0] if len(subjects) == 1 else subjects,
            }
        }
        role = iam.Role(
            self,
            id,
            description=description,
            max_session_duration=Duration.hours(hours),
            assumed_by=iam.WebIdentityPrincipal(self._provider, conditions),
        )
        CfnOutput(self, f"{id}RoleArn", value=role.role_arn)
        return role

    def _taking(self, *roles: str) -> iam.PolicyStatement:
        return iam.PolicyStatement(
            actions=["sts:AssumeRole"],
            resources=[
                f"arn:{self.partition}:iam::{self.account}:role/cdk-{QUALIFIER}-{role}-{self.account}-{region}"
                for role in roles
                for region in self._regions
            ],
        )

    def _looking(self, stacks: str) -> iam.PolicyStatement:
        """What the gate compares with: the templates of this deployment's stacks."""
        return iam.PolicyStatement(
            actions=["cloudformation:GetTemplate"],
            resources=[
                f"arn:{self.partition}:cloudformation:{region}:{self.account}:stack/{stacks}"
                for region in self._regions
            ],
        )

    def _repository(self, image: str) -> ecr.Repository:
        return ecr.Repository(
            self,
            f"{image.title()}Images",
            repository_name=f"loyalty-{self._settings.deployment.name}/{image}",
            image_scan_on_push=True,
            # What a digest names stays what it was, and a tag does too.
            image_tag_mutability=ecr.TagMutability.IMMUTABLE,
            encryption=ecr.RepositoryEncryption.AES_256,
            lifecycle_rules=[ecr.LifecycleRule(max_image_count=KEPT_IMAGES)],
            removal_policy=RemovalPolicy.RETAIN if self._settings.deployment.durable else RemovalPolicy.DESTROY,
        )
