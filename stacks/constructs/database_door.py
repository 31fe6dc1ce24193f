"""How an entry point comes to the database: as its own role, and as no other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_rds as rds
from aws_cdk import aws_secretsmanager as secretsmanager

from stacks.constructs.secret import may_read

PORT = 5432


@dataclass(frozen=True, slots=True)
class DatabaseDoor:
    """The proxy where there is one, otherwise the cluster. `secrets` is empty where roles come with IAM tokens."""

    host: str
    port: str
    database_name: str
    listener: ec2.IConnectable
    target: rds.IDatabaseCluster | rds.DatabaseProxy
    secrets: Mapping[str, secretsmanager.ISecret]
    # Where one may only read; None: there is no such place.
    reader_host: str | None = None

    @property
    def uses_passwords(self) -> bool:
        """Whether a role fetches its password from a secret, which is a call to AWS."""
        return bool(self.secrets)

    def admit(self, role: str, grantee: iam.IRole, caller: ec2.IConnectable) -> dict[str, str]:
        """Let `caller` in as the PostgreSQL role `role`. Returns the environment it needs."""
        # From the caller's side: the database's stack must not know who calls it.
        caller.connections.allow_to(self.listener, ec2.Port.tcp(PORT), "PostgreSQL")
        environment = {
            "DATABASE_HOST": self.host,
            "DATABASE_PORT": self.port,
            "DATABASE_NAME": self.database_name,
            "DATABASE_ROLE": role,
            "DATABASE_SSLMODE": "disable" if self.uses_passwords else "verify-full",
        }
        if self.uses_passwords:
            may_read(self.secrets[role], grantee)
            return {**environment, "DATABASE_SECRET_ARN": self.secrets[role].secret_arn}
        self.target.grant_connect(grantee, role)
        return environment
