"""A web ACL before APIs, user pools or the portal: known bad senders, known bad requests, too many from one address."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Literal

from aws_cdk import ArnFormat, Stack
from aws_cdk import aws_wafv2 as wafv2
from constructs import Construct

from stacks.constructs.logs import kept_log_group
from stacks.settings import Settings

Statement = wafv2.CfnWebACL.StatementProperty

# AWS's own rules, cheapest refusals first.
MANAGED_RULES = (
    "AWSManagedRulesAmazonIpReputationList",
    "AWSManagedRulesKnownBadInputsRuleSet",
    "AWSManagedRulesCommonRuleSet",
)
# It refuses bodies above 8 kB; the functions refuse them above 64 kB, with a problem document.
COUNTED_ONLY = {"AWSManagedRulesCommonRuleSet": ("SizeRestrictions_BODY",)}
# Requests are counted over so long.
WINDOW_SECONDS = 300
TOO_MANY = "TooMany"


class WebFirewall(Construct):
    """Stands before `resources` (a name for each ARN). What it blocks is logged without the caller's token.

    `reach` CLOUDFRONT: before Amplify, and in us-east-1 only. `asked_for_others`: a path that one address asks for many
    people, with how often.
    `requests_per_token`: from one client, or person, wherever they are: their addresses may be many.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        resources: Mapping[str, str],
        requests_per_address: int,
        settings: Settings,
        reach: Literal["REGIONAL", "CLOUDFRONT"] = "REGIONAL",
        asked_for_others: tuple[str, int] | None = None,
        requests_per_token: int | None = None,
    ) -> None:
        super().__init__(scope, id)
        rules = [_managed(priority, name) for priority, name in enumerate(MANAGED_RULES)]
        among: Statement | None = None
        if asked_for_others:
            path, limit = asked_for_others
            rules.append(_too_many(len(rules), "TooManyForOthers", limit, _at(path)))
            among = Statement(not_statement=wafv2.CfnWebACL.NotStatementProperty(statement=_at(path)))
        rules.append(_too_many(len(rules), "TooManyFromOneAddress", requests_per_address, among))
        if requests_per_token:
            rules.append(_too_many_by_token(len(rules), requests_per_token))
        acl = wafv2.CfnWebACL(
            self,
            "Acl",
            scope=reach,
            default_action=wafv2.CfnWebACL.DefaultActionProperty(allow={}),
            visibility_config=_visible(id),
            rules=rules,
            custom_response_bodies={TOO_MANY: _problem(429, "Too many requests", "too-many-requests")},
        )
        for name, arn in resources.items():
            wafv2.CfnWebACLAssociation(self, name, resource_arn=arn, web_acl_arn=acl.attr_arn)
        self._log(acl, settings)

    def _log(self, acl: wafv2.CfnWebACL, settings: Settings) -> None:
        stack = Stack.of(self)
        # AWS takes no other prefix, and no ARN that ends in `:*`.
        log_group = kept_log_group(
            self, "Logs", settings=settings, name=f"aws-waf-logs-{stack.stack_name}-{self.node.id.lower()}"
        )
        destination = stack.format_arn(
            service="logs",
            resource="log-group",
            resource_name=log_group.log_group_name,
            arn_format=ArnFormat.COLON_RESOURCE_NAME,
        )
        secrets = ({"Name": "authorization"}, {"Name": "cookie"})
        wafv2.CfnLoggingConfiguration(
            self,
            "Logging",
            resource_arn=acl.attr_arn,
            log_destination_configs=[destination],
            redacted_fields=[
                wafv2.CfnLoggingConfiguration.FieldToMatchProperty(single_header=header) for header in secrets
            ],
            logging_filter={
                "DefaultBehavior": "DROP",
                "Filters": [
                    {
                        "Behavior": "KEEP",
                        "Requirement": "MEETS_ANY",
                        "Conditions": [{"ActionCondition": {"Action": "BLOCK"}}],
                    }
                ],
            },
        )


