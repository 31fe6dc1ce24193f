"""What Cognito says of a pool: messages that it could not send and, with threat protection, every sign-in."""

from __future__ import annotations

from aws_cdk import Stack
from aws_cdk import aws_cognito as cognito

from stacks.constructs.logs import kept_log_group
from stacks.settings import Settings

# CloudWatch lets services deliver below this name without a policy for each group, of which a region takes ten.
PREFIX = "/aws/vendedlogs/cognito"


class SignInLogs:
    """One log group a pool, encrypted: a sign-in names the person, the address and the risk that was seen."""

    def __init__(self, stack: Stack, *, settings: Settings) -> None:
        self._stack, self._settings = stack, settings
        self._prefix = f"{PREFIX}/loyalty-{settings.deployment.name}"

    def deliver(self, pool: cognito.UserPool) -> None:
        """From now on, as the config's plan allows."""
        id = pool.node.id
        group = kept_log_group(self._stack, f"{id}Logs", settings=self._settings, name=f"{self._prefix}-{id.lower()}")
        delivery = cognito.CfnLogDeliveryConfiguration
        place = delivery.CloudWatchLogsConfigurationProperty(log_group_arn=group.log_group_arn)
        sources = [("userNotification", "ERROR")]
        if self._settings.identity.threat_protection:
            sources.append(("userAuthEvents", "INFO"))
        delivery(
            self._stack,
            f"{id}LogDelivery",
            user_pool_id=pool.user_pool_id,
            log_configurations=[
                delivery.LogConfigurationProperty(
                    event_source=source, log_level=level, cloud_watch_logs_configuration=place
                )
                for source, level in sources
            ],
        )
