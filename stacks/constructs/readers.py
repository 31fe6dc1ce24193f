"""Aurora's readers under load: more of them while those that are there work hard, and fewer again."""

from __future__ import annotations

from aws_cdk import Aws, Duration
from aws_cdk import aws_applicationautoscaling as scaling
from aws_cdk import aws_iam as iam
from aws_cdk import aws_rds as rds
from constructs import Construct

from stacks.sections import Database

# Aurora copies nothing to start a reader, so it is there in minutes; that it is not needed is believed later.
MORE_AFTER, FEWER_AFTER = Duration.minutes(5), Duration.minutes(15)

ROLE = "aws-service-role/rds.application-autoscaling.amazonaws.com/AWSServiceRoleForApplicationAutoScaling_RDSCluster"


def more_readers_under_load(scope: Construct, cluster: rds.DatabaseCluster, database: Database) -> None:
    """From `readers` to `max_readers`, by what those that are there do on average; in either mode.

    Aurora takes away only what it added itself, and gives those the last place in the order of failover.
    """
    target = scaling.ScalableTarget(
        scope,
        "Readers",
        service_namespace=scaling.ServiceNamespace.RDS,
        resource_id=f"cluster:{cluster.cluster_identifier}",
        scalable_dimension="rds:cluster:ReadReplicaCount",
        min_capacity=database.readers,
        max_capacity=max(database.readers, database.max_readers),
        # The service's own, which it makes itself when the first target is registered.
        role=iam.Role.from_role_arn(scope, "ReadersScaling", f"arn:{Aws.PARTITION}:iam::{Aws.ACCOUNT_ID}:role/{ROLE}"),
    )
    # It counts instances, which come after the cluster.
    target.node.add_dependency(cluster)
    target.scale_to_track_metric(
        "Busy",
        predefined_metric=scaling.PredefinedMetric.RDS_READER_AVERAGE_CPU_UTILIZATION,
        target_value=database.reader_cpu_percent,
        scale_out_cooldown=MORE_AFTER,
        scale_in_cooldown=FEWER_AFTER,
    )