def _managed(priority: int, name: str) -> wafv2.CfnWebACL.RuleProperty:
    return wafv2.CfnWebACL.RuleProperty(
        name=name,
        priority=priority,
        override_action=wafv2.CfnWebACL.OverrideActionProperty(none={}),
        statement=Statement(
            managed_rule_group_statement=wafv2.CfnWebACL.ManagedRuleGroupStatementProperty(
                name=name,
                vendor_name="AWS",
                rule_action_overrides=[
                    wafv2.CfnWebACL.RuleActionOverrideProperty(
                        name=rule, action_to_use=wafv2.CfnWebACL.RuleActionProperty(count={})
                    )
                    for rule in COUNTED_ONLY.get(name, ())
                ]
                or None,
            )
        ),
        visibility_config=_visible(name),
    )


def _too_many(priority: int, name: str, limit: int, among: Statement | None) -> wafv2.CfnWebACL.RuleProperty:
    return wafv2.CfnWebACL.RuleProperty(
        name=name,
        priority=priority,
        action=wafv2.CfnWebACL.RuleActionProperty(block=_later()),
        statement=Statement(
            rate_based_statement=wafv2.CfnWebACL.RateBasedStatementProperty(
                aggregate_key_type="IP", limit=limit, evaluation_window_sec=WINDOW_SECONDS, scope_down_statement=among
            )
        ),
        visibility_config=_visible(name),
    )


def _too_many_by_token(priority: int, limit: int) -> wafv2.CfnWebACL.RuleProperty:
    """Who sends no token is counted by address alone. Counted is the token's digest: what is counted may be logged."""
    return wafv2.CfnWebACL.RuleProperty(
        name="TooManyFromOneClient",
        priority=priority,
        action=wafv2.CfnWebACL.RuleActionProperty(block=_later()),
        statement=Statement(
            rate_based_statement=wafv2.CfnWebACL.RateBasedStatementProperty(
                aggregate_key_type="CUSTOM_KEYS",
                custom_keys=[
                    wafv2.CfnWebACL.RateBasedStatementCustomKeyProperty(
                        header=wafv2.CfnWebACL.RateLimitHeaderProperty(
                            name="authorization",
                            text_transformations=[wafv2.CfnWebACL.TextTransformationProperty(priority=0, type="MD5")],
                        )
                    )
                ],
                limit=limit,
                evaluation_window_sec=WINDOW_SECONDS,
            )
        ),
        visibility_config=_visible("TooManyFromOneClient"),
    )


def _later() -> wafv2.CfnWebACL.BlockActionProperty:
    """429 instead of 403: nobody is forbidden anything, and whoever reads it knows to come back.

    A browser may read it as well: it takes the place of what the API's gateway would answer, headers included.
    """
    header = wafv2.CfnWebACL.CustomHTTPHeaderProperty
    return wafv2.CfnWebACL.BlockActionProperty(
        custom_response=wafv2.CfnWebACL.CustomResponseProperty(
            response_code=429,
            custom_response_body_key=TOO_MANY,
            response_headers=[
                header(name="Retry-After", value="60"),
                header(name="Cache-Control", value="no-store"),
                header(name="Access-Control-Allow-Origin", value="*"),
                header(name="Access-Control-Expose-Headers", value="Retry-After"),
            ],
        )
    )


def _problem(status: int, title: str, code: str) -> wafv2.CfnWebACL.CustomResponseBodyProperty:
    """In the shape of the functions' refusals (RFC 9457); a firewall knows no nearer content type."""
    body = {"type": "about:blank", "title": title, "status": status, "code": code}
    return wafv2.CfnWebACL.CustomResponseBodyProperty(content=json.dumps(body), content_type="APPLICATION_JSON")


def _at(path: str) -> Statement:
    return Statement(
        byte_match_statement=wafv2.CfnWebACL.ByteMatchStatementProperty(
            field_to_match=wafv2.CfnWebACL.FieldToMatchProperty(uri_path={}),
            positional_constraint="EXACTLY",
            search_string=path,
            text_transformations=[wafv2.CfnWebACL.TextTransformationProperty(priority=0, type="NONE")],
        )
    )


def _visible(name: str) -> wafv2.CfnWebACL.VisibilityConfigProperty:
    return wafv2.CfnWebACL.VisibilityConfigProperty(
        cloud_watch_metrics_enabled=True, metric_name=name, sampled_requests_enabled=True
    )
