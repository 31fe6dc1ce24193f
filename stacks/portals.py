"""The members' portal and the manager app at AWS Amplify: bundles, headers, and the two addresses that are no files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from aws_cdk import Aws, CfnOutput, CustomResource, Duration, Stack
from aws_cdk import aws_amplify as amplify
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_s3_assets as s3_assets
from constructs import Construct

from stacks import assets
from stacks.api import ApiStack
from stacks.constructs.acknowledgement import acknowledge
from stacks.constructs.functions import Functions
from stacks.constructs.rest_api import RestApi
from stacks.feeds import FeedsStack
from stacks.identity import IdentityStack
from stacks.invoices import InvoicesStack
from stacks.manager import ManagerStack
from stacks.settings import REPOSITORY, Settings

HEADERS = REPOSITORY / "web" / "headers.json"
BRANCH = "main"
# Whatever has no dot is a page, and every page is the one file that finds out by itself.
PAGES = "</^[^.]+$/>"
# Amplify's own names need no domain of ours.
OF_AMPLIFY = ".amplifyapp.com"


class _Told(NamedTuple):
    """What an app needs to know: who sees it, the API that has its config, the host of its sign-in, its origin."""

    seen_by: str
    api: RestApi
    sign_in: str
    origin: str


class PortalsStack(Stack):
    """`app_arns`: for the firewall at the edge. Nothing but that depends on this stack: origins are the config's."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        vpc: ec2.IVpc,
        api: ApiStack,
        manager: ManagerStack,
        identity: IdentityStack,
        feeds: FeedsStack,
        invoices: InvoicesStack,
        bundles: Path,
        settings: Settings,
        **kwargs: Any,
    ) -> None:
        super().__init__(scope, id, **kwargs)
        self._settings = settings
        self._case_files = api.case_files.bucket
        self._tables = feeds.bucket
        self._papers = invoices.files.bucket
        self._publisher = Functions(self, vpc=vpc, settings=settings).add(
            "publish_portal",
            description="Hands a bundle of the portal or the manager app to Amplify",
            timeout_seconds=600,
            memory_mb=256,
            database=None,
        )
        origins = settings.integrations
        self.app_arns = {
            "Portal": self._app(
                "Portal", _Told("members", api.apis["Member"], identity.member_sign_in, origins.portal_origin), bundles
            ),
            "Manager": self._app(
                "Manager", _Told("staff", manager.api, identity.staff_sign_in, origins.manager_origin), bundles
            ),
        }

    def _app(self, id: str, told: _Told, bundles: Path) -> str:
        """One app with its bundle published; its ARN."""
        name = id.lower()
        headers = self._headers(name, told)
        app = amplify.CfnApp(
            self,
            id,
            name=f"loyalty-{self._settings.deployment.name}-{name}",
            description=f"What {told.seen_by} see",
            platform="WEB",
            custom_headers=headers,
            custom_rules=[
                # The first rule that fits counts.
                amplify.CfnApp.CustomRuleProperty(source="/config.json", target=f"{told.api.url}config", status="200"),
                amplify.CfnApp.CustomRuleProperty(source=PAGES, target="/index.html", status="200"),
            ],
        )
        branch = amplify.CfnBranch(
            self,
            f"{id}Branch",
            app_id=app.attr_app_id,
            branch_name=BRANCH,
            stage="PRODUCTION",
            enable_auto_build=False,
        )
        self._publish(id, app, branch, assets.bundle(bundles / name), headers)
        self._domain(id, urlsplit(told.origin).hostname or "", app, branch)
        CfnOutput(self, f"{id}AppId", value=app.attr_app_id)
        CfnOutput(self, f"{id}OwnDomain", value=f"{BRANCH}.{app.attr_default_domain}")
        return app.attr_arn

    def _headers(self, name: str, of: _Told) -> str:
        """web/headers.json as Amplify's YAML; what applies everywhere comes first, because a later rule wins."""
        told = json.loads(HEADERS.read_text())
        cognito = f"https://cognito-idp.{self.region}.{Aws.URL_SUFFIX}"
        places = {
            "api": f"https://{of.api.api.rest_api_id}.execute-api.{self.region}.{Aws.URL_SUFFIX}",
            "sign_in": f"{cognito} {of.sign_in}",
            # Signed addresses have the one or the other, and the second redirects to the first.
            "files": _hosts(self._case_files),
            "tables": _hosts(self._tables),
            # Amazon's invoices, in a frame beside their values.
            "papers": _hosts(self._papers),
            "pictures": "",
            "portal": self._settings.integrations.portal_origin,
            "manager": self._settings.integrations.manager_origin,
        }
        rules = (f"{rule} {value.format_map(places).strip()}" for rule, value in told["policy"][name].items())
        every = {"Content-Security-Policy": "; ".join(rules), **told["every"], **told["encrypted"]}
        return _yaml({"**/*": every, **told["by_path"]})

    def _publish(self, id: str, app: amplify.CfnApp, branch: amplify.CfnBranch, bundle: Path, headers: str) -> None:
        """Amplify fetches no asset by itself: a function hands it over, and the deployment waits for it."""
        zipped = s3_assets.Asset(self, f"{id}Bundle", path=str(bundle))
        self._publisher.add_to_role_policy(
            iam.PolicyStatement(
                actions=["s3:GetObject"], resources=[zipped.bucket.arn_for_objects(zipped.s3_object_key)]
            )
        )
        below = f"{branch.attr_arn}/*"
        self._publisher.add_to_role_policy(
            iam.PolicyStatement(
                actions=["amplify:StartDeployment", "amplify:GetJob"], resources=[branch.attr_arn, below]
            )
        )
        assert self._publisher.role is not None
        acknowledge(
            self._publisher.role,
            "Deployments and jobs of the one branch, whose numbers Amplify gives out",
            f"AwsSolutions-IAM5[Resource::<{id}Branch.Arn>/*]",
        )
        published = CustomResource(
            self,
            f"Published{id}",
            service_token=self._publisher.function_arn,
            resource_type=f"Custom::Published{id}",
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
        published.node.add_dependency(branch, self._publisher)

    def _domain(self, id: str, host: str, app: amplify.CfnApp, branch: amplify.CfnBranch) -> None:
        if host.endswith(OF_AMPLIFY):
            return
        domain = amplify.CfnDomain(
            self,
            f"{id}Domain",
            app_id=app.attr_app_id,
            domain_name=host,
            sub_domain_settings=[amplify.CfnDomain.SubDomainSettingProperty(branch_name=branch.branch_name, prefix="")],
        )
        domain.node.add_dependency(branch)
        CfnOutput(self, f"{id}CertificateRecord", value=domain.attr_certificate_record)


def _hosts(bucket: s3.IBucket) -> str:
    return f"https://{bucket.bucket_regional_domain_name} https://{bucket.bucket_domain_name}"


def _yaml(headers: dict[str, dict[str, str]]) -> str:
    """Amplify's format. What JSON quotes, YAML reads."""
    lines = ["customHeaders:"]
    for pattern, values in headers.items():
        lines += [f"  - pattern: {json.dumps(pattern)}", "    headers:"]
        for name, value in values.items():
            lines += [f"      - key: {json.dumps(name)}", f"        value: {json.dumps(value)}"]
    return "\n".join(lines) + "\n"
