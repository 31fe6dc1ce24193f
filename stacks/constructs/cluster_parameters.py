"""What Aurora logs and refuses: TLS only, statements never with their values, and who changed schema or roles."""

from __future__ import annotations

from aws_cdk import aws_rds as rds
from constructs import Construct

from stacks.settings import Settings

# Aurora's own first: a list takes the place of the default.
LIBRARIES = ("pg_stat_statements", "pgaudit")


def cluster_parameters(scope: Construct, *, engine: rds.IClusterEngine, settings: Settings) -> rds.ParameterGroup:
    """The cluster's parameter group."""
    return rds.ParameterGroup(
        scope,
        "Parameters",
        engine=engine,
        description="TLS only; statements are logged without their values; changes are audited",
        parameters={
            "rds.force_ssl": "0" if settings.database.authentication == "password" else "1",
            "log_min_duration_statement": "1000",
            "log_parameter_max_length": "0",
            "log_parameter_max_length_on_error": "0",
            # The detail of a refused row is the row: names, addresses.
            "log_error_verbosity": "terse",
            # Every statement of everybody would be there twice, and personal data that somebody typed with it.
            "log_statement": "none",
            "idle_in_transaction_session_timeout": "60000",
            "shared_preload_libraries": ",".join(LIBRARIES),
            # By whom tables, functions, roles and grants were changed; a password in a statement is left out by it.
            "pgaudit.log": "ddl,role",
            # What the few read and write who come to tables directly, database/audit/4_statements.sql adds for them.
            "pgaudit.log_relation": "1",
            "pgaudit.log_parameter": "0",
            "pgaudit.log_catalog": "0",
            "pgaudit.log_statement_once": "1",
        },
    )
