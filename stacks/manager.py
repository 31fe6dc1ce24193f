"""The staff's door: its API and the function behind it. Apart from the members' and partners', which change at another
pace, and because one template has room for so many resources only."""

from __future__ import annotations

from typing import Any

from aws_cdk import CfnOutput, Duration, Stack, Tags
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from stacks import routes
from stacks.api import ApiStack
from stacks.constructs.acknowledgement import acknowledge
from stacks.constructs.database_door import DatabaseDoor
from stacks.constructs.functions import Functions
from stacks.constructs.invoice_files import DOCUMENTS
from stacks.constructs.queue import QueueWithDeadLetters
from stacks.constructs.rest_api import STAGE, RestApi
from stacks.constructs.secret import may_read
from stacks.constructs.warehouse import DATABASE
from stacks.constructs.web_firewall import WebFirewall
from stacks.documents import DocumentsStack
from stacks.feeds import FeedsStack
from stacks.identity import IdentityStack
from stacks.integrations import IntegrationsStack
from stacks.invoices import InvoicesStack
from stacks.lake import DATABASE_ROLES_TAG, LakeStack
from stacks.messaging import MessagingStack
from stacks.settings import Settings

# As often as the database lets one be tried, and once more to be told that it has failed.
SIMULATION_TRIES = 4


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
        feeds: FeedsStack,
        integrations: IntegrationsStack,
        invoices: InvoicesStack,
        lake: LakeStack | None,
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
        # Longer than the function may take, six times over.
        self.simulations = QueueWithDeadLetters(
            self, "Simulations", visibility=Duration.minutes(12), max_receives=SIMULATION_TRIES
        )
        functions = {
            "manager_api": self._manager_api(identity, messaging, documents, api, feeds),
            "catalogue_desk": self._catalogue_desk(integrations),
            "integrations_desk": self._integrations_desk(integrations),
            "invoice_desk": self._invoice_desk(invoices),
            "report_desk": self._report_desk(lake),
            "demand_desk": self._function("demand_desk", "Staff's work on demand", {}, calls_out=False),
        }
        self.functions = [*functions.values(), self._simulation()]
        self.api = RestApi(
            self,
            "Manager",
            description="The manager API",
            routes=routes.MANAGER,
            functions=functions,
            pool=identity.staff_pool,
            origin=settings.integrations.manager_origin,
            settings=settings,
            default="manager_api",
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
                requests_per_token=settings.api.requests_per_person,
                # Amplify asks for the app's config, for everybody and from few addresses.
                asked_for_others=(f"/{STAGE}/config", settings.api.requests_per_partner_address),
                settings=settings,
            )

    def _catalogue_desk(self, integrations: IntegrationsStack) -> lambda_.Function:
        """Alone asks Amazon, so the rest of the staff's door needs no key to it."""
        function = self._function(
            "catalogue_desk", "Staff's searches in the shop", integrations.amazon_business_environment
        )
        may_read(integrations.amazon_business, function)
        return function

    def _integrations_desk(self, integrations: IntegrationsStack) -> lambda_.Function:
        """Alone holds every outside party's key, to ask each one harmless question."""
        outside = self._settings.integrations
        function = self._functions.add(
            "integrations_desk",
            description="Staff's tests of connections",
            timeout_seconds=29,  # the gateway gives up then
            memory_mb=self._settings.api.memory_mb,
            database=self._database,
            environment={
                **self._environment,
                **integrations.amazon_business_environment,
                "AMAZON_PAY_SECRET_ARN": integrations.amazon_pay.secret_arn,
                "AMAZON_PAY_URL": outside.amazon_pay_url,
                "STRIPE_SECRET_ARN": integrations.stripe.secret_arn,
                "STRIPE_URL": outside.stripe_url,
                **integrations.outside_environment,
            },
            packages="webhooks",
        )
        for secret in (integrations.amazon_business, integrations.amazon_pay, integrations.stripe):
            may_read(secret, function)
        integrations.let_read_outside(function)
        return function

    def _invoice_desk(self, invoices: InvoicesStack) -> lambda_.Function:
        """Gives out addresses of papers: finance reads them beside what was read of them."""
        function = self._function("invoice_desk", "Staff's work on invoices", invoices.files.environment)
        invoices.files.may_read(function, DOCUMENTS)
        return function

    def _report_desk(self, lake: LakeStack | None) -> lambda_.Function:
        """Alone asks the warehouse, and never the database. Without a lake it says that there is none."""
        function = self._functions.add(
            "report_desk",
            description="Staff's reports",
            timeout_seconds=29,  # the gateway gives up then
            memory_mb=self._settings.api.memory_mb,
            database=None,
            environment={
                **self._environment,
                **({"REDSHIFT_WORKGROUP": lake.warehouse.name, "REDSHIFT_DATABASE": DATABASE} if lake else {}),
            },
            packages="reports",
        )
        if lake is None:
            return function
        assert function.role is not None
        # Comes to the warehouse as itself, as one of its reporters, who may read the star and nothing else.
        Tags.of(function.role).add(DATABASE_ROLES_TAG, "reporter")
        own = {"StringEquals": {"redshift-data:statement-owner-iam-userid": "${aws:userid}"}}
        for actions, resource, conditions in (
            (["redshift-serverless:GetCredentials", "redshift-data:ExecuteStatement"], lake.warehouse.arn, None),
            (["redshift-data:DescribeStatement", "redshift-data:GetStatementResult"], "*", own),
        ):
            function.add_to_role_policy(
                iam.PolicyStatement(actions=actions, resources=[resource], conditions=conditions)
            )
        return function

    def _manager_api(
        self,
        identity: IdentityStack,
        messaging: MessagingStack,
        documents: DocumentsStack,
        api: ApiStack,
        feeds: FeedsStack,
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
                "IMPORT_BUCKET": feeds.bucket.bucket_name,
                "SIMULATIONS_QUEUE_URL": self.simulations.queue.queue_url,
            },  # Has the image library that draws logos.
            packages="documents",
        )
        api.exports.may_show(function)
        api.case_files.may_add(function, "labels")
        feeds.may_quarantine(function)
        self.simulations.may_send(function)
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

    def _simulation(self) -> lambda_.Function:
        """Computes what a draft would change, on the readers where there are any; never many at once, so that
        nobody waits for the database because of it."""
        reader = self._database.reader_host
        function = self._functions.add(
            "simulation",
            description="What a draft of the programme would change",
            timeout_seconds=120,
            memory_mb=512,
            database=self._database,
            environment={"DATABASE_READER_HOST": reader} if reader else {},
            calls_out=False,
        )
        self.simulations.feed(function, at_once=1, concurrent=2)
        CfnOutput(self, "SimulationsQueueUrl", value=self.simulations.queue.queue_url)
        return function

    def _function(
        self, name: str, description: str, environment: dict[str, str], packages: str = "api", calls_out: bool = True
    ) -> lambda_.Function:
        return self._functions.add(
            name,
            description=description,
            timeout_seconds=29,  # the gateway gives up then
            memory_mb=self._settings.api.memory_mb,
            database=self._database,
            environment={**self._environment, **environment},
            packages=packages,
            calls_out=calls_out,
        )
