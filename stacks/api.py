"""The public doors of members and partners; and the functions that sign-ins begin and end with: Cognito calls
one when somebody signs up, the others end closed accounts and erase members."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from aws_cdk import CfnOutput, Stack
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from stacks import routes
from stacks.constructs import personalize_names
from stacks.constructs.acknowledgement import acknowledge
from stacks.constructs.case_files import CaseFiles
from stacks.constructs.database_door import DatabaseDoor
from stacks.constructs.exports import Exports
from stacks.constructs.functions import Functions
from stacks.constructs.kept_answers import refuse_invalidation
from stacks.constructs.rest_api import STAGE, RestApi
from stacks.constructs.schedule import every
from stacks.constructs.secret import may_read
from stacks.constructs.sms import may_send_sms, sms_environment
from stacks.constructs.web_firewall import WebFirewall
from stacks.documents import DocumentsStack
from stacks.engine import EngineStack
from stacks.identity import IdentityStack, trigger_name
from stacks.integrations import IntegrationsStack
from stacks.messaging import MessagingStack
from stacks.settings import Settings


class ApiStack(Stack):
    """`apis`: by name, for the firewall, the dashboards and the portal. `case_files`: where the portal puts photos."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        vpc: ec2.IVpc,
        database: DatabaseDoor,
        identity: IdentityStack,
        messaging: MessagingStack,
        integrations: IntegrationsStack,
        engine: EngineStack,
        documents: DocumentsStack,
        settings: Settings,
        **kwargs: Any,
    ) -> None:
        super().__init__(scope, id, **kwargs)
        self._settings = settings
        self._vpc = vpc
        self._database = database
        self._functions = Functions(self, vpc=vpc, settings=settings)
        self._programmes = {"PROGRAM_BY_CLIENT": identity.program_by_client}
        self._mail_from = {"MAIL_FROM": settings.messaging.mail_from}
        self._documents = {"DOCUMENTS_BUCKET": documents.bucket.bucket_name}
        portal, manager = settings.integrations.portal_origin, settings.integrations.manager_origin
        self.case_files = CaseFiles(self, origins=[portal, manager], settings=settings)
        self.exports = Exports(self, settings=settings)
        functions = {
            "member_api": self._member_api(identity, messaging, integrations, engine),
            "quote_api": self._quote_api(portal, integrations),
            "partner_api": self._function(
                "partner_api",
                "Partners' requests",
                {"PARTNER_BY_CLIENT": identity.partner_by_client},
                calls_out=False,
            ),
            "webhook_api": self._webhook_api(messaging, integrations),
            "payment_webhook": self._payment_webhook(integrations),
        }
        self._may_open(functions["member_api"], documents)
        logs_allowed = self._gateway_logs()
        origins = {"Member": portal, "Inbound": None}
        tables = {"Member": routes.MEMBER, "Inbound": routes.INBOUND}
        self.apis = {
            name: RestApi(
                self,
                name,
                description=f"The {name.lower()} API",
                routes=table,
                functions={route.function: functions[route.function] for route in table},
                pool=identity.member_pool,
                origin=origins[name],
                settings=settings,
            )
            for name, table in tables.items()
        }
        for name, api in self.apis.items():
            api.api.deployment_stage.node.add_dependency(logs_allowed)
            CfnOutput(self, f"{name}ApiUrl", value=api.url)
            CfnOutput(self, f"{name}ApiId", value=api.api.rest_api_id)
        if settings.api.firewall:
            self._firewalls()
        self.functions = [
            *functions.values(),
            *self._kept_answers(),
            self._identity_trigger(identity, messaging),
            self._closure(identity),
            self._privacy(identity, documents),
        ]

    def _kept_answers(self) -> Iterator[lambda_.Function]:
        """One more function where answers are kept."""
        member = self.apis["Member"]
        if not member.kept:
            return
        refuser = self._functions.add(
            "cache_invalidation",
            description="Has the gateway refuse to forget kept answers",
            timeout_seconds=60,
            memory_mb=256,
            database=None,
        )
        refuse_invalidation(self, member, refuser, self._settings)
        yield refuser

    def _firewalls(self) -> None:
        """People's doors and partners' apart: a partner sends a whole company's purchases from one address."""
        stages = {name: api.stage_arn for name, api in self.apis.items()}
        partners = {"Inbound": stages.pop("Inbound")}
        limits = self._settings.api
        # Amplify asks for the portal's config, for everybody and from few addresses.
        config = (f"/{STAGE}/config", limits.requests_per_partner_address)
        for id, resources, limit, each, others in (
            ("Firewall", stages, limits.requests_per_address, limits.requests_per_person, config),
            ("PartnersFirewall", partners, limits.requests_per_partner_address, limits.requests_per_partner, None),
        ):
            WebFirewall(
                self,
                id,
                resources=resources,
                requests_per_address=limit,
                requests_per_token=each,
                asked_for_others=others,
                settings=self._settings,
            )

    def _member_api(
        self,
        identity: IdentityStack,
        messaging: MessagingStack,
        integrations: IntegrationsStack,
        engine: EngineStack,
    ) -> lambda_.Function:
        function = self._function(
            "member_api",
            "Members' requests but quotes",
            {
                **self._mail_from,
                **sms_environment(self._settings),
                **self._documents,
                **({"SHELF_SECONDS": str(self._settings.api.cache_seconds)} if self._settings.api.cache_gb else {}),
                "CORS_ORIGIN": self._settings.integrations.portal_origin,
                "MANAGER_ORIGIN": self._settings.integrations.manager_origin,
                "MEMBER_AUTHORITY": identity.member_authority,
                "MEMBER_CLIENT_ID": identity.member_client_id,
                "STATE_MACHINE_ARN": engine.state_machine.state_machine_arn,
                "QUOTE_SIGNING_SECRET_ARN": integrations.quote_signing.secret_arn,
                "SECURITY_LINK_SECRET_ARN": integrations.security_links.secret_arn,
                "PAYMENTS_QUEUE_URL": messaging.payments.queue.queue_url,
                **self.case_files.environment,
                **({"PERSONALIZE_QUEUE_URL": messaging.personal.queue.queue_url} if messaging.personal else {}),
                **personalize_names.environment(self, self._settings),
            },
        )
        if messaging.personal:
            messaging.personal.may_send(function)
        personalize_names.may_ask(function, self._settings)
        self.case_files.may_add(function, "photos")
        self.case_files.may_show(function, "labels")
        engine.state_machine.grant_start_execution(function)
        may_read(integrations.quote_signing, function)
        may_read(integrations.security_links, function)
        messaging.payments.may_send(function)
        self._may_send_mail(function, messaging)
        may_send_sms(function)
        return function

    def _quote_api(self, origin: str, integrations: IntegrationsStack) -> lambda_.Function:
        function = self._function(
            "quote_api",
            "Quotes: what a basket costs now",
            {
                "CORS_ORIGIN": origin,
                "QUOTE_SIGNING_SECRET_ARN": integrations.quote_signing.secret_arn,
                **integrations.amazon_business_environment,
            },
        )
        may_read(integrations.quote_signing, function)
        may_read(integrations.amazon_business, function)
        return function

    def _webhook_api(self, messaging: MessagingStack, integrations: IntegrationsStack) -> lambda_.Function:
        """Takes pushes into a queue, also while the database is away: it has no door to it."""
        queue, secret = messaging.order_information, integrations.amazon_business_webhook
        function = self._functions.add(
            "webhook_api",
            description="Outside parties' webhooks",
            timeout_seconds=29,
            memory_mb=self._settings.api.memory_mb,
            database=None,
            environment={
                "ORDER_INFORMATION_QUEUE_URL": queue.queue.queue_url,
                "AMAZON_BUSINESS_WEBHOOK_SECRET_ARN": secret.secret_arn,
            },
        )
        queue.may_send(function)
        may_read(secret, function)
        return function

    def _payment_webhook(self, integrations: IntegrationsStack) -> lambda_.Function:
        """Proves providers' signatures; it holds no key that moves money."""
        outside = self._settings.integrations
        function = self._functions.add(
            "payment_webhook",
            description="Payment providers' webhooks",
            timeout_seconds=29,
            memory_mb=self._settings.api.memory_mb,
            database=self._database,
            environment={
                **self._programmes,
                "STRIPE_WEBHOOK_SECRET_ARN": integrations.stripe_webhook.secret_arn,
                "AMAZON_PAY_TOPICS": json.dumps(outside.amazon_pay_topics),
                "SNS_CERTIFICATES": outside.sns_certificates,
            },
            packages="webhooks",
        )
        may_read(integrations.stripe_webhook, function)
        return function

    def _identity_trigger(self, identity: IdentityStack, messaging: MessagingStack) -> lambda_.Function:
        function = self._function(
            "identity_trigger",
            "Links or enrols a person who has just confirmed their sign-up",
            self._mail_from,
            timeout_seconds=5,  # Cognito waits no longer
            function_name=trigger_name(self._settings),
        )
        function.add_permission(
            "Cognito",
            principal=iam.ServicePrincipal("cognito-idp.amazonaws.com"),
            source_arn=identity.member_pool.user_pool_arn,
        )
        self._may_send_mail(function, messaging)
        return function

    def _closure(self, identity: IdentityStack) -> lambda_.Function:
        """Ends memberships; nothing else may delete a sign-in."""
        function = self._function(
            "closure",
            "Ends accounts whose thirty days are over",
            {"MEMBER_POOL_ID": identity.member_pool.user_pool_id},
            timeout_seconds=60,
        )
        identity.member_pool.grant(function, "cognito-idp:AdminDeleteUser")
        every(
            self, "Closures", "Accounts whose thirty days are over", self._settings.schedules.closure_minutes, function
        )
        return function

    def _privacy(self, identity: IdentityStack, documents: DocumentsStack) -> lambda_.Function:
        """Puts exports together, erases members store by store, removes what is old."""
        function = self._functions.add(
            "privacy",
            description="Exports and erases what is held on members",
            timeout_seconds=600,
            memory_mb=1024,
            database=self._database,
            environment={
                "MEMBER_POOL_ID": identity.member_pool.user_pool_id,
                "ENDED_ACCOUNTS_BUCKET": self.exports.ended.bucket_name,
                **self._documents,
                **self.case_files.environment,
                **self.exports.environment,
            },
        )
        self.exports.may_erase(function, documents, self.case_files, identity.member_pool)
        every(
            self,
            "PrivacyRequests",
            "Exports and erasures that are due",
            self._settings.schedules.privacy_minutes,
            function,
        )
        return function

    def _function(
        self,
        name: str,
        description: str,
        environment: dict[str, str],
        *,
        calls_out: bool = True,
        timeout_seconds: int = 29,  # the gateway gives up then
        function_name: str | None = None,
    ) -> lambda_.Function:
        return self._functions.add(
            name,
            description=description,
            timeout_seconds=timeout_seconds,
            memory_mb=self._settings.api.memory_mb,
            database=self._database,
            environment={**self._programmes, **environment},
            calls_out=calls_out,
            function_name=function_name,
        )

    def _may_send_mail(self, function: lambda_.Function, messaging: MessagingStack) -> None:
        function.add_to_role_policy(
            iam.PolicyStatement(actions=["ses:SendEmail"], resources=[messaging.mail_identity_arn])
        )

    def _may_open(self, function: lambda_.Function, documents: DocumentsStack) -> None:
        documents.let_read(function)
        assert function.role is not None
        acknowledge(
            function.role,
            "Objects of our own bucket, whose names nobody is to guess; the function asks the database whose they are",
            f"AwsSolutions-IAM5[Resource::{documents.objects_from_elsewhere}]",
        )

    def _gateway_logs(self) -> apigateway.CfnAccount:
        """API Gateway writes logs by one role an account and region."""
        role = iam.Role(
            self,
            "GatewayLogsRole",
            assumed_by=iam.ServicePrincipal("apigateway.amazonaws.com"),
            inline_policies={
                "Logs": iam.PolicyDocument(
                    statements=[
                        iam.PolicyStatement(
                            actions=[
                                "logs:CreateLogGroup",
                                "logs:CreateLogStream",
                                "logs:DescribeLogGroups",
                                "logs:DescribeLogStreams",
                                "logs:PutLogEvents",
                                "logs:GetLogEvents",
                                "logs:FilterLogEvents",
                            ],
                            resources=["*"],
                        )
                    ]
                )
            },
        )
        acknowledge(
            role,
            "API Gateway refuses a role without these actions on all log groups; only the service can assume it",
            "AwsSolutions-IAM5[Resource::*]",
        )
        return apigateway.CfnAccount(self, "GatewayAccount", cloud_watch_role_arn=role.role_arn)
