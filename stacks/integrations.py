"""The credentials of parties outside, which operators put in by hand, and the key that signs quotes."""

from __future__ import annotations

import json
from typing import Any

from aws_cdk import CfnOutput, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from stacks.constructs.acknowledgement import acknowledge
from stacks.constructs.logs import removal_policy
from stacks.constructs.own_key import own_key
from stacks.settings import Settings

BY_HAND = "Given by the other party, who cannot rotate it by an API; docs/operations/secrets.md says how to replace it"


class IntegrationsStack(Stack):
    """Credentials by party; `amazon_business_environment` is what a caller of Amazon Business needs, and
    `outside_environment` a caller of hosts that the programme's document names."""

    def __init__(self, scope: Construct, id: str, *, settings: Settings, **kwargs: Any) -> None:
        super().__init__(scope, id, **kwargs)
        self._settings = settings
        self.amazon_business = self._empty(
            "AmazonBusiness", ("client_id", "client_secret", "refresh_token", "buyer_email", "buying_group")
        )
        self.amazon_pay = self._empty("AmazonPay", ("public_key_id", "private_key_pem", "store_id", "merchant_id"))
        self.stripe = self._empty("Stripe", ("api_key",))
        # Apart from the key that moves money: the door of webhooks holds only this one.
        self.stripe_webhook = self._empty("StripeWebhook", ("signing_secret",))
        self.quote_signing = secretsmanager.Secret(
            self,
            "QuoteSigning",
            description="HMAC key of quotes: the raw string",
            encryption_key=own_key(self),
            removal_policy=removal_policy(settings),
            generate_secret_string=secretsmanager.SecretStringGenerator(password_length=64, exclude_punctuation=True),
        )
        self.security_links = secretsmanager.Secret(
            self,
            "SecurityLinks",
            description="HMAC key of the links that stop spending: the raw string",
            encryption_key=own_key(self),
            removal_policy=removal_policy(settings),
            generate_secret_string=secretsmanager.SecretStringGenerator(password_length=64, exclude_punctuation=True),
        )
        acknowledge(
            self.security_links,
            "A new key would make the links in letters of the last month useless; it never leaves two functions",
            "AwsSolutions-SMG4",
        )
        self.amazon_business_webhook = secretsmanager.Secret(
            self,
            "AmazonBusinessWebhook",
            description="JSON with current and previous: what the header of a push must say",
            encryption_key=own_key(self),
            removal_policy=removal_policy(settings),
            generate_secret_string=secretsmanager.SecretStringGenerator(
                secret_string_template=json.dumps({"previous": ""}),
                generate_string_key="current",
                password_length=48,
                exclude_punctuation=True,
            ),
        )
        acknowledge(self.amazon_business_webhook, BY_HAND, "AwsSolutions-SMG4")
        acknowledge(
            self.quote_signing,
            "A new key would refuse every open quote; quotes live for minutes and the key never leaves two functions",
            "AwsSolutions-SMG4",
        )
        # What operators put below it is found by the name that the programme's document gives.
        self.outside_parties = f"loyalty/{settings.deployment.name}/outside/"
        self.outside_environment = {
            "OUTSIDE_PARTIES": self.outside_parties,
            **({"OUTSIDE_HOSTS": json.dumps(hosts)} if (hosts := settings.integrations.outside_hosts) else {}),
        }
        self.amazon_business_environment = {
            "AMAZON_BUSINESS_SECRET_ARN": self.amazon_business.secret_arn,
            "AMAZON_BUSINESS_URL": settings.integrations.amazon_business_url,
            "AMAZON_LWA_URL": settings.integrations.amazon_lwa_url,
        }
        CfnOutput(self, "AmazonBusinessSecretArn", value=self.amazon_business.secret_arn)
        CfnOutput(self, "AmazonBusinessWebhookSecretArn", value=self.amazon_business_webhook.secret_arn)
        CfnOutput(self, "AmazonPaySecretArn", value=self.amazon_pay.secret_arn)
        CfnOutput(self, "StripeSecretArn", value=self.stripe.secret_arn)
        CfnOutput(self, "StripeWebhookSecretArn", value=self.stripe_webhook.secret_arn)
        CfnOutput(self, "QuoteSigningSecretArn", value=self.quote_signing.secret_arn)

    def let_read_outside(self, function: lambda_.Function) -> None:
        """Keys of webhooks and of the ERP; which there are is known only at run time."""
        folder = f"arn:{self.partition}:secretsmanager:{self.region}:{self.account}:secret:{self.outside_parties}*"
        function.add_to_role_policy(iam.PolicyStatement(actions=["secretsmanager:GetSecretValue"], resources=[folder]))
        assert function.role is not None
        acknowledge(
            function.role,
            "Secrets of one folder, which operators fill; their names are in the programme's document",
            f"AwsSolutions-IAM5[Resource::arn:{self.partition}:secretsmanager:{self.region}:{self.account}:secret:"
            f"{self.outside_parties}*]",
        )

    def _empty(self, id: str, keys: tuple[str, ...]) -> secretsmanager.Secret:
        secret = secretsmanager.Secret(
            self,
            id,
            description=f"JSON with {', '.join(keys)}; put in by an operator",
            encryption_key=own_key(self),
            removal_policy=removal_policy(self._settings),
            # Only the shape: `unset` is a generated value nobody uses.
            generate_secret_string=secretsmanager.SecretStringGenerator(
                secret_string_template=json.dumps(dict.fromkeys(keys, "")), generate_string_key="unset"
            ),
        )
        acknowledge(secret, BY_HAND, "AwsSolutions-SMG4")
        return secret
