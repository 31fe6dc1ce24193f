"""The staff's door: its API and the function behind it. Apart from the members' and partners', which change at another
pace, and because one template has room for so many resources only."""

from __future__ import annotations

from typing import Any

from aws_cdk import CfnOutput, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from stacks import routes
from stacks.api import ApiStack
from stacks.constructs.acknowledgement import acknowledge
from stacks.constructs.database_door import DatabaseDoor
from stacks.constructs.functions import Functions
from stacks.constructs.rest_api import STAGE, RestApi
from stacks.constructs.web_firewall import WebFirewall
from stacks.documents import DocumentsStack
from stacks.identity import IdentityStack
from stacks.messaging import MessagingStack
from stacks.settings import Settings


class ManagerStack(Stack):
    """`api`: for the dashboards and the manager app; `functions`: everything that answers it."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        vpc: ec2.IVpc,
        database: DatabaseDoor,
        identity: IdentityStack,
        messaging: MessagingStack,
        documents: DocumentsStack,
        api: ApiStack,
        settings: Settings,
        **kwargs: Any,
    ) -> None:
        super().__init__(scope, id, **kwargs)
        self._settings = settings
        self._database = database
        self._functions = Functions(self, vpc=vpc, settings=settings)
        self._environment = {
            "PROGRAM_BY_CLIENT": identity.program_by_client,
            "CORS_ORIGIN": settings.integrations.manager_origin,
        }
        functions = {"manager_api": self._manager_api(identity, messaging, documents, api)}
        self.functions = list(functions.values())
        self.api = RestApi(
            self,
            "Manager",
            description="The manager API",
            routes=routes.MANAGER,
            functions=functions,
            pool=identity.staff_pool,
            origin=settings.integrations.manager_origin,
            settings=settings,
        )
        # The role by which the gateway writes logs is the account's; the API stack has it.
        self.add_stack_dependency(api)
        CfnOutput(self, "ManagerApiUrl", value=self.api.url)
        CfnOutput(self, "ManagerApiId", value=self.api.api.rest_api_id)
        if settings.api.firewall:
            WebFirewall(
                self,
                "Firewall",
                resources={"Manager": self.api.stage_arn},
                requests_per_address=settings.api.requests_per_address,
                # Amplify asks for the app's config, for everybody and from few addresses.
                asked_for_others=(f"/{STAGE}/config", settings.api.requests_per_partner_address),
                settings=settings,
            )

    def _manager_api(
        self, identity: IdentityStack, messaging: MessagingStack, documents: DocumentsStack, api: ApiStack
    ) -> lambda_.Function:
        """Reaches S3, the staff pool for who works here, and the mail for what they send to themselves."""
        function = self._function(
            "manager_api",
            "Staff's requests",
            {
                "MAIL_FROM": self._settings.messaging.mail_from,
                "DOCUMENTS_BUCKET": documents.bucket.bucket_name,
                "PORTAL_ORIGIN": self._settings.integrations.portal_origin,
                "STAFF_AUTHORITY": identity.staff_authority,
                "STAFF_CLIENT_ID": identity.staff_client_id,
                "STAFF_POOL_ID": identity.staff_pool.user_pool_id,
                **api.case_files.environment,
                **api.exports.environment,
            },
        )
        api.exports.may_show(function)
        api.case_files.may_add(function, "labels")
        for folder in ("photos", "labels"):
            api.case_files.may_show(function, folder)
        identity.staff_pool.grant(function, "cognito-idp:ListUsers")
        function.add_to_role_policy(
            iam.PolicyStatement(actions=["ses:SendEmail"], resources=[messaging.mail_identity_arn])
        )
        documents.let_read(function)
        assert function.role is not None
        acknowledge(
            function.role,
            "Objects of our own bucket, whose names nobody is to guess; the function asks the database whose they are",
            f"AwsSolutions-IAM5[Resource::{documents.objects_from_elsewhere}]",
        )
        return function

    def _function(self, name: str, description: str, environment: dict[str, str]) -> lambda_.Function:
        return self._functions.add(
            name,
            description=description,
            timeout_seconds=29,  # the gateway gives up then
            memory_mb=self._settings.api.memory_mb,
            database=self._database,
            environment={**self._environment, **environment},
            # Has the image library that draws logos.
            packages="documents",
        )
