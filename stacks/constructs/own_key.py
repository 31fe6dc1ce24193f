"""The key of a stack: its queues, logs and secrets are encrypted by it, and it lets in only what writes there."""

from __future__ import annotations

from aws_cdk import RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

ID = "OwnKey"
EVENTS = "events.amazonaws.com"
# What putting something encrypted needs, and what taking it needs.
WRITE = ("kms:GenerateDataKey", "kms:Decrypt")
READ = ("kms:Decrypt",)


def own_key(scope: Construct) -> kms.Key:
    """The one key of the stack that `scope` is in; made when it is first asked for."""
    stack = Stack.of(scope)
    found = stack.node.try_find_child(ID)
    if found is not None:
        assert isinstance(found, kms.Key)
        return found
    key = kms.Key(
        stack,
        ID,
        description=f"Queues, logs and secrets of {stack.stack_name}",
        enable_key_rotation=True,
        # A stack that nobody may delete keeps what it wrote, so it keeps the key.
        removal_policy=RemovalPolicy.RETAIN if stack.termination_protection else RemovalPolicy.DESTROY,
    )
    groups = f"arn:{stack.partition}:logs:{stack.region}:{stack.account}:log-group:*"
    key.add_to_resource_policy(
        iam.PolicyStatement(
            principals=[iam.ServicePrincipal(f"logs.{stack.region}.amazonaws.com")],
            actions=["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"],
            resources=["*"],
            conditions={"ArnLike": {"kms:EncryptionContext:aws:logs:arn": groups}},
        )
    )
    return key


def let_in(key: kms.IKey, service: str) -> None:
    """`service` puts something of this account's where `key` encrypts. Without it that vanishes without a trace."""
    # EventBridge tells KMS of no account and no rule; the queue's own policy lets in this account's rules only.
    vouched = {} if service == EVENTS else {"StringEquals": {"aws:SourceAccount": Stack.of(key).account}}
    key.add_to_resource_policy(
        iam.PolicyStatement(
            principals=[iam.ServicePrincipal(service)],
            actions=["kms:GenerateDataKey*", "kms:Decrypt"],
            resources=["*"],
            conditions=vouched,
        )
    )


def may_use(who: iam.IGrantable, key: kms.IKey | None, actions: tuple[str, ...]) -> None:
    """By the policy of `who` alone: the key's stack must not know who uses it."""
    if key is not None:
        who.grant_principal.add_to_principal_policy(iam.PolicyStatement(actions=[*actions], resources=[key.key_arn]))
