"""Mail that comes in: SES takes it for one domain and puts it into a bucket."""

from __future__ import annotations

from aws_cdk import CfnOutput, CustomResource, Duration, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_ses as ses

from stacks.constructs.invoice_files import MAIL, InvoiceFiles
from stacks.settings import Settings

RULE = "invoices"


class InboundMail:
    """A rule set with one rule, into the folder `mail/` of `files`. Nobody but `activator` makes it the active one."""

    def __init__(self, stack: Stack, *, files: InvoiceFiles, activator: lambda_.Function, settings: Settings) -> None:
        domain, name = settings.invoices.domain, f"loyalty-{settings.deployment.name}-invoices"
        identity = ses.EmailIdentity(stack, "Domain", identity=ses.Identity.domain(domain))
        rules = ses.CfnReceiptRuleSet(stack, "RuleSet", rule_set_name=name)
        files.let_receive(
            stack.format_arn(service="ses", resource="receipt-rule-set", resource_name=f"{name}:receipt-rule/{RULE}")
        )
        rule = ses.CfnReceiptRule(
            stack,
            "Rule",
            rule_set_name=rules.ref,
            rule=ses.CfnReceiptRule.RuleProperty(
                name=RULE,
                enabled=True,
                recipients=[domain],
                scan_enabled=True,
                tls_policy="Require",
                actions=[
                    ses.CfnReceiptRule.ActionProperty(
                        s3_action=ses.CfnReceiptRule.S3ActionProperty(
                            bucket_name=files.bucket.bucket_name, object_key_prefix=MAIL
                        )
                    )
                ],
            ),
        )
        # SES tries at once whether it may write there.
        assert files.bucket.policy is not None
        rule.node.add_dependency(files.bucket.policy, files.key, identity)
        self._activated(stack, rule, rules, activator)
        # What the domain's MX record has to say.
        CfnOutput(stack, "InvoiceMailExchanger", value=f"10 inbound-smtp.{stack.region}.amazonaws.com")
        CfnOutput(stack, "InvoiceMailDomain", value=domain)

    @staticmethod
    def _activated(
        stack: Stack, rule: ses.CfnReceiptRule, rules: ses.CfnReceiptRuleSet, activator: lambda_.Function
    ) -> None:
        activator.add_to_role_policy(
            iam.PolicyStatement(
                actions=["ses:DescribeActiveReceiptRuleSet", "ses:SetActiveReceiptRuleSet"], resources=["*"]
            )
        )
        active = CustomResource(
            stack,
            "Active",
            service_token=activator.function_arn,
            resource_type="Custom::ActiveReceiptRules",
            service_timeout=Duration.minutes(2),
            properties={"RuleSet": rules.ref},
        )
        active.node.add_dependency(rule, activator)
