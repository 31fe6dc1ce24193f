"""The members' portal at AWS Amplify: the bundle, its headers, and the two addresses that are no files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from aws_cdk import Aws, CfnOutput, CustomResource, Duration, Stack
from aws_cdk import aws_amplify as amplify
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3_assets as s3_assets
from constructs import Construct

from stacks import assets
from stacks.api import ApiStack
from stacks.constructs.acknowledgement import acknowledge
from stacks.constructs.functions import Functions
from stacks.identity import IdentityStack
from stacks.settings import REPOSITORY, Settings

HEADERS = REPOSITORY / "web" / "headers.json"
BRANCH = "main"
# Whatever has no dot is a page, and every page is the one file that finds out by itself.
PAGES = "</^[^.]+$/>"
# Amplify's own names need no domain of ours.
OF_AMPLIFY = ".amplifyapp.com"


class PortalsStack(Stack):
    """`app_arn`: for the firewall at the edge. Nothing but that depends on this stack: origins are the config's."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        vpc: ec2.IVpc,
        api: ApiStack,
        identity: IdentityStack,
        bundle: Path,
        settings: Settings,
        **kwargs: Any,
    ) -> None:
        super().__init__(scope, id, **kwargs)
        self._settings = settings
        headers = self._headers(api, identity)
        app = amplify.CfnApp(
            self,
            "Portal",
            name=f"loyalty-{settings.deployment.name}-portal",
            description="What members see",
            platform="WEB",
            custom_headers=headers,
            custom_rules=[
                # The first rule that fits counts.
                amplify.CfnApp.CustomRuleProperty(
                    source="/config.json", target=f"{api.apis['Member'].url}config", status="200"
                ),
                amplify.CfnApp.CustomRuleProperty(source=PAGES, target="/index.html", status="200"),
            ],
        )
        branch = amplify.CfnBranch(
            self,
            "PortalBranch",
            app_id=app.attr_app_id,
            branch_name=BRANCH,
            stage="PRODUCTION",
            enable_auto_build=False,
        )
        self.app_arn = app.attr_arn
        self._publish(vpc, app, branch, bundle, headers)
        self._domain(app, branch)
        CfnOutput(self, "PortalAppId", value=app.attr_app_id)
        CfnOutput(self, "PortalOwnDomain", value=f"{BRANCH}.{app.attr_default_domain}")

    def _headers(self, api: ApiStack, identity: IdentityStack) -> str:
        """web/headers.json as Amplify's YAML; what applies everywhere comes first, because a later rule wins."""
        told = json.loads(HEADERS.read_text())
        files = api.case_files.bucket
        cognito = f"https://cognito-idp.{self.region}.{Aws.URL_SUFFIX}"
        places = {
            "api": f"https://{api.apis['Member'].api.rest_api_id}.execute-api.{self.region}.{Aws.URL_SUFFIX}",
            "sign_in": f"{cognito} {identity.member_sign_in}",
            # Signed addresses have the one or the other, and the second redirects to the first.
            "files": f"https://{files.bucket_regional_domain_name} https://{files.bucket_domain_name}",
            "pictures": "",
            "manager": self._settings.integrations.manager_origin,
        }
        rules = (f"{name} {value.format_map(places).strip()}" for name, value in told["policy"].items())
        every = {"Content-Security-Policy": "; ".join(rules), **told["every"], **told["encrypted"]}
        return _yaml({"**/*": every, **told["by_path"]})

    def _publish(
        self, vpc: ec2.IVpc, app: amplify.CfnApp, branch: amplify.CfnBranch, bundle: Path, headers: str
    ) -> None:
        """Amplify fetches no asset by itself: a function hands it over, and the deployment waits for it."""
        zipped = s3_assets.Asset(self, "PortalBundle", path=str(assets.portal(bundle)))
        function = Functions(self, vpc=vpc, settings=self._settings).add(
            "publish_portal",
            description="Hands a bundle of the portal to Amplify",
            timeout_seconds=600,
            memory_mb=256,
            database=None,
        )
        function.add_to_role_policy(
            iam.PolicyStatement(
                actions=["s3:GetObject"], resources=[zipped.bucket.arn_for_objects(zipped.s3_object_key)]
            )
        )
        below = f"{branch.attr_arn}/*"
        function.add_to_role_policy(
            iam.PolicyStatement(
                actions=["amplify:StartDeployment", "amplify:GetJob"], resources=[branch.attr_arn, below]
            )
        )
        assert function.role is not None
        acknowledge(
            function.role,
            "Deployments and jobs of the one branch, whose numbers Amplify gives out",
            "AwsSolutions-IAM5[Resource::<PortalBranch.Arn>/*]",
        )
        published = CustomResource(
            self,
            "PublishedPortal",
            service_token=function.function_arn,
            resource_type="Custom::PublishedPortal",
            service_timeout=Duration.minutes(11),
            properties={
                "App": app.attr_app_id,
                "Branch": branch.branch_name,
                "Bucket": zipped.s3_bucket_name,
                "Key": zipped.s3_object_key,
                # Amplify applies new headers with the next deployment only.
                "Headers": headers,
            },
        )
        published.node.add_dependency(branch, function)

    def _domain(self, app: amplify.CfnApp, branch: amplify.CfnBranch) -> None:
        host = urlsplit(self._settings.integrations.portal_origin).hostname or ""
        if host.endswith(OF_AMPLIFY):
            return
        domain = amplify.CfnDomain(
            self,
            "PortalDomain",
            app_id=app.attr_app_id,
            domain_name=host,
            sub_domain_settings=[amplify.CfnDomain.SubDomainSettingProperty(branch_name=branch.branch_name, prefix="")],
        )
        domain.node.add_dependency(branch)
        CfnOutput(self, "PortalCertificateRecord", value=domain.attr_certificate_record)


def _yaml(headers: dict[str, dict[str, str]]) -> str:
    """Amplify's format. What JSON quotes, YAML reads."""
    lines = ["customHeaders:"]
    for pattern, values in headers.items():
        lines += [f"  - pattern: {json.dumps(pattern)}", "    headers:"]
        for name, value in values.items():
            lines += [f"      - key: {json.dumps(name)}", f"        value: {json.dumps(value)}"]
    return "\n".join(lines) + "\n"
