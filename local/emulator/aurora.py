"""An Aurora cluster is the laptop's PostgreSQL: its endpoint, its master role, its database.

MiniStack alone answers with a host name that nobody can reach.
"""

from __future__ import annotations

from typing import Any

import psycopg
from ministack.services import rds
from ministack.services.cloudformation import provisioners
from psycopg import sql

from local.emulator import placeholders
from local.emulator.pinned import private

HOST = "127.0.0.1"


def install(database_port: int) -> None:
    """Clusters and instances that CloudFormation makes from now on answer with 127.0.0.1:`database_port`."""
    handlers = placeholders.handlers()
    cluster, instance = handlers["AWS::RDS::DBCluster"], handlers["AWS::RDS::DBInstance"]
    cluster_attributes = private(provisioners, "_rds_db_cluster_attrs")
    instance_attributes = private(provisioners, "_rds_db_instance_attrs")
    clusters, instances = private(rds, "_clusters"), private(rds, "_instances")

    def point_cluster(identifier: str) -> tuple[str, dict[str, Any]]:
        record = clusters[identifier]
        _ensure_database(
            database_port,
            record["MasterUsername"],
            record["_MasterUserPassword"],
            record["DatabaseName"] or "postgres",
        )
        record.update(Endpoint=HOST, ReaderEndpoint=HOST, Port=database_port)
        # What the RDS Data API reads instead of starting a container.
        record.update(_shared_endpoint={"Address": HOST, "Port": database_port}, _shared_container_ready=True)
        return identifier, cluster_attributes(record)

    def create_cluster(logical_id: str, properties: dict[str, Any], stack: str) -> tuple[str, dict[str, Any]]:
        return point_cluster(cluster["create"](logical_id, properties, stack)[0])

    def update_cluster(*arguments: Any) -> tuple[str, dict[str, Any]]:
        return point_cluster(cluster["update"](*arguments)[0])

    def create_instance(logical_id: str, properties: dict[str, Any], stack: str) -> tuple[str, dict[str, Any]]:
        identifier, _ = instance["create"](logical_id, properties, stack)
        record = instances[identifier]
        record["Endpoint"].update(Address=HOST, Port=database_port)
        record["_docker_container_id"] = "the-laptops-postgresql"
        return identifier, instance_attributes(record)

    handlers["AWS::RDS::DBCluster"] = {**cluster, "create": create_cluster, "update": update_cluster}
    handlers["AWS::RDS::DBInstance"] = {**instance, "create": create_instance}


def _ensure_database(port: int, master: str, password: str, name: str) -> None:
    with psycopg.connect(host=HOST, port=port, user="postgres", dbname="postgres", autocommit=True) as connection:
        # A found row without columns is (), so found is what is not None.
        known = connection.execute("select from pg_roles where rolname = %s", (master,)).fetchone() is not None
        connection.execute(
            sql.SQL("{} role {} login createdb createrole password {}").format(
                sql.SQL("alter" if known else "create"), sql.Identifier(master), sql.Literal(password)
            )
        )
        if connection.execute("select from pg_database where datname = %s", (name,)).fetchone() is None:
            connection.execute(
                sql.SQL("create database {} owner {}").format(sql.Identifier(name), sql.Identifier(master))
            )
