"""Who may read a secret: its value and nothing else of it."""

from __future__ import annotations

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_secretsmanager as secretsmanager


def may_read(secret: secretsmanager.ISecret, *readers: iam.IGrantable) -> None:
    """Fetch its value; the CDK's own grant would let them describe it as well, which nobody does.

    Only the readers' policies say so: a key's own stack must not know who reads by it.
    """
    for reader in readers:
        principal = reader.grant_principal
        principal.add_to_principal_policy(
            iam.PolicyStatement(actions=["secretsmanager:GetSecretValue"], resources=[secret.secret_arn])
        )
        if secret.encryption_key:
            by_secrets_manager = f"secretsmanager.{Stack.of(secret).region}.amazonaws.com"
            principal.add_to_principal_policy(
                iam.PolicyStatement(
                    actions=["kms:Decrypt"],
                    resources=[secret.encryption_key.key_arn],
                    conditions={"StringEquals": {"kms:ViaService": by_secrets_manager}},
                )
            )
